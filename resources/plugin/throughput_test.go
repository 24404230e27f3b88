//go:build unix

package plugin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/measure"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

const (
	pageRows     = 500
	customFields = 30
)

// replay is an API that serves prepared deals repeatedly, each time with a new id and an update_time a minute later.
// Its cost is negligible beside the plugin's.
type replay struct {
	api   http.Handler // answers everything else
	deals [][3][]byte  // without their ids and the times of their last change, between these parts
	rows  int          // to serve in all
	last  time.Time    // update_time of the last deal
}

var dealParts = regexp.MustCompile(`^(\{"id":)\d+(,.*?"update_time":)(?:null|"[^"]*")(.*)$`)

func newReplay(tb testing.TB) *replay {
	tb.Helper()
	const pages = 4
	c := simulator.Generate(simulator.Config{Seed: 3, CompanyID: 4711, Deals: 2 * pages * pageRows, CustomFieldsPerEntity: customFields})
	r := &replay{api: simulator.NewServer(simulator.WithCompany(token, c)), last: c.Now()}
	cursor := ""
	for range pages {
		request := httptest.NewRequest(http.MethodGet, "/api/v2/deals?limit=500"+cursor, nil)
		request.Header.Set("x-api-token", token)
		recorder := httptest.NewRecorder()
		r.api.ServeHTTP(recorder, request)
		require.Equal(tb, http.StatusOK, recorder.Code)
		var page struct {
			Data           []json.RawMessage `json:"data"`
			AdditionalData struct {
				NextCursor string `json:"next_cursor"`
			} `json:"additional_data"`
		}
		require.NoError(tb, json.Unmarshal(recorder.Body.Bytes(), &page))
		require.Len(tb, page.Data, pageRows)
		for _, deal := range page.Data {
			parts := dealParts.FindSubmatch(deal)
			require.NotNil(tb, parts, string(deal))
			r.deals = append(r.deals, [3][]byte(parts[1:]))
		}
		cursor = "&cursor=" + page.AdditionalData.NextCursor
	}
	return r
}

// ServeHTTP serves a page of deals from a cursor on, which is a deal's number, or from updated_since on.
func (r *replay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	switch q.URL.Path {
	case "/api/v2/deals":
	case "/api/v2/deals/archived":
		io.WriteString(w, none)
		return
	default:
		r.api.ServeHTTP(w, q)
		return
	}
	from, _ := strconv.Atoi(q.URL.Query().Get("cursor"))
	if since, err := time.Parse(time.RFC3339, q.URL.Query().Get("updated_since")); err == nil && from == 0 {
		from = max(0, r.rows-1-int(r.last.Sub(since)/time.Minute))
	}
	newestFirst := q.URL.Query().Get("sort_direction") == "desc"
	to, next := min(r.rows, from+pageRows), "null"
	if to < r.rows {
		next = strconv.Quote(strconv.Itoa(to))
	}
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString(`{"success":true,"data":[`)
	for n := from; n < to; n++ {
		if n > from {
			out.WriteByte(',')
		}
		at := n
		if newestFirst {
			at = r.rows - 1 - n
		}
		deal := r.deals[at%len(r.deals)]
		out.Write(deal[0])
		out.Write(strconv.AppendInt(out.AvailableBuffer(), int64(at+1), 10))
		out.Write(deal[1])
		out.Write(r.last.Add(time.Duration(at+1-r.rows)*time.Minute).AppendFormat(out.AvailableBuffer(), `"2006-01-02T15:04:05Z"`))
		out.Write(deal[2])
	}
	fmt.Fprintf(out, `],"additional_data":{"next_cursor":%s}}`, next)
	out.Flush()
}

