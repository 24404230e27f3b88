package e2e

import (
	"testing"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// BenchmarkSync_cli prints how fast the real CLI, plugin and SQLite destination sync an account, start and stop
// included, and the cost beside the lowest possible one.
func BenchmarkSync_cli(b *testing.B) {
	c := simulator.Generate(simulator.Config{
		Seed: 1, CompanyID: 4711, Deals: 10_000, Persons: 10_000, Organizations: 3_000, Notes: 10_000, CustomFieldsPerEntity: 30,
	})
	for b.Loop() {
		s := newSetup(b, c)
		begin := time.Now()
		s.sync()
		took, rows := time.Since(begin), 0
		for _, n := range s.count() {
			rows += n
		}
		b.ReportMetric(float64(rows)/took.Seconds(), "rows/s")
		b.ReportMetric(float64(s.simulator.Usage().Tokens), "API_tokens")
		b.ReportMetric(float64(s.simulator.Usage().Tokens)/float64(s.leastTokens()), "x_least_API_tokens")
		b.ReportMetric(0, "ns/op")
	}
}
