package client

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// arrival is what the destination holds of a table and account, at the beginning of a run.
type arrival struct {
	rows   int64 // of all runs
	newest int64 // the sync time of the last run that wrote any, in microseconds since 1970
	// parts are the rows of that run, by the segments of what the last run says it sent.
	parts []fingerprint
}

// add counts a row, which belongs to one of segments or to none.
func (a *arrival) add(row stored, segments []segment) {
	a.rows++
	if row.syncTime < a.newest {
		return
	}
	if row.syncTime > a.newest {
		a.newest = row.syncTime
		clear(a.parts)
	}
	if i := segmentOf(segments, row.at); i < len(segments) {
		a.parts[i].add(row.id, row.at)
	}
}

// arrivals reads each table of the destination once in a run, for all accounts, before any of the run's rows
// can get there.
type arrivals struct {
	mu     sync.Mutex
	tables map[string]func() (map[string]*arrival, error)
}

// of returns what the destination holds of a table and account. The first account that asks has the table
// read.
func (v *arrivals) of(ctx context.Context, a *Account, t *Table) (*arrival, error) {
	v.mu.Lock()
	read := v.tables[t.Name()]
	if read == nil {
		read = sync.OnceValues(func() (map[string]*arrival, error) { return a.run.arrived(ctx, a.state, t) })
		if v.tables == nil {
			v.tables = map[string]func() (map[string]*arrival, error){}
		}
		v.tables[t.Name()] = read
	}
	v.mu.Unlock()
	found, err := read()
	if err != nil {
		return nil, err
	}
	return found[a.id], nil
}

// arrived reads a table back from the destination.
func (r *Run) arrived(ctx context.Context, s *State, t *Table) (map[string]*arrival, error) {
	segments, found := map[string][]segment{}, map[string]*arrival{}
	for _, a := range r.accounts {
		c, err := s.loadCursor(ctx, a.key(t))
		if err != nil {
			continue // that account's own reading fails over it
		}
		segments[a.id] = c.Sent
		found[a.id] = &arrival{parts: make([]fingerprint, len(c.Sent))}
	}
	err := s.backend.read(ctx, t.Name(), func(row stored) error {
		if a := found[row.account]; a != nil {
			a.add(row, segments[row.account])
		}
		return nil
	})
	return found, err
}

// maxAbsent is how many runs look for the table in the backend until it was seen there. A destination logs each
// vain look as an error.
const maxAbsent = 3

// maxFailures is how often in a row rows may be missing until verifying gives up: then the state is kept in
// another destination than the rows, or somebody else removes them.
const maxFailures = 3

// verify returns the cursor to go on from: where the destination does not have what the last run sent, an
// earlier one. It costs no API tokens.
func (r *reading) verify(ctx context.Context, c cursor) (cursor, error) {
	a, t := r.account, r.table
	log := r.log()
	next := c.trusted()
	switch {
	case !a.verify, len(c.Marks) == 0 && len(c.Sent) == 0:
		return next, nil
	case !c.Found && c.Absent >= maxAbsent:
		log.Info().Msg("whether the rows of the last run arrived can't be seen: the backend of backend_options has no such table")
		return next, nil
	}
	there, err := a.run.arrivals.of(ctx, a, t)
	switch {
	case errors.Is(err, errAbsent) && (c.Found || c.Absent == 0):
		there = &arrival{parts: make([]fingerprint, len(c.Sent))} // it was dropped
	case ctx.Err() != nil:
		return c, context.Cause(ctx)
	case errors.Is(err, errStopped), errors.Is(err, context.Canceled): // of the account that had the table read
		return c, err
	case err != nil:
		if errors.Is(err, errAbsent) {
			next.Absent++
		}
		log.Info().Err(err).Msg("whether the rows of the last run arrived can't be seen: the table can't be read through backend_options")
		return next, nil
	}
	found := c.Found || err == nil
	r.doubtful = !found
	next, missing := c.proved(there)
	if missing > 0 && c.Failures >= maxFailures {
		next = c.trusted()
	}
	next.Found, next.Before, next.Least, next.Failures = found, there.newest, there.rows, c.Failures
	switch {
	case missing == 0:
		next.Failures = 0
	case missing < 0:
		log.Info().Msg("whether the rows of the last run arrived can't be seen: the destination has other rows with its time, as one that only appends")
	case c.Failures >= maxFailures:
		log.Warn().Int64("missing", missing).Int("runs", c.Failures).
			Msg("rows are missing after each of the last runs, so reading them again does not help; does the state belong to another destination than the rows, or does something else remove rows? Set verify: false, or delete the table's row from the state to read it from its beginning")
	case c.Finished:
		next.Failures++
		log.Info().Int64("missing", missing).Time("from", next.earliest()).
			Msg("the destination does not have all rows of the last run; they are read again")
	default:
		log.Info().Time("from", next.earliest()).Msg("the last run was cut short; this one goes on from what arrived")
	}
	return next, nil
}

