package simulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func TestFault_strikesTheRequestsItNames(t *testing.T) {
	_, s := small(1)
	statuses := func(f simulator.Fault) (got []int) {
		s.ClearFaults()
		s.AddFault(f)
		for range 6 {
			got = append(got, get(t, s, "/api/v2/deals").status)
			get(t, s, "/api/v2/persons") // does not count
		}
		return got
	}
	bad := simulator.Status(502)
	assert.Equal(t, []int{200, 502, 200, 502, 200, 502}, statuses(simulator.Fault{Path: "/api/v2/deals", Every: 2, Action: bad}))
	assert.Equal(t, []int{502, 200, 200, 502, 200, 200}, statuses(simulator.Fault{Path: "/api/v2/deals", At: []int{1, 4}, Action: bad}))
	assert.Equal(t, []int{502, 502, 200, 200, 200, 200}, statuses(simulator.Fault{Path: "/api/v2/deals", First: 2, Action: bad}))
	assert.Equal(t, []int{502, 502, 502, 502, 502, 502}, statuses(simulator.Fault{Path: "/api/v2/deals", Action: bad}))
}

func TestFault_answers(t *testing.T) {
	const html, json = "text/html", "application/json"
	for _, c := range []struct {
		action   simulator.Action
		status   int
		kind     string
		contains string
	}{
		{simulator.BurstLimit, 429, json, "request over limit"},
		{simulator.DailyLimit, 429, json, "request over limit"},
		{simulator.HTMLPage, 200, html, "<html>"},
		{simulator.CloudflareBlock, 403, html, "Cloudflare"},
		{simulator.ExpiredToken, 401, json, "unauthorized access"},
		{simulator.NullBody, 200, json, "null"},
		{simulator.NullData, 200, json, `"data":null`},
		{simulator.Status(503), 503, json, `"success":false`},
		{simulator.StatusHTML(504), 504, html, "<html>"},
		{simulator.Status(400), 400, json, "ERR_SCHEMA_VALIDATION_FAILED"},
		{simulator.Status(402), 402, json, "Required suites missing"},
		{simulator.Status(403), 403, json, "Scope and URL mismatch"},
		{simulator.Status(404), 404, json, `"success":false`},
		{simulator.Status(410), 410, json, "deleted"},
	} {
		_, s := small(1, simulator.WithFaults(simulator.Fault{Action: c.action, RetryAfter: 3 * time.Second}))
		a := get(t, s, "/api/v2/deals")
		assert.Equal(t, c.status, a.status, c.action)
		assert.Contains(t, a.header.Get("Content-Type"), c.kind, c.action)
		assert.Contains(t, a.raw, c.contains, c.action)
		assert.Zero(t, s.Usage().Tokens, c.action)
	}
	_, s := small(1, simulator.WithFaults(simulator.Fault{Action: simulator.BurstLimit, RetryAfter: 3 * time.Second}))
	a := get(t, s, "/api/v2/deals")
	assert.Equal(t, "3", a.header.Get("Retry-After"))
	assert.Equal(t, "0", a.header.Get("x-ratelimit-remaining"))
	assert.Equal(t, int64(1), s.Usage().Throttled)
	s.ClearFaults()
	s.AddFault(simulator.Fault{Action: simulator.DailyLimit})
	a = get(t, s, "/api/v2/deals")
	assert.Empty(t, a.header.Get("Retry-After"))
	assert.Equal(t, "0", a.header.Get("x-daily-ratelimit-token-remaining"))
	assert.NotEqual(t, "0", a.header.Get("x-ratelimit-remaining"))
}

