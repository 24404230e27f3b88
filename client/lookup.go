package client

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Lookup finds what a record names only by its id: one column of another list. The list is read once per
// run and account, and only when a table with a column that needs it is.
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
	// Only v1 needs the fields: v2 sends custom fields in an object of their own.
	"personsFields":       fieldColumns,
	"organizationsFields": fieldColumns,
	"dealsFields":         fieldColumns,
}

var fieldColumns = []Column{{Name: idColumn, Type: Int}, {Name: "key"}, {Name: "field_type"}}

// lookups are the lists of an account that have been asked for.
type lookups struct {
	mu    sync.Mutex
	lists map[string]*lookupList
}

// lookupList is one list, by the ids of its records.
type lookupList struct {
	name string
	mu   sync.Mutex
	rows map[int64]*Row
	err  error // that will not pass, so that nobody asks again
}

func (l *lookups) list(name string) *lookupList {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lists[name] == nil {
		if l.lists == nil {
			l.lists = map[string]*lookupList{}
		}
		l.lists[name] = &lookupList{name: name}
	}
	return l.lists[name]
}

// value returns the function that looks a record's id up. Without the scope for the list it finds nothing,
// with one warning: the table that asks is whole without it.
func (l Lookup) value(ctx context.Context, a *Account, m *pipedrive.Meter) (func(id int64) value, error) {
	rows, err := a.lookups.list(l.list).load(ctx, a, m)
	if err != nil && !errors.Is(err, pipedrive.MissingScope) {
		return nil, err
	}
	column := columnIndex(lookupColumns[l.list], l.column)
	return func(id int64) value {
		if row, ok := rows[id]; ok {
			return row.values[column]
		}
		return value{}
	}, nil
}

// load reads the list unless another table did. A failure that may pass is not kept.
func (l *lookupList) load(ctx context.Context, a *Account, m *pipedrive.Meter) (map[int64]*Row, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows != nil || l.err != nil {
		return l.rows, l.err
	}
	rows := map[int64]*Row{}
	decoder := newDecoder(lookupColumns[l.name], func(c Column) Source { return c.V2 })
	for _, listing := range a.api.Listings[l.name] {
		if !a.covers(listing) {
			return nil, l.refuse(a, &pipedrive.Error{
				Code: pipedrive.MissingScope, Path: listing.Path, Message: "the credentials need " + strings.Join(listing.Scopes, " or "),
			})
		}
		for page, err := range pipedrive.Pages(ctx, a.client, listing, pipedrive.Query{Limit: pipedrive.MaxLimit}, m, decoder.record) {
			switch {
			case errors.Is(err, pipedrive.MissingScope):
				return nil, l.refuse(a, err)
			case err != nil:
				return nil, err
			}
			for _, row := range page {
				rows[row.id] = row
			}
		}
	}
	l.rows = rows
	return rows, nil
}

// refuse keeps the error that the credentials do not cover the list.
func (l *lookupList) refuse(a *Account, err error) error {
	l.err = err
	a.logger.Warn().Err(err).Str("account_id", a.id).Str("list", l.name).
		Msg("the credentials do not cover this list; the columns that are looked up in it stay NULL")
	return err
}
