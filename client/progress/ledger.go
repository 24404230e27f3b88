package progress

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
)

// ledger is the state's knowledge of the rows at the destination: those of the last read-back, and those sent since.
// While it suffices, runs do without a read-back, and the next read-back proves the rows of all of them.
type ledger struct {
	// At is the start of the run with the read-back, by the API's clock.
	At time.Time `json:"at"`
	// Positions are those at the start of that run. The destination had all records before them.
	Positions map[string]plan.Position `json:"marks"`
	// Rest has the rows of the read-back, except those that the run sent or removed.
	Rest buckets `json:"rest"`
	// Own are the rows that the run sent. Later are those that later runs sent, possibly in place of rows of Rest. No
	// record is in both.
	Own   records `json:"own,omitempty"`
	Later records `json:"later,omitempty"`
	// Known are the rows of Rest that the run read again. If AllTimeless is true, it has all rows without an
	// update_time too.
	Known       records `json:"known,omitempty"`
	AllTimeless bool    `json:"all_timeless,omitempty"`
	// Whole are the parents, of a table of children, whose children are all among these rows. Parents has the parents
	// of the rows.
	Whole   keySet  `json:"whole,omitempty"`
	Parents parents `json:"parents,omitempty"`
	// Partial is true if rows were sent that are neither in Own nor in Later, because a run is under way or sent too
	// many. Then a record of Own or Later may have a newer version at the destination, and Rest can't be verified.
	Partial bool `json:"partial,omitempty"`
}

// maxRecords is the largest number of records in a ledger's lists.
const maxRecords = 2_000

// due reports whether the run reads the table back. It does so if the state does not suffice, if the last run failed
// or left rows to be handled, if VerifyEvery has passed, or if runs have sent many rows since.
func (t *Tracker) due() bool {
	c, l := t.last, t.last.Ledger
	switch {
	case t.VerifyEvery == 0, l == nil, t.table.Of != nil, t.childrenDue():
		return true
	case !c.sound(), l.Partial, l.worthReadBack(), l.unsettled(c.Began):
		return true
	case t.refreshDue(c.Refreshed), slices.ContainsFunc(t.table.Columns, t.isNew):
		return true
	}
	for _, p := range c.Positions {
		if p.LookDue(t.Began) && !l.AllTimeless {
			return true
		}
	}
	age := t.Began.Sub(l.At)
	return age < 0 || age >= t.VerifyEvery
}

// sound reports whether the last run ended well and left no rows to be handled.
func (c checkpoint) sound() bool {
	return c.Finished && c.Found && c.Failures == 0 && c.GivenUp.IsZero() && c.Refused == nil && len(c.Removing) == 0
}

// A read-back is due once runs have sent a record for each rowsPerSent rows of Rest, or laterPerBucket records for
// each bucket.
const (
	rowsPerSent    = 32
	laterPerBucket = 4
)

// worthReadBack reports whether runs have sent so many rows that a read-back is due.
func (l *ledger) worthReadBack() bool {
	sent := len(l.Own) + len(l.Later)
	return sent > 0 && sent*rowsPerSent >= int(l.Rest.rows()) || len(l.Later) >= laterPerBucket*len(l.Rest)
}

// unsettled reports whether runs sent a record whose second was not over when the last complete reading began. The
// next run sends the record again, and a later read-back could not tell which of both rows arrived.
func (l *ledger) unsettled(began time.Time) bool {
	isUnsettled := func(v version) bool { return v.at >= began.Add(-time.Second).Unix() }
	return slices.ContainsFunc(l.Own, isUnsettled) || slices.ContainsFunc(l.Later, isUnsettled)
}

// readBack returns the rows that the ledger has by their keys, in place of a read-back.
func (l *ledger) readBack() *readBack {
	there := &readBack{versions: slices.Concat(l.Own, l.Later, l.Known), parents: l.Parents}
	slices.SortFunc(there.versions, version.compareKey)
	return there
}

// noteUnchanged notes a row that the run read and that the destination has in this version.
func (t *Tracker) noteUnchanged(k key, at int64) {
	if t.VerifyEvery == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unchanged == nil {
		t.unchanged = map[key]int64{}
	}
	if len(t.unchanged) <= maxRecords {
		t.unchanged[k] = at
	}
}

// ledgerUnderWay is the ledger for the next run if this one fails; nil if this one read the table back.
func (t *Tracker) ledgerUnderWay() *ledger {
	if !t.skipped {
		return nil
	}
	l := *t.last.Ledger
	l.Own, l.Later, l.Known, l.Partial = l.Own.without(t.versions.sent), l.Later.without(t.versions.sent), nil, true
	l.Whole, l.Parents = nil, nil
	return &l
}

