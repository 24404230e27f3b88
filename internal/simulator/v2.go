package simulator

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// deletedFor is the time for which status=deleted lists a deleted deal [v2 /deals].
const deletedFor = 30 * 24 * time.Hour

// v2List is one of v2's lists.
type v2List[T any, P row[T]] struct {
	table      func(*Company) *table[T, P]
	attributes []attribute[T]
	subset     string
	entity     string   // the entity whose custom fields the records have; "" for none
	sorts      []string // sort_by's values
	dated      bool     // has updated_since, updated_until and include_fields
	lacks      []string // those of these parameters that the list lacks
	ids        bool     // has ids
	unpaged    bool     // has neither limit nor cursor
	refused    []string // declared by the vendor, not simulated
	filters    []string // declared by the vendor and read by choose

	custom func(P) map[string]any
	// choose narrows the list by its filters.
	choose func(*Company, url.Values) (subset string, keep func(P) bool, refused *refusal)
}

// v2Query holds the parameters that all lists of v2 share.
type v2Query struct {
	limit        int
	sort         string
	desc         bool
	cursor       *cursor
	cursorKey    int64
	since, until *time.Time
	include      map[string]bool
	keys         []string        // of custom fields; nil for all
	ids          map[string]bool // nil for all
}

var (
	datedParams  = []string{"updated_since", "updated_until", "include_fields", "custom_fields"}
	v2Times      = []string{"id", "update_time", "add_time"}
	labelParams  = []string{"include_option_labels", "include_labels"}
	dealRefused  = []string{"filter_id", "owner_id", "person_id", "org_id", "pipeline_id", "stage_id"}
	maxCustomIDs = 15 // keys in custom_fields [v2 /deals]
)

var (
	dealsV2 = v2List[Deal, *Deal]{
		table: (*Company).dealTable, attributes: dealAttributes, subset: "listed", entity: "deal", ids: true,
		sorts: v2Times, dated: true, refused: slices.Concat(dealRefused, labelParams), filters: []string{"status"},
		custom: func(d *Deal) map[string]any { return d.CustomFields },
		choose: dealsByStatus("listed", "unarchived"),
	}
	archivedDealsV2 = v2List[Deal, *Deal]{
		table: (*Company).dealTable, attributes: dealAttributes, subset: "archived", entity: "deal", ids: true,
		sorts: v2Times, dated: true, refused: dealRefused, filters: []string{"status"},
		custom: func(d *Deal) map[string]any { return d.CustomFields },
		choose: dealsByStatus("archived", "archived"),
	}
	personsV2 = v2List[Person, *Person]{
		table: func(c *Company) *table[Person, *Person] { return c.persons }, attributes: personAttributes,
		subset: "listed", entity: "person", ids: true, sorts: v2Times, dated: true,
		refused: slices.Concat([]string{"filter_id", "owner_id", "org_id", "deal_id"}, labelParams),
		custom:  func(p *Person) map[string]any { return p.CustomFields },
	}
	organizationsV2 = v2List[Organization, *Organization]{
		table:      func(c *Company) *table[Organization, *Organization] { return c.organizations },
		attributes: organizationAttributes, subset: "listed", entity: "organization", ids: true, sorts: v2Times, dated: true,
		refused: slices.Concat([]string{"filter_id", "owner_id"}, labelParams),
		custom:  func(o *Organization) map[string]any { return o.CustomFields },
	}
	pipelinesV2 = v2List[Pipeline, *Pipeline]{
		table: func(c *Company) *table[Pipeline, *Pipeline] { return c.pipelines }, attributes: pipelineAttributes,
		subset: "listed", sorts: v2Times,
	}
	stagesV2 = v2List[Stage, *Stage]{
		table: func(c *Company) *table[Stage, *Stage] { return c.stages }, attributes: stageAttributes,
		subset: "listed", sorts: append(slices.Clone(v2Times), "order_nr"), refused: []string{"pipeline_id"},
	}
)

func (c *Company) dealTable() *table[Deal, *Deal] { return c.deals }

// dealsByStatus reads v2's status filter: a list of open, won, lost and deleted; without it, all deals that aren't
// deleted [v2 /deals].
func dealsByStatus(live, withDeleted string) func(*Company, url.Values) (string, func(*Deal) bool, *refusal) {
	return func(c *Company, q url.Values) (string, func(*Deal) bool, *refusal) {
		if !q.Has("status") {
			return live, func(d *Deal) bool { return !d.IsDeleted }, nil
		}
		statuses := strings.Split(q.Get("status"), ",")
		for _, s := range statuses {
			if !slices.Contains([]string{"open", "won", "lost", "deleted"}, s) {
				return "", nil, invalid("status must be one of open, won, lost, deleted")
			}
		}
		subset := live
		if slices.Contains(statuses, "deleted") {
			subset = withDeleted
		}
		return subset, func(d *Deal) bool {
			return slices.Contains(statuses, d.statusNow()) && (!d.IsDeleted || c.recentlyDeleted(d))
		}, nil
	}
}

