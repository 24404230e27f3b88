package pipedrive

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Listing holds the facts of one list endpoint. Everything that differs between endpoints and between
// API versions is data here; the one pager in page.go reads them all.
type Listing struct {
	// Path below the API's base URL.
	Path string
	// Cost of one request in API tokens, whatever its limit (x-token-cost in the vendor's OpenAPI files).
	Cost int
	// Paging says how pages follow one another.
	Paging Paging
	// Sort is the query that orders records by id, so that records which change during the reading keep their
	// places.
	Sort url.Values
	// Include are the fields that come only if include_fields names them.
	Include []string
	// IncludeOptional are such fields that an account may lack. After a 400 for them, the request is repeated
	// without them.
	IncludeOptional []string
	// OldestFirst and NewestFirst are the queries that order records by update_time; nil if there are none. A
	// listing that has OldestFirst takes updated_since too.
	OldestFirst, NewestFirst url.Values
	// Filter narrows the list down to the records that no other listing has.
	Filter url.Values
	// DeletedStatus is the status query that adds recently deleted records; empty if there is none.
	DeletedStatus string
	// Deleted is true if the listing holds only recently deleted records.
	Deleted bool
	// Archived is true if the listing holds only archived records.
	Archived bool
	// Data is the member of the answer's data that has the records; empty for data itself.
	Data string
	// Silent is true if the answers of a list by offset do not say whether more records follow. The page behind the last one
	// shows it.
	Silent bool
	// One is true if the answer's data is the only record itself, instead of a list.
	One bool
	// NullIsEmpty is true if a listing that comes in one response says null when it has no record. Lists by offset
	// always do.
	NullIsEmpty bool
	// ByIDs is the number of records that a request can select by their ids; 0 if it can't.
	ByIDs int
	// Limit is the largest page, in records; 0 for MaxLimit.
	Limit int
	// LogIn is true if the listing's only record is the answer to the log-in, which a run reads before all others.
	LogIn bool
	// Scopes are OAuth scopes; the request needs one of them.
	Scopes []string
	// Parent says how a request names the parents of the children that it lists; the zero Parent if records have
	// none.
	Parent Parent
}

// Parent is the parameter that selects the parents in a list of children.
type Parent struct {
	// Param is the parameter's name. If the path has it in braces, like {id}, it is part of the path; otherwise of
	// the query.
	Param string
	// Batch is the number of parents that a request can name, at least 1.
	Batch int
	// Columns are further parameters of a request, by name: each has the parent's value of a column of the children.
	Columns map[string]string
}

// Of is the list of the children of parents. A request must be able to name all of them.
func (l Listing) Of(parents []Key) Listing {
	names := make([]string, len(parents))
	for i, k := range parents {
		names[i] = cmp.Or(k.Text, strconv.FormatInt(k.Number, 10))
	}
	name := strings.Join(names, ",")
	if path := strings.Replace(l.Path, "{"+l.Parent.Param+"}", url.PathEscape(name), 1); path != l.Path {
		l.Path = path
		return l
	}
	return l.With(l.Parent.Param, name)
}

// With is the list that is narrowed down by a further parameter.
func (l Listing) With(param, value string) Listing {
	filter := url.Values{param: {value}}
	maps.Copy(filter, l.Filter)
	l.Filter = filter
	return l
}

// Paging is the way in which a listing's pages follow one another ([Pipedrive: pagination]).
//
// [Pipedrive: pagination]: https://pipedrive.readme.io/docs/core-api-concepts-pagination
type Paging int

const (
	// Unpaged lists come in one response and take no paging parameters.
	Unpaged Paging = iota
	// Cursor lists take cursor and limit and answer with additional_data.next_cursor.
	Cursor
	// Offset lists take start and limit and answer with more_items_in_collection and next_start.
	Offset
	// Undeclared lists take no paging parameters by the vendor's OpenAPI file, yet their answers are those of Offset
	// lists. Only if an answer says that more records follow, start requests them.
	Undeclared
)

// Bounded reports whether the lists take the largest number of records in a page.
func (p Paging) Bounded() bool { return p == Cursor || p == Offset }

// Query narrows a listing down.
type Query struct {
	Limit   int  // records per page, at least 1; bounded by the listing's own limit
	Deleted bool // also recently deleted records, if the listing has them
	Order   Order
	// Since leaves out records that were last changed before it or never, if the listing can; zero for none. The
	// API takes whole seconds.
	Since time.Time
	// Allow is called before each page, with the number of pages that are requested and not answered yet, itself
	// included; nil for no check. Its error ends the reading before the page costs anything.
	Allow func(pages int) error
	// Ahead returns the bounds of the pages that are requested before their turn, given the number of those whose turn has
	// come. It is nil for none. It applies to readings by id of listings with ReadAhead.
	Ahead func(pages int) Ahead
	// IDs selects the only records to read, at most ByIDs of the listing; nil for all.
	IDs []int64
	// MayBeEmpty is true if an empty list needs no confirmation, because it has no consequence.
	MayBeEmpty bool
	// After is the place where another reading by id ended and this one continues; nil for the listing's
	// beginning. Only lists by offset in an order of ids can be resumed; all others are read from their
	// beginnings.
	After *Place
	// Reached receives, before a page is yielded, the place behind which another reading by id can continue: the
	// zero Place if the keys are not in order. It may be nil.
	Reached func(Place)
	// Narrowed is called when a reading by OldestFirst begins to leave out records without an update_time although
	// Since is zero. It may be nil.
	Narrowed func()
}

// Order is the order of the records. Listings that know only one order use that one.
type Order int