// ledgerAtEnd is the ledger for the next run if this one ends well; nil if it would be too large. removed are the
// records that leave the destination.
func (t *Tracker) ledgerAtEnd(removed []key) *ledger {
	sent := t.versions.sent
	switch {
	case t.skipped && (t.unverified || len(removed) > 0 || len(sent)+len(t.last.Ledger.Later) > maxRecords):
		return t.ledgerUnderWay()
	case t.skipped:
		return t.last.Ledger.with(sent, t.family)
	case t.VerifyEvery == 0 || len(sent) > maxRecords || len(t.unchanged) > maxRecords:
		return nil
	}
	return t.newLedger(removed)
}

// newLedger is the ledger of a run with a read-back; nil if it would be too large.
func (t *Tracker) newLedger(removed []key) *ledger {
	sent, there := t.versions.sent, t.readBack
	gone, known, timeless := map[key]bool{}, maps.Clone(t.unchanged), map[key]int64{}
	for _, k := range removed {
		gone[k] = true
	}
	if known == nil {
		known = map[key]int64{}
	}
	l := &ledger{At: t.Began, Positions: maps.Clone(t.verified), Rest: newBuckets(len(there.versions)), Own: recordsOf(sent)}
	if l.Parents, l.Whole = t.family.parentsOf(l.Own), t.wholeParents(); len(l.Parents) < len(l.Own) {
		l.Whole = nil
	}
	for _, v := range there.versions {
		if _, again := sent[v.key]; again || gone[v.key] {
			continue
		}
		l.Rest.add(v)
		if v.at == never && len(timeless) <= maxRecords {
			timeless[v.key] = v.at
		}
		if l.Whole[there.parents[v.key]] {
			known[v.key] = v.at
		}
	}
	if l.AllTimeless = len(known)+len(timeless) <= maxRecords; l.AllTimeless {
		maps.Copy(known, timeless)
	}
	l.Known = recordsOf(known).without(sent)
	for _, v := range l.Known {
		if parent := there.parents[v.key]; parent != 0 {
			l.Parents[v.key] = parent
		}
	}
	if len(l.Known) > maxRecords || len(l.Whole) > maxRecords {
		return nil
	}
	return l
}

// with returns the ledger after a further run, which sent some records. f is the run's family in a table of children,
// or nil.
func (l *ledger) with(sent map[key]int64, f *family) *ledger {
	next := *l
	of := f.parentsOf(recordsOf(sent))
	if next.Parents = maps.Clone(l.Parents); next.Parents == nil {
		next.Parents = parents{}
	}
	if maps.Copy(next.Parents, of); len(of) < len(sent) {
		next.Whole = nil
	}
	own := map[key]int64{}
	for _, v := range l.Own {
		own[v.key] = v.at
	}
	later := map[key]int64{}
	for k, at := range sent {
		if _, is := own[k]; is {
			own[k] = at
		} else {
			later[k] = at
		}
	}
	next.Own, next.Known = recordsOf(own), l.Known.without(sent)
	next.Later = slices.Concat(l.Later.without(sent), recordsOf(later))
	slices.SortFunc(next.Later, version.compareKey)
	return &next
}

// missing is the number of rows of Own and Later that the destination lacks or has in another version. Present ones
// have a sync time after before, the greatest one of the read-back.
func (l *ledger) missing(there *readBack, before int64) (n int64) {
	for _, v := range slices.Concat(l.Own, l.Later) {
		i, found := there.find(v.key)
		switch {
		case !found, there.versions[i].sync <= before, there.versions[i].at < v.at, there.versions[i].at > v.at && !l.Partial:
			n++
		}
	}
	return n
}

// lost compares Rest with the destination, without the rows that runs have sent since. It returns the loss.
func (l *ledger) lost(there *readBack) loss {
	if l.Partial {
		return noLoss
	}
	rest, replacing := make(buckets, len(l.Rest)), make([][]digest, len(l.Rest))
	for _, v := range there.versions {
		if !l.Own.has(v.key) && !l.Later.has(v.key) {
			rest.add(v)
		}
	}
	for _, v := range l.Later {
		i := rest.of(v.key)
		replacing[i] = append(replacing[i], keyHash(v.key))
	}
	var missing, same int64
	for i, was := range l.Rest {
		if n := was.Rows - rest[i].Rows; n == 0 && was == rest[i] || n > 0 && sumOf(replacing[i], int(n), was.Keys-rest[i].Keys) {
			same++
		} else {
			missing += max(0, n-int64(len(replacing[i])))
		}
	}
	if int(same) == len(rest) {
		return noLoss
	}
	return loss{missing: missing, old: true}
}

// maxSummed is the largest number of records of a bucket for which sumOf tries all combinations. With more records,
// only their number is compared.
const maxSummed = 20

// sumOf reports whether n of the hashes add up to sum.
func sumOf(hashes []digest, n int, sum digest) bool {
	if len(hashes) > maxSummed && n < len(hashes) {
		return true
	}
	if n == 0 || len(hashes) < n {
		return n == 0 && sum == 0
	}
	return sumOf(hashes[1:], n-1, sum-hashes[0]) || sumOf(hashes[1:], n, sum)
}

