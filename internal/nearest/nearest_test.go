package nearest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHint_namesTheNearestWord(t *testing.T) {
	words := []string{"api_token", "api_url", "page_size", "größe"}
	for typed, want := range map[string]string{
		"api_tokn":  "; did you mean api_token?",
		"apitoken":  "; did you mean api_token?",
		"page_sice": "; did you mean page_size?",
		"grösse":    "; did you mean größe?",
		"api_uri":   "; did you mean api_url?",
		"colour":    "",
		"":          "",
	} {
		require.Equal(t, want, Hint(typed, "", words), typed)
	}
	require.Empty(t, Hint("x", "", nil))
}

func TestHint_doesNotCountThePrefix(t *testing.T) {
	words := []string{"pipedrive_deals", "pipedrive_organizations"}
	for typed, want := range map[string]string{
		"deals":                   "; did you mean pipedrive_deals?",
		"pipedrive_deal":          "; did you mean pipedrive_deals?",
		"pipedrive_organisations": "; did you mean pipedrive_organizations?",
		"pipedrive_users":         "",
	} {
		require.Equal(t, want, Hint(typed, "pipedrive_", words), typed)
	}
}
