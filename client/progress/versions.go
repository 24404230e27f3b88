package progress

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/zeebo/xxh3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// SentVersions are the rows that a run has sent of an account's table: the last version of each record.
type SentVersions struct {
	sent map[key]int64 // seconds since 1970 of update_time, or never
	key  []int         // columns that identify a record
}

// NewSentVersions returns a SentVersions without rows.
func NewSentVersions(t *table.Table) *SentVersions {
	return &SentVersions{sent: map[key]int64{}, key: t.Identity()}
}

// Add adds the rows of a page.
func (v *SentVersions) Add(page []*table.Row) {
	for _, row := range page {
		at := int64(never)
		if changed, ok := row.RecordTime(); ok {
			at = changed.Unix()
		}
		v.sent[keyOf(table.KeyOf(row.Key(v.key)))] = at
	}
}

// Keys identify records, in ascending order.
type Keys []key

// Keys are the keys of the sent records.
func (v *SentVersions) Keys() Keys { return slices.Sorted(maps.Keys(v.sent)) }

// Missing are the records among some that the run has not sent.
func (v *SentVersions) Missing(of Keys) *Missing { return &Missing{keys: v.without(of), sent: v} }

// without returns those of the keys whose records were not sent.
func (v *SentVersions) without(keys []key) []key {
	return slices.DeleteFunc(slices.Clone(keys), func(k key) bool {
		_, sent := v.sent[k]
		return sent
	})
}

// fingerprint is a sum over versions of records. It does not depend on their order.
type fingerprint struct {
	Rows int64  `json:"rows"`
	Hash digest `json:"hash"`
}

// digest is stored as hexadecimal digits, since many JSON parsers round 64-bit numbers.
type digest uint64

// MarshalText writes the digest.
func (d digest) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(d)), nil }

// UnmarshalText reads the digest.
func (d *digest) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*d = digest(n)
	return err
}

func (f *fingerprint) add(k key, at int64) {
	var version [16]byte
	binary.LittleEndian.PutUint64(version[:8], uint64(k))
	binary.LittleEndian.PutUint64(version[8:], uint64(at))
	f.Rows++
	f.Hash += digest(xxh3.Hash(version[:]))
}

// and returns the sum of both fingerprints.
func (f fingerprint) and(g fingerprint) fingerprint {
	return fingerprint{f.Rows + g.Rows, f.Hash + g.Hash}
}

// segment is the fingerprint of the records with a rank after that of the segment before.
type segment struct {
	To int64 `json:"to"` // the last rank in it
	fingerprint
}

// rankOf returns the rank of a record: its place in the order in which a run with these positions sent its rows. That
// is update_time in seconds, or the numeric id.
func rankOf(positions map[string]plan.Position) func(k key, at int64) int64 {
	if byID(positions) {
		return func(k key, _ int64) int64 { return int64(k) }
	}
	return func(_ key, at int64) int64 { return at }
}

// maxSegments is the largest number of segments in the state.
const maxSegments = 64

// segments divides the sent rows into parts of about equal numbers of records. If some rows are lost, only the
// segments from there on have to be read again.
func (v *SentVersions) segments(rank func(key, int64) int64) []segment {
	if len(v.sent) == 0 {
		return nil
	}
	ranks := v.ranks(rank)
	var parts []segment
	for i := range maxSegments {
		to := ranks[max(0, (i+1)*len(ranks)/maxSegments-1)]
		if len(parts) == 0 || to > parts[len(parts)-1].To {
			parts = append(parts, segment{To: to})
		}
	}
	for k, at := range v.sent {
		parts[segmentOf(parts, rank(k, at))].add(k, at)
	}
	return parts
}

// mostRanks is the approximate number of records from which the ends of segments are taken. To sort the ranks of all records of
// a large table would take most of the time.
const mostRanks = 1 << 16

// ranks returns the ranks of some of the sent records in ascending order, the greatest of all ranks last. The records are chosen
// by the hashes of their keys; up to mostRanks are all of them.
func (v *SentVersions) ranks(rank func(key, int64) int64) []int64 {
	of, last := digest((len(v.sent)-1)/mostRanks+1), int64(math.MinInt64)
	var ranks []int64
	for k, at := range v.sent {
		r := rank(k, at)
		if last = max(last, r); of == 1 || keyHash(k)%of == 0 {
			ranks = append(ranks, r)
		}
	}
	slices.Sort(ranks)
	return append(ranks, last)
}

// segmentOf returns the index of the segment for a rank; len(parts) for none.
func segmentOf(parts []segment, rank int64) int {
	i, _ := slices.BinarySearchFunc(parts, rank, func(s segment, rank int64) int {
		if s.To < rank {
			return -1
		}
		return 1
	})
	return i
}
