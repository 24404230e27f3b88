package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// inProcess sends requests to an API in this process, without a network, whose waiting would stop synctest's clock.
type inProcess struct{ api http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	p.api.ServeHTTP(answer, r)
	return answer.Result(), r.Context().Err()
}

// TestSync_readsOneTableAtTheAllowedRate: a table of 400 pages, each 400 ms away, takes little longer than its requests at
// a low rate, at most twice as long at a higher one, and about 3 % more requests than page after page. The clock is synctest's, so the machine's speed
// does not matter. It stands still while a reader waits for another's mutex, so there is only one table with one look-up.
func TestSync_readsOneTableAtTheAllowedRate(t *testing.T) {
	inTurn, one := rateOf(t, withoutWindows(), 20)
	require.Greater(t, inTurn, 3.9, "one reader gets a page per 400 ms, and could have four")
	for burst, most := range map[int]float64{20: 1.25, 80: 2} {
		t.Run(fmt.Sprintf("%d_per_2s", burst), func(t *testing.T) {
			ratio, requests := rateOf(t, client.ThisMachine, burst)
			t.Logf("%.2f x the time of the requests at the allowed rate, %.3f x the requests", ratio, float64(requests)/float64(one))
			assert.LessOrEqual(t, ratio, most)
			assert.LessOrEqual(t, float64(requests), 1.04*float64(one), "3 % for windows; the rest are looks for other persons")
		})
	}
}

// rateOf syncs one table from an API that allows burst requests in two seconds. It returns the duration, as a multiple of
// the requests' time at that rate, and the number of requests.
func rateOf(t *testing.T, machine client.Machine, burst int) (ratio float64, requests int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		const pageSize = 50
		company := simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Persons: 400 * pageSize, WithoutImport: true})
		api := simulator.NewServer(simulator.WithCompany(token, company), simulator.WithBurst(burst, rateWindow),
			simulator.WithLatency(400*time.Millisecond))
		time.Sleep(time.Until(company.Now())) // synctest's clock begins in the year 2000
		machine.Transport = inProcess{api}
		raw := fmt.Sprintf(`{"api_token":%q,"api_url":"http://localhost","custom_fields":"off","page_size":%d}`, token, pageSize)
		took := drained(t, machine, raw, "pipedrive_persons")
		usage := api.Usage()
		require.Zero(t, usage.Throttled)
		requests = usage.Requests
		ratio = float64(took) / float64(atRate(requests, burst))
	})
	return ratio, requests
}
