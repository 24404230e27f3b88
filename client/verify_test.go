package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// at is a moment, in seconds of this test's time.
func at(second int64) time.Time { return time.Unix(second, 0).UTC() }

// sentRows are rows of which each has its id for its second; those without a time are given as negative ids.
func sentRows(ids ...int64) *ledger {
	l := newLedger()
	for _, id := range ids {
		l.sent[id] = id
		if id < 0 {
			l.sent[id] = never
		}
	}
	return l
}

// arrivedOf counts rows of a run as they come back from the destination.
func arrivedOf(c cursor, syncTime int64, ids ...int64) *arrival {
	there := &arrival{parts: make([]fingerprint, len(c.Sent))}
	for _, id := range ids {
		for row, second := range sentRows(id).sent {
			there.add(stored{id: row, at: second, syncTime: syncTime}, c.Sent)
		}
	}
	return there
}

func TestCursor_proved(t *testing.T) {
	all := []int64{-1, 10, 20, 30, 40}
	verified, marks := map[string]mark{"list": {Changed: at(5), Complete: true}}, map[string]mark{"list": {Changed: at(40), Complete: true}}
	for name, test := range map[string]struct {
		there   []int64
		change  func(*cursor)
		sync    int64 // of the rows that are there
		want    map[string]mark
		missing int64
	}{
		"all is there":                   {there: all, want: marks},
		"of a run that was cut short":    {there: all, change: func(c *cursor) { c.Finished = false }, want: marks},
		"the last is missing":            {there: all[:4], want: map[string]mark{"list": {Changed: at(30), Complete: true}}, missing: 1},
		"one in the middle is missing":   {there: []int64{-1, 10, 30, 40}, want: map[string]mark{"list": {Changed: at(10), Complete: true}}, missing: 1},
		"the one without time":           {there: all[1:], want: verified, missing: 1},
		"the first behind it":            {there: []int64{-1, 20, 30, 40}, want: verified, missing: 1},
		"an older version":               {there: []int64{-1, 10, 20, 30, 39}, want: map[string]mark{"list": {Changed: at(30), Complete: true}}, missing: 1},
		"rows of an earlier run":         {there: all, sync: 3, change: func(c *cursor) { c.Before = 3 }, want: verified, missing: 5},
		"more than was sent":             {there: append(all, 15, 25), change: func(c *cursor) { c.Before = 2 }, want: marks, missing: -1},
		"sent twice, and kept twice":     {there: append(all, 15), change: func(c *cursor) { c.Again = 1 }, want: marks, missing: -1},
		"the table is empty":             {want: map[string]mark{}, missing: 1},
		"fewer rows than there were":     {there: all, change: func(c *cursor) { c.Least = 9 }, want: map[string]mark{}, missing: 4},
		"nothing was sent, all is there": {there: all, change: func(c *cursor) { c.Sent = nil }, want: marks},
	} {
		t.Run(name, func(t *testing.T) {
			c := cursor{Version: 1, Marks: marks, Verified: verified, Finished: true, Sent: sentRows(all...).segments()}
			if test.change != nil {
				test.change(&c)
			}
			there := arrivedOf(c, max(test.sync, 7), test.there...)
			if test.sync > 0 {
				there.newest = test.sync
			}
			next, missing := c.proved(there)
			require.Equal(t, test.want, next.Marks)
			require.Equal(t, test.missing, missing)
			require.Empty(t, next.Sent)
		})
	}
}

func TestLedger_countsWhatIsSentAgain(t *testing.T) {
	l := newLedger()
	for range 3 {
		l.add([]*Row{keyed(t, 1), keyed(t, 2)})
	}
	require.EqualValues(t, 4, l.again)
	require.Len(t, l.sent, 2)
}

func TestLedger_segmentsAreBounded(t *testing.T) {
	l := newLedger()
	for id := range int64(10_000) {
		l.sent[id] = id / 7 * 7
	}
	parts := l.segments()
	require.LessOrEqual(t, len(parts), maxSegments)
	require.Greater(t, len(parts), maxSegments/2)
	var rows int64
	for i, p := range parts {
		rows += p.Rows
		require.LessOrEqual(t, p.Rows, int64(2*10_000/maxSegments))
		require.True(t, i == 0 || p.To > parts[i-1].To)
	}
	require.EqualValues(t, 10_000, rows)
}

func TestIsAbsent(t *testing.T) {
	for text, want := range map[string]bool{
		`ERROR: relation "pipedrive_deals" does not exist (SQLSTATE 42P01)`: true,
		"SQL logic error: no such table: pipedrive_deals (1)":               true,
		`ERROR: column "_cq_sync_time" does not exist (SQLSTATE 42703)`:     false,
		"database is locked (5) (SQLITE_BUSY)":                              false,
	} {
		require.Equal(t, want, isAbsent(errors.New(text)), text)
	}
}

// TestVerify_anotherAccountsReadingIsGivenUp because the run fails: what the last run sent is not taken for
// arrived, and not written down as such.
func TestVerify_anotherAccountsReadingIsGivenUp(t *testing.T) {
	for _, err := range []error{errStopped, context.Canceled} {
		run := NewRun(0)
		run.arrivals.tables = map[string]func() (map[string]*arrival, error){
			"pipedrive_deals": func() (map[string]*arrival, error) { return nil, err },
		}
		r := &reading{table: &Table{Records: "deals"}, account: &Account{run: run, verify: true, logger: zerolog.Nop()}}
		_, got := r.verify(t.Context(), cursor{Marks: map[string]mark{"list": {Changed: at(40)}}, Finished: true})
		require.ErrorIs(t, got, err)
	}
}

// keyed is a record that has nothing but an id.
func keyed(t *testing.T, id int) *Row {
	t.Helper()
	d := table.NewDecoder([]table.Column{{Name: "id", Type: table.Int, Key: true}}, func(c table.Column) table.Source { return c.V2 })
	row, err := d.Record(jsontext.NewDecoder(strings.NewReader(fmt.Sprintf(`{"id":%d}`, id))))
	require.NoError(t, err)
	return row
}
