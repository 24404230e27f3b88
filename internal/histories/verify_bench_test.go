//go:build unix

package histories

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/measure"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// plainDeals is an API with many nearly empty deals, one per second.
type plainDeals struct {
	api  http.Handler // answers everything else
	rows int
}

func (p plainDeals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/v2/deals" {
		p.api.ServeHTTP(w, r)
		return
	}
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	first, q := 0, r.URL.Query()
	if since, err := time.Parse(time.RFC3339, q.Get("updated_since")); err == nil {
		first = int(since.Sub(begin) / time.Second)
	}
	if cursor, err := strconv.Atoi(q.Get("cursor")); err == nil {
		first = cursor
	}
	var page strings.Builder
	last := min(first+500, p.rows)
	for i := first; i < last; i++ {
		number := i
		if q.Get("sort_direction") == "desc" {
			number = p.rows - 1 - i
		}
		fmt.Fprintf(&page, `{"id":%d,"update_time":%q},`, number+1, begin.Add(time.Duration(number)*time.Second).Format(time.RFC3339))
	}
	next := "null"
	if last < p.rows {
		next = strconv.Quote(strconv.Itoa(last))
	}
	fmt.Fprintf(w, `{"success":true,"data":[%s],"additional_data":{"next_cursor":%s}}`, strings.TrimSuffix(page.String(), ","), next)
}

// BenchmarkVerify prints the time that a run takes to verify 200,000 deals of the run before, and the time of the next
// run, which need not verify them. Source, destination and API are in this process.
func BenchmarkVerify(b *testing.B) {
	const rows = 200_000
	w := newWorld(b, simulator.NewCompany(4711))
	listener := httptest.NewServer(plainDeals{w.simulator, rows})
	defer listener.Close()
	w.url, w.tables = listener.URL, []string{"deals"}
	for b.Loop() {
		b.StopTimer()
		w.exec("CREATE TABLE IF NOT EXISTS " + stateTable + " (key TEXT)")
		w.exec("DROP TABLE " + stateTable)
		w.requireSync()
		require.GreaterOrEqual(b, w.sent["deals"], rows)
		var spent []measure.Spent
		b.StartTimer()
		for _, verify := range []bool{true, true, false} {
			w.spec["verify"] = verify
			spent = append(spent, measure.Of(w.requireSync))
			require.Less(b, w.sent["deals"], 200)
		}
		b.ReportMetric((spent[0].Took - spent[2].Took).Seconds(), "s_more")
		b.ReportMetric((float64(spent[0].Peak)-float64(spent[2].Peak))/(1<<20), "MiB_more")
		b.ReportMetric(float64(spent[0].Took)/float64(spent[2].Took), "x_time")
		b.ReportMetric((spent[1].Took - spent[2].Took).Seconds(), "s_more_not_due")
		b.ReportMetric(0, "ns/op")
	}
}
