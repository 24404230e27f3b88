package plugin

import (
	"context"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// TestHistory_goesWithItsTable: the key history decides whether it is read, and skip_tables may leave it out.
func TestHistory_goesWithItsTable(t *testing.T) {
	for name, test := range map[string]struct {
		history      string
		tables, skip []string
		want         []string
		fails        string
	}{
		"off":            {history: `[]`, tables: []string{"pipedrive_deals*"}, want: []string{"pipedrive_deals"}},
		"its table":      {history: `["deals"]`, tables: []string{"pipedrive_deals"}, want: []string{"pipedrive_deals", "pipedrive_deals_history"}},
		"both":           {history: `["deals"]`, tables: []string{"pipedrive_deals", "pipedrive_deals_history"}, want: []string{"pipedrive_deals", "pipedrive_deals_history"}},
		"skipped":        {history: `["deals"]`, tables: []string{"pipedrive_deals"}, skip: []string{"pipedrive_deals_history"}, want: []string{"pipedrive_deals"}},
		"another table":  {history: `["persons"]`, tables: []string{"pipedrive_deals"}, fails: "spec.history: persons: tables or skip_tables leaves out pipedrive_persons"},
		"no key":         {history: `[]`, tables: []string{"pipedrive_deals", "pipedrive_deals_history"}, fails: "history: [deals]"},
		"without fields": {history: `["deals"],"custom_fields":"off"`, tables: []string{"pipedrive_deals"}, want: []string{"pipedrive_deals", "pipedrive_deals_history"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Configure(context.Background(), zerolog.Nop(), []byte(`{"api_token":"x","history":`+test.history+`}`), plugin.NewClientOptions{})
			require.NoError(t, err)
			tables, err := c.Tables(context.Background(), plugin.TableOptions{Tables: test.tables, SkipTables: test.skip})
			if test.fails != "" {
				require.ErrorContains(t, err, test.fails)
				require.NotEmpty(t, pipedrive.CodeOf(err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, tables.TableNames())
		})
	}
}
