package progress

import (
	"context"
	"errors"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// FullReading is the last complete reading of a table without a checkpoint, which is always read in full.
type FullReading struct {
	Version int `json:"version"`
	// At is the start of the reading's run, by the API's clock.
	At time.Time `json:"at"`
	// Form identifies the columns, listings and options of the reading.
	Form string `json:"form"`
	// Rows is the number of rows. If the account has lost the table since, it is that of the reading before.
	Rows int64 `json:"rows"`
	// Tokens is the cost of the pages in API tokens.
	Tokens int64 `json:"tokens"`
	// Keys are the keys of the records, if the table has several lists: records move between them.
	Keys Keys `json:"keys,omitempty"`
	// Described are the lists of fields that the destination has rows of, by the name of their records. Lists that the
	// account has lost since an earlier reading are included.
	Described []string `json:"described,omitempty"`
	// Missed is true from the moment at which rows were found missing, and the table was read again, until all rows
	// are found. If the rows go to another destination, it stays true.
	Missed bool `json:"missed,omitempty"`
}

// Complete reports whether the table was ever read.
func (r *FullReading) Complete() bool { return !r.At.IsZero() }

// Due reports whether a table that is read at intervals is to be read now, in a form. A reading in the future, by a
// clock that was ahead, does not count.
func (r *FullReading) Due(now time.Time, every time.Duration, form string) bool {
	age := now.Sub(r.At)
	return age < 0 || age >= every || r.Form != form
}

func fullReadingKey(t *table.Table, account string) string {
	return t.Name() + ",account=" + account + ",list"
}

// LoadFullReading returns the last complete reading of an account's table; the zero value for none.
func (s *State) LoadFullReading(ctx context.Context, t *table.Table, account string) (r FullReading, err error) {
	_, err = s.Load(ctx, fullReadingKey(t, account), "to read the table again", &r)
	return r, err
}

// NoteFullReading keeps a reading in memory. [State.Finish] stores it, so it counts only if the run ends well.
func (s *State) NoteFullReading(t *table.Table, account string, r FullReading) {
	r.Version = StateVersion
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fullReadings[fullReadingKey(t, account)] = r
}

// ReadBackCounts reads a table back and returns the number of its records by account. It costs no API tokens. A
// missing table has no records.
func (s *State) ReadBackCounts(ctx context.Context, t *table.Table) (map[string]int64, error) {
	seen := map[string]map[key]bool{}
	err := s.backend.read(ctx, t, nil, func(row stored) {
		if seen[row.account] == nil {
			seen[row.account] = map[key]bool{}
		}
		seen[row.account][row.version.key] = true
	})
	if err != nil && !errors.Is(err, errAbsent) {
		return nil, err
	}
	counts := map[string]int64{}
	for account, keys := range seen {
		counts[account] = int64(len(keys))
	}
	return counts, nil
}
