package spec

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// JSONSchema is the spec's schema, generated from [Spec] by the program in gen.
//
//go:generate go run ./gen schema.json
//go:embed schema.json
var JSONSchema string

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) { return plugin.JSONSchemaValidator(JSONSchema) })

// Parse reads a spec strictly. The error is INVALID_SPEC or TOKEN_NOT_FOUND, and names the key's path, the value and
// the allowed form. `cloudquery validate-config` applies the same rules through the JSON schema, with two exceptions:
// [Spec.checkAccounts], and the refusal of 5.0 as a whole number.
func Parse(raw []byte) (*Spec, error) {
	if len(raw) == 0 || string(raw) == "null" {
		raw = []byte("{}")
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "the spec is not JSON: %v", err)
	}
	if _, ok := instance.(map[string]any); !ok {
		return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "spec: a map of keys is expected")
	}
	validator, err := compiled()
	if err != nil {
		return nil, err
	}
	if err := check(validator, "spec", instance); err != nil {
		return nil, err
	}
	s := defaults()
	if err := json.Unmarshal(raw, s); err != nil {
		if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, invalid("spec."+strings.TrimPrefix(kind.Field, "Spec."), kind.Value, "must be of type "+kind.Type.String())
		}
		return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "spec: %v", err)
	}
	for i := range s.Accounts {
		s.Accounts[i].inherit(s.Connection)
		s.Accounts[i].setDefaults()
	}
	s.setDefaults()
	s.collectSecrets()
	return s, s.checkAccounts()
}

// inherit copies the settings of the top level that apply to all accounts.
func (a *Account) inherit(top Connection) {
	if a.Export == nil {
		a.APIURL, a.APIVersion = cmp.Or(a.APIURL, top.APIURL), cmp.Or(a.APIVersion, top.APIVersion)
	}
}

// setDefaults sets defaults and trims the line break after a secret from a file. api_url stays empty with export, and
// with oauth, whose token response has the default.
func (c *Connection) setDefaults() {
	switch {
	case c.Export != nil:
		c.Export.URL = strings.TrimRight(c.Export.URL, "/")
		return
	case c.OAuth != nil:
		c.OAuth.TokenURL = cmp.Or(c.OAuth.TokenURL, pipedrive.DefaultTokenURL)
		for _, s := range []*string{&c.OAuth.ClientID, &c.OAuth.ClientSecret, &c.OAuth.RefreshToken} {
			*s = strings.TrimSpace(*s)
		}
	case c.APIURL == "":
		c.APIURL = DefaultAPIURL
	}
	c.APIURL = strings.TrimRight(c.APIURL, "/")
	c.APIVersion = cmp.Or(c.APIVersion, "v2")
}

// checkAccounts refuses accounts with the same name or token file. A JSON schema can't express this rule.
func (s *Spec) checkAccounts() error {
	names, files := map[string]bool{}, map[string]bool{}
	for i, a := range s.Accounts {
		path := fmt.Sprintf("spec.accounts[%d]", i)
		if names[a.Name] {
			return invalid(path+".name", strconv.Quote(a.Name), "is the name of another account too")
		}
		names[a.Name] = true
		if a.OAuth != nil && a.OAuth.TokenFile != "" {
			file, err := filepath.Abs(a.OAuth.TokenFile)
			if err != nil {
				return invalid(path+".oauth.token_file", strconv.Quote(a.OAuth.TokenFile), err.Error())
			}
			if files[file] { // each would overwrite the other's newest refresh token
				return invalid(path+".oauth.token_file", strconv.Quote(a.OAuth.TokenFile), "is the file of another account too")
			}
			files[file] = true
		}
	}
	return nil
}

// CheckURL refuses an address that would send credentials unencrypted.
func CheckURL(path, text string) error {
	schema, err := json.Marshal(chain(address...))
	if err != nil {
		return err
	}
	validator, err := plugin.JSONSchemaValidator(string(schema))
	if err != nil {
		return err
	}
	return check(validator, path, text)
}

// IsLoopback reports whether host is this machine.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
