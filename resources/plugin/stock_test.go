//go:build unix

package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/scheduler"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/transformers"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// stock is the table of deals built in the usual way of CloudQuery plugins: a struct for the record, columns from
// its fields, and the default scheduler. It has no typed custom fields.
type stock struct {
	record reflect.Type
	url    string
}

// ID makes it the scheduler's client.
func (stock) ID() string { return "stock" }

// goTypes are the types of a record struct's fields, by column type.
var goTypes = map[arrow.Type]reflect.Type{
	arrow.INT64: reflect.TypeFor[*int64](), arrow.FLOAT64: reflect.TypeFor[*float64](), arrow.BOOL: reflect.TypeFor[*bool](),
	arrow.TIMESTAMP: reflect.TypeFor[*time.Time](), arrow.STRING: reflect.TypeFor[*string](), arrow.DATE32: reflect.TypeFor[*string](),
	arrow.EXTENSION: reflect.TypeFor[map[string]any](),
}

// newStock has a field for each column of deals.
func newStock(url string, deals *schema.Table) stock {
	var fields []reflect.StructField
	for i, c := range deals.Columns {
		kind := goTypes[c.Type.ID()]
		if c.Name == "label_ids" {
			kind = reflect.TypeFor[[]int64]()
		}
		if c.Name != "_cq_id" && c.Name != "_cq_parent_id" {
			tag := reflect.StructTag(fmt.Sprintf(`json:"%s"`, c.Name))
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: kind, Tag: tag})
		}
	}
	return stock{record: reflect.StructOf(fields), url: url}
}

// sync reads all deals and drops them.
func (s stock) sync(tb testing.TB) int {
	tb.Helper()
	table := &schema.Table{
		Name: "stock_deals",
		Resolver: func(_ context.Context, _ schema.ClientMeta, _ *schema.Resource, res chan<- any) error {
			return s.read(res)
		},
		Transform: transformers.TransformWithStruct(reflect.New(s.record).Interface()),
	}
	tables := schema.Tables{table}
	require.NoError(tb, transformers.TransformTables(tables))
	schema.AddCqIDs(table)
	messages, failed := make(chan message.SyncMessage), make(chan error, 1)
	go func() {
		defer close(messages)
		failed <- scheduler.NewScheduler(scheduler.WithLogger(zerolog.Nop())).Sync(context.Background(), s, tables, messages)
	}()
	return rowsIn(tb, messages, failed)
}

func (s stock) read(res chan<- any) error {
	for cursor := "0"; cursor != ""; {
		response, err := http.Get(s.url + "/api/v2/deals?cursor=" + cursor)
		if err != nil {
			return err
		}
		data := reflect.New(reflect.SliceOf(s.record))
		page := struct {
			Data           any `json:"data"`
			AdditionalData struct {
				NextCursor string `json:"next_cursor"`
			} `json:"additional_data"`
		}{Data: data.Interface()}
		err = json.NewDecoder(response.Body).Decode(&page)
		response.Body.Close()
		if err != nil {
			return err
		}
		res <- data.Elem().Interface()
		cursor = page.AdditionalData.NextCursor
	}
	return nil
}
