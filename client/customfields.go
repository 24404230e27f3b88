package client

import (
	"context"
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/customfields"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// AddCustomFields returns the tables with typed columns for the custom fields of all accounts. Their lists were read.
//
// With a state, a field keeps its first column after a rename, and the column of a deleted field stays.
func (r *Run) AddCustomFields(ctx context.Context, tables []*table.Table, state *progress.State) ([]*table.Table, error) {
	needed := withCustomFields(r.Available(tables))
	for _, a := range r.accounts {
		if len(needed) > 0 && a.api == table.Export {
			a.logger.Info().Str("account_id", a.id).
				Msg("an export endpoint does not list the custom fields; they come in the column custom_fields only")
		}
	}
	named := map[string]*customfields.Names{}
	columns := map[string][]table.Column{}
	for _, t := range needed {
		names := named[namesKey(t)]
		if names == nil {
			var err error
			if names, err = loadCustomFields(ctx, t, r.accounts, state); err != nil {
				return nil, err
			}
			named[namesKey(t)] = names
			r.reportSurplus(t, names.WithoutColumn())
		}
		columns[t.Records] = r.customColumns(t, names)
	}
	tables = slices.Clone(tables)
	for i, t := range tables {
		if more := columns[t.Records]; len(more) > 0 {
			with := *t
			with.Columns = slices.Concat(t.Columns, more)
			tables[i] = &with
		}
	}
	return tables, nil
}

// withCustomFields returns the tables with custom fields among some tables and those that they describe.
func withCustomFields(tables []*table.Table) (with []*table.Table) {
	for _, t := range tables {
		of := []*table.Table{t}
		for _, d := range t.Describes {
			of = append(of, d.Of)
		}
		for _, t := range of {
			if t.HasCustomFields() && !slices.ContainsFunc(with, t.Same) {
				with = append(with, t)
			}
		}
	}
	return with
}

// loadCustomFields loads a table's custom fields, stores the names of their columns in the state, and returns the
// names.
func loadCustomFields(ctx context.Context, t *table.Table, accounts []*Account, state *progress.State) (*customfields.Names, error) {
	names, stored, err := loadNames(ctx, state, t)
	if err != nil {
		return nil, err
	}
	var lists []customfields.Listed
	for _, a := range accounts {
		if a.lacksFields(t, t.Fields) != nil {
			continue
		}
		fields, err := a.loadFields(ctx, t, &a.meter)
		if err != nil {
			return nil, err
		}
		lists = append(lists, customfields.Listed{Account: a.id, Fields: fields})
	}
	names.Add(lists, stored)
	return &names, storeNames(ctx, state, t, names)
}

// surplusNamed is the number of custom fields without a column that the log names.
const surplusNamed = 5

// reportSurplus logs the custom fields that have no column because the table has too many.
func (r *Run) reportSurplus(t *table.Table, fields []string) {
	if len(fields) > 0 {
		first := fields[:min(len(fields), surplusNamed)]
		r.accounts[0].logger.Warn().Str("table", t.Name()).Int("fields", len(fields)).Strs("first", first).
			Msg("a table has more custom fields than it may have columns; the values of these are only in its column custom_fields")
	}
}

// customColumns returns the columns of a table's custom fields, and notes them with the accounts.
func (r *Run) customColumns(t *table.Table, names *customfields.Names) []table.Column {
	for _, a := range r.accounts {
		if a.columns == nil {
			a.columns = map[string]map[string]string{}
		}
		a.columns[t.Records] = names.Of(a.id)
	}
	return names.Columns()
}

// namesKey is the state's key of the names of a table's custom fields. Tables that share fields share their names.
func namesKey(t *table.Table) string {
	if t.FieldsOf != nil {
		t = t.FieldsOf
	}
	return t.Name() + ",custom_fields"
}

// loadNames returns the columns that a table's custom fields have had so far, and whether the state knows any.
func loadNames(ctx context.Context, s *progress.State, t *table.Table) (names customfields.Names, known bool, err error) {
	names = customfields.Names{Version: progress.StateVersion}
	if s == nil {
		return names, false, nil
	}
	known, err = s.Load(ctx, namesKey(t), "to name the table's custom fields anew", &names)
	return names, known, err
}

func storeNames(ctx context.Context, s *progress.State, t *table.Table, names customfields.Names) error {
	if s == nil {
		return nil
	}
	return s.Store(ctx, namesKey(t), names)
}
