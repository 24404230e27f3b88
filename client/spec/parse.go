package spec

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// JSONSchema is the spec's schema, generated from [Spec] by the program in gen.
//
//go:generate go run ./gen schema.json
//go:embed schema.json
var JSONSchema string

// Parse reads what the user wrote, strictly: an unknown key, a wrong type, a value out of range, a
// connection too many or too few is an INVALID_SPEC or TOKEN_NOT_FOUND that names the key's path, the
// value and what is allowed. The same schema serves `cloudquery validate-config`.
func Parse(raw []byte) (*Spec, error) {
	if len(raw) == 0 || string(raw) == "null" {
		raw = []byte("{}")
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "the spec is not JSON: %v", err)
	}
	keys, ok := instance.(map[string]any)
	if !ok {
		return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "spec: a map of keys is expected")
	}
	if err := checkConnections(keys); err != nil {
		return nil, err
	}
	if err := checkSchema(instance); err != nil {
		return nil, err
	}
	s := defaults()
	if err := json.Unmarshal(raw, s); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, invalid("spec."+strings.TrimPrefix(kind.Field, "Spec."), kind.Value, "must be of type "+kind.Type.String())
		}
		return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "spec: %v (start_time takes 2024-01-01, 2024-01-01T12:00:00Z or \"90 days ago\")", err)
	}
	for i := range s.Accounts {
		s.Accounts[i].inherit(s.Connection)
		s.Accounts[i].setDefaults()
	}
	s.setDefaults()
	return s, s.validate()
}

// inherit takes what the top level says for all accounts.
func (a *Account) inherit(top Connection) {
	if a.Export == nil {
		a.APIURL, a.APIVersion = cmp.Or(a.APIURL, top.APIURL), cmp.Or(a.APIVersion, top.APIVersion)
	}
}

// setDefaults leaves api_url empty with oauth, where the token response has the default, and with export. It
// takes away the line break that a secret from a file may end with.
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

// ways are the ways to connect, in the words of the spec, and how to get what each needs.
var ways = []string{"api_token", "oauth", "export"}

const howToGetToken = "set it to the token under Personal preferences → API in Pipedrive"

// checkConnections looks at which connections there are. It works on the bare keys, where an empty
// value and an absent one still differ.
func checkConnections(keys map[string]any) error {
	accounts, several := keys["accounts"].([]any)
	if !several {
		return checkConnection("spec", keys)
	}
	for _, way := range ways {
		if _, ok := keys[way]; ok {
			return invalid("spec."+way, "", "is not allowed beside spec.accounts, which has the connections")
		}
	}
	for i, a := range accounts {
		account, _ := a.(map[string]any)
		if err := checkConnection(fmt.Sprintf("spec.accounts[%d]", i), account); err != nil {
			return err
		}
	}
	return nil
}

func checkConnection(path string, keys map[string]any) error {
	var found []string
	for _, way := range ways {
		if value, ok := keys[way]; ok {
			found = append(found, way)
			if err := checkCredential(path+"."+way, value); err != nil {
				return err
			}
		}
	}
	switch len(found) {
	case 0:
		return pipedrive.Errorf(pipedrive.TokenNotFound,
			"%s: no way to connect; one of %s is needed (%s.api_token: %s)", path, strings.Join(ways, ", "), path, howToGetToken)
	case 1:
		return nil
	}
	return invalid(path, strings.Join(found, " and "), "only one way to connect is allowed, of "+strings.Join(ways, ", "))
}

// secrets are the keys whose values never appear in an error. Where there should be a map, there may be a
// token by mistake.
var secrets = []string{"api_token", "client_secret", "refresh_token", "token", "oauth", "export", "accounts"}

// checkCredential refuses the empty value that an unset variable leaves behind.
func checkCredential(path string, value any) error {
	switch v := value.(type) {
	case nil:
		return pipedrive.Errorf(pipedrive.TokenNotFound, "%s is empty", path)
	case string:
		if strings.TrimSpace(v) == "" {
			return pipedrive.Errorf(pipedrive.TokenNotFound, "%s is empty; is its variable set? Otherwise %s", path, howToGetToken)
		}
		if strings.ContainsFunc(strings.TrimSpace(v), unicode.IsControl) {
			return invalid(path, "", "has a line break or another control character in it")
		}
	case map[string]any:
		for _, key := range []string{"client_id", "client_secret", "refresh_token", "token", "account_id", "url"} {
			if s, ok := v[key].(string); ok && strings.TrimSpace(s) == "" {
				return pipedrive.Errorf(pipedrive.TokenNotFound, "%s.%s is empty; is its variable set?", path, key)
			}
		}
	}
	return nil
}

