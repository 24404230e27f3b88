package table

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// versioned is a table with a history, and the history.
func versioned() (t, h *Table) {
	t = Markable([]*Table{{
		Records: "deals", Title: "Deals", Incremental: true, Columns: []Column{
			{Name: "id", Key: true, Type: Int},
			{Name: "title", Type: Text},
			{Name: "add_time", Type: Timestamp},
			{Name: "update_time", Type: Timestamp, IncrementalKey: true},
		},
	}})[0]
	return t, History(t)
}

func TestHistory_hasAllColumnsOfItsTable(t *testing.T) {
	of, h := versioned()
	require.Equal(t, "pipedrive_deals_history", h.Name())
	require.Equal(t, []string{AccountColumn, "id", ValidFromColumn}, h.Schema().PrimaryKeys())
	require.True(t, h.Schema().IsIncremental)
	require.Equal(t, of.Key(), h.Identity(), "versions of a record have the record's identity")
	require.Equal(t, of.Key(), of.Identity())
	for _, c := range of.Columns {
		require.GreaterOrEqual(t, h.Column(c.Name), 0, c.Name)
	}
	require.Len(t, h.Columns, len(of.Columns)+1)
	require.Negative(t, of.Column(ValidFromColumn), "the table stays as it is")
}

func TestVersions_holdFromTheirChangeOn(t *testing.T) {
	of, h := versioned()
	added, changed, found := time.Unix(100, 0).UTC(), time.Unix(200, 0).UTC(), time.Unix(900, 0).UTC()
	for name, test := range map[string]struct {
		record []Value
		gone   time.Time
		want   time.Time
	}{
		"update_time":                     {record: []Value{TimeValue(added), TimeValue(changed)}, want: changed},
		"add_time":                        {record: []Value{TimeValue(added), {}}, want: added},
		"neither":                         {record: []Value{{}, {}}, want: time.Unix(0, 0).UTC()},
		"changed after it was gone":       {record: []Value{TimeValue(added), TimeValue(changed)}, gone: added, want: changed},
		"as it had been":                  {record: []Value{TimeValue(added), TimeValue(changed)}, gone: changed.Add(time.Minute), want: found},
		"found by a clock that is behind": {record: []Value{TimeValue(added), TimeValue(changed)}, gone: found, want: found.Add(time.Microsecond)},
	} {
		t.Run(name, func(t *testing.T) {
			record := NewRow(append([]Value{IntValue(7), TextValue("a")}, append(test.record, Value{})...)...)
			record.changed = of.Time()
			row := h.Versions(of).Of(record, test.gone, found)
			require.Equal(t, test.want, row.Value(h.Column(ValidFromColumn)).Time())
			require.Equal(t, IntValue(7), row.Value(h.Column("id")))
			require.Equal(t, TextValue("a"), row.Value(h.Column("title")))
			at, timed := row.RecordTime()
			want, wantTimed := record.RecordTime()
			require.Equal(t, want, at)
			require.Equal(t, wantTimed, timed)
			require.True(t, row.HasAll(h.Key()), "no NULL in the key")
		})
	}
	require.True(t, h.Tombstone([]Value{IntValue(7)}, found).HasAll(h.Key()))
}
