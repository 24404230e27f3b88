package pipedrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPages_aReadingByIDContinuesFromAPlace: numbers are in order, whatever has changed in the list. So no record behind
// the place is left out, and none before it comes again.
func TestPages_aReadingByIDContinuesFromAPlace(t *testing.T) {
	for name, test := range map[string]struct {
		read, now []int64
		want      []int64
		requests  int
	}{
		"nothing":                        {ids(1, 30), ids(1, 60), ids(31, 60), 4},
		"the place is deleted":           {ids(1, 30), without(ids(1, 60), 30), ids(31, 60), 6},
		"many before it are deleted":     {ids(1, 30), without(ids(1, 60), ids(2, 25)...), ids(31, 60), 8},
		"all before it are deleted":      {ids(1, 30), ids(31, 60), ids(31, 60), 7},
		"all behind it are deleted":      {ids(1, 30), ids(1, 30), nil, 1},
		"everything is deleted":          {ids(1, 30), nil, nil, 9},
		"older ones came back before it": {without(ids(1, 30), ids(1, 25)...), ids(1, 60), ids(31, 60), 7},
		"it was the first record":        {ids(1, 1), ids(1, 30), ids(2, 30), 4},
	} {
		t.Run(name, func(t *testing.T) {
			q := Query{Limit: 10, After: &Place{Key: Key{Number: test.read[len(test.read)-1]}, Read: int64(len(test.read))}}
			got, requests, err := readIDs(t, offsetList(func(int) []int64 { return test.now }), offsetListing, q)
			require.NoError(t, err)
			want := map[int64]int{}
			for _, id := range test.want {
				want[id] = 1
			}
			require.Equal(t, want, got)
			require.LessOrEqual(t, requests, test.requests)
		})
	}
}

// TestPages_aPlaceInAListInAnotherOrderFails: the records behind the place are then not the unread ones.
func TestPages_aPlaceInAListInAnotherOrderFails(t *testing.T) {
	backwards := ids(1, 60)
	slices.Reverse(backwards)
	_, _, err := readIDs(t, offsetList(func(int) []int64 { return backwards }), offsetListing,
		Query{Limit: 10, After: &Place{Key: Key{Number: 30}, Read: 30}})
	require.ErrorContains(t, requireCode(t, err, ExternalAPIError), "the order of their ids")
}

// TestPages_aReadingOfRisingTextsContinues: the order of texts is not documented. If they do not rise, the
// reading starts again.
func TestPages_aReadingOfRisingTextsContinues(t *testing.T) {
	list := strings.Split("abcdefghij", "")
	for name, test := range map[string]struct {
		now  []string
		want string
		ties bool
	}{
		"nothing happened":           {list, "efghij", false},
		"some were deleted":          {without(list, "a", "b", "d"), "efghij", false},
		"some came before the place": {slices.Concat([]string{"a", "aa", "aaa", "aab", "aac"}, list[1:]), "efghij", false},
		"they come in another order": {strings.Split("jihgfedcba", ""), "", true},
		"they rise no longer":        {strings.Split("abcdegfhij", ""), "eg", true},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := start(textList(test.now))
			l := Listing{Path: "/v1/leads", Paging: Offset, Sort: offsetListing.Sort}
			var got []string
			var ties *TiesError
			for page, err := range Pages(context.Background(), c, l, Query{Limit: 2, After: &Place{Key{Text: "d"}, 4}}, nil, decodeNamed) {
				require.True(t, err == nil || errors.As(err, &ties), "%v", err)
				for _, r := range page {
					got = append(got, string(r))
				}
			}
			require.Equal(t, test.want, strings.Join(got, ""))
			require.Equal(t, test.ties, ties != nil)
			if ties != nil {
				require.Zero(t, ties.Since)
				require.ErrorContains(t, ties, "the order of their ids")
			}
		})
	}
}

