package progress

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/zeebo/xxh3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// SentVersions are the rows that a run has sent of a table and account: each record's last version.
type SentVersions struct {
	sent map[key]int64 // seconds since 1970 of update_time, or never
	key  []int         // columns that identify a record
}

// NewSentVersions is that of a table without rows.
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

// Keys stand for records, in ascending order.
type Keys []key

// Keys are those of the records.
func (v *SentVersions) Keys() Keys { return slices.Sorted(maps.Keys(v.sent)) }

// Missing are those of some records that the run has not sent.
func (v *SentVersions) Missing(of Keys) *Missing { return &Missing{keys: v.without(of), sent: v} }

// without returns those of some keys of which no record was sent.
func (v *SentVersions) without(keys []key) []key {
	return slices.DeleteFunc(slices.Clone(keys), func(k key) bool {
		_, sent := v.sent[k]
		return sent
	})
}

// fingerprint is a sum over versions of records, in whatever order they come.
type fingerprint struct {
	Rows int64  `json:"rows"`
	Hash digest `json:"hash"`
}

// digest is written as hexadecimal digits: JSON's numbers hold no 64 bits.
type digest uint64

// MarshalText writes the digest.
func (d digest) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(d)), nil }

// UnmarshalText reads it.
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

// and is the sum over the versions of both.
func (f fingerprint) and(g fingerprint) fingerprint {
	return fingerprint{f.Rows + g.Rows, f.Hash + g.Hash}
}

// segment is the fingerprint of records whose rank lies behind that of the segment before.
type segment struct {
	To int64 `json:"to"` // the last rank that belongs to it
	fingerprint
}

// rankOf is the order in which a run that left positions sent its rows: by the seconds of update_time, or by number.
func rankOf(positions map[string]plan.Position) func(k key, at int64) int64 {
	if byID(positions) {
		return func(k key, _ int64) int64 { return int64(k) }
	}
	return func(_ key, at int64) int64 { return at }
}

// maxSegments bounds what the state keeps of a run.
const maxSegments = 64

// segments divides the rows that were sent into parts of about the same number of records, so that where some of it
// did not arrive, not all of it has to be read again.
func (v *SentVersions) segments(rank func(key, int64) int64) []segment {
	if len(v.sent) == 0 {
		return nil
	}
	ranks := make([]int64, 0, len(v.sent))
	for k, at := range v.sent {
		ranks = append(ranks, rank(k, at))
	}
	slices.Sort(ranks)
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

// segmentOf returns the index of the segment that a rank belongs to, or that of none: len(parts).
func segmentOf(parts []segment, rank int64) int {
	i, _ := slices.BinarySearchFunc(parts, rank, func(s segment, rank int64) int {
		if s.To < rank {
			return -1
		}
		return 1
	})
	return i
}
