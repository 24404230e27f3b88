package pipedrive

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

func decodeItem(b []byte) (i item, end int, err error) {
	if end = scan.Value(b, 0); end > 0 {
		err = json.Unmarshal(b[:end], &i, Lenient...)
	}
	return i, end, err
}

var (
	cursorListing = ByIDV2("/api/v2/things", 0, nil)
	offsetListing = ByIDV1("/v1/things", 0, nil)
)

func TestPages_followsCursor(t *testing.T) {
	cursors := map[string]string{
		"":  `{"success":true,"data":[{"id":1},{"id":2}],"additional_data":{"next_cursor":"b"}}`,
		"b": `{"additional_data":{"next_cursor":"c"},"data":[{"id":3},{"id":4}],"success":true}`,
		"c": `{"success":true,"data":[{"id":5}],"additional_data":{"next_cursor":null}}`,
	}
	c, api := start(func(_ int, r *http.Request) reply { return reply{body: cursors[r.URL.Query().Get("cursor")]} })
	pages, err := collect(t, c, cursorListing, 2)
	require.NoError(t, err)
	require.Equal(t, [][]int64{{1, 2}, {3, 4}, {5}}, pages)
	first := api.requests[0]
	require.Equal(t, "limit=2&sort_by=id&sort_direction=asc", first.URL.RawQuery)
	require.Equal(t, secretToken, first.Header.Get("x-api-token"))
	require.Equal(t, "test/1", first.Header.Get("User-Agent"))
}

func TestPages_cursorListEnds(t *testing.T) {
	for name, body := range map[string]string{
		"without additional_data": `{"success":true,"data":[{"id":1}]}`,
		"additional_data is null": `{"success":true,"data":[{"id":1}],"additional_data":null}`,
		"next_cursor is empty":    `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":""}}`,
		"next_cursor is absent":   `{"success":true,"data":[{"id":1}],"additional_data":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := start(func(int, *http.Request) reply { return reply{body: body} })
			pages, err := collect(t, c, cursorListing, 2)
			require.NoError(t, err)
			require.Equal(t, [][]int64{{1}}, pages)
		})
	}
}

func TestPages_followsOffsetWithOneRecordOfOverlap(t *testing.T) {
	c, api := start(offsetList(func(int) []int64 { return []int64{1, 2, 3, 5, 8, 13, 21} }))
	pages, err := collect(t, c, offsetListing, 3)
	require.NoError(t, err)
	require.Equal(t, [][]int64{{1, 2, 3}, {5, 8}, {13, 21}}, pages)
	var starts []string
	for _, r := range api.requests {
		starts = append(starts, r.URL.Query().Get("start"))
	}
	require.Equal(t, []string{"", "2", "4"}, starts)
}

func TestPages_offsetFindsRecordsThatMovedUpOverAnEdge(t *testing.T) {
	for name, after := range map[string][]int64{
		"one of the first page is deleted":   {2, 3, 4, 5, 6, 7},
		"all of the first page are deleted":  {4, 5, 6, 7},
		"the last of the page is deleted":    {1, 2, 4, 5, 6, 7},
		"more are deleted than a page holds": {6, 7},
		"everything is deleted":              {},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := start(offsetList(func(n int) []int64 {
				if n == 1 {
					return []int64{1, 2, 3, 4, 5, 6, 7}
				}
				return after
			}))
			pages, err := collect(t, c, offsetListing, 3)
			require.NoError(t, err)
			got := slices.Concat(pages...)
			for _, id := range after {
				require.Contains(t, got, id)
			}
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "a record came twice")
		})
	}
}

func TestPages_offsetEnvelopes(t *testing.T) {
	for name, first := range map[string]string{
		"pagination in additional_data": `{"success":true,"data":[{"id":1},{"id":2}],"additional_data":{"pagination":{"more_items_in_collection":true,"next_start":2}}}`,
		"fields in additional_data":     `{"success":true,"data":[{"id":1},{"id":2}],"additional_data":{"start":0,"limit":2,"more_items_in_collection":true}}`,
		"pagination at the top":         `{"success":true,"data":[{"id":1},{"id":2}],"pagination":{"more_items_in_collection":true,"next_start":2}}`,
		"a full page that says nothing": `{"success":true,"data":[{"id":1},{"id":2}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := start(func(n int, _ *http.Request) reply {
				if n == 1 {
					return reply{body: first}
				}
				// next_start is there although no page follows, as in the vendor's own example.
				return reply{body: `{"success":true,"data":[{"id":2},{"id":3}],"additional_data":{"pagination":{"more_items_in_collection":false,"next_start":9}}}`}
			})
			pages, err := collect(t, c, offsetListing, 2)
			require.NoError(t, err)
			require.Equal(t, [][]int64{{1, 2}, {3}}, pages)
		})
	}
}