// statusNow is the status that filters compare.
func (d *Deal) statusNow() string {
	if d.IsDeleted {
		return "deleted"
	}
	return d.Status
}

// recentlyDeleted reports whether status=deleted still lists a deleted deal.
func (c *Company) recentlyDeleted(d *Deal) bool {
	at := d.DeleteTime
	if at == nil {
		at = d.UpdateTime
	}
	return at != nil && c.now.Sub(*at) <= deletedFor
}

// serve answers one page of the list.
func (l *v2List[T, P]) serve(x *exchange) {
	c := x.company
	c.mu.RLock()
	defer c.mu.RUnlock()
	q, refused := l.parse(c, x.query)
	if refused != nil {
		x.refuse(refused)
		return
	}
	subset, keep := l.subset, func(P) bool { return true }
	if l.choose != nil {
		if subset, keep, refused = l.choose(c, x.query); refused != nil {
			x.refuse(refused)
			return
		}
	}
	o := l.table(c).ordered(subset, q.sort)
	page, more := after(o, q, func(p P) bool { return q.within(*p.updated()) && q.names(*p.id()) && keep(p) })
	next := any(nil)
	if more {
		last := page[len(page)-1]
		next = cursor{q.sort, keyValue(q.sort, o.key(last)), q.direction(), *last.id()}.String()
	}
	x.ok(l.encode(c, q, page, next))
}

func (l *v2List[T, P]) encode(c *Company, q *v2Query, page []P, next any) []byte {
	var custom func(*encoder, *T)
	if l.entity != "" {
		fs := chosenFields(c.customFields(l.entity), q.keys)
		custom = func(e *encoder, r *T) { customObject(e, fs, l.custom(P(r))) }
	}
	e := encoder{buf: make([]byte, 0, 512+len(page)*2048)}
	e.buf = append(e.buf, `{"success":true,"data":`...)
	array(&e, page, func(p P) { recordV2(&e, c, (*T)(p), l.attributes, q.include, custom) })
	e.buf = append(e.buf, `,"additional_data":`...)
	if l.unpaged {
		e.null()
	} else {
		e.object(object{{"next_cursor", next}})
	}
	e.buf = append(e.buf, '}')
	return e.buf
}

func (q *v2Query) direction() string {
	if q.desc {
		return "desc"
	}
	return "asc"
}

// within reports whether an update_time is in [updated_since, updated_until). NULL is in no interval.
func (q *v2Query) within(t *time.Time) bool {
	if q.since == nil && q.until == nil {
		return true
	}
	return t != nil && (q.since == nil || !t.Before(*q.since)) && (q.until == nil || t.Before(*q.until))
}

func (l *v2List[T, P]) parse(c *Company, query url.Values) (*v2Query, *refusal) {
	if refused := onlyKnown(query, l.filters, l.refused, l.common()); refused != nil {
		return nil, refused
	}
	for _, name := range l.refused {
		if query.Has(name) {
			return nil, notSimulated("query parameter " + name)
		}
	}
	q := &v2Query{sort: "id"}
	if l.unpaged {
		q.limit = math.MaxInt
		return q, nil
	}
	for _, read := range []func(url.Values) *refusal{
		q.readLimit,
		func(v url.Values) *refusal { return q.readSort(v, l.sorts) },
		q.readCursor,
		q.readIDs,
		q.readInterval,
		func(v url.Values) *refusal { return readInclude(c, q, v, l.attributes) },
		func(v url.Values) *refusal { return q.readCustom(v, c.customFields(l.entity)) },
	} {
		if refused := read(query); refused != nil {
			return nil, refused
		}
	}
	return q, nil
}

// common are the parameters that the list shares with others.
func (l *v2List[T, P]) common() (names []string) {
	if !l.unpaged {
		names = append(names, "limit", "cursor")
	}
	if l.sorts != nil {
		names = append(names, "sort_by", "sort_direction")
	}
	if l.dated {
		names = append(names, datedParams...)
	}
	if l.ids {
		names = append(names, "ids")
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(l.lacks, name) })
}

func (q *v2Query) readLimit(v url.Values) (refused *refusal) {
	if q.limit, refused = whole(v, "limit", defaultLimit, 1); refused == nil && q.limit > maxLimit {
		refused = invalid("limit must be at most %d", maxLimit)
	}
	return refused
}

func (q *v2Query) readSort(v url.Values, sorts []string) *refusal {
	if v.Has("sort_by") {
		q.sort = v.Get("sort_by")
	}
	if v.Has("sort_by") && !slices.Contains(sorts, q.sort) {
		return invalid("sort_by must be one of %s", strings.Join(sorts, ", "))
	}
	switch v.Get("sort_direction") {
	case "desc":
		q.desc = true
	case "asc":
	default:
		if v.Has("sort_direction") {
			return invalid("sort_direction must be asc or desc")
		}
	}
	return nil
}

