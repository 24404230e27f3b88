package client

import (
	"cmp"
	"math"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// key stands for a record of a table and account: its id, or else a hash of its key.
type key uint64

func keyOf(k pipedrive.Key) key {
	if k.Text == "" {
		return key(k.Number)
	}
	return key(xxh3.HashString(k.Text))
}

// never stands for the time of a record that has no update_time: before all others.
const never = math.MinInt64

// version is a version of a record.
type version struct {
	key  key
	at   int64 // seconds since 1970 of update_time, or never
	sync int64 // when it came to the destination, in microseconds since 1970; 0 where the destination does not keep it
}

// arrival is what the destination holds of a table and account at the beginning of a run: of each record the newest
// version. A destination that only appends has several.
type arrival struct {
	versions []version // sorted by key once all of them are added and compacted
	full     int       // how many versions there are when they are compacted next

	now    int64 // by this machine's clock, in microseconds since 1970
	before int64 // the greatest sync time up to now
	ahead  span  // the sync times after now
	older  span  // the sync times that were ahead of the clock when the last run began
}

// span is a closed interval of sync times in microseconds since 1970; the zero value has none.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func (s span) has(t int64) bool { return s.To != 0 && s.From <= t && t <= s.To }

func (s span) with(t int64) span {
	if s.To == 0 {
		return span{t, t}
	}
	return span{min(s.From, t), max(s.To, t)}
}

// add takes a version. Memory is needed for the newest ones only.
func (a *arrival) add(v version) {
	if v.sync > a.now {
		a.ahead = a.ahead.with(v.sync)
	} else {
		a.before = max(a.before, v.sync)
	}
	if a.older.has(v.sync) {
		v.sync = 0
	}
	if len(a.versions) >= max(a.full, 1024) {
		a.compact()
	}
	a.versions = append(a.versions, v)
}

// compact keeps the newest version of each record.
func (a *arrival) compact() {
	slices.SortFunc(a.versions, func(v, w version) int {
		return cmp.Or(cmp.Compare(v.key, w.key), cmp.Compare(w.sync, v.sync), cmp.Compare(w.at, v.at))
	})
	a.versions = slices.CompactFunc(a.versions, func(v, w version) bool { return v.key == w.key })
	a.full = 2 * len(a.versions)
}

// rows is how many records there are.
func (a *arrival) rows() int64 { return int64(len(a.versions)) }

// parts divides the records into those that came with the run that left the checkpoint, by its segments, and all others.
func (a *arrival) parts(c checkpoint) (sent []fingerprint, rest fingerprint) {
	newest := int64(0)
	for _, v := range a.versions {
		newest = max(newest, v.sync)
	}
	sent = make([]fingerprint, len(c.Sent))
	for _, v := range a.versions {
		if v.sync < newest || newest <= c.Before {
			rest.add(v.key, v.at)
		} else if i := segmentOf(c.Sent, v.at); i < len(sent) {
			sent[i].add(v.key, v.at)
		}
	}
	return sent, rest
}

// kept divides the records into those of which a run sent a version, and those that it neither sent nor removes.
func (a *arrival) kept(sent map[key]int64, removed []key) (replaced, rest fingerprint) {
	gone := make(map[key]bool, len(removed))
	for _, k := range removed {
		gone[k] = true
	}
	for _, v := range a.versions {
		if _, again := sent[v.key]; again {
			replaced.add(v.key, v.at)
		} else if !gone[v.key] {
			rest.add(v.key, v.at)
		}
	}
	return replaced, rest
}
