package client

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/zeebo/xxh3"
)

// ledger is what a run has sent of a table and account: each record's last version.
type ledger struct {
	sent  map[int64]int64 // seconds since 1970 of update_time, by id
	again int64           // how many rows were of records that had been sent before
}

// never stands for the time of a record that has no update_time: before all others.
const never = math.MinInt64

func newLedger() *ledger { return &ledger{sent: map[int64]int64{}} }

func (l *ledger) add(page []*Row) {
	before := len(l.sent)
	for _, row := range page {
		at := int64(never)
		if changed, ok := row.RecordTime(); ok {
			at = changed.Unix()
		}
		l.sent[row.RecordKey().Number] = at
	}
	l.again += int64(len(page) - (len(l.sent) - before))
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

func (f *fingerprint) add(id, at int64) {
	var version [16]byte
	binary.LittleEndian.PutUint64(version[:8], uint64(id))
	binary.LittleEndian.PutUint64(version[8:], uint64(at))
	f.Rows++
	f.Hash += digest(xxh3.Hash(version[:]))
}

// segment is the fingerprint of records whose update_time lies behind that of the segment before.
type segment struct {
	To int64 `json:"to"` // the last second that belongs to it, since 1970
	fingerprint
}

// maxSegments bounds what the state keeps of a run.
const maxSegments = 64

// segments divides what was sent into parts of about the same number of records, so that where some of it
// did not arrive, not all of it has to be read again.
func (l *ledger) segments() []segment {
	if len(l.sent) == 0 {
		return nil
	}
	times := make([]int64, 0, len(l.sent))
	for _, at := range l.sent {
		times = append(times, at)
	}
	slices.Sort(times)
	var parts []segment
	for i := range maxSegments {
		to := times[max(0, (i+1)*len(times)/maxSegments-1)]
		if len(parts) == 0 || to > parts[len(parts)-1].To {
			parts = append(parts, segment{To: to})
		}
	}
	for id, at := range l.sent {
		parts[segmentOf(parts, at)].add(id, at)
	}
	return parts
}

// segmentOf returns the index of the segment that a second belongs to, or that of none: len(parts).
func segmentOf(parts []segment, at int64) int {
	i, _ := slices.BinarySearchFunc(parts, at, func(s segment, at int64) int {
		if s.To < at {
			return -1
		}
		return 1
	})
	return i
}
