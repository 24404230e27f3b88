package pipedrive

import (
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
	// Sort is the query that brings records in the order of their ids, so that records which change
	// while the list is being read keep their place.
	Sort url.Values
	// Include are the fields that only come when include_fields names them.
	Include []string
	// IncludeOptional are fields of Include's kind that an account may not have; a 400 for them is
	// answered by asking without.
	IncludeOptional []string
	// OldestFirst and NewestFirst are the queries that bring records in the order of their update_time,
	// nil where there are none. A listing that has them takes updated_since too.
	OldestFirst, NewestFirst url.Values
	// Filter narrows the list down to what no other listing of the same records has.
	Filter url.Values
	// DeletedStatus is the status query that adds recently deleted records, empty where there is none.
	DeletedStatus string
	// Deleted is true where the listing holds nothing but recently deleted records.
	Deleted bool
	// Archived is true where the listing holds nothing but archived records.
	Archived bool
	// ByIDs is how many records a request can ask for by their ids; 0 where the listing can't be asked so.
	ByIDs int
	// Scopes are the OAuth scopes of which the request needs any one.
	Scopes []string
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
)

// Query narrows a listing down.
type Query struct {
	Limit   int  // records a page, 1 to MaxLimit
	Deleted bool // also records that were deleted lately, where the listing has them
	Order   Order
	// Since leaves out records that were last changed before it, and those that never were, where the
	// listing can; zero for none. The API takes whole seconds.
	Since time.Time
	// Allow is asked before each page, nil for nobody. Its error ends the reading before the page costs
	// anything.
	Allow func() error
	// IDs are the only records that are wanted, at most ByIDs of the listing; nil for all.
	IDs []int64
	// MayBeEmpty is true where an empty list needs no second look, since nothing follows from it.
	MayBeEmpty bool
	// Narrowed is told that a reading by OldestFirst leaves out records without an update_time from then on,
	// although Since is zero; nil for nobody.
	Narrowed func()
}

// Order is the order in which records come. Listings that know only one come in theirs.
type Order int

const (
	// ByID keeps records in their places while they change.
	ByID Order = iota
	// OldestFirst brings the records that were changed longest ago first, so that a record which changes
	// meanwhile comes again at the end.
	OldestFirst
	// NewestFirst brings the records that were changed last first.
	NewestFirst
)

// MaxLimit is the largest page that the list endpoints serve.
const MaxLimit = 500

