package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// calls is a table that no plugin has. Its records have UUIDs as keys and come from a list by offset without an order.
// One of its columns is looked up in another list. The declaration is all that it needs.
func calls() *table.Table {
	owners := &table.Table{
		Records: "owners",
		Columns: []table.Column{{Name: "id", Type: table.Int, Key: true}, {Name: "name"}},
		V2:      []pipedrive.Listing{{Path: "/v1/owners", Cost: 20}},
	}
	return &table.Table{
		Records: "calls",
		V2:      []pipedrive.Listing{{Path: "/v1/calls", Cost: 20, Paging: pipedrive.Offset}},
		Columns: []table.Column{
			{Name: "id", Key: true},
			{Name: "seconds", Type: table.Int},
			{Name: "owner_name", V2: table.Lookup("owner_id", owners, "name")},
		},
	}
}

// pbx serves calls, and deletes the first one before the second page is requested.
func pbx(t *testing.T, ids []string) string {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, data any, more bool) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "data": data, "additional_data": map[string]any{"pagination": map[string]any{"more_items_in_collection": more}}})
	}
	mux.HandleFunc("/v1/users/me", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"success":true,"data":{"id":7,"company_id":4711}}`)
	})
	mux.HandleFunc("/v1/owners", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, []any{map[string]any{"id": 7, "name": "Ada"}}, false)
	})
	requests := 0
	mux.HandleFunc("/v1/calls", func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 2 {
			ids = ids[1:]
		}
		start, _ := strconv.Atoi(r.URL.Query().Get("start"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		start = min(start, len(ids))
		end := min(start+limit, len(ids))
		page := []any{}
		for _, id := range ids[start:end] {
			page = append(page, map[string]any{"id": id, "seconds": strconv.Itoa(len(id)), "owner_id": 7})
		}
		answer(w, page, end < len(ids))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// memory is a state that lasts as long as a test.
type memory map[string]string

func (m memory) SetKey(_ context.Context, key, value string) error    { m[key] = value; return nil }
func (m memory) GetKey(_ context.Context, key string) (string, error) { return m[key], nil }
func (memory) Flush(context.Context) error                            { return nil }
func (memory) Close() error                                           { return nil }

// readTrial reads tables of the account at a URL, with keys of the spec, and returns their rows as texts by table. It
// has no state if kept is nil.
func readTrial(t *testing.T, url, keys string, kept memory, tables ...*table.Table) (map[string][]map[string]string, error) {
	t.Helper()
	ctx := context.Background()
	s, err := spec.Parse(fmt.Appendf(nil, `{"api_token":"x","api_url":%q,"max_retries":0%s}`, url, keys))
	require.NoError(t, err)
	run := NewRun(s.MaxTokens)
	accounts, _, err := Connect(ctx, s, tables, "test", run, zerolog.Nop())
	require.NoError(t, err)
	defer accounts[0].Close()
	require.NoError(t, run.Check(ctx, tables, nil, nil, true))
	if kept != nil {
		run.UseState(progress.NewState(kept, nil, "state"))
	}
	out, failed := make(chan message.SyncMessage), make(chan error, 1)
	go func() {
		defer close(out)
		failed <- run.Read(ctx, tables, plugin.SyncOptions{}, out)
	}()
	rows := map[string][]map[string]string{}
	for m := range out {
		insert, ok := m.(*message.SyncInsert)
		if !ok {
			continue
		}
		name, _ := insert.Record.Schema().Metadata().GetValue(schema.MetadataTableName)
		for i := range int(insert.Record.NumRows()) {
			row := map[string]string{}
			for j, f := range insert.Record.Schema().Fields() {
				row[f.Name] = insert.Record.Column(j).ValueStr(i)
			}
			rows[name] = append(rows[name], row)
		}
	}
	err = <-failed
	if err == nil && kept != nil {
		err = run.state.Finish(ctx)
	}
	return rows, err
}

// TestTable_isOneDeclaration: a declaration suffices for a table, with keys that are not numbers.
func TestTable_isOneDeclaration(t *testing.T) {
	ids := []string{"9c", "0a", "f7", "3e", "bb", "51", "a0"}
	rows, err := readTrial(t, pbx(t, ids), `,"page_size":3`, nil, calls())
	require.NoError(t, err)
	var got []string
	for _, row := range rows["pipedrive_calls"] {
		got = append(got, row["id"])
		require.Equal(t, "Ada", row["owner_name"])
		require.Equal(t, "4711", row["account_id"])
	}
	slices.Sort(got)
	slices.Sort(ids)
	require.Equal(t, ids, got, "each once, though one was deleted while the list was read")
}