// TestFault_bentAnswers: with these faults the request is handled, and the answer breaks a promise.
func TestFault_bentAnswers(t *testing.T) {
	const v1, v2 = "/v1/deals", "/api/v2/deals"
	for _, c := range []struct {
		action         simulator.Action
		path, contains string
		records        int
	}{
		{simulator.EmptyPage, v2, `"data":[],"additional_data":{"next_cursor":null}}`, 0},
		{simulator.EmptyPage, v1, `"data":null,"additional_data":{"pagination":{"more_items_in_collection":false}}}`, 0},
		{simulator.TwoLists, v1, `"next_start":4}},"data":[]}`, 0},
		{simulator.NoNext, v2, `}]}`, 4},
		{simulator.NoNext, v1, `}]}`, 4},
		{simulator.CapPages, v1, `}]}`, 2},
		{simulator.CapPages, v2, `"next_cursor":"`, 2},
	} {
		_, s := small(20, simulator.WithFaults(simulator.Fault{Action: c.action}))
		a := get(t, s, c.path, "limit", "4")
		assert.Equal(t, 200, a.status, c.action)
		assert.Contains(t, a.raw, c.contains, c.action)
		assert.Len(t, a.Data, c.records, c.action)
		assert.NotZero(t, s.Usage().Tokens, c.action)
	}
	c, s := small(20, simulator.WithFaults(simulator.Fault{Action: simulator.CapPages}))
	assert.Len(t, get(t, s, "/v1/users").Data, len(c.Truth("users", simulator.TruthOptions{})), "a list without pages")
	_, s = small(20, simulator.WithFaults(simulator.Fault{Action: simulator.EmptyPage}))
	assert.Contains(t, get(t, s, "/v1/users/me").raw, `"company_id"`, "no list")
	first := func(action simulator.Action, path string, query ...string) any {
		_, s := small(20, simulator.WithFaults(simulator.Fault{Action: action}))
		return get(t, s, path, query...).Data[0]["id"]
	}
	assert.EqualValues(t, 1, first(simulator.IgnoreSort, v1, "sort", "update_time DESC"))
	assert.EqualValues(t, 20, first(simulator.ReverseSort, v1, "sort", "update_time ASC, id ASC"))
	assert.EqualValues(t, 1, first(simulator.IgnoreSort, v2, "sort_direction", "desc"))
	assert.EqualValues(t, 20, first(simulator.ReverseSort, v2))
}

// listen serves s on a real connection and returns its address and a client.
func listen(t *testing.T, s http.Handler) (string, *http.Client) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL, server.Client()
}

func send(ctx context.Context, t *testing.T, client *http.Client, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Header.Set("x-api-token", "token")
	return client.Do(r)
}

func TestFault_cutsTheBody(t *testing.T) {
	_, s := small(50, simulator.WithFaults(simulator.Fault{Action: simulator.CutBody}))
	url, client := listen(t, s)
	resp, err := send(t.Context(), t, client, url+"/api/v2/deals")
	require.NoError(t, err)
	defer func() { assert.NoError(t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, resp.ContentLength/2, int64(len(body)))
	assert.Equal(t, int64(10), s.Usage().Tokens)
}

func TestFault_resetsTheConnection(t *testing.T) {
	_, s := small(1, simulator.WithFaults(simulator.Fault{Action: simulator.Reset}))
	url, client := listen(t, s)
	_, err := send(t.Context(), t, client, url+"/api/v2/deals") //nolint:bodyclose // there is none
	require.Error(t, err)
	assert.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), err)
}

func TestServer_letsGoWhenTheClientLeaves(t *testing.T) {
	for name, opt := range map[string]simulator.Option{
		"hang":    simulator.WithFaults(simulator.Fault{Action: simulator.Hang}),
		"latency": simulator.WithLatency(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			_, s := small(1, opt, simulator.WithRequestHook(func(*http.Request) { cancel() }))
			url, client := listen(t, s)                         // closing it waits for the handler
			_, err := send(ctx, t, client, url+"/api/v2/deals") //nolint:bodyclose // there is none
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

func TestServer_compressesForClientsThatTakeIt(t *testing.T) {
	_, s := small(50)
	url, client := listen(t, s)
	resp, err := send(t.Context(), t, client, url+"/api/v2/deals")
	require.NoError(t, err)
	defer func() { assert.NoError(t, resp.Body.Close()) }()
	assert.True(t, resp.Uncompressed)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, get(t, s, "/api/v2/deals").raw, string(body))
}

func TestParseFault(t *testing.T) {
	f, err := simulator.ParseFault("path=/v1/notes,at=2+5,first=1,every=3,retry-after=4s,do=502-html")
	require.NoError(t, err)
	assert.Equal(t, simulator.Fault{
		Path: "/v1/notes", At: []int{2, 5}, First: 1, Every: 3, RetryAfter: 4 * time.Second, Action: simulator.StatusHTML(502),
	}, f)
	for _, bad := range []string{"", "do=explode", "every=x,do=502", "path", "when=now,do=502", "do=99"} {
		_, err := simulator.ParseFault(bad)
		assert.Error(t, err, bad)
	}
	for action := range strings.FieldsSeq("burst daily html cloudflare cut hang reset expired null null-data 503 503-html") {
		_, err := simulator.ParseFault("do=" + action)
		assert.NoError(t, err)
	}
}