func invalid(path, value, allowed string) error {
	if value != "" {
		value = " " + value + ":"
	}
	return pipedrive.Errorf(pipedrive.InvalidSpec, "%s:%s %s", path, value, allowed)
}

// checkSchema validates against the JSON schema and says the first thing that is wrong.
func checkSchema(instance any) error {
	validator, err := plugin.JSONSchemaValidator(JSONSchema)
	if err != nil {
		return err
	}
	err = validator.Validate(instance)
	var broken *jsonschema.ValidationError
	if !errors.As(err, &broken) {
		return err
	}
	for len(broken.Causes) > 0 {
		broken = broken.Causes[0]
	}
	path, value := "spec", instance
	secret := false
	for _, step := range broken.InstanceLocation {
		switch v := value.(type) {
		case map[string]any:
			value, path = v[step], path+"."+step
			secret = secret || slices.Contains(secrets, step)
		case []any:
			path += "[" + step + "]"
			for i := range v {
				if fmt.Sprint(i) == step {
					value = v[i]
				}
			}
		}
	}
	return invalid(path, printable(value, secret), allowed(broken))
}

func printable(value any, secret bool) string {
	switch v := value.(type) {
	case map[string]any, []any:
		return ""
	case string:
		if u, err := url.Parse(v); err != nil || u.User != nil || u.RawQuery != "" {
			secret = true // an address with credentials in it
		}
	}
	if secret {
		return "[hidden]"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// allowed says in the spec's words what the schema's rule allows.
func allowed(broken *jsonschema.ValidationError) string {
	switch k := broken.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return fmt.Sprintf("unknown key %q", k.Properties[0])
	case *kind.Required:
		return fmt.Sprintf("key %q is missing", k.Missing[0])
	case *kind.Type:
		return fmt.Sprintf("is a %s, a %s is expected", k.Got, strings.Join(k.Want, " or "))
	case *kind.MinItems:
		return "must not be empty"
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + k.Want.RatString()
	case *kind.MinLength:
		return "must not be empty"
	case *kind.Enum:
		return fmt.Sprintf("must be one of %v", k.Want)
	case *kind.Pattern:
		if strings.HasPrefix(k.Want, "^(https") {
			return "must be an https:// address; http:// is allowed for this machine's own addresses only"
		}
		return "is not of the form that is expected, like 60s or 168h for a duration and 2024-01-01 or \"90 days ago\" for a time"
	}
	return broken.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}

// validate checks what the schema can't say.
func (s *Spec) validate() error {
	if s.Timeout.Duration() <= 0 {
		return invalid("spec.timeout", s.Timeout.Duration().String(), "must be more than 0s")
	}
	if s.Lookback.Duration() < 0 {
		return invalid("spec.lookback", s.Lookback.Duration().String(), "must not be less than 0s")
	}
	if s.FullRefreshEvery.Duration() < 0 {
		return invalid("spec.full_refresh_every", s.FullRefreshEvery.Duration().String(), "must not be less than 0s")
	}
	if err := s.validateConnection("spec"); err != nil {
		return err
	}
	names, files := map[string]bool{}, map[string]bool{}
	for i := range s.Accounts {
		a := &s.Accounts[i]
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
		if err := a.validateConnection(path); err != nil {
			return err
		}
	}
	return nil
}

func (c *Connection) validateConnection(path string) error {
	switch {
	case c.Export != nil && (c.APIURL != "" || c.APIVersion != ""):
		return invalid(path, "", "api_url and api_version are not allowed beside export, which has a url of its own")
	case c.Export != nil:
		return CheckURL(path+".export.url", c.Export.URL)
	case c.OAuth != nil:
		if err := CheckURL(path+".oauth.token_url", c.OAuth.TokenURL); err != nil {
			return err
		}
		if c.OAuth.RefreshToken == "" && c.OAuth.TokenFile == "" {
			return pipedrive.Errorf(pipedrive.TokenNotFound,
				"%s.oauth: refresh_token or token_file is needed; `cq-source-pipedrive login` gets the first one", path)
		}
	}
	if c.APIURL == "" {
		return nil
	}
	return CheckURL(path+".api_url", c.APIURL)
}

// CheckURL refuses an address over which credentials would travel in the clear.
func CheckURL(path, address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return invalid(path, "", "an https:// address is expected")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return invalid(path, u.Scheme+"://"+u.Host, "must have no user, query or fragment")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return invalid(path, u.Scheme+"://"+u.Host, "http:// is allowed for this machine's own addresses only, use https://")
	}
	return nil
}

// IsLoopback reports whether host is this machine.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
