package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// v1List is one of v1's lists.
type v1List[T any, P row[T]] struct {
	table      func(*Company) *table[T, P]
	attributes []attribute[T]
	subset     string
	entity     string   // the entity whose custom fields are at the records' root; "" for none
	sorts      []string // sort's field names; nil if the list has no sort
	unpaged    bool     // has neither start nor limit
	flat       bool     // additional_data has the pagination's members directly
	limit      int      // the largest page; 0 for maxLimit
	member     string   // the member of data that has the records; "" for data itself
	one        bool     // data is the only record instead of a list
	silent     bool     // does not say whether more follow, and comes by update_time, newest first
	sparse     bool     // leaves out custom fields without a value
	filters    []string // read by choose
	refused    []string // declared by the vendor, not simulated

	custom func(P) map[string]any
	// choose narrows the list by its filters; a nil keep keeps all.
	choose func(*Company, url.Values) (subset string, keep func(P) bool, refused *refusal)
}

var (
	v1Sorts     = []string{"id", "add_time", "update_time"}
	noteSorts   = []string{"id", "add_time", "update_time", "user_id", "deal_id", "person_id", "org_id"}
	noteFilters = []string{"updated_since", "start_date", "end_date"}
	noteRefused = []string{
		"user_id", "lead_id", "deal_id", "person_id", "org_id", "project_id", "task_id",
		"pinned_to_lead_flag", "pinned_to_deal_flag", "pinned_to_organization_flag",
		"pinned_to_person_flag", "pinned_to_project_flag", "pinned_to_task_flag",
	}
	contactsOnly = []string{"user_id", "filter_id", "first_char"}
)

// The lists that v2 replaced are from the last v1 file that has them, of 2026-01-14. They have no archived deals
// since 2025-07-15 [Pipedrive: changelog].
var (
	notesV1 = v1List[Note, *Note]{
		table: func(c *Company) *table[Note, *Note] { return c.notes }, attributes: noteAttributes, subset: "listed",
		sorts: noteSorts, filters: noteFilters, refused: noteRefused, choose: chooseNotes,
	}
	dealsV1 = v1List[Deal, *Deal]{
		table: (*Company).dealTable, attributes: dealAttributes, subset: "listed", entity: "deal",
		sorts: v1Sorts, filters: []string{"status"}, refused: []string{"user_id", "filter_id", "stage_id", "owned_by_you"},
		custom: func(d *Deal) map[string]any { return d.CustomFields }, choose: chooseDealsV1,
	}
	personsV1 = v1List[Person, *Person]{
		table: func(c *Company) *table[Person, *Person] { return c.persons }, attributes: personAttributes,
		subset: "listed", entity: "person", sorts: v1Sorts, refused: contactsOnly,
		custom: func(p *Person) map[string]any { return p.CustomFields },
	}
	organizationsV1 = v1List[Organization, *Organization]{
		table:      func(c *Company) *table[Organization, *Organization] { return c.organizations },
		attributes: organizationAttributes, subset: "listed", entity: "organization", sorts: v1Sorts, refused: contactsOnly,
		custom: func(o *Organization) map[string]any { return o.CustomFields },
	}
	pipelinesV1 = v1List[Pipeline, *Pipeline]{
		table: func(c *Company) *table[Pipeline, *Pipeline] { return c.pipelines }, attributes: pipelineAttributes,
		subset: "listed", unpaged: true,
	}
	stagesV1 = v1List[Stage, *Stage]{
		table: func(c *Company) *table[Stage, *Stage] { return c.stages }, attributes: stageAttributes,
		subset: "listed", refused: []string{"pipeline_id"},
	}
	usersV1 = v1List[User, *User]{
		table: func(c *Company) *table[User, *User] { return c.users }, attributes: userAttributes, unpaged: true,
	}
)

// v1Page is one page of a v1 list, encoded.
type v1Page struct {
	records      []byte // "" if there are none
	start, limit int
	more         bool
}

