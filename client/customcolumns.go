package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// AddCustomFields reads which custom fields the accounts have, for 10 API tokens a page of them, and returns
// the tables with typed columns for them: the union over all accounts.
//
// With a state, a field keeps the column that it first got, whatever it is called later, and a column stays
// when its field is gone.
func (r *Run) AddCustomFields(ctx context.Context, tables []*table.Table, state *State) ([]*table.Table, error) {
	var needed []*table.Table
	for _, t := range tables {
		for _, t := range append(t.Describes, t) {
			known := slices.ContainsFunc(needed, func(n *table.Table) bool { return n.Records == t.Records })
			if t.HasCustomFields() && !known {
				needed = append(needed, t)
			}
		}
	}
	if err := readFields(ctx, needed, r.accounts); err != nil {
		return nil, err
	}
	extended := map[string]*table.Table{}
	for _, t := range needed {
		var err error
		if extended[t.Records], err = withCustomFields(ctx, t, r.accounts, state); err != nil {
			return nil, err
		}
	}
	tables = slices.Clone(tables)
	for i, t := range tables {
		if with := extended[t.Records]; with != nil {
			tables[i] = with
		}
	}
	return tables, nil
}

// readFields reads the lists of fields that will be needed, those of several accounts side by side.
func readFields(ctx context.Context, tables []*table.Table, accounts []*Account) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(accountsAtOnce) // and one list of each
	for _, a := range accounts {
		if len(tables) > 0 && len(tables[0].Fields.Listings(a.api)) == 0 {
			a.logger.Info().Str("account_id", a.id).
				Msg("an export endpoint does not list the custom fields; they come in the column custom_fields only")
			continue
		}
		for _, t := range tables {
			if !a.coversFields(t) { // a table that is only described
				continue
			}
			group.Go(func() error {
				if _, err := a.fields(ctx, t, &a.meter); err != nil {
					return about(err, t.Name(), a.id)
				}
				return nil
			})
		}
	}
	return group.Wait()
}

// withCustomFields is the table with the columns of its records' custom fields behind its own.
func withCustomFields(ctx context.Context, t *table.Table, accounts []*Account, state *State) (*table.Table, error) {
	names, stored, err := state.loadNames(ctx, t)
	if err != nil {
		return nil, err
	}
	kept, seen := map[customFieldKey]*customField{}, map[customFieldKey]bool{}
	for _, f := range names.Fields {
		kept[f.key()] = f
		seen[customFieldKey{f.Account, f.Hash, ""}] = true // of whatever kind
	}
	var fresh []*customField
	for _, a := range accounts {
		if !a.coversFields(t) {
			continue
		}
		fields, err := a.fields(ctx, t, &a.meter)
		if err != nil {
			return nil, err
		}
		for _, row := range fields {
			if !isCustom(row) {
				continue
			}
			f := &customField{Account: a.id, Hash: row.Values[fieldCode].Text, Kind: kindOf(row.Values[fieldType].Text).name}
			if known := kept[f.key()]; known != nil {
				f = known
			} else {
				f.fresh = stored && !seen[customFieldKey{f.Account, f.Hash, ""}]
				fresh = append(fresh, f)
			}
			f.Name, f.source = row.Values[fieldName].Text, row
		}
	}
	nameColumns(names.Fields, fresh)
	names.Fields = append(names.Fields, fresh...)
	slices.SortFunc(names.Fields, byColumn)
	for _, a := range accounts {
		a.noteColumns(t, names.Fields)
	}
	with := *t
	with.Columns = append(slices.Clone(t.Columns), customColumns(names.Fields)...)
	return &with, state.storeNames(ctx, t, names)
}

// customFieldKey is what a column belongs to for good.
type customFieldKey struct{ account, hash, kind string }

func (f *customField) key() customFieldKey { return customFieldKey{f.Account, f.Hash, f.Kind} }

// noteColumns remembers which columns the account's fields have.
func (a *Account) noteColumns(t *table.Table, fields []*customField) {
	if a.columns == nil {
		a.columns = map[string]map[string]string{}
	}
	a.columns[t.Records] = map[string]string{}
	for _, f := range fields {
		if f.Account == a.id && f.source != nil {
			a.columns[t.Records][f.Hash] = f.Column
		}
	}
}

// customColumns are the columns of fields that are sorted by the names of their columns.
func customColumns(fields []*customField) []table.Column {
	var columns []table.Column
	for len(fields) > 0 {
		n := 1
		for n < len(fields) && fields[n].Column == fields[0].Column {
			n++
		}
		columns = append(columns, columnsOf(fields[:n])...)
		fields = fields[n:]
	}
	return columns
}

// columnsOf are the columns that fields of the same kind share.
func columnsOf(fields []*customField) []table.Column {
	k := kindOf(fields[0].Kind)
	var columns []table.Column
	for _, p := range k.columns {
		c := table.Column{Name: p.columnOf(fields[0].Column), Type: p.Type, Description: describeColumn(fields, p), ByAccount: map[string]table.Source{}, Fresh: map[string]bool{}}
		for _, f := range fields {
			if f.source != nil {
				c.ByAccount[f.Account] = k.source(p, f.Hash, optionsOf(f.source))
				c.Fresh[f.Account] = f.fresh
			}
		}
		columns = append(columns, c)
	}
	return columns
}

// describeColumn says what fields are called today that share a column.
func describeColumn(fields []*customField, p part) string {
	var names []string
	which := "Former custom field"
	for _, f := range fields {
		if f.source != nil && which != "Custom field" {
			which, names = "Custom field", nil
		}
		if f.source != nil || which != "Custom field" {
			names = append(names, fmt.Sprintf("%q", f.Name))
		}
	}
	slices.Sort(names)
	text := fmt.Sprintf("%s %s, of type %s", which, strings.Join(slices.Compact(names), ", "), fields[0].Kind)
	if p.meaning != "" {
		text += ": " + p.meaning
	}
	return text + "."
}

// columnNames are the columns that a table's custom fields have, of all accounts that it ever was read from.
type columnNames struct {
	Version int            `json:"version"`
	Fields  []*customField `json:"fields"`
}

func namesKey(t *table.Table) string { return t.Name() + ",custom_fields" }

// loadNames returns the columns that a table's custom fields have had so far, and whether the state knows any.
func (s *State) loadNames(ctx context.Context, t *table.Table) (names columnNames, known bool, err error) {
	names = columnNames{Version: stateVersion}
	if s == nil {
		return names, false, nil
	}
	known, err = s.load(ctx, namesKey(t), "to name the table's custom fields anew", &names)
	return names, known, err
}

// complete is false for fields without what names them.
func (n *columnNames) complete() bool {
	return !slices.ContainsFunc(n.Fields, func(f *customField) bool {
		return f == nil || f.Column == "" || f.Kind == "" || len(f.Hash) != table.HashLength
	})
}

func (s *State) storeNames(ctx context.Context, t *table.Table, names columnNames) error {
	if s == nil {
		return nil
	}
	return s.store(ctx, namesKey(t), names)
}