// TestPages_tellsThePlaceForAnotherReading: the place is the offset that a record has at that time; there is none
// if keys do not rise.
func TestPages_tellsThePlaceForAnotherReading(t *testing.T) {
	var places []Place
	told := func(p Place) { places = append(places, p) }
	now := without(ids(1, 60), ids(2, 25)...)
	_, _, err := readIDs(t, offsetList(func(int) []int64 { return now }), offsetListing,
		Query{Limit: 20, After: &Place{Key: Key{Number: 30}, Read: 30}, Reached: told})
	require.NoError(t, err)
	require.Equal(t, []Place{{Key{Number: 44}, 20}, {Key{Number: 60}, 36}}, []Place{places[0], places[len(places)-1]})

	for list, want := range map[string][]Place{
		"abcde": {{Key{Text: "b"}, 2}, {Key{Text: "c"}, 3}, {Key{Text: "d"}, 4}, {Key{Text: "e"}, 5}},
		"abdce": {{Key{Text: "b"}, 2}, {Key{Text: "d"}, 3}, {}, {}},
	} {
		places = nil
		c, _ := start(textList(strings.Split(list, "")))
		l := Listing{Path: "/v1/leads", Paging: Offset, Sort: offsetListing.Sort}
		for _, err := range Pages(context.Background(), c, l, Query{Limit: 2, Reached: told}, nil, decodeNamed) {
			require.NoError(t, err)
		}
		require.Equal(t, want, places)
	}

	places = nil
	_, _, err = readIDs(t, numbered(5, func(i int) int { return i }).answer, timedListing, Query{Limit: 2, Order: OldestFirst, Reached: told})
	require.NoError(t, err)
	require.Equal(t, make([]Place, len(places)), places)
}

// TestPages_aPlaceIsForListsByID: a list in another order is read from its beginning.
func TestPages_aPlaceIsForListsByID(t *testing.T) {
	place := &Place{Key: Key{Number: 3}, Read: 3}
	got, _, err := readIDs(t, numbered(5, func(i int) int { return i }).answer, timedListing, Query{Limit: 2, Order: NewestFirst, After: place})
	require.NoError(t, err)
	require.Len(t, got, 5)
	got, _, err = readIDs(t, cursorPages([]item{{1, none}, {4, none}}, []item{{5, none}}), cursorListing, Query{Limit: 2, After: place})
	require.NoError(t, err)
	require.Len(t, got, 3)
}

// TestPages_aListingHasItsOwnLimit: page_size does not exceed it.
func TestPages_aListingHasItsOwnLimit(t *testing.T) {
	l := offsetListing.WithLimit(100)
	for limit, want := range map[int]string{500: "100", 100: "100", 20: "20", 1: "2"} {
		c, api := start(offsetList(func(int) []int64 { return []int64{1} }))
		_, err := collect(t, c, l, limit)
		require.NoError(t, err)
		require.Equal(t, want, api.requests[0].URL.Query().Get("limit"))
	}
	require.Equal(t, 100, l.Most())
	require.Equal(t, MaxLimit, offsetListing.Most())
}

// ids returns the numbers from one to another.
func ids(from, to int64) (all []int64) {
	for id := from; id <= to; id++ {
		all = append(all, id)
	}
	return all
}

func without[T comparable](all []T, gone ...T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(r T) bool { return slices.Contains(gone, r) })
}

// textList answers for a list of texts, as v1 does.
func textList(list []string) func(int, *http.Request) reply {
	return func(_ int, r *http.Request) reply {
		from, _ := strconv.Atoi(r.URL.Query().Get("start"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		from = min(from, len(list))
		to := min(from+limit, len(list))
		page, _ := json.Marshal(append([]string{}, list[from:to]...))
		return reply{body: fmt.Sprintf(
			`{"success":true,"data":%s,"additional_data":{"more_items_in_collection":%t,"next_start":%d}}`, page, to < len(list), to)}
	}
}