func TestPages_nullIsEmptyInListsByOffsetOnly(t *testing.T) {
	body := `{"success":true,"data":null,"additional_data":{"pagination":{"start":0,"limit":2,"more_items_in_collection":false}}}`
	c, _ := start(func(int, *http.Request) reply { return reply{body: body} })
	pages, err := collect(t, c, offsetListing, 2)
	require.NoError(t, err)
	require.Empty(t, pages)

	for _, l := range []Listing{cursorListing, {Path: "/v1/users"}} {
		bubble(t, func(t *testing.T) {
			c, _ := start(func(int, *http.Request) reply { return reply{body: `{"success":true,"data":null}`} })
			_, err = collect(t, c, l, 2)
			requireCode(t, err, ExternalAPIError)
		})
	}
}

// An answer without records is confirmed by a second one.
func TestPages_nullIsEmptyInOneResponseWhereTheListingSaysSo(t *testing.T) {
	c, api := start(func(int, *http.Request) reply { return reply{body: `{"success":true,"data":null}`} })
	pages, err := collect(t, c, Listing{Path: "/v1/leadLabels", NullIsEmpty: true}, 2)
	require.NoError(t, err)
	require.Empty(t, pages)
	require.Len(t, api.requests, 2)
}

// TestPages_recordsInAMemberOfData: the listing names the member; data may still be the list itself.
func TestPages_recordsInAMemberOfData(t *testing.T) {
	l := Listing{Path: "/v1/goals/find", Data: "goals"}
	for body, want := range map[string][]int64{
		`{"success":true,"statusCode":20000,"data":{"total":2,"goals":[{"id":1},{"id":2}]},"service":"goals"}`: {1, 2},
		`{"data":[{"id":1}],"success":true}`:                                                 {1},
		`{"success":true,"data":{"other":{"goals":1},"goals":[{"id":3}],"more":[{"id":9}]}}`: {3},
	} {
		c, _ := start(func(int, *http.Request) reply { return reply{body: body} })
		pages, err := collect(t, c, l, 2)
		require.NoError(t, err, body)
		require.Equal(t, [][]int64{want}, pages, body)
	}
	c, api := start(func(int, *http.Request) reply { return reply{body: `{"success":true,"data":{"goals":[]}}`} })
	pages, err := collect(t, c, l, 2)
	require.NoError(t, err)
	require.Empty(t, pages)
	require.Len(t, api.requests, 2, "an empty list is confirmed")

	for _, body := range []string{
		`{"success":true,"data":{}}`, `{"success":true,"data":{"goals":{"goals":[]}}}`, `{"success":true,"data":{"goals":null}}`,
		`{"success":true,"data":{"goals":[],"goals":[{"id":1}]}}`, `{"success":true,"data":{"goals":[]}}]`,
	} {
		bubble(t, func(t *testing.T) {
			c, _ := start(func(int, *http.Request) reply { return reply{body: body} })
			_, err := collect(t, c, l, 2)
			requireCode(t, err, ExternalAPIError)
		})
	}
	bubble(t, func(t *testing.T) { // an object is not a list unless the listing says so
		c, _ := start(func(int, *http.Request) reply { return reply{body: `{"success":true,"data":{"goals":[{"id":1}]}}`} })
		_, err := collect(t, c, Listing{Path: "/v1/users"}, 2)
		requireCode(t, err, ExternalAPIError)
	})
}