// values returns the query string of the listing's first page.
func (l Listing) values(q Query) url.Values {
	v := url.Values{}
	switch {
	case q.Order == OldestFirst && l.OldestFirst != nil:
		maps.Copy(v, l.OldestFirst)
	case q.Order == NewestFirst && l.NewestFirst != nil:
		maps.Copy(v, l.NewestFirst)
	default:
		maps.Copy(v, l.Sort)
	}
	maps.Copy(v, l.Filter)
	if l.Timed() && !q.Since.IsZero() {
		v.Set("updated_since", sinceText(q.Since))
	}
	if l.Paging != Unpaged {
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

// sinceText is a moment as updated_since takes it. API v2 refuses fractions of a second.
func sinceText(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05Z")
}

// Timed reports whether the listing can be read from a moment on, in the order of update_time.
func (l Listing) Timed() bool { return l.OldestFirst != nil }

// Key tells a listing from the others of the same records.
func (l Listing) Key() string {
	if len(l.Filter) == 0 {
		return l.Path
	}
	return l.Path + "?" + l.Filter.Encode()
}

// API is one way to read Pipedrive: which listings each type of record comes from.
type API struct {
	Name string
	// Listings by type of record, like "deals", in the order in which to read them.
	Listings map[string][]Listing
}

var (
	dealsScopes    = []string{"deals:read", "deals:full"}
	contactsScopes = []string{"contacts:read", "contacts:full"}
	setupScopes    = []string{"deals:read", "deals:full", "admin"}
	notesScopes    = slices.Concat(dealsScopes, contactsScopes)

	dealFieldsScopes    = slices.Concat(dealsScopes, []string{"admin", "deal-fields:full"})
	contactFieldsScopes = slices.Concat(contactsScopes, []string{"admin", "contact-fields:full"})

	byIDv2 = url.Values{"sort_by": {"id"}, "sort_direction": {"asc"}}
	byIDv1 = url.Values{"sort": {"id ASC"}}

	oldestFirstV2 = url.Values{"sort_by": {"update_time"}, "sort_direction": {"asc"}}
	newestFirstV2 = url.Values{"sort_by": {"update_time"}, "sort_direction": {"desc"}}
	oldestFirstV1 = url.Values{"sort": {"update_time ASC, id ASC"}}
	newestFirstV1 = url.Values{"sort": {"update_time DESC, id DESC"}}

	activityCounts = []string{
		"next_activity_id", "last_activity_id", "email_messages_count", "activities_count",
		"done_activities_count", "undone_activities_count", "files_count", "notes_count", "followers_count",
	}
	dealCounts = []string{
		"open_deals_count", "related_open_deals_count", "closed_deals_count", "related_closed_deals_count",
		"won_deals_count", "related_won_deals_count", "lost_deals_count", "related_lost_deals_count",
	}
	mailTimes   = []string{"last_incoming_mail_time", "last_outgoing_mail_time"}
	dealInclude = slices.Concat(activityCounts, mailTimes, []string{
		"first_won_time", "products_count", "participants_count", "smart_bcc_email", "source_lead_id",
	})
)

// Notes has no counterpart in v2 (https://github.com/pipedrive/client-nodejs/issues/711).
var notes = Listing{Path: "/v1/notes", Cost: 20, Paging: Offset, Sort: byIDv1, OldestFirst: oldestFirstV1, NewestFirst: newestFirstV1, Scopes: notesScopes}

// V2 is today's API; costs, fields and scopes are those of the vendor's OpenAPI file of 2026-08-18.
var V2 = API{
	Name: "v2",
	Listings: map[string][]Listing{
		"persons": {{
			Path: "/api/v2/persons", Cost: 10, ByIDs: 100, Paging: Cursor, Sort: byIDv2, OldestFirst: oldestFirstV2, NewestFirst: newestFirstV2, Scopes: contactsScopes,
			Include: slices.Concat(activityCounts, dealCounts, mailTimes, []string{
				"participant_open_deals_count", "participant_closed_deals_count", "smart_bcc_email",
			}),
			// "can only be included if the company has marketing app enabled".
			IncludeOptional: []string{"marketing_status", "doi_status"},
		}},
		"organizations": {{
			Path: "/api/v2/organizations", Cost: 10, ByIDs: 100, Paging: Cursor, Sort: byIDv2, OldestFirst: oldestFirstV2, NewestFirst: newestFirstV2, Scopes: contactsScopes,
			Include: slices.Concat(activityCounts, dealCounts, []string{"people_count", "smart_bcc_email"}),
		}},
		// Archived deals come second: a deal that is archived while the first list is being read is
		// then in one of the two, or in both. One that is brought back from the archive meanwhile can
		// be in neither; the next run has it.
		"deals": {{
			Path: "/api/v2/deals", Cost: 10, ByIDs: 100, Paging: Cursor, Sort: byIDv2, OldestFirst: oldestFirstV2, NewestFirst: newestFirstV2, Scopes: dealsScopes,
			Include: dealInclude, DeletedStatus: "open,won,lost,deleted",
		}, {
			Path: "/api/v2/deals/archived", Cost: 20, ByIDs: 100, Paging: Cursor, Sort: byIDv2, OldestFirst: oldestFirstV2, NewestFirst: newestFirstV2, Scopes: dealsScopes,
			Include: dealInclude, DeletedStatus: "open,won,lost,deleted", Archived: true,
		}},
		"notes":     {notes},
		"pipelines": {{Path: "/api/v2/pipelines", Cost: 5, Paging: Cursor, Sort: byIDv2, Scopes: setupScopes}},
		"stages":    {{Path: "/api/v2/stages", Cost: 5, Paging: Cursor, Sort: byIDv2, Scopes: setupScopes}},
		"users":     {{Path: "/v1/users", Cost: 20, Scopes: []string{"users:read"}}},

		"personsFields":       {{Path: "/api/v2/personFields", Cost: 10, Paging: Cursor, Scopes: contactFieldsScopes}},
		"organizationsFields": {{Path: "/api/v2/organizationFields", Cost: 10, Paging: Cursor, Scopes: contactFieldsScopes}},
		"dealsFields":         {{Path: "/api/v2/dealFields", Cost: 10, Paging: Cursor, Scopes: dealFieldsScopes}},
	},
}

// V1 is the API that Pipedrive no longer supports for these lists since 2026-08-01. Its facts are those of
// the vendor's OpenAPI file of 2026-01-14, the last that has them. Archived deals it does not list.
var V1 = API{
	Name: "v1",
	Listings: map[string][]Listing{
		"persons":       {{Path: "/v1/persons", Cost: 20, Paging: Offset, Sort: byIDv1, Scopes: contactsScopes}},
		"organizations": {{Path: "/v1/organizations", Cost: 20, Paging: Offset, Sort: byIDv1, Scopes: contactsScopes}},
		"deals": {
			{Path: "/v1/deals", Cost: 20, Paging: Offset, Sort: byIDv1, Scopes: dealsScopes, Filter: url.Values{"status": {"all_not_deleted"}}},
			{Path: "/v1/deals", Cost: 20, Paging: Offset, Sort: byIDv1, Scopes: dealsScopes, Filter: url.Values{"status": {"deleted"}}, Deleted: true},
		},
		"notes":     {notes},
		"pipelines": {{Path: "/v1/pipelines", Cost: 10, Scopes: setupScopes}},
		"stages":    {{Path: "/v1/stages", Cost: 10, Paging: Offset, Scopes: setupScopes}},

		"personsFields":       {{Path: "/v1/personFields", Cost: 20, Paging: Offset, Scopes: contactFieldsScopes}},
		"organizationsFields": {{Path: "/v1/organizationFields", Cost: 20, Paging: Offset, Scopes: contactFieldsScopes}},
		"dealsFields":         {{Path: "/v1/dealFields", Cost: 20, Paging: Offset, Scopes: dealFieldsScopes}},
	},
}

// Export is an export endpoint that passes v1's lists on, below a URL of its own: it takes limit and start,
// and has neither lists of fields nor archived or deleted deals. What a request costs is its operator's.
var Export = API{
	Name: "export",
	Listings: map[string][]Listing{
		"persons":       {{Path: "/persons", Paging: Offset}},
		"organizations": {{Path: "/organizations", Paging: Offset}},
		"deals":         {{Path: "/deals", Paging: Offset}},
		"notes":         {{Path: "/notes", Paging: Offset}},
		"pipelines":     {{Path: "/pipelines", Paging: Offset}},
		"stages":        {{Path: "/stages", Paging: Offset}},
	},
}
