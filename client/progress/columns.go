package progress

import (
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// typeNames are the names of column types in the state. They must not change.
var typeNames = map[table.Type]string{
	table.Text: "text", table.Int: "int", table.Float: "float", table.Bool: "bool",
	table.Timestamp: "timestamp", table.Date: "date", table.JSON: "json",
}

// signature is the stored form of a column's name and type.
func signature(c table.Column) string { return c.Name + ":" + typeNames[c.Type] }

// markSignature is the signature of the column that marks removed rows. The API never fills it, so adding it does not
// require a reading from the beginning.
var markSignature = signature(table.Column{Name: table.RemovedColumn, Type: table.Timestamp})

// fills reports whether the account's API fills a column in its usual form.
func (t *Tracker) fills(c table.Column) bool {
	untyped := t.Untyped && c.Name == table.CustomFieldsColumn
	return !untyped && !c.SourceFor(t.Account, t.table.Form(t.Form.API)).IsAbsent()
}

// isNew reports whether the run fills a column that earlier runs left empty.
func (t *Tracker) isNew(c table.Column) bool {
	last := t.last.Columns
	return last != nil && t.fills(c) && !slices.Contains(last, signature(c)) && !c.Fresh[t.Account]
}

// noteColumns stores the filled columns in the checkpoint. If a column is new, the table is read from its beginning.
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
			Msg("the rows at the destination do not have this column yet; the table is read from its beginning")
	}
}
