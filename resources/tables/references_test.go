package tables

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// TestReferences_coverEachColumnOfIDs: a column whose name ends with _id or _ids refers to a table, or is listed here
// as a reference to something that no table has.
func TestReferences_coverEachColumnOfIDs(t *testing.T) {
	t.Parallel()
	elsewhere := []string{
		"assignee_id",           // of goals: a user, a team or the company
		"channel_id",            // the user's own text
		"conference_meeting_id", // at the service that holds the meeting
		"custom_view_id",
		"label_ids", // options of a field
		"log_id",
		"mail_account_id",
		"mail_message_id", // a text, unlike the ids of messages
		"mail_template_id",
		"origin_id", // in the system of origin
		"picture_id",
		"remote_id", // at the service that stores the file
		"report_ids",
		"template_id",
	}
	referring := map[string]bool{}
	for _, r := range References() {
		referring[r.From.Records+"."+r.Column.Name] = true
	}
	ids := regexp.MustCompile(`_ids?$`)
	for _, of := range All() {
		for _, c := range of.Columns {
			own := c.Key && len(of.Key()) == 1
			if ids.MatchString(c.Name) && !own && !slices.Contains(elsewhere, c.Name) {
				require.True(t, referring[of.Records+"."+c.Name],
					"%s.%s refers to no table: declare Refers, add a term, or list it here", of.Records, c.Name)
			}
		}
	}
}

// TestReferences_agreeWithParentsAndLookups: declarations connect tables in these two ways too.
func TestReferences_agreeWithParentsAndLookups(t *testing.T) {
	t.Parallel()
	to := map[string]string{}
	for _, r := range References() {
		to[r.From.Records+"."+r.Column.Name] = r.To.Records
	}
	var parents, lookups int
	for _, of := range All() {
		if of.Parent != nil {
			parents++
			parent := of.Parent.Table
			if parent.Parent != nil {
				parent = parent.Parent.Table
			}
			require.Equal(t, parent.Records, to[of.Records+"."+of.Parent.Column], of.Records)
		}
		for _, c := range of.Columns {
			for _, source := range []table.Source{c.V2, c.V1} {
				if looked := source.Lookup(); looked != nil {
					lookups++
					require.Equal(t, looked.Table.Records, to[of.Records+"."+source.Field(c.Name)], "%s.%s", of.Records, c.Name)
				}
			}
		}
	}
	require.Positive(t, parents)
	require.Positive(t, lookups)
}

// TestReferences_areDeclaredWithTypesThatFit: a declared reference names a column of a table, of the same type unless
// the referring column has a list.
func TestReferences_areDeclaredWithTypesThatFit(t *testing.T) {
	t.Parallel()
	for term, column := range terms {
		require.Contains(t, columnsOf(All()), column, term)
	}
	for _, of := range All() {
		for _, c := range of.Columns {
			if c.Refers != "" {
				require.Contains(t, columnsOf(All()), c.Refers, "%s.%s", of.Records, c.Name)
				require.True(t, slices.ContainsFunc(References(), func(r Reference) bool {
					return r.From.Records == of.Records && r.Column.Name == c.Name && r.To.Records+"."+r.Of.Name == c.Refers
				}), "%s.%s and %s have different types", of.Records, c.Name, c.Refers)
			}
		}
	}
}

// columnsOf are the columns of tables, like deals.id.
func columnsOf(all []*table.Table) (names []string) {
	for _, t := range all {
		for _, c := range t.Columns {
			names = append(names, t.Records+"."+c.Name)
		}
	}
	return names
}

func TestReferences_followFromNames(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range References() {
		if r.From.Records == "deals" {
			got = append(got, r.Column.Name+" "+r.To.Records+"."+r.Of.Name)
		}
	}
	require.Equal(t, []string{
		"currency currencies.code", "stage_id stages.id", "pipeline_id pipelines.id", "person_id persons.id",
		"org_id organizations.id", "owner_id users.id", "creator_user_id users.id", "next_activity_id activities.id",
		"last_activity_id activities.id", "source_lead_id leads.id",
	}, got)
	require.Equal(t, "currency", singular("currencies"))
}
