package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Lookup finds what a record names only by its id: one column of another list. The list is read once per
// run and account, and only when a table needs it: one with a column that is looked up, or the list's own.
type Lookup struct {
	list   string // as the API names its listing
	column string
}

// The look-ups that tables use.
var (
	OwnerName    = Lookup{"users", "name"}
	OwnerEmail   = Lookup{"users", "email"}
	StageOrder   = Lookup{"stages", "order_nr"}
	PipelineName = Lookup{"pipelines", "name"}
)

// lookupColumns are the columns that are kept of each list.
var lookupColumns = map[string][]Column{
	"users":     {{Name: idColumn, Type: Int}, {Name: "name"}, {Name: "email"}},
	"stages":    {{Name: idColumn, Type: Int}, {Name: "order_nr", Type: Int}},
	"pipelines": {{Name: idColumn, Type: Int}, {Name: "name"}},

	"dealsFields":         FieldColumns,
	"organizationsFields": FieldColumns,
	"personsFields":       FieldColumns,
}

// lookups are the lists of an account that have been asked for.
type lookups struct {
	mu    sync.Mutex
	lists map[string]*lookupList
}

// lookupList is one list.
type lookupList struct {
	name    string
	columns []Column
	table   bool // whether the list is a table's, with that table's columns

	mu     sync.Mutex
	read   bool
	rows   []*Row
	err    error // that will not pass, so that nobody asks again
	warned sync.Once
}

func (l *lookups) list(name string) *lookupList {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lists[name] == nil {
		if l.lists == nil {
			l.lists = map[string]*lookupList{}
		}
		l.lists[name] = &lookupList{name: name, columns: lookupColumns[name]}
	}
	return l.lists[name]
}

// share has a table that is always read in full take its rows from the list that others look up in, if they do. It is
// called before any list is read.
func (l *lookups) share(t *Table) {
	if lookupColumns[t.Records] != nil && !t.Incremental {
		list := l.list(t.Records)
		list.columns, list.table = t.Columns, true
	}
}

// of returns the list that a table takes its rows from, nil for none.
func (l *lookups) of(t *Table) *lookupList {
	if list := l.list(t.Records); list.table {
		return list
	}
	return nil
}

// copies returns the list's rows for a table to finish.
func (l *lookupList) copies(ctx context.Context, a *Account, m *pipedrive.Meter) ([]*Row, error) {
	rows, err := l.load(ctx, a, m)
	copies := make([]*Row, len(rows))
	for i, row := range rows {
		own := *row
		own.values = slices.Clone(row.values)
		copies[i] = &own
	}
	return copies, err
}

// value returns the function that looks a record's id up. Without the scope for the list it finds nothing,
// with one warning: the table that asks is whole without it.
func (l Lookup) value(ctx context.Context, a *Account, m *pipedrive.Meter) (func(id int64) value, error) {
	list := a.lookups.list(l.list)
	rows, err := list.load(ctx, a, m)
	if errors.Is(err, pipedrive.MissingScope) {
		list.warned.Do(func() {
			a.logger.Warn().Err(err).Str("account_id", a.id).Str("list", l.list).
				Msg("the credentials do not cover this list; the columns that are looked up in it stay NULL")
		})
	} else if err != nil {
		return nil, err
	}
	column := columnIndex(list.columns, l.column)
	found := make(map[int64]value, len(rows))
	for _, row := range rows {
		found[row.id] = row.values[column]
	}
	return func(id int64) value { return found[id] }, nil
}

// load reads the list unless somebody did. A failure that may pass is not kept.
func (l *lookupList) load(ctx context.Context, a *Account, m *pipedrive.Meter) ([]*Row, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read || l.err != nil {
		return l.rows, l.err
	}
	var rows []*Row
	decoder, limit := newDecoder(l.columns, a.source), pipedrive.MaxLimit
	if l.table {
		limit = a.query.Limit
	}
	for _, listing := range a.api.Listings[l.name] {
		if !a.covers(listing) {
			l.err = &pipedrive.Error{
				Code: pipedrive.MissingScope, Path: listing.Path, Message: "the credentials need " + strings.Join(listing.Scopes, " or "),
			}
			return nil, l.err
		}
		for page, err := range pipedrive.Pages(ctx, a.client, listing, pipedrive.Query{Limit: limit}, m, decoder.record) {
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
