package progress

import (
	"context"
	"errors"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// FullReading is the last complete reading of an account's table that has no checkpoint, since it is always read in full.
type FullReading struct {
	Version int `json:"version"`
	// At is when the run began that read it, by the API's clock.
	At time.Time `json:"at"`
	// Form stands for the columns, listings and options that its rows came from.
	Form string `json:"form"`
	// Rows is how many it had. A table that the account has come to lack keeps those of the reading before.
	Rows int64 `json:"rows"`
	// Tokens is how many API tokens its pages cost.
	Tokens int64 `json:"tokens"`
	// Keys are those of its records, if it has several lists, between which records move.
	Keys Keys `json:"keys,omitempty"`
	// Described are the lists of fields, by their records, of which the destination has rows: those of the reading, and those
	// of an earlier one that the account has come to lack.
	Described []string `json:"described,omitempty"`
	// Missed is true from when rows of it were missing at the destination, for which the table was read again, until
	// all of them are seen there. Where they come to another destination, that is never.
	Missed bool `json:"missed,omitempty"`
}

// Complete is false for a value without a time, which stands for a table that was never read.
func (r *FullReading) Complete() bool { return !r.At.IsZero() }

// Due reports whether a table that is to be read once in a span, in a form, is to be read now. A reading of the future, by
// a clock that was ahead, does not count.
func (r *FullReading) Due(now time.Time, every time.Duration, form string) bool {
	age := now.Sub(r.At)
	return age < 0 || age >= every || r.Form != form
}

func fullReadingKey(t *table.Table, account string) string {
	return t.Name() + ",account=" + account + ",list"
}

// LoadFullReading returns the last complete reading of an account's table; the zero one where there was none.
func (s *State) LoadFullReading(ctx context.Context, t *table.Table, account string) (r FullReading, err error) {
	_, err = s.Load(ctx, fullReadingKey(t, account), "to read the table again", &r)
	return r, err
}

// NoteFullReading keeps a reading in memory. It counts only if the run ends well, so that [State.Finish] stores it.
func (s *State) NoteFullReading(t *table.Table, account string, r FullReading) {
	r.Version = StateVersion
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fullReadings[fullReadingKey(t, account)] = r
}

// ReadBackCounts reads a table back from the destination and returns how many records it has, by account. It costs no API
// tokens. A table that is not there has none.
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
