package pipedrive

import (
	"cmp"
	"math"
	"slices"
)

// sorting is the order of a listing's records.
type sorting int

const (
	unsorted    sorting = iota // no order is known
	presumed                   // by id, although no order was requested: a record out of place makes it unsorted
	sorted                     // by id
	keyed                      // in an order of their own: the keys of all records show which are new
	oldestFirst                // by update_time
	newestFirst                // by update_time, newest first
)

// sorting is the order of the records that q brings.
func (l Listing) sorting(q Query) sorting {
	switch {
	case q.Order == OldestFirst && l.OldestFirst != nil:
		return oldestFirst
	case q.Order == NewestFirst && l.NewestFirst != nil:
		return newestFirst
	case l.Sort != nil:
		return sorted
	case l.Paging == Offset:
		return presumed
	case l.Paging == Undeclared:
		return keyed
	}
	return unsorted
}

// byTime reports whether records come in the order of update_time.
func (s sorting) byTime() bool { return s == oldestFirst || s == newestFirst }

// byID reports whether records come in the order of ids, or in an order of their own that changes do not touch.
func (s sorting) byID() bool { return s == sorted || s == keyed }

// sequence remembers enough of the records so far to recognise new ones and to check their order: the last record,
// and the ids of the records that share its second.
type sequence[T Record] struct {
	sorting
	began         bool // whether there was a record
	timelessFirst bool // whether records without an update_time come before all others
	rises         bool // whether a record came with a later second than another
	last          int64
	lastKey       Key              // of the last record of that rank
	after         Key              // the last key of another reading, which this one resumes
	scattered     bool             // whether a record came whose key is not greater than the one before
	read          int64            // position of the last record in a list by offset, counted from 1
	tied          map[Key]struct{} // keys of the records of that rank, if there may be several
}

// resume begins the sequence behind a record of another reading.
func (s *sequence[T]) resume(after Key) {
	s.began, s.last, s.lastKey, s.after = true, after.Number, after, after
}

func (s *sequence[T]) resumed() bool { return s.after != Key{} }

// place is the last record of a list by id; the zero Place if keys do not rise.
func (s *sequence[T]) place() Place {
	if s.scattered || s.sorting != sorted && s.sorting != keyed {
		return Place{}
	}
	return Place{s.lastKey, s.read}
}

// settle looks at the first record of a page. Numbers may come in order; the order of texts is unknown.
func (s *sequence[T]) settle(first T) {
	if (s.sorting == presumed || s.sorting == sorted) && first.RecordKey().Text != "" {
		s.sorting = keyed
	}
}

// rank orders the records: it never falls from one to the next. It is an id or a number of seconds, since
// update_time has whole seconds in most lists.
func (s *sequence[T]) rank(r T) int64 {
	switch {
	case s.sorting == keyed:
		return 0
	case !s.byTime():
		return r.RecordKey().Number
	}
	at, ok := r.RecordTime()
	switch {
	case !ok && s.timelessFirst:
		return math.MinInt64
	case !ok:
		return math.MaxInt64
	case s.sorting == newestFirst:
		return -at.Unix()
	}
	return at.Unix()
}

// timeless reports whether the last record has no update_time.
func (s *sequence[T]) timeless() bool { return s.last == math.MinInt64 || s.last == math.MaxInt64 }

// inOrder reports whether the records of a page come in the sequence's order, if keys are needed to check it.
// start is true for the first page of the list.
func (s *sequence[T]) inOrder(page []T, start bool) bool {
	if len(page) > 1 && page[0].RecordKey() == (Key{}) && page[1].RecordKey() == (Key{}) {
		return false
	}
	if s.byTime() && (!s.began || s.last == math.MinInt64) {
		s.placeTimeless(page, start)
	}
	return slices.IsSortedFunc(page, func(a, b T) int { return cmp.Compare(s.rank(a), s.rank(b)) })
}

// inKeyOrder reports whether the keys of a page rise. Only then does the order of texts show which records another
// reading has had.
func (s *sequence[T]) inKeyOrder(page []T) bool {
	return slices.IsSortedFunc(page, func(a, b T) int { return a.RecordKey().Compare(b.RecordKey()) })
}

