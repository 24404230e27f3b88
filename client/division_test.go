package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// manyTicks is a number of records, one for each second, on pages of two.
const manyTicks = 300

// pageOfTicks answers with a page of ticks. If ignores is true, it ignores updated_since.
func pageOfTicks(w http.ResponseWriter, r *http.Request, ignores bool) {
	since, _ := time.Parse(time.RFC3339, r.URL.Query().Get("updated_since"))
	first, err := strconv.Atoi(r.URL.Query().Get("cursor"))
	if err != nil && !ignores {
		first = int(max(0, since.Unix()))
	}
	var ticks []string
	for id := first; id < min(first+2, manyTicks); id++ {
		ticks = append(ticks, fmt.Sprintf(`{"id":%d,"update_time":%q}`, id+1, time.Unix(int64(id), 0).UTC().Format(time.RFC3339)))
	}
	if r.URL.Query().Get("sort_direction") == "desc" {
		slices.Reverse(ticks)
	}
	next := "null"
	if first+2 < manyTicks {
		next = strconv.Quote(strconv.Itoa(first + 2))
	}
	fmt.Fprintf(w, `{"success":true,"data":[%s],"additional_data":{"next_cursor":%s}}`, strings.Join(ticks, ","), next)
}

// inProcess answers requests in this process after a second of synctest's clock.
type inProcess http.HandlerFunc

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	p(answer, r)
	return answer.Result(), r.Context().Err()
}

// divide reads the ticks in windows of about three pages, on synctest's clock. It returns the ids that were sent, in order and
// each once, and the number of requests.
func divide(t *testing.T, options string, answer http.HandlerFunc) (ids []int64, requests int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		machine := ThisMachine
		machine.Windows = plan.Sizes{First: 2, Window: 3, Split: 2}
		machine.Transport = inProcess(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/users/me" {
				fmt.Fprint(w, `{"success":true,"data":{"id":7,"company_id":4711}}`)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			requests++
			answer(w, r)
		})
		s, err := spec.Parse(fmt.Appendf(nil, `{"api_token":"x","api_url":"http://localhost","page_size":2,"max_retries":0%s}`, options))
		require.NoError(t, err)
		of := &table.Table{
			Records: "ticks", V2: []pipedrive.Listing{ticks}, Incremental: true,
			Columns: []table.Column{{Name: "id", Type: table.Int, Key: true}, {Name: "update_time", Type: table.Timestamp, IncrementalKey: true}},
		}
		accounts, _, err := Connect(t.Context(), s, []*table.Table{of}, "test", NewRunOn(machine, s.MaxTokens), zerolog.Nop())
		require.NoError(t, err)
		defer accounts[0].Close()
		accounts[0].began = time.Unix(manyTicks+1000, 0)
		pages := make(chan any)
		r := newReading(accounts[0], of)
		r.res = pages
		require.NoError(t, r.prepare(t.Context()))
		ended := make(chan error, 1)
		go func() {
			defer close(pages)
			ended <- r.listing(t.Context(), ticks)
		}()
		for page := range pages {
			if rows, ok := page.([]*table.Row); ok {
				for _, row := range rows {
					ids = append(ids, row.RecordKey().Number)
				}
			}
		}
		require.NoError(t, <-ended)
	})
	slices.Sort(ids)
	return slices.Compact(ids), requests
}

func everyTick() (ids []int64) {
	for id := range int64(manyTicks) {
		ids = append(ids, id+1)
	}
	return ids
}

// TestDivision_windowsAreReadSideBySide: the requests, of a second each, take less than a quarter of their number in seconds.
func TestDivision_windowsAreReadSideBySide(t *testing.T) {
	var first, last time.Time
	ids, requests := divide(t, "", func(w http.ResponseWriter, r *http.Request) {
		if last = time.Now(); first.IsZero() {
			first = last
		}
		pageOfTicks(w, r, false)
	})
	require.Equal(t, everyTick(), ids)
	require.Less(t, requests, 240)
	require.Less(t, last.Sub(first), time.Duration(requests)*time.Second/4)
}

// TestDivision_oneReaderTakesNoRequestMore: max_tokens and concurrency: 1 permit only one reader.
func TestDivision_oneReaderTakesNoRequestMore(t *testing.T) {
	ids, requests := divide(t, `,"max_tokens":100000`, func(w http.ResponseWriter, r *http.Request) { pageOfTicks(w, r, false) })
	require.Equal(t, everyTick(), ids)
	require.Equal(t, manyTicks/2, requests)
	ids, requests = divide(t, `,"concurrency":1`, func(w http.ResponseWriter, r *http.Request) { pageOfTicks(w, r, false) })
	require.Equal(t, everyTick(), ids)
	require.Equal(t, manyTicks/2, requests)
}

// TestDivision_anAPIThatDoesNotTakeUpdatedSinceIsReadByOne: each window would be the whole list.
func TestDivision_anAPIThatDoesNotTakeUpdatedSinceIsReadByOne(t *testing.T) {
	ids, requests := divide(t, "", func(w http.ResponseWriter, r *http.Request) { pageOfTicks(w, r, true) })
	require.Equal(t, everyTick(), ids)
	require.Less(t, requests, manyTicks/2+40)
}
