package census

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// list is the ids of a list's records, greatest first.
type list []int64

// drawn is a list in which the greater ids, from a place on, are denser than the others.
func drawn(t *rapid.T) (l list) {
	n := rapid.Int64Range(0, 20_000).Draw(t, "ids")
	old, young := rapid.Float64Range(0.2, 1).Draw(t, "old"), rapid.Float64Range(0.5, 1).Draw(t, "young")
	from := rapid.Int64Range(0, n).Draw(t, "from")
	for id := n; id > 0; id-- {
		share := young
		if id < from {
			share = old
		}
		if _, x := math.Modf(float64(id) * math.Sqrt2); x < share {
			l = append(l, id)
		}
	}
	return l
}

// page is one of up to 500 records behind start others.
func (l list) page(start int64) (at, n int64, ids []int64, more bool) {
	from := min(start, int64(len(l)))
	to := min(from+500, int64(len(l)))
	return start, to - from, l[from:to], to < int64(len(l))
}

// TestCount_boundsAListByOffset: each further page narrows the bounds, and the number is always within them.
func TestCount_boundsAListByOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawn(t)
		c := Of(l.page(0))
		for range 12 {
			if c.Exact() {
				break
			}
			mean, _ := c.Number()
			require.GreaterOrEqual(t, mean, float64(c.Counted))
			require.LessOrEqual(t, c.Counted, int64(len(l)))
			require.GreaterOrEqual(t, c.Counted+c.Below, int64(len(l)))
			c = c.At(l.page(c.Next()))
		}
		mean, _ := c.Number()
		require.InDelta(t, len(l), mean, 500, "after 12 pages: %+v", c)
	})
}

// TestCount_drawsIDs: a few hundred ids give the number to some percent, with any gaps.
func TestCount_drawsIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawn(t)
		c := Of(l.page(0))
		for round := 0; round < 4 && !c.Exact(); round++ {
			ids, hits := c.Draw(100, round), int64(0)
			require.True(t, slices.IsSorted(ids))
			require.Len(t, slices.Compact(slices.Clone(ids)), len(ids), "each id once")
			for _, id := range ids {
				require.GreaterOrEqual(t, id, int64(1))
				require.LessOrEqual(t, id, c.Below)
				if slices.Contains(l, id) {
					hits++
				}
			}
			c = c.After(int64(len(ids)), hits)
		}
		mean, deviation := c.Number()
		require.InDelta(t, len(l), mean, 4*deviation+0.02*float64(c.Below)+1, "%+v", c)
	})
}

// TestCount_ofKeysThatAreNoNumbers is bounded by places only.
func TestCount_ofKeysThatAreNoNumbers(t *testing.T) {
	c := Of(0, 500, nil, true)
	require.False(t, c.Exact())
	for _, start := range []int64{c.Next(), 700} {
		c = c.At(start, 0, nil, false) // nothing is that far behind
	}
	mean, deviation := c.Number()
	require.Less(t, mean, 700.0)
	require.Less(t, deviation, 100.0)
	require.GreaterOrEqual(t, c.Next(), int64(500))
	require.True(t, c.At(500, 30, nil, false).Exact())
	require.False(t, Descend([]int64{0, 0}))
	require.False(t, Descend([]int64{1, 2}))
	require.True(t, Descend([]int64{2, 1}))
}

func TestRequests(t *testing.T) {
	offset, cursor, whole := pipedrive.Listing{Paging: pipedrive.Offset, Limit: 100}, pipedrive.Listing{Paging: pipedrive.Cursor}, pipedrive.Listing{}
	for _, test := range []struct {
		of      pipedrive.Listing
		n       int64
		confirm bool
		want    int64
	}{
		{offset, 0, false, 1},
		{offset, 0, true, 2},
		{offset, 100, true, 1},
		{offset, 101, true, 2},
		{offset, 199, true, 2},
		{offset, 200, true, 3},
		{pipedrive.Listing{Paging: pipedrive.Offset, Limit: 100, Silent: true}, 101, false, 3},
		{pipedrive.Listing{Paging: pipedrive.Offset, Limit: 100, Silent: true}, 0, false, 1},
		{cursor, 500, true, 1},
		{cursor, 501, true, 2},
		{cursor, 1000, false, 2},
		{whole, 100_000, true, 1},
		{whole, 0, true, 2},
	} {
		require.Equal(t, test.want, Requests(test.of, test.n, 500, test.confirm), "%+v", test)
	}
}
