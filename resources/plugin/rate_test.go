package plugin

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

const (
	rateWindow = 2 * time.Second
	rateDelay  = 150 * time.Millisecond
)

// limitedSync syncs all tables from an API that allows burst requests in two seconds and answers after 150 ms. It
// returns the duration and the API's usage.
func limitedSync(tb testing.TB, c *simulator.Company, burst, pageSize int) (time.Duration, simulator.Usage) {
	tb.Helper()
	api := simulator.NewServer(simulator.WithCompany(token, c), simulator.WithBurst(burst, rateWindow), simulator.WithLatency(rateDelay))
	server := httptest.NewServer(api)
	defer server.Close()
	raw := fmt.Sprintf(`{"api_token":%q,"api_url":%q,"page_size":%d,"concurrency":50}`, token, server.URL, pageSize)
	return drained(tb, client.ThisMachine, raw, "*"), api.Usage()
}

// drained syncs tables with a plugin on a machine and drops the rows. It returns the duration.
func drained(tb testing.TB, machine client.Machine, raw string, tables ...string) time.Duration {
	tb.Helper()
	p := On(machine)
	p.SetLogger(zerolog.Nop())
	require.NoError(tb, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
	messages, ended := make(chan message.SyncMessage), make(chan error, 1)
	begin := time.Now()
	go func() {
		defer close(messages)
		ended <- p.Sync(context.Background(), plugin.SyncOptions{Tables: tables}, messages)
	}()
	for range messages {
	}
	require.NoError(tb, <-ended)
	return time.Since(begin)
}

// atRate is the time of a number of requests if the API allows burst of them in two seconds.
func atRate(requests int64, burst int) time.Duration {
	return time.Duration(requests) * rateWindow / time.Duration(burst)
}

func TestSync_anOrdinaryRunIsNeverThrottled(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 5 s, at the rate of Pipedrive's cheapest plan")
	}
	c := simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 300, Persons: 300, Organizations: 300, Notes: 300})
	_, usage := limitedSync(t, c, 20, 25)
	require.Greater(t, usage.Requests, int64(40), "more than two windows' worth")
	require.Zero(t, usage.Throttled)
}

// BenchmarkSync_rate prints the ratio of a full sync's time to the minimum: the time of its requests at the
// allowed rate, or of its longest chain of pages.
func BenchmarkSync_rate(b *testing.B) {
	c := simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 2000, Persons: 2500, Organizations: 1500, Notes: 2000})
	for _, burst := range []int{20, 120, 480} {
		b.Run(fmt.Sprintf("%d_per_2s", burst), func(b *testing.B) {
			for b.Loop() {
				const pageSize = 50
				took, usage := limitedSync(b, c, burst, pageSize)
				if usage.Throttled != 0 {
					b.Fatalf("%d answers were 429", usage.Throttled)
				}
				var longest int64
				for _, path := range usage.ByPath {
					longest = max(longest, path.Requests)
				}
				deals := usage.ByPath["/api/v2/deals"].Requests + usage.ByPath["/api/v2/deals/archived"].Requests
				longest = max(longest, deals) // the two lists are read in sequence
				chain := time.Duration(longest) * rateDelay
				b.ReportMetric(float64(took)/float64(max(atRate(usage.Requests, burst), chain)), "x_least_time")
				b.ReportMetric(float64(usage.Requests), "requests")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
