package client

import (
	"maps"
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// maxUnreadableKeys is the number of records with unreadable values that the log names for each column.
const maxUnreadableKeys = 5

// unreadable are the records whose value has another kind than the column, which is NULL there.
type unreadable struct {
	records int64
	keys    []string // of the first ones
}

// note counts the row's unreadable values.
func (s *sink) note(row *table.Row) {
	for _, column := range row.Mismatch {
		if s.unreadable == nil {
			s.unreadable = map[int]*unreadable{}
		}
		u := s.unreadable[column]
		if u == nil {
			u = &unreadable{}
			s.unreadable[column] = u
		}
		u.records++
		if len(u.keys) < maxUnreadableKeys {
			u.keys = append(u.keys, row.KeyText(s.key))
		}
	}
}

// logUnreadable names the records with unreadable values, so that users can find them at Pipedrive. The log does not
// have the values, which may be personal.
func (r *reading) logUnreadable(s *sink) {
	for _, column := range slices.Sorted(maps.Keys(s.unreadable)) {
		u := s.unreadable[column]
		r.log().Warn().Str("column", r.table.Columns[column].Name).Int64("values", u.records).Strs("keys", u.keys).
			Msg("Pipedrive sent values of another kind than the column's type; they are NULL")
	}
}