// TestPages_theOnlyRecord is the answer's data, if the listing says so.
func TestPages_theOnlyRecord(t *testing.T) {
	l := Listing{Path: "/v1/roles/1/settings", One: true}
	c, _ := start(func(int, *http.Request) reply { return reply{body: `{"success":true,"data":{"id":7,"data":{"id":8}}}`} })
	pages, err := collect(t, c, l, 2)
	require.NoError(t, err)
	require.Equal(t, [][]int64{{7}}, pages)
	for _, body := range []string{`{"success":true,"data":[{"id":7}]}`, `{"success":true,"data":null}`, `{"success":true,"data":7}`, `{"success":true}`} {
		bubble(t, func(t *testing.T) {
			c, _ := start(func(int, *http.Request) reply { return reply{body: body} })
			_, err := collect(t, c, l, 2)
			requireCode(t, err, ExternalAPIError)
		})
	}
}

// TestPages_undeclaredPages: further records are requested only if the answer says that there are some. If the list
// takes no start, and the same records come again, it has ended.
func TestPages_undeclaredPages(t *testing.T) {
	l := Listing{Path: "/v1/organizationRelationships", Paging: Undeclared, NullIsEmpty: true}
	const more = `,"additional_data":{"pagination":{"start":0,"limit":2,"more_items_in_collection":true,"next_start":2}}}`
	for name, test := range map[string]struct {
		answers []string // the last one comes for all further requests
		want    [][]int64
		queries []string
	}{
		"one page":            {[]string{`{"success":true,"data":[{"id":2},{"id":1}]}`}, [][]int64{{2, 1}}, []string{""}},
		"none":                {[]string{`{"success":true,"data":null}`}, nil, []string{"", ""}},
		"two pages":           {[]string{`{"data":[{"id":2},{"id":1}]` + more, `{"data":[{"id":3}]}`}, [][]int64{{2, 1}, {3}}, []string{"", "start=2"}},
		"start has no effect": {[]string{`{"data":[{"id":2},{"id":1}]` + more}, [][]int64{{2, 1}}, []string{"", "start=2"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, api := start(func(n int, _ *http.Request) reply {
				return reply{body: test.answers[min(n, len(test.answers))-1]}
			})
			pages, err := collect(t, c, l, 500)
			require.NoError(t, err)
			require.Equal(t, test.want, pages)
			var queries []string
			for _, r := range api.requests {
				queries = append(queries, r.URL.RawQuery)
			}
			require.Equal(t, test.queries, queries)
		})
	}
}

func TestPages_refusesListsThatDoNotAdvance(t *testing.T) {
	t.Run("cursor", func(t *testing.T) {
		c, api := start(func(int, *http.Request) reply {
			return reply{body: `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":"x"}}`}
		})
		_, err := collect(t, c, cursorListing, 1)
		requireCode(t, err, ExternalAPIError)
		require.Len(t, api.requests, 2)
	})
	t.Run("cursors in a circle", func(t *testing.T) {
		c, api := start(func(n int, _ *http.Request) reply {
			return reply{body: `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":"` + []string{"a", "b"}[n%2] + `"}}`}
		})
		_, err := collect(t, c, cursorListing, 1)
		requireCode(t, err, ExternalAPIError)
		require.Len(t, api.requests, 3)
	})
	t.Run("offset", func(t *testing.T) {
		c, api := start(func(int, *http.Request) reply {
			return reply{body: `{"success":true,"data":[{"id":1}],"additional_data":{"pagination":{"more_items_in_collection":true,"next_start":0}}}`}
		})
		_, err := collect(t, c, offsetListing, 5)
		requireCode(t, err, ExternalAPIError)
		require.Len(t, api.requests, 1)
	})
	t.Run("order", func(t *testing.T) {
		c, _ := start(func(int, *http.Request) reply {
			return reply{body: `{"success":true,"data":[{"id":2},{"id":1}]}`}
		})
		_, err := collect(t, c, offsetListing, 5)
		requireCode(t, err, ExternalAPIError)
	})
}

