package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestString_hidesEveryFormOfASecret(t *testing.T) {
	const secret = "\"s3cr/t+\"<&>ü\\1\""
	s := &Secrets{}
	s.Add(secret+"\n", "")
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	for name, form := range map[string]string{
		"as it is":                    secret,
		"in JSON":                     string(quoted),
		"in JSON, HTML not escaped":   strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret),
		"in a query":                  url.QueryEscape(secret),
		"in a path":                   url.PathEscape(secret),
		"in a query, small digits":    strings.ToLower(url.QueryEscape(secret)),
		"base64":                      base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 for URLs":             base64.URLEncoding.EncodeToString([]byte(secret)),
		"base64 for URLs, not padded": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		safe := s.String("bad token x" + form + "x, connect again")
		require.Contains(t, safe, "bad token x", name)
		require.Contains(t, safe, "[hidden]", name)
		require.Contains(t, safe, "x, connect again", name)
		require.NotContains(t, safe, form, name)
	}
}

func TestString_hidesAnAppsCredentialsInTheirHeader(t *testing.T) {
	const id, secret = "an app", "its:s3cret"
	s := &Secrets{}
	s.AddBasic(id, secret)
	for _, values := range [][2]string{{id, secret}, {url.QueryEscape(id), url.QueryEscape(secret)}} {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(values[0], values[1])
		sent := strings.TrimRight(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "), "=")
		require.NotContains(t, s.String("you sent "+r.Header.Get("Authorization")), sent)
	}
	require.Equal(t, "an app", s.String("an app"), "the id is no secret")
}

func TestString_hidesTheLongerOfTwoSecrets(t *testing.T) {
	s := &Secrets{}
	s.Add("refresh-1", "refresh-12")
	require.Equal(t, "[hidden] and [hidden].", s.String("refresh-12 and refresh-1."))
}

func TestString_aShortSecretIsHiddenWhereItStandsAlone(t *testing.T) {
	s := &Secrets{}
	s.Add("toke", "$x")
	require.Equal(t, "bad token [hidden], ([hidden])", s.String("bad token toke, (toke)"))
	require.Equal(t, "a[hidden] tokens", s.String("a$x tokens"))
}

// TestString_hidesASecretThatWasCut: a long text of an answer may be cut in the middle of a secret.
func TestString_hidesASecretThatWasCut(t *testing.T) {
	s := &Secrets{}
	s.Add("0123456789abcdef")
	for _, cut := range []string{"0123456789abcdef", "0123456789abcde", "012345"} {
		require.Equal(t, "first… bad token [hidden]…: second", s.String("first… bad token "+cut+"…: second"))
	}
	require.Equal(t, "0123…", s.String("0123…"), "too little to be of use")
}

func TestSecrets_none(t *testing.T) {
	var s *Secrets
	s.Add("x")
	require.Equal(t, "x", s.String("x"))
	require.Equal(t, "x", (&Secrets{}).String("x"))
	require.NoError(t, s.Error(nil))
}

func TestError_keepsItsCauses(t *testing.T) {
	s := &Secrets{}
	s.Add("t0ken-of-a-user")
	cause := &fs.PathError{Op: "open", Path: "t0ken-of-a-user", Err: fs.ErrNotExist}
	err := s.Error(errors.Join(errors.New("other"), fmt.Errorf("first: %w", cause)))
	require.EqualError(t, err, "other\nfirst: open [hidden]: file does not exist")
	require.ErrorIs(t, err, fs.ErrNotExist)
	var path *fs.PathError
	require.ErrorAs(t, err, &path)
	require.Same(t, cause, path)
	require.Equal(t, fs.ErrNotExist, s.Error(fs.ErrNotExist), "an error without a secret stays as it is")
}

func TestLogger_hidesSecretsInAllFields(t *testing.T) {
	s := &Secrets{}
	var out, seen bytes.Buffer
	hook := zerolog.HookFunc(func(_ *zerolog.Event, level zerolog.Level, message string) {
		fmt.Fprintf(&seen, "%s %s;", level, message)
	})
	log := s.Logger(zerolog.New(&out).Level(zerolog.InfoLevel).With().Str("module", "m").Logger().Hook(hook))
	log = log.With().Str("account", "t0ken-later").Logger()
	s.Add("t0ken-later")
	log.Debug().Msg("not asked for")
	log.Warn().Err(errors.New(`bad "t0ken-later"`)).Strs("list", []string{"a", "t0ken-later"}).
		Interface("deep", map[string]any{"a": []any{"t0ken-later", true, nil}}).Int64("n", 1<<62+1).Float64("f", 0.25).Bool("b", true).
		Msg("t0ken-later is refused")
	require.JSONEq(t, `{"level":"warn","module":"m","account":"[hidden]","error":"bad \"[hidden]\"","list":["a","[hidden]"],
		"deep":{"a":["[hidden]",true,null]},"n":4611686018427387905,"f":0.25,"b":true,"message":"[hidden] is refused"}`, out.String())
	require.Contains(t, out.String(), "4611686018427387905")
	require.Equal(t, "warn [hidden] is refused;", seen.String())
}

func TestSecrets_manyAtOnce(t *testing.T) {
	s := &Secrets{}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			secret := fmt.Sprintf("secret-%02d", i)
			s.Add(secret)
			require.Equal(t, "[hidden]", s.String(secret))
		})
	}
	wg.Wait()
}