// placeTimeless finds out at which end the records without an update_time are, as long as no others have come. It
// presumes that they come first, until a page has them behind others.
func (s *sequence[T]) placeTimeless(page []T, start bool) {
	_, begins := page[0].RecordTime()
	_, ends := page[len(page)-1].RecordTime()
	s.timelessFirst = !begins || !start && ends
	if s.began && !s.timelessFirst {
		s.last = math.MaxInt64
	}
}

// follows reports whether a record can be the next one in a list whose records do not move.
func (s *sequence[T]) follows(r T) bool {
	return !s.began || s.rank(r) > s.last || s.byTime() && s.rank(r) == s.last
}

// seen reports whether a record's place lies in the part of the list that was read. In a list by update_time, a
// change gives a record another place.
func (s *sequence[T]) seen(r T) bool {
	rank := s.rank(r)
	if s.sorting != keyed && (!s.byTime() || rank != s.last) {
		return s.began && rank <= s.last
	}
	_, tied := s.tied[r.RecordKey()]
	return tied || s.sorting == keyed && s.resumed() && r.RecordKey().Compare(s.after) <= 0
}

// shuffled reports whether a page of a list by update_time begins in the middle of the last record's second, and has
// new records of that second out of the order of ids. Then the API orders the records of one second arbitrarily,
// perhaps differently in each answer.
func (s *sequence[T]) shuffled(page []T) bool {
	return s.byTime() && s.rank(page[0]) == s.last && slices.ContainsFunc(page, func(r T) bool {
		return s.rank(r) == s.last && s.compareKeys(r.RecordKey(), s.lastKey) < 0 && !s.seen(r)
	})
}

// endShuffled reports the same for the records that share the rank of a page's last record.
func (s *sequence[T]) endShuffled(page []T) bool {
	for i := len(page) - 1; i > 0 && s.rank(page[i-1]) == s.rank(page[i]); i-- {
		if s.compareKeys(page[i-1].RecordKey(), page[i].RecordKey()) > 0 {
			return true
		}
	}
	return false
}

// ending counts the records at the end of a page that share a rank.
func (s *sequence[T]) ending(page []T) (n int64) {
	last := s.rank(page[len(page)-1])
	for _, r := range slices.Backward(page) {
		if s.rank(r) != last {
			break
		}
		n++
	}
	return n
}

func (s *sequence[T]) compareKeys(a, b Key) int {
	if s.sorting == newestFirst {
		return b.Compare(a)
	}
	return a.Compare(b)
}

// mostTied is the size from which a new set is cheaper than clearing the old one.
const mostTied = 64

// take returns the new records of a page and adds them.
func (s *sequence[T]) take(page []T) []T {
	fresh := make([]T, 0, len(page))
	for _, r := range page {
		if !s.seen(r) {
			fresh = append(fresh, r)
			s.add(r)
		}
	}
	return fresh
}

// add makes r the last record.
func (s *sequence[T]) add(r T) {
	rank, key := s.rank(r), r.RecordKey()
	switch {
	case s.byTime() && (!s.began || rank != s.last):
		if s.tied == nil || len(s.tied) > mostTied {
			s.tied = map[Key]struct{}{}
		} else {
			clear(s.tied)
		}
	case s.tied == nil && s.sorting == keyed:
		s.tied = map[Key]struct{}{}
	}
	s.rises = s.rises || s.began && s.last != math.MinInt64 && rank > s.last && rank != math.MaxInt64
	s.scattered = s.scattered || s.began && key.Compare(s.lastKey) <= 0
	s.began, s.last, s.lastKey = true, rank, key
	if s.tied != nil {
		s.tied[key] = struct{}{}
	}
}

// disorder describes the fault of a list that comes in another order than this one.
func (s *sequence[T]) disorder() string {
	if s.byTime() {
		return "its records do not come in the order of their update_time, which was asked for"
	}
	return "its records do not come in the order of their ids"
}
