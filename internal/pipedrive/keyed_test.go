package pipedrive

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// named is a record that has only a text as its key, like a lead or a call.
type named string

func (n named) RecordKey() Key { return Key{Text: string(n)} }

func (named) RecordTime() (time.Time, bool) { return time.Time{}, false }

func decodeNamed(b []byte) (n named, end int, err error) {
	if end = scan.Value(b, 0); end > 0 {
		err = json.Unmarshal(b[:end], (*string)(&n))
	}
	return n, end, err
}

// TestPages_recordsWithoutNumbersAreToldApartByTheirKeys: a list by offset whose records have UUIDs loses none,
// even if others are deleted in front of them.
func TestPages_recordsWithoutNumbersAreToldApartByTheirKeys(t *testing.T) {
	for _, sort := range []string{"", "id ASC"} {
		for removed := range 6 {
			list := []string{"f", "b", "e", "a", "d", "c", "g", "i", "h"}
			c, api := start(func(n int, r *http.Request) reply {
				if n == 2 && removed > 0 {
					list = slices.Delete(slices.Clone(list), 0, removed)
				}
				from, _ := strconv.Atoi(r.URL.Query().Get("start"))
				from = min(from, len(list))
				to := min(from+3, len(list))
				page, _ := json.Marshal(append([]string{}, list[from:to]...))
				return reply{body: fmt.Sprintf(`{"success":true,"data":%s,"additional_data":{"pagination":{"more_items_in_collection":%t,"next_start":%d}}}`, page, to < len(list), to)}
			})
			l := Listing{Path: "/v1/callLogs", Paging: Offset}
			if sort != "" {
				l.Sort = map[string][]string{"sort": {sort}}
			}
			seen := map[named]int{}
			for page, err := range Pages(context.Background(), c, l, Query{Limit: 3}, &Meter{}, decodeNamed) {
				require.NoError(t, err, "%d removed", removed)
				for _, r := range page {
					seen[r]++
				}
			}
			for _, name := range list {
				require.Equal(t, 1, seen[named(name)], "%s, with %d removed, after %d requests", name, removed, len(api.requests))
			}
		}
	}
}

// TestPages_cursorListsOfRecordsWithoutNumbers: the order of texts proves nothing, whether an order was requested
// or not.
func TestPages_cursorListsOfRecordsWithoutNumbers(t *testing.T) {
	for name, l := range map[string]Listing{"by id": cursorListing, "in no order": {Path: "/api/v2/fields", Paging: Cursor}} {
		t.Run(name, func(t *testing.T) {
			bodies := map[string]string{
				"":  `{"success":true,"data":["d","b"],"additional_data":{"next_cursor":"x"}}`,
				"x": `{"success":true,"data":["e","a"],"additional_data":{"next_cursor":"y"}}`,
				"y": `{"success":true,"data":["c"],"additional_data":{"next_cursor":null}}`,
			}
			c, _ := start(func(_ int, r *http.Request) reply { return reply{body: bodies[r.URL.Query().Get("cursor")]} })
			var got []named
			for page, err := range Pages(t.Context(), c, l, Query{Limit: 2}, nil, decodeNamed) {
				require.NoError(t, err)
				got = append(got, page...)
			}
			require.Equal(t, []named{"d", "b", "e", "a", "c"}, got)
		})
	}
}

// TestPages_aCursorListInNoOrder: numbers may come in any order if none was requested.
func TestPages_aCursorListInNoOrder(t *testing.T) {
	got, _, err := readIDs(t, cursorPages([]item{{4, none}, {2, none}}, []item{{5, none}, {1, none}}, []item{{3, none}}),
		Listing{Path: "/api/v2/fields", Paging: Cursor}, Query{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, map[int64]int{1: 1, 2: 1, 3: 1, 4: 1, 5: 1}, got)
}

// TestPages_anOffsetListInNoOrder is read as it comes, page after page; only a repeated page is recognised.
func TestPages_anOffsetListInNoOrder(t *testing.T) {
	l := Listing{Path: "/v1/things", Paging: Offset}
	list := offsetList(func(int) []int64 { return []int64{4, 2, 5, 1, 3} })
	got, requests, err := readIDs(t, list, l, Query{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, map[int64]int{1: 1, 2: 1, 3: 1, 4: 1, 5: 1}, got)
	require.Equal(t, 3, requests)

	got, _, err = readIDs(t, func(int, *http.Request) reply { // a server that ignores start and does not announce the end
		return reply{body: `{"success":true,"data":[{"id":2},{"id":1}]}`}
	}, l, Query{Limit: 2})
	require.Equal(t, map[int64]int{1: 1, 2: 1}, got)
	require.ErrorContains(t, requireCode(t, err, ExternalAPIError), "can't be read to its end")
}