func TestPages_asksWithoutOptionalFieldsThatAnAccountDoesNotHave(t *testing.T) {
	l := cursorListing
	l.Include, l.IncludeOptional = []string{"a", "b"}, []string{"c"}
	c, api := start(func(_ int, r *http.Request) reply {
		if r.URL.Query().Get("include_fields") == "a,b,c" {
			return reply{status: 400, body: `{"success":false,"error":"c is not available"}`}
		}
		if r.URL.Query().Get("cursor") == "" {
			return reply{body: `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":"x"}}`}
		}
		return reply{body: `{"success":true,"data":[{"id":2}],"additional_data":{"next_cursor":null}}`}
	})
	pages, err := collect(t, c, l, 1)
	require.NoError(t, err)
	require.Equal(t, [][]int64{{1}, {2}}, pages)
	require.Len(t, api.requests, 3)
	require.Equal(t, "a,b", api.requests[2].URL.Query().Get("include_fields"))
}

// TestPages_aRefusedCursorIsNoMatterOfOptionalFields: only the first page can fail because of them.
func TestPages_aRefusedCursorIsNoMatterOfOptionalFields(t *testing.T) {
	l := cursorListing
	l.IncludeOptional = []string{"c"}
	c, api := start(func(n int, _ *http.Request) reply {
		if n == 1 {
			return reply{body: `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":"x"}}`}
		}
		return reply{status: 400, body: `{"success":false,"error":"bad cursor"}`}
	})
	_, err := collect(t, c, l, 1)
	requireCode(t, err, ExternalAPIError)
	require.Len(t, api.requests, 2)
}

// TestPages_offsetListThatIgnoresStartFails: a list that always answers with its beginning would be read for ever.
func TestPages_offsetListThatIgnoresStartFails(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	c, _ := start(func(n int, _ *http.Request) reply {
		if n > 20 {
			cancel(errors.New("read for ever"))
		}
		return reply{body: `{"success":true,"data":` + items(1, 2, 3) + `}`}
	})
	for _, l := range []Listing{offsetListing, {Path: "/v1/unsorted", Paging: Offset}} {
		var err error
		for _, err = range Pages(ctx, c, l, Query{Limit: 3}, nil, decodeItem) {
		}
		require.ErrorContains(t, requireCode(t, err, ExternalAPIError), "can't be read to its end")
	}
}

// TestPages_optionalFieldsDoNotHideAnotherError: an error that stays without the optional fields has another
// cause.
func TestPages_optionalFieldsDoNotHideAnotherError(t *testing.T) {
	l := Listing{Path: "/api/v2/things", Paging: Cursor, IncludeOptional: []string{"marketing_status"}}
	c, _ := start(func(n int, _ *http.Request) reply {
		if n == 1 {
			return reply{status: http.StatusBadRequest, body: `{"success":false,"error":"include_fields"}`}
		}
		return reply{status: http.StatusTooManyRequests, header: map[string]string{"X-Daily-Ratelimit-Token-Remaining": "0"}}
	})
	_, err := collect(t, c, l, 2)
	require.True(t, requireCode(t, err, RateLimitExceeded).Daily)
}

// TestPages_offsetListThatPromisesRecordsForEverFails: more_items_in_collection promises more records, and the
// next page is empty, however often it is requested.
func TestPages_offsetListThatPromisesRecordsForEverFails(t *testing.T) {
	const more = `,"additional_data":{"pagination":{"more_items_in_collection":true,"next_start":2}}}`
	for _, order := range []Order{ByID, OldestFirst} {
		ctx, cancel := context.WithCancelCause(context.Background())
		c, _ := start(func(n int, r *http.Request) reply {
			if n > 1000 {
				cancel(errors.New("read for ever"))
			}
			if r.URL.Query().Get("start") > "0" {
				return reply{body: `{"success":true,"data":null` + more}
			}
			return reply{body: `{"success":true,"data":` + items(1, 2) + more}
		})
		var err error
		for _, err = range Pages(ctx, c, timedListing, Query{Limit: 2, Order: order}, nil, decodeItem) {
		}
		require.ErrorContains(t, requireCode(t, err, ExternalAPIError), "can't be read to its end")
		cancel(nil)
	}
}