// serve answers one page of the list; data is null if it is empty.
func (l *v1List[T, P]) serve(x *exchange) {
	p, refused := l.page(x.company, x.query, false)
	if refused != nil {
		x.refuse(refused)
		return
	}
	e := encoder{buf: append(make([]byte, 0, len(p.records)+200), `{"success":true,"data":`...)}
	switch {
	case l.one && len(p.records) == 0:
		x.fail(http.StatusNotFound, "not found")
		return
	case l.one:
		e.buf = append(e.buf, p.records...)
	case l.member != "":
		e.object(object{{l.member, json.RawMessage(slices.Concat([]byte("["), p.records, []byte("]")))}})
	case len(p.records) == 0:
		e.null()
	default:
		e.buf = append(append(append(e.buf, '['), p.records...), ']')
	}
	if !l.unpaged && !l.silent {
		e.buf = append(e.buf, `,"additional_data":`...)
		if page := pagination(p.start, p.limit, p.more); l.flat {
			e.object(page)
		} else {
			e.object(object{{"pagination", page}})
		}
	}
	e.buf = append(e.buf, '}')
	x.ok(e.buf)
}

// page reads the parameters and encodes the requested page. As in v1, a limit over the maximum becomes the
// maximum.
func (l *v1List[T, P]) page(c *Company, q url.Values, export bool) (v1Page, *refusal) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	sort, desc, refused := l.order(q)
	if refused != nil {
		return v1Page{}, refused
	}
	p := v1Page{}
	if p.start, refused = whole(q, "start", 0, 0); refused != nil {
		return p, refused
	}
	if p.limit, refused = whole(q, "limit", defaultLimit, 1); refused != nil {
		return p, refused
	}
	p.limit = min(p.limit, cmp.Or(l.limit, maxLimit))
	subset, keep := l.subset, (func(P) bool)(nil)
	if l.choose != nil {
		if subset, keep, refused = l.choose(c, q); refused != nil {
			return p, refused
		}
	}
	rows := l.table(c).ordered(subset, sort).rows
	if l.unpaged {
		if keep != nil {
			rows = slices.DeleteFunc(slices.Clone(rows), func(p P) bool { return !keep(p) })
		}
		p.records = l.encode(c, rows, export)
		return p, nil
	}
	var page []P
	page, p.more = offset(rows, desc, p.start, p.limit, keep)
	p.records = l.encode(c, page, export)
	return p, nil
}

// order checks the names of the parameters and reads the sort parameter, "field ASC". The vendor accepts several
// fields, the simulator one, followed by id in the same direction, which is the tiebreaker anyway.
func (l *v1List[T, P]) order(q url.Values) (field string, desc bool, refused *refusal) {
	known := [][]string{l.filters, l.refused}
	if !l.unpaged {
		known = append(known, []string{"start", "limit"})
	}
	if l.sorts != nil {
		known = append(known, []string{"sort"})
	}
	if refused := onlyKnown(q, known...); refused != nil {
		return "", false, refused
	}
	for _, name := range l.refused {
		if q.Has(name) {
			return "", false, notSimulated("query parameter " + name)
		}
	}
	switch {
	case l.silent:
		return "update_time", true, nil
	case !q.Has("sort"):
		return "id", false, nil
	}
	first, second, _ := strings.Cut(q.Get("sort"), ", ")
	field, direction, _ := strings.Cut(first, " ")
	if second != "" && second != strings.TrimSpace("id "+direction) {
		return "", false, notSimulated("sort=" + q.Get("sort"))
	}
	if !slices.Contains(l.sorts, field) || !slices.Contains([]string{"", "ASC", "DESC"}, strings.ToUpper(direction)) {
		return "", false, notSimulated("sort=" + q.Get("sort"))
	}
	return field, strings.EqualFold(direction, "DESC"), nil
}

func (l *v1List[T, P]) encode(c *Company, page []P, export bool) []byte {
	var fs []*Field
	if l.entity != "" {
		fs = c.customFields(l.entity)
	}
	e := encoder{v1: true, buf: make([]byte, 0, len(page)*3072)}
	for i, p := range page {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		var custom []member
		if l.custom != nil {
			custom = l.members(fs, l.custom(p))
		}
		recordV1(&e, c, (*T)(p), l.attributes, export, custom)
	}
	return e.buf
}

