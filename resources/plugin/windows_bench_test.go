package plugin

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// BenchmarkSync_windows prints two ratios for large tables whose answers take 400 ms: a full sync's time to that of its
// requests at the allowed rate, and its requests to the least number of pages. Without windows, each table is read page
// after page.
func BenchmarkSync_windows(b *testing.B) {
	const records, latency = 200_000, 400 * time.Millisecond
	one := simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Persons: records, WithoutImport: true})
	const each = records / 4
	five := simulator.Generate(simulator.Config{
		Seed: 1, CompanyID: 4712, WithoutImport: true, Persons: each, Organizations: each, Deals: each,
		Records: map[string]int{"activities": each, "products": each},
	})
	for _, of := range []struct {
		name    string
		company *simulator.Company
		records int
		tables  []string
	}{
		{"one_table", one, records, []string{"pipedrive_persons"}},
		{"five_tables", five, 5 * each, []string{
			"pipedrive_activities", "pipedrive_deals", "pipedrive_organizations", "pipedrive_persons", "pipedrive_products",
		}},
	} {
		for _, burst := range []int{20, 80, 480} {
			for _, machine := range []client.Machine{client.ThisMachine, withoutWindows()} {
				name := fmt.Sprintf("%s/%d_per_2s", of.name, burst)
				if machine.Windows != (plan.Sizes{}) {
					if name += "/without_windows"; burst != 480 {
						continue // they wait for their pages, not for the limit
					}
				}
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						api := simulator.NewServer(simulator.WithCompany(token, of.company),
							simulator.WithBurst(burst, rateWindow), simulator.WithLatency(latency))
						server := httptest.NewServer(api)
						raw := fmt.Sprintf(`{"api_token":%q,"api_url":%q,"custom_fields":"off"}`, token, server.URL)
						took := drained(b, machine, raw, of.tables...)
						server.Close()
						usage := api.Usage()
						if usage.Throttled != 0 {
							b.Fatalf("%d answers were 429", usage.Throttled)
						}
						b.ReportMetric(float64(took)/float64(atRate(usage.Requests, burst)), "x_rate_time")
						b.ReportMetric(float64(usage.Requests), "requests")
						b.ReportMetric(float64(usage.Requests)/(float64(of.records)/500), "x_least_requests")
						b.ReportMetric(took.Seconds(), "s")
						b.ReportMetric(0, "ns/op")
					}
				})
			}
		}
	}
}

func withoutWindows() client.Machine {
	m := client.ThisMachine
	m.Windows = plan.Sizes{First: 1 << 30, Window: 1}
	return m
}
