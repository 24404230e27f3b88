package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// lookups are the lists of an account that look-ups and other tables share.
type lookups struct {
	mu    sync.Mutex
	lists map[string]*lookupList
}

// lookupList is one list.
type lookupList struct {
	of     *table.Table
	shared bool // whether the run reads the list's table too, which takes its rows from here
	probed bool // whether the list was read to see if the account has that table
	meter  pipedrive.Meter

	turn   chan struct{} // full while the list is read
	read   bool
	rows   []*table.Row
	err    error // a lasting one, so that the list is not requested again
	warned sync.Once
}

func (l *lookups) list(of *table.Table) *lookupList {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lists[of.Records] == nil {
		if l.lists == nil {
			l.lists = map[string]*lookupList{}
		}
		l.lists[of.Records] = &lookupList{of: of, turn: make(chan struct{}, 1)}
	}
	return l.lists[of.Records]
}

// share makes the run's tables that are always read in full take their rows from the shared lists, if columns are
// looked up in them or their records are parents. It is called before any list is read.
func (a *Account) share(tables []*table.Table) {
	needed := map[string]bool{}
	for _, t := range tables {
		if t.Parent != nil {
			needed[t.Parent.Table.Records] = true
		}
		for _, c := range t.Columns {
			if looked := a.sources(t)(c).Lookup(); looked != nil {
				needed[looked.Table.Records] = true
			}
		}
	}
	for _, t := range tables {
		if needed[t.Records] && !t.Incremental {
			a.lookups.list(t).shared = true
		}
	}
}

// of returns the list that a table takes its rows from; nil for none.
func (l *lookups) of(t *table.Table) *lookupList {
	if list := l.list(t); list.shared {
		return list
	}
	return nil
}

// loadCopies loads the list unless it is loaded, and returns copies of its rows for a table to finish.
func (l *lookupList) loadCopies(ctx context.Context, a *Account, m *pipedrive.Meter) ([]*table.Row, error) {
	rows, err := l.load(ctx, a, m)
	copies := make([]*table.Row, len(rows))
	for i, row := range rows {
		copies[i] = row.Clone()
	}
	return copies, err
}

// columnLookup is a column whose ids are replaced by values from another list.
type columnLookup struct {
	column int
	looked *table.Looked
	find   func(id int64) table.Value // nil until a row has an id
}

// columnLookups are the look-ups of a table.
func (a *Account) columnLookups(t *table.Table) (lookups []columnLookup) {
	for i, c := range t.Columns {
		if looked := a.sources(t)(c).Lookup(); looked != nil {
			lookups = append(lookups, columnLookup{column: i, looked: looked})
		}
	}
	return lookups
}

// lookUp replaces the ids in rows by the looked-up values. It loads a list for the first row with an id, and several lists
// side by side.
func (r *reading) lookUp(ctx context.Context, rows []*table.Row) error {
	group, loading := errgroup.WithContext(ctx)
	group.SetLimit(r.atOnce())
	for i := range r.lookups {
		if l := &r.lookups[i]; l.find == nil && slices.ContainsFunc(rows, l.hasID) {
			group.Go(func() error {
				return recovered(func() (err error) {
					l.find, err = r.account.loadLookup(loading, l.looked, &r.meter)
					return err
				})
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, l := range r.lookups {
		for _, row := range rows {
			if id := row.Value(l.column); id.Valid {
				row.Set(l.column, l.find(id.Number))
			}
		}
	}
	return nil
}

func (l *columnLookup) hasID(row *table.Row) bool { return row.Value(l.column).Valid }

// loadLookup loads a list and returns the function that finds a record's value by its id. Without the scope for the
// list the function finds nothing, and one warning says so; the table's other columns are complete.
func (a *Account) loadLookup(ctx context.Context, l *table.Looked, m *pipedrive.Meter) (func(id int64) table.Value, error) {
	list := a.lookups.list(l.Table)
	rows, err := list.load(ctx, a, m)
	if errors.Is(err, pipedrive.MissingScope) {
		list.warned.Do(func() {
			a.logger.Warn().Err(err).Str("account_id", a.id).Str("list", l.Table.Records).
				Msg("the credentials do not cover this list; the columns that are looked up in it stay NULL")
		})
	} else if err != nil {
		return nil, err
	}
	column := list.of.Column(l.Column)
	found := make(map[int64]table.Value, len(rows))
	for _, row := range rows {
		found[row.RecordKey().Number] = row.Value(column)
	}
	return func(id int64) table.Value { return found[id] }, nil
}

// load reads the list unless it was read. It does not keep an error that may pass.
func (l *lookupList) load(ctx context.Context, a *Account, m *pipedrive.Meter) ([]*table.Row, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if l.read || l.err != nil {
		return l.rows, l.err
	}
	var rows []*table.Row
	l.meter.Whole = m
	decoder, limit := table.NewDecoder(l.of.Columns, a.sources(l.of)), pipedrive.MaxLimit
	if l.shared {
		limit = a.query.Limit
	}
	for _, listing := range a.listings(l.of) {
		if !a.covers(listing) {
			l.err = &pipedrive.Error{
				Code: pipedrive.MissingScope, Path: listing.Path, Message: "the credentials need " + strings.Join(listing.Scopes, " or "),
			}
			return nil, l.err
		}
		q := pipedrive.Query{Limit: limit, Deleted: a.query.Deleted, MayBeEmpty: a.wasEmpty(l.of)}
		q.Allow = func(int) error { return a.checkWhole(l.of, listing, &l.meter) }
		for page, err := range a.pages(ctx, listing, q, &l.meter, decoder.Record) {
			if errors.Is(err, pipedrive.MissingScope) {
				l.err = err
			}
			if err != nil {
				return nil, err
			}
			rows = append(rows, page...)
		}
	}
	l.rows, l.read = rows, true
	return rows, nil
}