// buckets are fingerprints of rows, divided by the hashes of their keys. Their number is a power of two. In a bucket
// of which runs replaced some rows, the keys tell whether the others are complete.
type buckets []bucket

// bucket is the fingerprint of some rows, and the sum of the hashes of their keys.
type bucket struct {
	fingerprint
	Keys digest
}

// rowsPerBucket is the approximate number of rows in a bucket, within the limits of the number of buckets.
const (
	rowsPerBucket = 16
	minBuckets    = 16
	maxBuckets    = 512
)

func newBuckets(rows int) buckets {
	n := min(max(rows/rowsPerBucket, minBuckets-1), maxBuckets-1)
	return make(buckets, 1<<bits.Len(uint(n)))
}

// rows is the number of rows.
func (b buckets) rows() (n int64) {
	for _, of := range b {
		n += of.Rows
	}
	return n
}

func keyHash(k key) digest {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], uint64(k))
	return digest(xxh3.Hash(raw[:]))
}

// of is the index of the bucket of a key.
func (b buckets) of(k key) int { return int(keyHash(k) & digest(len(b)-1)) }

func (b buckets) add(v version) {
	of := &b[b.of(v.key)]
	of.add(v.key, v.at)
	of.Keys += keyHash(v.key)
}

// bucketBytes is the size of a stored bucket.
const bucketBytes = 24

// MarshalText writes the buckets.
func (b buckets) MarshalText() ([]byte, error) {
	var raw []byte
	for _, of := range b {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(of.Rows))
		raw = binary.LittleEndian.AppendUint64(raw, uint64(of.Hash))
		raw = binary.LittleEndian.AppendUint64(raw, uint64(of.Keys))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads the buckets.
func (b *buckets) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if n := len(raw) / bucketBytes; err == nil && (bits.OnesCount(uint(n)) != 1 || len(raw)%bucketBytes != 0) {
		err = fmt.Errorf("%d bytes are no buckets", len(raw))
	}
	*b = nil
	for ; err == nil && len(raw) > 0; raw = raw[bucketBytes:] {
		*b = append(*b, bucket{
			fingerprint{int64(binary.LittleEndian.Uint64(raw)), digest(binary.LittleEndian.Uint64(raw[8:]))},
			digest(binary.LittleEndian.Uint64(raw[16:])),
		})
	}
	return err
}

// keySet is a set of keys.
type keySet map[key]bool

// MarshalText writes the keys.
func (s keySet) MarshalText() ([]byte, error) {
	keys := make(map[key]int64, len(s))
	for k := range s {
		keys[k] = 0
	}
	return recordsOf(keys).MarshalText()
}

// UnmarshalText reads the keys.
func (s *keySet) UnmarshalText(text []byte) error {
	var rs records
	err := rs.UnmarshalText(text)
	*s = keySet{}
	for _, v := range rs {
		(*s)[v.key] = true
	}
	return err
}

// parents has the parent of each child.
type parents map[key]key

// MarshalText writes the children with their parents.
func (p parents) MarshalText() ([]byte, error) {
	of := make(map[key]int64, len(p))
	for child, parent := range p {
		of[child] = int64(parent)
	}
	return recordsOf(of).MarshalText()
}

// UnmarshalText reads the children with their parents.
func (p *parents) UnmarshalText(text []byte) error {
	var rs records
	err := rs.UnmarshalText(text)
	*p = parents{}
	for _, v := range rs {
		(*p)[v.key] = key(v.at)
	}
	return err
}

// records are versions of records without their sync times, in ascending order of the keys.
type records []version

func recordsOf(versions map[key]int64) records {
	rs := make(records, 0, len(versions))
	for k, at := range versions {
		rs = append(rs, version{key: k, at: at})
	}
	slices.SortFunc(rs, version.compareKey)
	return rs
}

// has reports whether a record is among them.
func (rs records) has(k key) bool {
	_, found := slices.BinarySearchFunc(rs, version{key: k}, version.compareKey)
	return found
}

// without returns those that are not among some versions.
func (rs records) without(versions map[key]int64) (left records) {
	for _, v := range rs {
		if _, is := versions[v.key]; !is {
			left = append(left, v)
		}
	}
	return left
}

// MarshalText writes the records.
func (rs records) MarshalText() ([]byte, error) {
	var raw []byte
	last := key(0)
	for _, v := range rs {
		raw = binary.AppendVarint(binary.AppendUvarint(raw, uint64(v.key-last)), v.at)
		last = v.key
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads the records.
func (rs *records) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	*rs = nil
	for last := key(0); err == nil && len(raw) > 0; {
		distance, n := binary.Uvarint(raw)
		at, m := binary.Varint(raw[max(0, n):])
		if n <= 0 || m <= 0 {
			return errors.New("the records of a ledger are cut off")
		}
		last, raw = last+key(distance), raw[n+m:]
		*rs = append(*rs, version{key: last, at: at})
	}
	return err
}
