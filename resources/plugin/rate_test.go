package plugin

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

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
	p := Plugin()
	p.SetLogger(zerolog.Nop())
	raw := fmt.Sprintf(`{"api_token":%q,"api_url":%q,"page_size":%d,"concurrency":50}`, token, server.URL, pageSize)
	require.NoError(tb, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
	begin := time.Now()
	_, err := p.SyncAll(context.Background(), plugin.SyncOptions{Tables: []string{"*"}})
	took := time.Since(begin)
	require.NoError(tb, err)
	return took, api.Usage()
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
				rate := time.Duration(usage.Requests) * rateWindow / time.Duration(burst)
				chain := time.Duration(longest) * rateDelay
				b.ReportMetric(float64(took)/float64(max(rate, chain)), "x_least_time")
				b.ReportMetric(float64(usage.Requests), "requests")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
