package client

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

// filled are the columns of a table that the account's API fills.
func (a *Account) filled(t *table.Table) (columns []string) {
	for _, c := range t.Columns {
		if !a.sources(t)(c).IsAbsent() {
			columns = append(columns, signature(c))
		}
	}
	return columns
}

// fill puts down which columns the run fills and reports whether these are others than before. If the rows that are
// there lack one, the table is read from its beginning.
func (r *reading) fill() (changed bool) {
	a, t, last := r.account, r.table, r.last.Columns
	r.checkpoint.Columns = a.filled(t)
	for _, c := range t.Columns {
		if last == nil || len(r.checkpoint.Positions) == 0 || slices.Contains(last, signature(c)) {
			continue
		}
		if a.sources(t)(c).IsAbsent() || c.Fresh[a.id] {
			continue
		}
		r.checkpoint.restart()
		r.log().Info().Str("column", c.Name).Int64("api_tokens", r.costOf(r.last.expected())).
			Msg("the rows that are there do not have this column yet; the table is read from its beginning")
	}
	return !slices.Equal(last, r.checkpoint.Columns)
}
