package client

import (
	"context"
	"errors"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/customfields"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// loadFields returns the fields of a table's records, standard and custom ones. It requests them once. An export
// endpoint has no list of them.
func (a *Account) loadFields(ctx context.Context, t *table.Table, m *pipedrive.Meter) ([]*table.Row, error) {
	return a.lookups.list(t.Fields).load(ctx, a, m)
}

// loadCustomFieldsV1 returns the collector of the custom fields of a table's records. It is nil if the table has no
// column of custom fields, or if the API sends them in one object. Without the scope for the list of fields the
// collector knows no types, and a warning says so; the table's other columns are complete.
func (a *Account) loadCustomFieldsV1(ctx context.Context, t *table.Table, m *pipedrive.Meter) (*table.CustomFieldsV1, error) {
	if !t.HasCustomFields() || t.Form(a.api) == table.V2 {
		return nil, nil
	}
	c := &table.CustomFieldsV1{Kinds: map[string]string{}}
	if err := a.lacksFields(t, t.Fields); errors.Is(err, pipedrive.MissingScope) {
		a.logger.Warn().Err(err).Str("account_id", a.id).Str("table", t.Name()).
			Msg("the credentials do not cover the list of custom fields; these are in the column custom_fields only, their options as text")
		return c, nil
	}
	fields, err := a.loadFields(ctx, t, m)
	for _, f := range fields {
		c.Kinds[f.Value(customfields.Code).Text] = f.Value(customfields.FieldType).Text
	}
	return c, err
}

// loadDescribed returns the rows of a table of fields, for the tables that it describes and whose lists of fields the
// account has.
func loadDescribed(ctx context.Context, t *table.Table, a *Account, m *pipedrive.Meter) ([]*table.Row, error) {
	var rows []*table.Row
	for _, d := range t.Describes {
		if a.lacksFields(d.Of, d.Fields) != nil {
			continue
		}
		fields, err := a.lookups.list(d.Fields).load(ctx, a, m)
		if err != nil {
			return nil, err
		}
		for _, f := range fields {
			row := f.Clone()
			code := row.Value(customfields.Code).Text
			column := a.columns[d.Of.Records][code]
			if d.Of.Column(code) >= 0 {
				column = code
			}
			row.Set(customfields.Entity, table.TextValue(d.Entity))
			row.Set(customfields.IsCustom, table.BoolValue(customfields.Custom(f)))
			row.Set(customfields.TableName, table.TextValue(d.Of.Name()))
			row.Set(customfields.ColumnName, table.TextValue(column))
			rows = append(rows, row)
		}
	}
	return rows, nil
}
