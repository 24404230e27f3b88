// Package census estimates the number of a listing's records from a few of its pages. Pipedrive tells no totals, and
// its cursors are opaque. But ids count up from 1, so the greatest one bounds the number of records. There are two ways
// to find the number of smaller ids with a record:
//
//   - A list by offset shows a record with its place: the page behind 5,000 records proves 5,000 of them, and its
//     smallest id bounds the number of those that follow.
//   - A list that can be asked by ids shows how many of some ids exist. They are spread evenly, since old records and
//     new ones are deleted differently often.
//
// The package is pure.
package census

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Count is the knowledge about the number of a listing's records. The zero Count is that of an empty list.
type Count struct {
	// Counted is the number of proven records.
	Counted int64
	// Below is the greatest id that a further record may have; 0 for none. All counted records have greater ids.
	Below int64
	// Open is true if there are further records whose ids do not bound their number.
	Open bool

	above       int64   // ids greater than Below that may be records'
	drawn, hits int64   // number of requested ids up to Below, and of records among them
	asked       float64 // share of the ids up to Below that were requested; two rounds may have drawn the same
	most        int64   // bound of the number of records; 0 for none
}

// Standard deviations of unknowns before the first look.
const (
	// unseen is that of the share of smaller ids that are records', if only the share among greater ids is known.
	unseen = 0.25
	// openFactor and openDeviation are the number of records of an open list and its standard deviation, as multiples
	// of the counted ones. Few lists are much larger than their known part.
	openFactor, openDeviation = 1.5, 0.75
	// openStep is the factor by which the next look at an open list goes further.
	openStep = 4
)

// Of is the count after a page with the greatest ids first, behind start other records. The page has n records. ids are
// theirs, nil if they are no numbers or not in that order. more is true if others follow.
func Of(start, n int64, ids []int64, more bool) Count {
	c := Count{Counted: start + n}
	switch {
	case len(ids) == 0:
		c.Open = more
		return c
	case more:
		c.Below = ids[len(ids)-1] - 1
	}
	c.above = ids[0] - c.Below
	return c
}

// Descend reports whether ids are positive and come in descending order.
func Descend(ids []int64) bool {
	return slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) && len(ids) > 0 && ids[len(ids)-1] > 0
}

// At is the count after a further page, behind start other records, as in [Of].
func (c Count) At(start, n int64, ids []int64, more bool) Count {
	if n == 0 { // there are no more than start
		if c.most == 0 || start < c.most {
			c.most = start
		}
		return c
	}
	found := Of(start, n, ids, more)
	found.most = c.most
	found.above = max(found.above, c.Greatest()-found.Below)
	return found
}

// After is the count after drawn ids; hits of them have a record.
func (c Count) After(drawn, hits int64) Count {
	c.drawn, c.hits = c.drawn+drawn, c.hits+hits
	c.asked += (1 - c.asked) * float64(drawn) / float64(c.Below)
	return c
}

// Exact reports whether the number is known.
func (c Count) Exact() bool { return c.Below == 0 && !c.Open }

// Number is the expected number of records and its standard deviation.
func (c Count) Number() (mean, deviation float64) {
	counted, most := float64(c.Counted), float64(c.most)
	switch {
	case c.Exact():
		return counted, 0
	case c.Open && c.most == 0:
		return openFactor * counted, openDeviation * counted
	case c.Open:
		return math.Sqrt(counted * most), (most - counted) / 4
	}
	share, deviation := c.share()
	mean, deviation = counted+share*float64(c.Below), deviation*float64(c.Below)
	if c.most > 0 && mean > most {
		mean, deviation = (counted+most)/2, max(1, (most-counted)/4)
	}
	return mean, deviation
}

// share is the share of the ids up to Below that are records', and its standard deviation. Ids that are spread evenly
// deviate less than random ones, so that this is the most that it can be.
func (c Count) share() (share, deviation float64) {
	if c.drawn == 0 {
		return min(1, float64(c.Counted)/float64(max(1, c.above))), unseen
	}
	drawn := float64(c.drawn)
	share = float64(c.hits) / drawn
	likely := (float64(c.hits) + 0.5) / (drawn + 1) // not 0 or 1, since a sample can't prove these
	return share, math.Sqrt(likely * (1 - likely) / drawn * (1 - c.asked))
}

// Greatest is the greatest id; 0 if unknown.
func (c Count) Greatest() int64 { return c.Below + c.above }

// Draw returns up to n ids of those up to Below, one of each of n equal parts, at a random place: gaps between records may
// have a period. A round always draws the same ids, and each round others.
func (c Count) Draw(n, round int) []int64 {
	n = int(min(int64(n), c.Below))
	places := rand.New(rand.NewPCG(uint64(c.Below), uint64(round)))
	ids := make([]int64, n)
	for i := range ids {
		first, next := c.Below*int64(i)/int64(n), c.Below*int64(i+1)/int64(n)
		ids[i] = 1 + first + places.Int64N(next-first)
	}
	return ids
}

// Next is the offset of the next page to look at. It is probably one of the last pages, but not behind them: an empty
// page only bounds the number.
func (c Count) Next() int64 {
	mean, deviation := c.Number()
	if c.Open && c.most == 0 {
		return openStep * c.Counted
	}
	return max(c.Counted, int64(mean-deviation))
}