const (
	// ByID keeps records in their places while they change.
	ByID Order = iota
	// OldestFirst begins with the records that were changed longest ago, so that a record which changes during the
	// reading comes again at the end.
	OldestFirst
	// NewestFirst begins with the records that were changed last.
	NewestFirst
	// GreatestFirst begins with the greatest id.
	GreatestFirst
)

// MaxLimit is the largest page that most list endpoints serve, in records.
const MaxLimit = 500

// Most returns the listing's largest page, in records.
func (l Listing) Most() int { return cmp.Or(l.Limit, MaxLimit) }

// ReadAhead reports whether the pages of the listing by id can be requested before their turn.
func (l Listing) ReadAhead() bool { return l.Paging == Offset && l.Sort != nil }

// Place is a record of a list by id. Its JSON form is part of the state.
type Place struct {
	Key Key `json:"key"`
	// Read is the record's position in the list when it was read, counted from 1. Records before it may have been
	// deleted since.
	Read int64 `json:"read"`
}

// values returns the query string of the listing's first page.
func (l Listing) values(q Query) url.Values {
	v := url.Values{}
	switch {
	case q.Order == OldestFirst && l.OldestFirst != nil:
		maps.Copy(v, l.OldestFirst)
	case q.Order == NewestFirst && l.NewestFirst != nil:
		maps.Copy(v, l.NewestFirst)
	case q.Order == GreatestFirst:
		maps.Copy(v, reversed(l.Sort))
	default:
		maps.Copy(v, l.Sort)
	}
	maps.Copy(v, l.Filter)
	if l.Timed() && !q.Since.IsZero() {
		v.Set("updated_since", sinceText(q.Since))
	}
	if l.Paging.Bounded() {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if include := slices.Concat(l.Include, l.IncludeOptional); len(include) > 0 {
		v.Set("include_fields", strings.Join(include, ","))
	}
	if q.IDs != nil {
		ids := make([]string, len(q.IDs))
		for i, id := range q.IDs {
			ids[i] = strconv.FormatInt(id, 10)
		}
		v.Set("ids", strings.Join(ids, ","))
	}
	if q.Deleted && l.DeletedStatus != "" {
		v.Set("status", l.DeletedStatus)
	}
	return v
}

// reversed is the query for the opposite order by id, of either version of the API.
func reversed(sort url.Values) url.Values {
	opposite := strings.NewReplacer("ASC", "DESC", "asc", "desc")
	v := url.Values{}
	for name, values := range sort {
		v.Set(name, opposite.Replace(values[0]))
	}
	return v
}

// sinceText formats a moment for updated_since. API v2 refuses fractions of a second.
func sinceText(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05Z")
}

// Timed reports whether the listing can be read from a moment on, in the order of update_time.
func (l Listing) Timed() bool { return l.OldestFirst != nil }

// Key distinguishes the listings of the same records.
func (l Listing) Key() string {
	if len(l.Filter) == 0 {
		return l.Path
	}
	return l.Path + "?" + l.Filter.Encode()
}

// ByIDV2 is a list of API v2 that can be sorted by id.
func ByIDV2(path string, cost int, scopes []string) Listing {
	return Listing{
		Path: path, Cost: cost, Paging: Cursor, Scopes: scopes,
		Sort: url.Values{"sort_by": {"id"}, "sort_direction": {"asc"}},
	}
}

// TimedV2 is a list of API v2 that can also be sorted by update_time, and takes updated_since and ids.
func TimedV2(path string, cost int, scopes []string) Listing {
	l := ByIDV2(path, cost, scopes)
	l.ByIDs = 100
	l.OldestFirst = url.Values{"sort_by": {"update_time"}, "sort_direction": {"asc"}}
	l.NewestFirst = url.Values{"sort_by": {"update_time"}, "sort_direction": {"desc"}}
	return l
}

// ByIDV1 is a list of API v1 that can be sorted by id.
func ByIDV1(path string, cost int, scopes []string) Listing {
	return Listing{Path: path, Cost: cost, Paging: Offset, Scopes: scopes, Sort: url.Values{"sort": {"id ASC"}}}
}

// TimedV1 is a list of API v1 that can also be sorted by update_time, and takes updated_since.
func TimedV1(path string, cost int, scopes []string) Listing {
	l := ByIDV1(path, cost, scopes)
	l.OldestFirst = url.Values{"sort": {"update_time ASC, id ASC"}}
	l.NewestFirst = url.Values{"sort": {"update_time DESC, id DESC"}}
	return l
}

// NewestV1 is a list of API v1 that can be sorted by update_time, newest first, but takes no updated_since.
func NewestV1(path string, cost int, scopes []string) Listing {
	l := ByIDV1(path, cost, scopes)
	l.NewestFirst = url.Values{"sort": {"update_time DESC"}}
	return l
}

// WithLimit is the list with pages of at most limit records.
func (l Listing) WithLimit(limit int) Listing {
	l.Limit = limit
	return l
}

// WithDeleted is the list that adds recently deleted records when the query has these statuses.
func (l Listing) WithDeleted(statuses string) Listing {
	l.DeletedStatus = statuses
	return l
}

// OfArchived is the list marked as one of archived records.
func (l Listing) OfArchived() Listing {
	l.Archived = true
	return l
}

// OfDeleted is the list marked as one of recently deleted records.
func (l Listing) OfDeleted() Listing {
	l.Deleted = true
	return l
}

// WithStatus is the list of the records with a status.
func (l Listing) WithStatus(status string) Listing {
	l.Filter = url.Values{"status": {status}}
	return l
}
