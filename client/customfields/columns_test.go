package customfields

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

func TestColumnsOf_description(t *testing.T) {
	of := func(name string, there bool) *Field {
		f := &Field{Account: name, Kind: "monetary", Column: "cf_budget", Name: name}
		if there {
			f.source = table.NewRow(make([]table.Value, len(Columns))...)
		}
		return f
	}
	for want, fields := range map[string][]*Field{
		`Custom field "Costs", of type monetary.`:               {of("Costs", true)},
		`Custom field "Budget", "Costs", of type monetary.`:     {of("Costs", true), of("Budget", true)},
		`Custom field "Costs, today", of type monetary.`:        {of("Budget", false), of("Costs, today", true), of("Before", false)},
		`Former custom field "Budget", of type monetary.`:       {of("Budget", false), of("Budget", false)},
		`Former custom field "Budget \"1\"", of type monetary.`: {of(`Budget "1"`, false)},
	} {
		columns := columnsOf(fields)
		require.Len(t, columns, 2)
		require.Equal(t, want, columns[0].Description)
	}
	require.Equal(t, `Custom field "Costs", of type monetary: currency, an ISO 4217 code.`, columnsOf([]*Field{of("Costs", true)})[1].Description)
}
