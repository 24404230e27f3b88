package pipedrive

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// Lenient are the decoder's options. Pipedrive holds imported texts of any origin, so a record must not be lost to
// a broken character or to a repeated name.
var Lenient = []jsontext.Options{jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)}

// Decode reads one record from a listing. b begins with the record, and end is the index behind it. If b ends too early
// or is not JSON, end is [scan.Short] or [scan.Invalid], and there is neither a record nor an error. Decode must not keep
// b. An error wrapped in [Refuse] ends the reading. Any other error counts as a damaged answer, which is requested again.
type Decode[T any] func(b []byte) (record T, end int, err error)

// recordError is about a complete record that can't be used.
type recordError struct{ error }

func (e *recordError) Unwrap() error { return e.error }

// Refuse marks err as an error of the record itself, so that a second request can't help.
func Refuse(err error) error { return &recordError{err} }

// envelope surrounds the records of a list, in any version of the API. v2 has additional_data.next_cursor; v1 has
// additional_data.pagination, or the same fields in additional_data itself; the export endpoint has pagination at
// the top.
type envelope[T any] struct {
	records    []T
	digest     uint64 // of the records as received, equal for equal ones
	nextCursor string
	saysNext   bool // whether there is a next_cursor, even a null one
	pagination
}

// digests is the seed of all digests.
var digests = maphash.MakeSeed()

type pagination struct {
	More      *bool  `json:"more_items_in_collection"`
	NextStart *int64 `json:"next_start"`
}

type additionalData struct {
	NextCursor jsontext.Value `json:"next_cursor"`
	Pagination *pagination    `json:"pagination"`
	pagination
}

// decodeEnvelope reads a body to its end. A repeated member makes the answer a broken one. Records may have such
// members, but in the envelope one list of records would hide the other.
//
// data may be null if the list is paged by offset, since v1 means "none" by it, or if the listing says so. v2
// sends [], and most lists that come in one response, such as the users, are never empty.
func decodeEnvelope[T any](body *body, l Listing, record Decode[T]) (envelope[T], error) {
	r := envelopeReader[T]{body: body, listing: l, record: record, names: map[string]bool{}}
	r.dec = jsontext.NewDecoder(body, Lenient...)
	err := cmp.Or(eachMember(r.dec, r.member), ends(r.dec))
	switch {
	case err != nil:
		return r.envelope, err
	case r.failed:
		return r.envelope, Refuse(fmt.Errorf("the answer reports a failure: %s", shorten(strings.Join(r.message, "; "), 300)))
	case !r.hasData:
		return r.envelope, errors.New("the answer has no list of records")
	}
	return r.envelope, nil
}

// envelopeReader reads the members of an envelope.
type envelopeReader[T any] struct {
	body    *body
	dec     *jsontext.Decoder // of the body without the records of a list
	listing Listing
	record  Decode[T]

	envelope envelope[T]
	names    map[string]bool // of the members so far
	failed   bool            // whether the answer reports a failure
	inside   bool            // whether data is an object that contains the list of records
	hasData  bool            // whether there is a list of records
	message  []string        // reasons of the failure
}

// member reads the value of a member.
func (r *envelopeReader[T]) member(name string) error {
	if r.names[name] {
		return fmt.Errorf("the answer has %.100q twice", name)
	}
	r.names[name] = true
	switch name {
	case "success":
		success, err := r.dec.ReadToken()
		r.failed = err == nil && success.Kind() == 'f'
		return err
	case "data":
		return r.data()
	case "additional_data":
		return r.envelope.readAdditionalData(r.dec)
	case "pagination":
		return json.UnmarshalDecode(r.dec, &r.envelope.pagination)
	case "error", "error_info", "message":
		text, err := r.dec.ReadValue()
		if err == nil && text.Kind() == '"' {
			r.message = append(r.message, strings.Trim(string(text), `"`))
		}
		return err
	}
	return r.dec.SkipValue()
}