// members are a record's custom fields.
func (l *v1List[T, P]) members(fs []*Field, values map[string]any) []member {
	if l.sparse {
		fs = slices.DeleteFunc(slices.Clone(fs), func(f *Field) bool { return values[f.Key] == nil })
	}
	return customMembers(fs, values)
}

// chooseDealsV1 reads v1's status, a single value [v1 of 2026-01-14 /deals].
func chooseDealsV1(c *Company, q url.Values) (string, func(*Deal) bool, *refusal) {
	status := q.Get("status")
	switch status {
	case "", "all_not_deleted":
		return "listed", nil, nil
	case "open", "won", "lost":
		return "listed", func(d *Deal) bool { return d.Status == status }, nil
	case "deleted":
		return "unarchived", func(d *Deal) bool { return d.IsDeleted && c.recentlyDeleted(d) }, nil
	}
	return "", nil, invalid("status must be one of open, won, lost, deleted, all_not_deleted")
}

// chooseNotes reads updated_since, which is inclusive, and start_date and end_date, which are days of add_time,
// both inclusive [v1 /notes].
func chooseNotes(_ *Company, q url.Values) (string, func(*Note) bool, *refusal) {
	if !slices.ContainsFunc(noteFilters, q.Has) {
		return "listed", nil, nil
	}
	var since, from, to time.Time
	if q.Has("updated_since") {
		t, ok := parseMoment(q.Get("updated_since"))
		if !ok {
			return "", nil, invalid("Invalid value for query parameter updated_since: %q is not a valid datetime", q.Get("updated_since"))
		}
		since = t
	}
	for name, day := range map[string]*time.Time{"start_date": &from, "end_date": &to} {
		if q.Has(name) {
			t, err := time.Parse(time.DateOnly, q.Get(name))
			if err != nil {
				return "", nil, invalid("%s must be a date", name)
			}
			*day = t
		}
	}
	return "listed", func(n *Note) bool {
		return (since.IsZero() || n.UpdateTime != nil && !n.UpdateTime.Before(since)) &&
			(from.IsZero() || !n.AddTime.Before(from)) &&
			(to.IsZero() || n.AddTime.Before(to.AddDate(0, 0, 1)))
	}, nil
}

// mePath is the path of the token's user.
const mePath = "/v1/users/me"

// serveMe answers /v1/users/me. It makes up a user for a company without any, so that a test need not add one to
// log in.
func serveMe(x *exchange) {
	c := x.company
	c.mu.RLock()
	defer c.mu.RUnlock()
	if refused := onlyKnown(x.query); refused != nil {
		x.refuse(refused)
		return
	}
	u := c.users.rows[c.me()]
	if u == nil {
		u = &User{ID: 1, Name: "Admin", Email: "admin@example.com", Activated: true, Created: defaultNow}
	}
	e := encoder{v1: true, buf: []byte(`{"success":true,"data":`)}
	recordV1(&e, c, u, userAttributes, false, c.companyMembers())
	e.buf = append(e.buf, '}')
	x.ok(e.buf)
}

// serveFieldsV1 answers /v1/{entity}Fields; noteFields takes no parameters.
func serveFieldsV1(entity string) func(*exchange) {
	var known []string
	if entity != "note" {
		known = []string{"start", "limit"}
	}
	return func(x *exchange) {
		x.company.mu.RLock()
		defer x.company.mu.RUnlock()
		refused := onlyKnown(x.query, known)
		start, r1 := whole(x.query, "start", 0, 0)
		limit, r2 := whole(x.query, "limit", defaultLimit, 1)
		for _, r := range []*refusal{refused, r1, r2} {
			if r != nil {
				x.refuse(r)
				return
			}
		}
		limit = min(limit, maxLimit)
		page, more := x.company.describedFields(entity), false
		if entity != "note" {
			page, more = offset(page, false, start, limit, nil)
		}
		e := encoder{v1: true}
		data := list{}
		for _, f := range page {
			data = append(data, f.v1())
		}
		e.object(object{{"success", true}, {"data", data}, {"additional_data", object{{"pagination", pagination(start, limit, more)}}}})
		x.ok(e.buf)
	}
}
