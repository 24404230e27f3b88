package sqlite

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestSpec(t *testing.T) {
	validator, err := plugin.JSONSchemaValidator(specSchema)
	require.NoError(t, err)

	for name, test := range map[string]struct {
		spec string
		want Spec
		err  string
	}{
		"defaults":         {spec: `{"path": "a.db"}`, want: Spec{"a.db", 10_000, 2 << 20}},
		"everything":       {spec: `{"path": "a.db", "batch_size": 7, "batch_size_bytes": 8}`, want: Spec{"a.db", 7, 8}},
		"nothing":          {spec: `{}`, err: "path is required"},
		"empty path":       {spec: `{"path": ""}`, err: "path is required"},
		"unknown key":      {spec: `{"path": "a.db", "pathh": "b.db"}`, err: `unknown field "pathh"`},
		"no rows":          {spec: `{"path": "a.db", "batch_size": 0}`, err: "batch_size must be between 1 and 1000000, not 0"},
		"too many rows":    {spec: `{"path": "a.db", "batch_size": 1000001}`, err: "batch_size must be"},
		"no bytes":         {spec: `{"path": "a.db", "batch_size_bytes": -1}`, err: "batch_size_bytes must be at least 1, not -1"},
		"text for a count": {spec: `{"path": "a.db", "batch_size": "many"}`, err: "batch_size"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, err := parseSpec([]byte(test.spec))
			var document any
			require.NoError(t, json.Unmarshal([]byte(test.spec), &document))
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				require.Error(t, validator.Validate(document), "the JSON schema agrees")
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, spec)
			require.NoError(t, validator.Validate(document), "the JSON schema agrees")
		})
	}
}

func TestSpec_refusesWhatTheSchemaCannotExpress(t *testing.T) {
	for spec, want := range map[string]string{
		``:                          "path is required",
		`{"path": ":memory:"}`:      "path must name a file",
		`{"path": "a.db"} {"b": 1}`: "unexpected text",
	} {
		_, err := parseSpec([]byte(spec))
		require.ErrorContains(t, err, want)
	}
}

func TestConnectionTester(t *testing.T) {
	folder := t.TempDir()
	try := func(path string) error {
		spec, err := json.Marshal(map[string]string{"path": path})
		require.NoError(t, err)
		return Plugin().TestConnection(t.Context(), zerolog.Nop(), spec)
	}
	require.NoError(t, try(filepath.Join(folder, "new.db")))

	var testErr *plugin.TestConnError
	require.ErrorAs(t, try(""), &testErr)
	require.Equal(t, "INVALID_SPEC", testErr.Code)

	missing := filepath.Join(folder, "missing", "new.db")
	err := try(missing)
	require.ErrorAs(t, err, &testErr)
	require.Equal(t, "CONNECTION_FAILED", testErr.Code)
	require.ErrorContains(t, err, missing)
}

func TestClient_withoutConnectionOpensNothing(t *testing.T) {
	client, err := New(t.Context(), zerolog.Nop(), nil, plugin.NewClientOptions{NoConnection: true})
	require.NoError(t, err)
	require.ErrorIs(t, client.Write(t.Context(), nil), errNotConnected)
	require.ErrorIs(t, client.Read(t.Context(), nil, nil), errNotConnected)
	require.NoError(t, client.Close(t.Context()))
}
