package progress

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// TestForm_keysStay: another key would make an update of the plugin read tables from the beginning.
func TestForm_keysStay(t *testing.T) {
	plain := &table.Table{Records: "notes"}
	deals := &table.Table{
		Records: "deals", Fields: &table.Table{},
		V2: []pipedrive.Listing{{Path: "/a", DeletedStatus: "deleted"}, {Path: "/b", Archived: true}},
	}
	form := Form{API: table.V2, Deleted: true, CustomFields: spec.Columns}
	require.Equal(t, "pipedrive_notes,account=1,api=v2", form.key(plain, "1"))
	require.Equal(t, "pipedrive_deals,account=1,api=v2,deleted=true,archived=false", form.key(deals, "1"))
	form.StartTime, form.CustomFields = "5 days ago", spec.JSON
	require.Equal(t, "pipedrive_deals,account=1,api=v2,start_time=5 days ago,deleted=true,archived=false,custom_fields=json", form.key(deals, "1"))
}

// TestForm_replacedKeys: they belong to rows that a run with this form overwrites with other columns.
func TestForm_replacedKeys(t *testing.T) {
	form := Form{API: table.V2, CustomFields: spec.Columns}
	require.Equal(t, []string{"pipedrive_notes,account=1,api=export", "pipedrive_notes,account=1,api=v1"}, form.replacedKeys(&table.Table{Records: "notes"}, "1"))
	keys := form.replacedKeys(&table.Table{Records: "persons", Fields: &table.Table{}}, "1")
	require.Len(t, keys, 8, "three APIs by three ways that custom fields arrive, but its own")
	require.NotContains(t, keys, form.key(&table.Table{Records: "persons", Fields: &table.Table{}}, "1"))
}
