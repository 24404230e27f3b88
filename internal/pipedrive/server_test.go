package pipedrive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reply is the fake API's answer to one request.
type reply struct {
	status int // 0 for 200
	header map[string]string
	body   string
	cut    bool      // the connection breaks after the body
	stream io.Reader // instead of body
	err    error
}

// fakeAPI answers requests in the same process, so that tests in a synctest bubble need no real time.
type fakeAPI struct {
	mu       sync.Mutex
	answer   func(n int, r *http.Request) reply
	requests []*http.Request
}

func (f *fakeAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.requests = append(f.requests, r)
	n := len(f.requests)
	f.mu.Unlock()
	a := f.answer(n, r)
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for k, v := range a.header {
		h.Set(k, v)
	}
	var body io.Reader = strings.NewReader(a.body)
	if a.stream != nil {
		body = a.stream
	}
	if a.cut {
		body = io.MultiReader(body, brokenReader{})
	}
	return &http.Response{StatusCode: cmp.Or(a.status, http.StatusOK), Header: h, Body: io.NopCloser(body), Request: r}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

const secretToken = "0123456789abcdef0123456789abcdef01234567"

// start returns a client of an API that answers the nth request, counted from 1, with the reply of answer.
func start(answer func(n int, r *http.Request) reply) (*Client, *fakeAPI) {
	api := &fakeAPI{answer: answer}
	return New(Config{
		BaseURL: "https://api.pipedrive.test", Authorizer: APIToken(secretToken), UserAgent: "test/1",
		Timeout: 10 * time.Second, MaxRetries: 3, Concurrency: 4, Transport: api, Logger: zerolog.Nop(),
	}), api
}

// item is a record with only an id and an update_time.
type item struct {
	ID         int64  `json:"id"`
	UpdateTime string `json:"update_time"`
}

func (i item) RecordKey() Key { return Key{Number: i.ID} }

func (i item) RecordTime() (time.Time, bool) {
	t, err := time.Parse(time.DateTime, i.UpdateTime)
	return t, err == nil
}

// collect reads a listing and returns the ids of each page.
func collect(t *testing.T, c *Client, l Listing, limit int) ([][]int64, error) {
	t.Helper()
	var pages [][]int64
	for page, err := range Pages(context.Background(), c, l, Query{Limit: limit}, &Meter{}, decodeItem) {
		if err != nil {
			return pages, err
		}
		var ids []int64
		for _, r := range page {
			ids = append(ids, r.ID)
		}
		pages = append(pages, ids)
	}
	return pages, nil
}

func items(ids ...int64) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, fmt.Sprintf(`{"id":%d}`, id))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// offsetList answers, as v1 does, for a list that may change between requests.
func offsetList(list func(n int) []int64) func(int, *http.Request) reply {
	return func(n int, r *http.Request) reply {
		all := list(n)
		from, _ := strconv.Atoi(r.URL.Query().Get("start"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		from = min(from, len(all))
		to := min(from+limit, len(all))
		next := ""
		if to < len(all) {
			next = fmt.Sprintf(`,"next_start":%d`, to)
		}
		return reply{body: fmt.Sprintf(
			`{"success":true,"data":%s,"additional_data":{"pagination":{"start":%d,"limit":%d,"more_items_in_collection":%t%s}}}`,
			items(all[from:to]...), from, limit, to < len(all), next)}
	}
}

func requireCode(t *testing.T, err error, code Code) *Error {
	t.Helper()
	require.ErrorIs(t, err, code)
	var e *Error
	require.True(t, errors.As(err, &e))
	require.NotContains(t, err.Error(), secretToken)
	return e
}
