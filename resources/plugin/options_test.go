package plugin

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// TestSpec_keysHaveTheirEffects: each key of the spec that controls requests changes the requests.
func TestSpec_keysHaveTheirEffects(t *testing.T) {
	t.Run("page_size", func(t *testing.T) {
		var limit atomic.Value
		_, err := sync(t, started(t, recorded(func(r *http.Request) { limit.Store(r.URL.Query().Get("limit")) }), `,"page_size":7`), "pipedrive_pipelines")
		require.NoError(t, err)
		require.Equal(t, "7", limit.Load())
	})
	t.Run("max_retries", func(t *testing.T) {
		var requests atomic.Int64
		p := started(t, failing(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			w.WriteHeader(http.StatusBadGateway)
		}), `,"max_retries":1`)
		_, err := sync(t, p, "pipedrive_pipelines")
		require.ErrorIs(t, err, pipedrive.ExternalAPIError)
		require.EqualValues(t, 2, requests.Load())
	})
	t.Run("timeout", func(t *testing.T) {
		p := started(t, failing(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), `,"max_retries":0,"timeout":"100ms"`)
		_, err := sync(t, p, "pipedrive_pipelines")
		require.ErrorContains(t, err, "no answer")
	})
	t.Run("max_requests_per_second", func(t *testing.T) {
		begin := time.Now()
		_, err := sync(t, started(t, answers{"/api/v2/pipelines": twoPipelines, "/api/v2/stages": twoStages, "/v1/notes": oneNote}, `,"max_requests_per_second":20`), "pipedrive_pipelines", "pipedrive_stages", "pipedrive_notes")
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(begin), 3*time.Second/20, "four requests are three intervals apart")
	})
	t.Run("concurrency", func(t *testing.T) {
		var underWay, most atomic.Int64
		release := make(chan struct{})
		api := recorded(nil)
		p := started(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/users/me" {
				n := underWay.Add(1)
				defer underWay.Add(-1)
				most.Store(max(most.Load(), n))
				if n == 2 {
					close(release)
				}
				<-release
			}
			api.ServeHTTP(w, r)
		}), `,"concurrency":2,"custom_fields":"json"`)
		_, err := sync(t, p, "pipedrive_pipelines", "pipedrive_persons", "pipedrive_organizations", "pipedrive_notes")
		require.NoError(t, err)
		require.EqualValues(t, 2, most.Load())
	})
	t.Run("custom_fields: off", func(t *testing.T) {
		rows, err := sync(t, started(t, recorded(nil), `,"custom_fields":"off"`), "pipedrive_persons")
		require.NoError(t, err)
		require.NotContains(t, rows["pipedrive_persons"][0], "custom_fields")
	})
	t.Run("deleted and archived", func(t *testing.T) {
		var seen atomic.Value
		seen.Store("")
		_, err := sync(t, started(t, recorded(func(r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/v2/deals") {
				seen.Store(seen.Load().(string) + r.URL.Path + "?" + r.URL.Query().Get("status") + ";")
			}
		}), `,"deleted":false,"archived":false`), "pipedrive_deals")
		require.NoError(t, err)
		require.Equal(t, "/api/v2/deals?;/api/v2/deals?;", seen.Load(), "an empty list is asked for again")
	})
}

const oneNote = `{"success":true,"data":[{"id":1}],"additional_data":{"pagination":{"more_items_in_collection":false}}}`

// complete answers for all tables.
var complete = answers{
	"/v1/users": twoUsers, "/api/v2/stages": twoStages, "/api/v2/pipelines": twoPipelines, "/v1/notes": none,
	"/api/v2/persons": `{"success":true,"data":[{"id":1,"owner_id":111}]}`, "/api/v2/organizations": none, "/api/v2/deals": none, "/api/v2/deals/archived": none,
}

// recorded answers and reports each request except the log-in.
func recorded(see func(*http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see != nil && r.URL.Path != "/v1/users/me" {
			see(r)
		}
		complete.ServeHTTP(w, r)
	})
}

// failing answers the log-in itself, and all other requests with h.
func failing(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/users/me" {
			complete.ServeHTTP(w, r)
			return
		}
		h(w, r)
	})
}

// TestSync_aLookupThatFailsFailsTheTable: owners' names that could not be read must not become NULL.
func TestSync_aLookupThatFailsFailsTheTable(t *testing.T) {
	for status, code := range map[int]pipedrive.Code{500: pipedrive.ExternalAPIError, 401: pipedrive.TokenInvalidated, 404: pipedrive.ExternalAPIError} {
		var requests atomic.Int64
		_, err := sync(t, started(t, usersAnswer(&requests, status, `{"success":false,"error":"x"}`), `,"max_retries":0`), "pipedrive_persons")
		require.ErrorIs(t, err, code, status)
		require.ErrorContains(t, err, "pipedrive_persons")
		require.ErrorContains(t, err, "/v1/users")
	}
}

func TestSync_aLookupWithoutItsScopeLeavesNULL(t *testing.T) {
	var requests atomic.Int64
	p := started(t, usersAnswer(&requests, 403, `{"success":false,"error":"Scope and URL mismatch","errorCode":403}`), "")
	rows, err := sync(t, p, "pipedrive_persons", "pipedrive_organizations", "pipedrive_deals")
	require.NoError(t, err)
	requireRow(t, row{"account_id": "4711", "id": int64(1), "owner_id": int64(111)}, rows["pipedrive_persons"][0])
	require.EqualValues(t, 1, requests.Load(), "nobody asks a second time")
}

func usersAnswer(requests *atomic.Int64, status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/users" {
			complete.ServeHTTP(w, r)
			return
		}
		requests.Add(1)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

// TestSync_oddValuesInALookup: odd values in a look-up list become NULL, like those of a table.
func TestSync_oddValuesInALookup(t *testing.T) {
	api := answers{
		"/v1/users": `{"success":true,"data":[{"id":111,"name":["x"],"email":null}]}`, "/api/v2/deals/archived": none,
		"/api/v2/stages": `{"success":true,"data":[{"id":5,"order_nr":null},{"id":6,"order_nr":"7"}]}`,
		"/api/v2/deals":  `{"success":true,"data":[{"id":1,"stage_id":5,"owner_id":111},{"id":2,"stage_id":6}]}`,
	}
	rows, err := sync(t, started(t, api, ""), "pipedrive_deals")
	require.NoError(t, err)
	requireRow(t, row{"account_id": "4711", "id": int64(1), "stage_id": int64(5), "owner_id": int64(111)}, rows["pipedrive_deals"][0])
	requireRow(t, row{"account_id": "4711", "id": int64(2), "stage_id": int64(6), "stage_order_nr": int64(7)}, rows["pipedrive_deals"][1])
}

// TestSpec_startTimeWithoutAState also applies to a list that the API can't filter by time.
func TestSpec_startTimeWithoutAState(t *testing.T) {
	api := answers{"/v1/persons": `{"success":true,"data":[{"id":1,"update_time":"2023-12-31 23:59:59"},{"id":2,"update_time":"2024-01-01 00:00:00"},{"id":3}],
		"additional_data":{"pagination":{"more_items_in_collection":false}}}`}
	rows, err := sync(t, started(t, api, `,"api_version":"v1","start_time":"2024-01-01"`), "pipedrive_persons")
	require.NoError(t, err)
	require.Len(t, rows["pipedrive_persons"], 2, "what changed since, and what has no time")
}
