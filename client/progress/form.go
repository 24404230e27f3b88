package progress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Form is the part of a spec that selects the rows of a table and their filled columns. Each form has its own
// checkpoints, so a table is read from its beginning after a change of the form.
type Form struct {
	// API is the account's API.
	API table.API
	// StartTime is start_time in the user's words; empty for none.
	StartTime string
	// Deleted and Archived are true if such records are included.
	Deleted, Archived bool
	// CustomFields is the form of custom fields.
	CustomFields spec.CustomFields
}

// key is the key of an account's table in the state.
func (f Form) key(t *table.Table, account string) string {
	parts := []string{t.Name(), "account=" + account, "api=" + string(f.API)}
	if f.StartTime != "" {
		parts = append(parts, "start_time="+f.StartTime)
	}
	if t.Depends(func(l pipedrive.Listing) bool { return l.Deleted || l.DeletedStatus != "" }) {
		parts = append(parts, fmt.Sprintf("deleted=%t", f.Deleted))
	}
	if t.Depends(func(l pipedrive.Listing) bool { return l.Archived }) {
		parts = append(parts, fmt.Sprintf("archived=%t", f.Archived))
	}
	if t.Fields != nil && f.CustomFields != spec.Columns {
		parts = append(parts, "custom_fields="+string(f.CustomFields))
	}
	return strings.Join(parts, ",")
}

// replacedKeys are the keys of other checkpoints whose rows a run with this form overwrites: those of another API, or
// with another form of custom fields. Checkpoints with another start_time are not among them, except those without
// one.
func (f Form) replacedKeys(t *table.Table, account string) (keys []string) {
	for _, api := range []table.API{table.V2, table.V1, table.Export} {
		for _, custom := range []spec.CustomFields{spec.Columns, spec.JSON, spec.Off} {
			if t.Fields == nil {
				custom = f.CustomFields
			}
			if api == f.API && custom == f.CustomFields {
				continue
			}
			for i := range 8 {
				other := Form{API: api, Deleted: i&1 > 0, Archived: i&2 > 0, CustomFields: custom}
				if i&4 > 0 {
					other.StartTime = f.StartTime
				}
				keys = append(keys, other.key(t, account))
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