// trusted is the cursor to go on from where nothing is known of what arrived: that of the last run, if it
// ended well.
func (c cursor) trusted() cursor {
	next := cursor{Version: cursorVersion, Finished: true, Marks: maps.Clone(c.Marks), Before: c.Before, Least: c.Least, Found: c.Found, Absent: c.Absent, Refreshed: c.Refreshed}
	if !c.Finished {
		next.Marks = maps.Clone(c.Verified)
	}
	if next.Marks == nil {
		next.Marks = map[string]mark{}
	}
	return next
}

// proved is the cursor to go on from, given what arrived, and how many rows did not at least: none, some of
// the last run's, or a negative number where they can't be told from others.
func (c cursor) proved(there *arrival) (next cursor, missing int64) {
	next = c.trusted()
	if there.rows == 0 && c.rows() > 0 || there.rows < c.Least {
		next.Marks = map[string]mark{}
		next.Refreshed = time.Time{}
		return next, max(1, c.Least-there.rows)
	}
	first := -1
	var sent, arrived int64
	if there.newest <= c.Before {
		clear(there.parts) // none of that run's rows is there
	}
	for i, s := range c.Sent {
		sent, arrived = sent+s.Rows, arrived+there.parts[i].Rows
		if first < 0 && s.fingerprint != there.parts[i] {
			first = i
		}
	}
	switch {
	case first < 0:
		next.Marks = maps.Clone(c.Marks)
		return next, 0
	case arrived > sent && (c.Before > 0 || arrived == sent+c.Again):
		return next, -1
	case first == 0, c.Sent[first-1].To == never:
		next.Marks = maps.Clone(c.Verified)
	default:
		next.Marks = c.before(time.Unix(c.Sent[first-1].To, 0).UTC())
	}
	if next.Marks == nil {
		next.Marks = map[string]mark{}
	}
	return next, max(1, sent-arrived)
}

// rows is how many rows the last run sent, or 1 where an earlier one did.
func (c cursor) rows() int64 {
	var n int64
	for _, s := range c.Sent {
		n += s.Rows
	}
	for _, m := range c.trusted().Marks {
		if n == 0 && !m.Changed.IsZero() {
			n = 1
		}
	}
	return n
}

// before are the cursor's marks, none of them later than a moment.
func (c cursor) before(at time.Time) map[string]mark {
	marks := maps.Clone(c.Marks)
	for listing, m := range marks {
		if m.Changed.After(at) {
			m.Changed, m.Stopped = at, false
			marks[listing] = m
		}
	}
	return marks
}

// earliest is the moment from which some listing is read; zero for its beginning.
func (c cursor) earliest() time.Time {
	var first time.Time
	for _, m := range c.Marks {
		if first.IsZero() || m.Changed.Before(first) {
			first = m.Changed
		}
	}
	return first
}
