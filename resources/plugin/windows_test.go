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

// virtualDelay is the time of an answer on the virtual clock.
const virtualDelay = 400 * time.Millisecond

// pageSize is that of the tables that are read at the allowed rate.
const pageSize = 20

// TestSync_readsAtTheAllowedRate: tables of many pages, each 400 ms away, take little longer than their requests at the
// allowed rate, and about 3 % more requests than page after page. Several tables take as long as the deals and, after
// them, the archived ones, which are too few for windows. The clock is synctest's, so the machine's speed does not matter.
func TestSync_readsAtTheAllowedRate(t *testing.T) {
	for _, of := range []struct {
		tables, pages int
		most          map[int]float64 // the time, as a multiple of that at the allowed rate, by the requests in two seconds
	}{
		{1, 400, map[int]float64{20: 1.25, 80: 2}},
		{5, 100, map[int]float64{20: 1.25, 80: 2.25}},
		{5, 400, map[int]float64{20: 1.25, 80: 1.3, 480: 4}},
	} {
		t.Run(fmt.Sprintf("%d_of_%d_pages", of.tables, of.pages), func(t *testing.T) {
			n := of.pages * pageSize
			cfg := simulator.Config{Seed: 1, CompanyID: 4711, Persons: n, WithoutImport: true}
			tables := []string{"pipedrive_persons"}
			if of.tables > 1 {
				cfg.Organizations, cfg.Deals, cfg.Records = n, n, map[string]int{"activities": n, "products": n}
				tables = append(tables, "pipedrive_organizations", "pipedrive_deals", "pipedrive_activities", "pipedrive_products")
			}
			company := simulator.Generate(cfg)
			inTurn, one := rateOf(t, withoutWindows(), company, 480, tables)
			require.Greater(t, inTurn, 15.0)
			for burst, most := range of.most {
				ratio, requests := rateOf(t, client.ThisMachine, company, burst, tables)
				more := float64(requests) / float64(one)
				t.Logf("%d per 2 s: %.2f times the time of the requests at that rate, %.3f times the requests", burst, ratio, more)
				assert.LessOrEqual(t, ratio, most)
				assert.LessOrEqual(t, more, 1.035+1.5/float64(of.pages))
			}
		})
	}
}

// TestSync_readsListsByOffsetAhead: the pages of such a list are requested before their turn, up to 3 % of them in vain.
func TestSync_readsListsByOffsetAhead(t *testing.T) {
	const pages = 400
	company := simulator.Generate(simulator.Config{
		Seed: 1, CompanyID: 4711, Notes: pages * pageSize, WithoutImport: true, Records: map[string]int{"files": pages * pageSize},
	})
	for _, of := range []string{"pipedrive_notes", "pipedrive_files"} {
		for burst, most := range map[int]time.Duration{20: 70 * time.Second, 80: 55 * time.Second} {
			keys := fmt.Sprintf(`"page_size":%d`, pageSize)
			inTurn, one := virtualSync(t, client.ThisMachine, company, burst, keys+`,"concurrency":1`, of)
			took, requests := virtualSync(t, client.ThisMachine, company, burst, keys, of)
			t.Logf("%s, %d per 2 s: %v, one after the other %v", of, burst, took, inTurn)
			require.Greater(t, inTurn, 160*time.Second)
			require.Less(t, took, most)
			require.LessOrEqual(t, float64(requests), 1.03*float64(one))
		}
	}
}

// rateOf syncs tables of a company from an API that allows burst requests in two seconds. It returns the duration, as a
// multiple of the requests' time at that rate, and the number of requests.
func rateOf(
	t *testing.T, machine client.Machine, company *simulator.Company, burst int, tables []string,
) (ratio float64, requests int64) {
	t.Helper()
	took, requests := virtualSync(t, machine, company, burst, fmt.Sprintf(`"custom_fields":"off","page_size":%d`, pageSize), tables...)
	return float64(took) / float64(atRate(requests, burst)), requests
}

// virtualSync syncs tables of a company, with keys of the spec, from an API that allows burst requests in two seconds and
// answers after virtualDelay, on synctest's clock. No answer is 429. It returns the duration and the number of requests.
func virtualSync(
	t *testing.T, machine client.Machine, company *simulator.Company, burst int, keys string, tables ...string,
) (took time.Duration, requests int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		api := simulator.NewServer(simulator.WithCompany(token, company), simulator.WithBurst(burst, rateWindow),
			simulator.WithLatency(virtualDelay))
		time.Sleep(time.Until(company.Now())) // synctest's clock begins in the year 2000
		machine.Transport = inProcess{api}
		took = drained(t, machine, fmt.Sprintf(`{"api_token":%q,"api_url":"http://localhost",%s}`, token, keys), tables...)
		usage := api.Usage()
		require.Zero(t, usage.Throttled)
		requests = usage.Requests
	})
	return took, requests
}

// TestSync_requestsAtOnceWhatDoesNotDependOnEachOther: the time of a small account is that of its longest chain of requests.
func TestSync_requestsAtOnceWhatDoesNotDependOnEachOther(t *testing.T) {
	company := simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 200, Persons: 200, Organizations: 100, Notes: 100})
	for _, of := range []struct {
		name, keys string
		tables     []string
		chain      []string // requests, each of which waits for the one before
	}{
		{
			"all_tables", `"custom_fields":"columns"`,
			[]string{"pipedrive_*"},
			[]string{"log-in", "probe", "fields behind it", "deals", "archived deals", "products of deals", "products of archived deals"},
		},
		{
			"custom_fields_as_JSON", `"custom_fields":"json"`,
			[]string{"pipedrive_deals", "pipedrive_fields"},
			[]string{"log-in", "fields", "deals", "look-ups", "archived deals"},
		},
		{
			"one_table", `"custom_fields":"off"`,
			[]string{"pipedrive_deals"},
			[]string{"log-in", "deals", "look-ups", "archived deals"},
		},
	} {
		t.Run(of.name, func(t *testing.T) {
			took, requests := virtualSync(t, client.ThisMachine, company, 480, of.keys, of.tables...)
			t.Logf("%d requests in %v", requests, took)
			require.Equal(t, time.Duration(len(of.chain))*virtualDelay, took)
		})
	}
}
