package client

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/cloudquery/plugin-sdk/v4/schema"
)

// resolver sets all columns of a row at once. The scheduler's own way visits each column of each row, and by
// default finds it by its name in a struct, through reflection; either takes most of a sync's time. So while
// rows are being resolved the scheduler's table has no columns, and each row gets those of the table as it was.
type resolver struct {
	table   *schema.Table
	account int // index of the column account_id, which those of the record follow
}

func newResolver(table *schema.Table) *resolver {
	whole := *table
	return &resolver{table: &whole, account: whole.Columns.Index(accountColumn)}
}

// take takes the columns from the scheduler's table.
func (r *resolver) take(table *schema.Table) {
	*r = *newResolver(table)
	table.Columns = nil
}

// chunkRows is how many rows of a page one goroutine resolves.
const chunkRows = 125

// resolve sets the columns of some rows.
//
// The scheduler would drop the rows over a panic here and call the sync a success, so the run learns of it,
// and of how many rows came this far.
func (r *resolver) resolve(_ context.Context, meta schema.ClientMeta, resources []*schema.Resource) error {
	account := meta.(*Account)
	defer func() {
		if p := recover(); p != nil {
			account.run.fail(about(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), r.table.Name, account.id))
		}
	}()
	for _, resource := range resources {
		*resource = *r.row(account, resource.Item.(*Row).values)
		account.run.resolved.Add(1)
	}
	return nil
}

// row is an account's row of the table.
func (r *resolver) row(account *Account, values []value) *schema.Resource {
	row := schema.NewResourceData(r.table, nil, nil)
	scalars := row.GetValues()
	textValue(account.id).put(scalars[r.account])
	for i, v := range values {
		v.put(scalars[r.account+1+i])
	}
	return row
}
