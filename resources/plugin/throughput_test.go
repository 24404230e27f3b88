package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

const (
	pageRows     = 500
	customFields = 30
)

// replay is an API that holds some pages of deals ready and serves them again and again, so that what it
// costs is next to nothing beside what the plugin does.
type replay struct {
	api   http.Handler // answers everything else
	pages [][]byte     // of deals, without the end that has the next cursor
	rows  int          // to serve in all
}

func newReplay(tb testing.TB, rows int) *replay {
	tb.Helper()
	const pages = 4
	c := simulator.Generate(simulator.Config{Seed: 3, CompanyID: 4711, Deals: 2 * pages * pageRows, CustomFieldsPerEntity: customFields})
	r := &replay{api: simulator.NewServer(simulator.WithCompany(token, c)), rows: rows}
	cursor := ""
	for range pages {
		request := httptest.NewRequest(http.MethodGet, "/api/v2/deals?limit=500"+cursor, nil)
		request.Header.Set("x-api-token", token)
		recorder := httptest.NewRecorder()
		r.api.ServeHTTP(recorder, request)
		require.Equal(tb, http.StatusOK, recorder.Code)
		body := recorder.Body.Bytes()
		end := bytes.LastIndex(body, []byte(`,"additional_data"`))
		var next struct {
			AdditionalData struct {
				NextCursor string `json:"next_cursor"`
			} `json:"additional_data"`
		}
		require.NoError(tb, json.Unmarshal(body, &next))
		cursor = "&cursor=" + next.AdditionalData.NextCursor
		r.pages = append(r.pages, body[:end])
	}
	return r
}

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
	page, _ := strconv.Atoi(q.URL.Query().Get("cursor"))
	w.Header().Set("Content-Type", "application/json")
	w.Write(r.pages[page%len(r.pages)])
	next := "null"
	if (page+1)*pageRows < r.rows {
		next = strconv.Quote(strconv.Itoa(page + 1))
	}
	fmt.Fprintf(w, `,"additional_data":{"next_cursor":%s}}`, next)
}

// spent is what reading some rows took.
type spent struct {
	rows        int
	took, cpu   time.Duration
	allocations uint64
	peak        uint64 // heap in use, bytes
}

// measured runs read, which returns how many rows it read.
func measured(read func() int) spent {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapInuse)
			}
		}
	}()
	cpu, begin := cpuTime(), time.Now()
	s := spent{rows: read()}
	s.took, s.cpu = time.Since(begin), cpuTime()-cpu
	close(done)
	s.peak = <-peak
	runtime.ReadMemStats(&after)
	s.allocations = after.Mallocs - before.Mallocs
	return s
}

// cpuTime is what this process has spent so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
	rows := 0
	for m := range messages {
		if insert, ok := m.(*message.SyncInsert); ok {
			rows += int(insert.Record.NumRows())
		}
	}
	require.NoError(tb, <-failed)
	return rows
}

// decodeToMaps is the least that an ordinary program does with the same pages.
func decodeToMaps(tb testing.TB, url string) int {
	tb.Helper()
	rows, cursor := 0, "0"
	for cursor != "" {
		response, err := http.Get(url + "/api/v2/deals?cursor=" + cursor)
		require.NoError(tb, err)
		var page struct {
			Data           []map[string]any `json:"data"`
			AdditionalData struct {
				NextCursor string `json:"next_cursor"`
			} `json:"additional_data"`
		}
		require.NoError(tb, json.NewDecoder(response.Body).Decode(&page))
		response.Body.Close()
		rows, cursor = rows+len(page.Data), page.AdditionalData.NextCursor
	}
	return rows
}

// BenchmarkSync_throughput prints what a deal with 30 custom fields costs, in typed columns and in one JSON
// column, beside the bare decoding of the same pages into maps. The ratios are of the same run.
func BenchmarkSync_throughput(b *testing.B) {
	for _, rows := range []int{10_000} {
		api := newReplay(b, rows)
		server := httptest.NewServer(api)
		defer server.Close()
		ways := map[string]func() int{
			"columns": func() int { return syncDeals(b, server.URL, "columns") },
			"json":    func() int { return syncDeals(b, server.URL, "json") },
			"maps":    func() int { return decodeToMaps(b, server.URL) },
		}
		b.Run(fmt.Sprintf("%d_deals", rows), func(b *testing.B) {
			for b.Loop() {
				var text strings.Builder
				got := map[string]spent{}
				for _, way := range []string{"json", "columns", "maps"} {
					s := measured(ways[way])
					require.Equal(b, rows, s.rows, way)
					got[way] = s
					fmt.Fprintf(&text, "%-8s %7.0f rows/s, %5.1f µs of CPU and %4.0f allocations per row, %4.0f MiB at most\n", way,
						float64(rows)/s.took.Seconds(), float64(s.cpu.Microseconds())/float64(rows), float64(s.allocations)/float64(rows), float64(s.peak)/(1<<20))
				}
				b.Log("\n" + text.String())
				b.ReportMetric(float64(got["columns"].cpu)/float64(got["json"].cpu), "columns/json_cpu")
				b.ReportMetric(float64(got["maps"].took)/float64(got["columns"].took), "columns/maps_throughput")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
