package simulator

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator/openapi"
)

// Each path has the cost and the scopes of the vendor's files.
func TestRoutes_haveTheVendorsCostsAndScopes(t *testing.T) {
	for _, path := range Paths() {
		content, err := openapi.Reduced(openapi.FileOf(path))
		require.NoError(t, err)
		var file struct {
			Paths map[string]struct {
				Get struct {
					Cost   int64    `yaml:"x-token-cost"`
					Scopes []string `yaml:"x-scopes"`
				}
			}
		}
		require.NoError(t, yaml.Unmarshal(content, &file))
		get := file.Paths[openapi.In(path)].Get
		assert.Equal(t, get.Cost, routes[path].cost, path)
		scopes := slices.DeleteFunc(get.Scopes, func(s string) bool { return s == "base" }) // each app has it
		assert.ElementsMatch(t, scopes, routes[path].scopes, path)
	}
}
