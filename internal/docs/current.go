package docs

import (
	"strings"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// CurrentViews is the folder of the views of current rows: a folder for each dialect, with a file for each table.
const CurrentViews = "docs/queries/current"

// dialects are the dialects of SQL, each with the template of a view and the prefix of a table's name.
var dialects = []struct{ name, template, prefix string }{
	{"bigquery", "current.qualify.sql.tmpl", "pipedrive."},
	{"postgresql", "current.postgresql.sql.tmpl", ""},
	{"snowflake", "current.qualify.sql.tmpl", ""},
	{"sqlite", "current.sqlite.sql.tmpl", ""},
}

// currentView holds the facts of a table that the templates of its view use.
type currentView struct {
	Prefix, Name string
	// Key lists the columns of the primary key. Newest is the order that puts the newest version of a record first.
	Key, Newest string
	// Full is true for a table that is always read in full, Marked for one with marks of removed rows.
	Full, Marked bool
}

func addCurrentViews(files map[string]string) error {
	for _, t := range tables.All() {
		for _, d := range dialects {
			file := CurrentViews + "/" + d.name + "/" + t.Records + ".sql"
			if err := render(files, file, d.template, newCurrentView(t, d.prefix)); err != nil {
				return err
			}
		}
	}
	return nil
}

func newCurrentView(t *table.Table, prefix string) currentView {
	v := currentView{
		Prefix: prefix, Name: t.Name(),
		Key:    strings.Join(t.Schema().PrimaryKeys(), ", "),
		Newest: "_cq_sync_time DESC",
		Full:   !t.Incremental,
		Marked: t.Column(table.RemovedColumn) >= 0,
	}
	for i, c := range t.Columns {
		if i == t.Time() || c.Name == "update_time" {
			v.Newest += ", " + c.Name + " DESC NULLS LAST"
		}
	}
	return v
}

// Since joins the last complete reading of the account, and leaves out the rows from before it. Rows of later runs that
// failed stay: if rows are overwritten, they have replaced those of the reading.
func (v currentView) Since(indent int) string {
	if !v.Full {
		return ""
	}
	line := "\n" + strings.Repeat(" ", indent)
	return line + "LEFT JOIN last_reading ON account_read = account_id" + line + "WHERE coalesce(_cq_sync_time >= read_at, true)"
}