// syncDeals reads all deals of an API and drops them.
func syncDeals(tb testing.TB, url, customFields string) int {
	tb.Helper()
	p := Plugin()
	p.SetLogger(zerolog.Nop())
	raw := fmt.Sprintf(`{"api_token":%q,"api_url":%q,"custom_fields":%q}`, token, url, customFields)
	require.NoError(tb, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
	messages, failed := make(chan message.SyncMessage), make(chan error, 1)
	go func() {
		defer close(messages)
		failed <- p.Sync(context.Background(), plugin.SyncOptions{Tables: []string{"pipedrive_deals"}}, messages)
	}()
	return rowsIn(tb, messages, failed)
}

// rowsIn counts the rows of a sync that must succeed.
func rowsIn(tb testing.TB, messages <-chan message.SyncMessage, failed <-chan error) int {
	tb.Helper()
	rows := 0
	for m := range messages {
		if insert, ok := m.(*message.SyncInsert); ok {
			rows += int(insert.Record.NumRows())
		}
	}
	require.NoError(tb, <-failed)
	return rows
}

// readPages reads the pages of an API one after the other and returns the number of their rows.
func (r *replay) readPages(tb testing.TB, url string, read func(body io.Reader) error) int {
	tb.Helper()
	for page := range r.rows / pageRows {
		response, err := http.Get(url + "/api/v2/deals?cursor=" + strconv.Itoa(page*pageRows))
		require.NoError(tb, err)
		require.NoError(tb, read(response.Body))
		response.Body.Close()
	}
	return r.rows
}

// discard is the cost of the answers themselves.
func discard(body io.Reader) error {
	_, err := io.Copy(io.Discard, body)
	return err
}

// scanTokens is the cost of JSON itself.
func scanTokens(body io.Reader) error {
	dec := jsontext.NewDecoder(bufio.NewReaderSize(body, 64<<10), pipedrive.Lenient...)
	for {
		if _, err := dec.ReadToken(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// decodeToMaps is the minimum work of an ordinary program.
func decodeToMaps(body io.Reader) error {
	var page struct {
		Data []map[string]any `json:"data"`
	}
	return json.NewDecoder(body).Decode(&page)
}

// dealsSchema is the table of deals as declared.
func dealsSchema(tb testing.TB) *schema.Table {
	tb.Helper()
	c, err := Configure(context.Background(), zerolog.Nop(), nil, plugin.NewClientOptions{NoConnection: true})
	require.NoError(tb, err)
	tables, err := c.Tables(context.Background(), plugin.TableOptions{Tables: []string{"pipedrive_deals"}})
	require.NoError(tb, err)
	return tables.Get("pipedrive_deals")
}

// BenchmarkSync_throughput prints the cost of a deal with 30 custom fields, in typed columns and in one JSON column. It
// compares them with three floors and with the same table built in the usual way. The floors read the same pages: they
// throw them away, scan their tokens, and decode them into maps. The ratios are from the same run.
func BenchmarkSync_throughput(b *testing.B) {
	api := newReplay(b)
	server := httptest.NewServer(api)
	defer server.Close()
	ways := map[string]func() int{
		"columns": func() int { return syncDeals(b, server.URL, "columns") },
		"json":    func() int { return syncDeals(b, server.URL, "json") },
		"nothing": func() int { return api.readPages(b, server.URL, discard) },
		"tokens":  func() int { return api.readPages(b, server.URL, scanTokens) },
		"maps":    func() int { return api.readPages(b, server.URL, decodeToMaps) },
		"stock":   func() int { return newStock(server.URL, dealsSchema(b)).sync(b) },
	}
	measured := func(way string, rows int) measure.Spent {
		api.rows = rows
		s := measure.Of(func() { require.Equal(b, rows, ways[way](), way) })
		b.Logf("%-8s %7d deals: %6.0f rows/s, %5.1f µs of CPU, %4.0f allocations and %5.1f KiB allocated per row, heap of %3.0f MiB at most",
			way, rows, float64(rows)/s.Took.Seconds(), float64(s.CPU.Microseconds())/float64(rows),
			float64(s.Allocations)/float64(rows), float64(s.Bytes)/float64(rows)/1024, float64(s.Peak)/(1<<20))
		return s
	}
	b.Run("beside_others", func(b *testing.B) {
		for b.Loop() {
			const rows = 100_000
			got := map[string]measure.Spent{}
			for _, way := range []string{"nothing", "tokens", "json", "columns", "maps", "stock"} {
				got[way] = measured(way, rows)
			}
			times := func(of, as string) float64 { return got[as].Took.Seconds() / got[of].Took.Seconds() }
			b.ReportMetric(float64(got["columns"].CPU)/float64(got["json"].CPU), "columns/json_cpu")
			b.ReportMetric(times("columns", "nothing"), "columns/nothing_speed")
			b.ReportMetric(times("columns", "tokens"), "columns/tokens_speed")
			b.ReportMetric(times("columns", "maps"), "columns/maps_speed")
			b.ReportMetric(times("columns", "stock"), "columns/stock_speed")
			b.ReportMetric(times("json", "stock"), "json/stock_speed")
			b.ReportMetric(0, "ns/op")
		}
	})
	b.Run("by_size", func(b *testing.B) {
		for b.Loop() {
			small, _, large := measured("columns", 10_000), measured("columns", 100_000), measured("columns", 500_000)
			b.ReportMetric(float64(large.Peak)/float64(small.Peak), "heap_500k/10k")
			b.ReportMetric(small.Took.Seconds()*50/large.Took.Seconds(), "speed_500k/10k")
			b.ReportMetric(0, "ns/op")
		}
	})
}
