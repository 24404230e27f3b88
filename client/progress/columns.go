package progress

import (
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// typeNames are the types of columns in the state, where they must not change.
var typeNames = map[table.Type]string{
	table.Text: "text", table.Int: "int", table.Float: "float", table.Bool: "bool",
	table.Timestamp: "timestamp", table.Date: "date", table.JSON: "json",
}

// signature is a column's name and type, as the state keeps it.
func signature(c table.Column) string { return c.Name + ":" + typeNames[c.Type] }

// markSignature is the signature of the column that marks removed rows. The API fills it in no row, so that a table need not
// be read from its beginning to get it.
var markSignature = signature(table.Column{Name: table.RemovedColumn, Type: table.Timestamp})

// fills reports whether the account's API fills a column, and in its usual form.
func (t *Tracker) fills(c table.Column) bool {
	untyped := t.Untyped && c.Name == table.CustomFieldsColumn
	return !untyped && !c.SourceFor(t.Account, t.table.Form(t.Form.API)).IsAbsent()
}

// isNew reports whether the run fills a column that the rows which are there do not have.
func (t *Tracker) isNew(c table.Column) bool {
	last := t.last.Columns
	return last != nil && t.fills(c) && !slices.Contains(last, signature(c)) && !c.Fresh[t.Account]
}

// noteColumns puts down in the checkpoint which columns the run fills. If the rows that are there lack one, the table is
// read from its beginning.
func (t *Tracker) noteColumns() {
	t.checkpoint.Columns = nil
	for _, c := range t.table.Columns {
		if c.Name == table.RemovedColumn {
			t.checkpoint.Columns = append(t.checkpoint.Columns, markSignature)
		}
		if !t.fills(c) {
			continue
		}
		t.checkpoint.Columns = append(t.checkpoint.Columns, signature(c))
		if len(t.checkpoint.Positions) == 0 || !t.isNew(c) {
			continue
		}
		t.checkpoint.restart()
		t.Logger.Info().Str("column", c.Name).Int64("api_tokens", t.costOf(t.last.expected())).
			Msg("the rows that are there do not have this column yet; the table is read from its beginning")
	}
}