// data reads the list of records, or finds it inside an object, or reads the only record.
func (r *envelopeReader[T]) data() error {
	switch kind := r.dec.PeekKind(); {
	case kind == '{' && r.listing.One:
		r.hasData = true
		return r.only()
	case kind == '[' && !r.listing.One:
		r.hasData = true
	case kind == '{' && r.listing.Data != "" && !r.inside:
		r.inside = true
		return eachMember(r.dec, r.inData)
	default:
		r.hasData = kind == 'n' && (r.listing.Paging == Offset || r.listing.NullIsEmpty)
		return r.dec.SkipValue()
	}
	return r.records()
}

// records reads the list of records, which the decoder is in front of. It leaves the decoder behind the list.
func (r *envelopeReader[T]) records() error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	c, err := r.body.next()
	for ; err == nil && c != ']'; c, err = r.body.next() {
		if read := len(r.envelope.records); read > 0 {
			if c != ',' {
				return fmt.Errorf("the answer has %q behind record %d", c, read)
			}
			r.body.from++
		}
		if err = r.next(); err != nil {
			break
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case err == nil:
		_, err = r.dec.ReadToken()
	}
	return err
}

// next reads the next record of the list. If it is not held as a whole, it is read again with twice as many bytes.
func (r *envelopeReader[T]) next() error {
	_, err := r.body.next()
	for err == nil {
		held := r.body.held()
		record, end, failed := r.record(held)
		switch {
		case end == scan.Invalid:
			_, failed = jsontext.NewDecoder(bytes.NewReader(held), Lenient...).ReadValue() // names the place
			return fmt.Errorf("record %d of the answer is broken: %w", len(r.envelope.records)+1, cmp.Or(failed, errInvalid))
		case end == scan.Short, mayContinue(held, end):
			err = r.body.hold(len(held)+1, 2*len(held))
		case failed != nil:
			return failed
		default:
			r.body.from += end
			r.envelope.add(record, held[:end])
			return nil
		}
	}
	return err
}

var errInvalid = errors.New("it is no valid JSON")

// mayContinue reports whether a value is a number that the next bytes may continue.
func mayContinue(b []byte, end int) bool {
	return end == len(b) && b[end-1] >= '0' && b[end-1] <= '9'
}

// only reads the only record.
func (r *envelopeReader[T]) only() error {
	v, err := r.dec.ReadValue()
	if err != nil {
		return err
	}
	record, end, err := r.record(v)
	if end < 0 {
		err = errInvalid
	}
	if err == nil {
		r.envelope.add(record, v)
	}
	return err
}

// add adds a record.
func (e *envelope[T]) add(record T, v []byte) {
	e.records = append(e.records, record)
	e.digest = maphash.Comparable(digests, [2]uint64{e.digest, maphash.Bytes(digests, v)})
}

// inData reads the value of a member of data.
func (r *envelopeReader[T]) inData(name string) error {
	switch {
	case name != r.listing.Data:
		return r.dec.SkipValue()
	case r.hasData:
		return fmt.Errorf("the answer has %.100q twice", "data."+name)
	}
	return r.data()
}

func (e *envelope[T]) readAdditionalData(dec *jsontext.Decoder) error {
	var data additionalData
	if err := json.UnmarshalDecode(dec, &data); err != nil {
		return err
	}
	if e.saysNext = data.NextCursor != nil; data.NextCursor.Kind() == '"' {
		if err := json.Unmarshal(data.NextCursor, &e.nextCursor, Lenient[0]); err != nil {
			return err
		}
	}
	if data.Pagination != nil {
		data.pagination = *data.Pagination
	}
	if data.More != nil || data.NextStart != nil {
		e.pagination = data.pagination
	}
	return nil
}

// eachMember calls read for each member of the next object.
func eachMember(dec *jsontext.Decoder, read func(name string) error) error {
	begin, err := dec.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the answer is empty")
	case err != nil:
		return err
	case begin.Kind() != '{':
		return errors.New("the answer is not an object")
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := read(name.String()); err != nil {
			return err
		}
	}
	_, err = dec.ReadToken()
	return err
}

// ends returns an error if something follows.
func ends(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("the answer continues after its end")
	}
	return nil
}