// mostIDs is the greatest number of ids in a request [v2 /deals].
const mostIDs = 100

func (q *v2Query) readIDs(v url.Values) *refusal {
	if !v.Has("ids") {
		return nil
	}
	q.ids = map[string]bool{}
	for id := range strings.SplitSeq(v.Get("ids"), ",") {
		q.ids[id] = true
	}
	if len(q.ids) > mostIDs {
		return invalid("ids must not have more than %d ids", mostIDs)
	}
	return nil
}

// names reports whether a record's id was requested.
func (q *v2Query) names(id int64) bool { return q.ids == nil || q.ids[strconv.FormatInt(id, 10)] }

// readCursor refuses a cursor of a list in another order.
func (q *v2Query) readCursor(v url.Values) (refused *refusal) {
	if !v.Has("cursor") {
		return nil
	}
	if q.cursor, refused = parseCursor(v.Get("cursor")); refused != nil {
		return refused
	}
	var ok bool
	if q.cursorKey, ok = q.cursor.key(); !ok || q.cursor.Field != q.sort || q.cursor.SortDirection != q.direction() {
		return invalid("cursor is invalid")
	}
	return nil
}

func (q *v2Query) readInterval(v url.Values) *refusal {
	for name, at := range map[string]**time.Time{"updated_since": &q.since, "updated_until": &q.until} {
		if !v.Has(name) {
			continue
		}
		t, ok := parseMoment(v.Get(name))
		if !ok {
			return invalid("Invalid value for query parameter %s: %q is not a valid datetime", name, v.Get(name))
		}
		*at = &t
	}
	return nil
}

func readInclude[T any](c *Company, q *v2Query, v url.Values, as []attribute[T]) *refusal {
	if !v.Has("include_fields") {
		return nil
	}
	q.include = map[string]bool{}
	for name := range strings.SplitSeq(v.Get("include_fields"), ",") {
		i := slices.IndexFunc(as, func(a attribute[T]) bool { return a.optional && a.v2 == name })
		if i < 0 {
			return invalid("include_fields must not contain %q", name)
		}
		if as[i].marketing && !c.marketingApp {
			return invalid("%s can only be included if the company has marketing app enabled", name)
		}
		q.include[name] = true
	}
	return nil
}

func (q *v2Query) readCustom(v url.Values, fs []*Field) *refusal {
	if !v.Has("custom_fields") {
		return nil
	}
	q.keys = strings.Split(v.Get("custom_fields"), ",")
	if len(q.keys) > maxCustomIDs {
		return invalid("custom_fields must not have more than %d keys", maxCustomIDs)
	}
	for _, key := range q.keys {
		if !slices.ContainsFunc(fs, func(f *Field) bool { return f.Key == key }) {
			return invalid("custom_fields must not contain %q", key)
		}
	}
	return nil
}

func chosenFields(fs []*Field, keys []string) []*Field {
	if keys == nil {
		return fs
	}
	return slices.DeleteFunc(fs, func(f *Field) bool { return !slices.Contains(keys, f.Key) })
}

// fieldIncludes are the values of include_fields on the fields lists [v2 /dealFields].
var fieldIncludes = []string{"ui_visibility", "important_fields", "required_fields"}

// serveFieldsV2 answers /api/v2/{entity}Fields.
func serveFieldsV2(entity string) func(*exchange) {
	return func(x *exchange) {
		x.company.mu.RLock()
		defer x.company.mu.RUnlock()
		fs := x.company.fields[entity]
		q := &v2Query{sort: "id", include: map[string]bool{}}
		for _, read := range []func(url.Values) *refusal{
			func(v url.Values) *refusal { return onlyKnown(v, []string{"limit", "cursor", "include_fields"}) },
			q.readLimit, q.readCursor, q.readFieldIncludes,
		} {
			if refused := read(x.query); refused != nil {
				x.refuse(refused)
				return
			}
		}
		if q.cursor != nil {
			fs = slices.DeleteFunc(slices.Clone(fs), func(f *Field) bool { return f.ID <= q.cursor.ID })
		}
		next := any(nil)
		if len(fs) > q.limit {
			fs = fs[:q.limit]
			last := fs[len(fs)-1].ID
			next = cursor{"id", last, "asc", last}.String()
		}
		data := list{}
		for _, f := range fs {
			data = append(data, f.v2(q.include))
		}
		x.ok(encode(object{{"success", true}, {"data", data}, {"additional_data", object{{"next_cursor", next}}}}))
	}
}

func (q *v2Query) readFieldIncludes(v url.Values) *refusal {
	if !v.Has("include_fields") {
		return nil
	}
	for name := range strings.SplitSeq(v.Get("include_fields"), ",") {
		if !slices.Contains(fieldIncludes, name) {
			return invalid("include_fields must not contain %q", name)
		}
		q.include[name] = true
	}
	return nil
}
