package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The SDK's dependencies start it when they are loaded.
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

const token = "0123456789abcdef0123456789abcdef01234567"

// answers are bodies by path; other paths give a 404.
type answers map[string]string

// whoAmI is the answer of every account's /v1/users/me.
const whoAmI = `{"success":true,"data":{"id":7,"name":"Ada","company_id":4711,"company_name":"Example"}}`

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := a[r.URL.Path]
	switch {
	case r.Header.Get("x-api-token") != token:
		w.WriteHeader(http.StatusUnauthorized)
		body = `{"success":false,"error":"unauthorized access","errorCode":401,"error_info":"Please check developers.pipedrive.com"}`
	case r.URL.Path == "/v1/users/me":
		body = whoAmI
	case !ok && strings.HasSuffix(r.URL.Path, "Fields"):
		body = none
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		body = `{"success":false,"error":"no such path"}`
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, body)
}

// started returns the plugin, connected to api.
func started(t *testing.T, api http.Handler, more string) *plugin.Plugin {
	t.Helper()
	url := httpServer(t, api)
	p := Plugin()
	p.SetLogger(zerolog.New(zerolog.NewTestWriter(t)))
	raw := fmt.Sprintf(`{"api_token":%q,"api_url":%q%s}`, token, url, more)
	require.NoError(t, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	return p
}

// httpServer returns the URL of a server that answers with h until the test ends.
func httpServer(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// sync reads tables and returns their rows, each by the names of its columns.
func sync(t *testing.T, p *plugin.Plugin, tables ...string) (map[string][]map[string]any, error) {
	t.Helper()
	messages, err := p.SyncAll(context.Background(), plugin.SyncOptions{Tables: tables})
	return rowsOf(t, messages), err
}

func rowsOf(t *testing.T, messages message.SyncMessages) map[string][]map[string]any {
	t.Helper()
	rows := map[string][]map[string]any{}
	for _, m := range messages {
		insert, ok := m.(*message.SyncInsert)
		if !ok {
			continue
		}
		table, ok := insert.Record.Schema().Metadata().GetValue(schema.MetadataTableName)
		require.True(t, ok)
		for i := range int(insert.Record.NumRows()) {
			row := map[string]any{}
			for j, field := range insert.Record.Schema().Fields() {
				if !strings.HasPrefix(field.Name, "_cq_") {
					row[field.Name] = cell(t, insert.Record.Column(j), i)
				}
			}
			rows[table] = append(rows[table], row)
		}
	}
	return rows
}

// cell returns an Arrow value in the form of expected values: nil, int64, float64, bool, string, time.Time, a day
// as a string, or JSON text as json.RawMessage.
func cell(t *testing.T, column arrow.Array, i int) any {
	t.Helper()
	if column.IsNull(i) {
		return nil
	}
	switch c := column.(type) {
	case *array.Int64:
		return c.Value(i)
	case *array.Float64:
		return c.Value(i)
	case *array.Boolean:
		return c.Value(i)
	case *array.String:
		return c.Value(i)
	case *array.Timestamp:
		return c.Value(i).ToTime(arrow.Microsecond)
	case *array.Date32:
		return c.Value(i).ToTime().Format(time.DateOnly)
	}
	return json.RawMessage(column.ValueStr(i))
}

// requireRow compares a row with the expected values: columns without one must be NULL.
func requireRow(t *testing.T, want, got map[string]any) {
	t.Helper()
	for name, value := range got {
		if text, ok := value.(json.RawMessage); ok && want[name] != nil {
			require.JSONEq(t, want[name].(string), string(text), name)
			continue
		}
		require.Equal(t, want[name], value, name)
	}
	for name := range want {
		require.Contains(t, got, name)
	}
}

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestSync_theNewerVersionComesLast, and so wins at the destination. A deal is the only one of its list, and then the
// last of the archived ones. The SDK's scheduler does not resolve so many rows in order, and sent the last first.
func TestSync_theNewerVersionComesLast(t *testing.T) {
	var archived strings.Builder
	for id := range 125 {
		fmt.Fprintf(&archived, `{"id":%d,"title":"other"},`, 1+id)
	}
	api := answers{
		"/v1/users": twoUsers, "/api/v2/stages": none,
		"/api/v2/deals":          `{"success":true,"data":[{"id":126,"is_archived":false}]}`,
		"/api/v2/deals/archived": `{"success":true,"data":[` + archived.String() + `{"id":126,"is_archived":true}]}`,
	}
	rows, err := sync(t, started(t, api, ""), "pipedrive_deals")
	require.NoError(t, err)
	var versions []any
	for _, row := range rows["pipedrive_deals"] {
		if row["id"] == int64(126) {
			versions = append(versions, row["is_archived"])
		}
	}
	require.Equal(t, []any{false, true}, versions)
}
