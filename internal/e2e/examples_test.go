package e2e

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
)

// TestExample_saysTheDefaults: the settings in spec.yml.example are the plugin's defaults.
func TestExample_saysTheDefaults(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../spec.yml.example")
	require.NoError(t, err)
	var source struct {
		Spec struct {
			Spec map[string]any
		}
	}
	require.NoError(t, yaml.Unmarshal(raw, &source))
	require.NotEmpty(t, source.Spec.Spec)
	source.Spec.Spec["api_token"] = "x"
	written, err := json.Marshal(source.Spec.Spec)
	require.NoError(t, err)
	got, err := spec.Parse(written)
	require.NoError(t, err)
	want, err := spec.Parse([]byte(`{"api_token":"x"}`))
	require.NoError(t, err)
	require.Equal(t, want, got)
}
