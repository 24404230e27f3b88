package simulator

import (
	"cmp"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind declares a kind of record: its stored fields, its lists in the API and the generation of made-up values.
// One store, one encoder and one rule for the truth serve all kinds. A kind has the name of the plugin's table.
type kind struct {
	name string
	// id makes the value of the first field of the n-th record of a company; nil for the number itself.
	id func(company int64, kind string, n int64) any
	// text is the field that callers of [Company.AddRecord] can set and change to any text.
	text   string
	fields []field
	lists  []listed
	entity string // the entity whose custom fields the records have; "" for none
	// describes is the entity whose fields list has the typed fields; "" for none.
	describes string
	owned     bool // rows have the owner's name and e-mail address
	grain     time.Duration
	// count returns the number of records that [Generate] makes.
	count func(Config) int
	// archived is the share of records in the archive; 0 if the kind has none.
	archived float64
	// recoverable kinds list removed records if their status is requested.
	recoverable bool
	// finish makes a drawn record's values consistent; may be nil.
	finish func(*draws)
	// given are the values that every record has unless [Company.AddRecord] gets others.
	given map[string]any
	// parent is the table that the records belong to, through the field with the parent's number; "" for none. A record
	// disappears with its parent.
	parent string
	member string
	// parentTime is the column with the parent's update_time, which the answer lacks; "" for none. A change of a
	// record then stamps its parent too, unless [Company.SetChildrenStampParents] says otherwise.
	parentTime string
	// counter is a parent's number of such records; nil for none.
	counter func(c *Company, parent int64) *int64
	// other is the field with the number of a further parent, whose list has the record too; "" for none.
	other string
	// keyed is the field with the parent's key, if that is not a number; "" for the field with its number.
	keyed string
	// derived are columns that follow from other records; nil for none. A record without them has no row.
	derived func(*Company, *entry) map[string]any
	// single is true if each parent has exactly one such record, which comes and goes with it.
	single bool
	// own is the parent's own share of the counted records; nil for none. A parent with no more has no rows.
	own func(c *Company, parent int64) int64
	// gone adapts the parent of a removed record; nil for no change.
	gone func(*Company, *entry)
	// needs is a kind that a parent must have a record of to have one of this kind; nil for none. A parent without one
	// gets it.
	needs *kind
	// numbered kinds are changelogs, whose rows have a number among those of their parent.
	numbered bool
	// of is the kind that it is a part of, nil for none. part selects the records.
	of   *kind
	part func(*entry) bool
	// moved updates the parent after one of its records was added, changed or removed; nil for parents that do not show
	// it.
	moved func(c *Company, e *entry, at time.Time)
	// drawn are the parents of the records that [Generate] makes, one for each record, instead of count.
	drawn func(*generator) []int64
}

// field is a value that records of a kind store, under the name of the table's column. The stored values are the
// truth, and the answer is built from them.
type field struct {
	name     string
	at       string                  // path of the value in the answer's record; "" for the name
	form     func(any) any           // the API's form of the stored value; nil for unchanged
	object   func(*Company, any) any // the API's object in place of an id; nil for the id
	of       func(*entry) any        // in place of a stored value
	draw     func(*draws) any
	kind     string // field_type in the fields list; "" if that lacks it
	optional bool   // only with include_fields
	hidden   bool   // the table has no such column
}

// as sets the form in which the API writes the value.
func (f field) as(form func(any) any) field { f.form = form; return f }

// typed adds the field to the fields list.
func (f field) typed(kind string) field { f.kind = kind; return f }

func (f *field) path() string {
	if f.at != "" {
		return f.at
	}
	return f.name
}

// listed is a list of the API that has records of a kind.
type listed struct {
	path   string
	cost   int64
	scopes []string
	gate   string // a feature that an account may lack, see [Company.Refuse]; "" for none
	paging paging
	limit  int    // the largest page; 0 for the limit of most lists
	member string // the member of data that has the records; "" for data itself
	one    bool   // data is the only record instead of a list
	// sorts are the fields to sort by; nil if the list has no sort.
	sorts     []string
	dated     bool     // has updated_since
	lacks     []string // v2's common parameters of dated lists that this list lacks
	ids       bool     // has ids
	refused   []string // declared by the vendor, not simulated
	filters   []filter
	otherwise func(*Company) func(*entry) bool // the records without a filter; nil for all
	archive   bool                             // has the archived records, instead of the others
	newest    bool                             // has the newest records first, by a cursor, and no other order
}

// paging is the way in which the pages of a list follow one another.
type paging int

const (
	unpaged    paging = iota
	cursors           // v2's
	offsets           // v1's, with additional_data.pagination
	flatOffset        // v1's, with the same members in additional_data itself
	silent            // v1's, without these members, and by update_time, newest first
)

// filter is a parameter that narrows a list down. The parameter of a path, like {id}, is a filter too.
type filter struct {
	param    string
	required bool
	keep     func(value string) (func(*entry) bool, *refusal)
}

// parentParam stands in a path for the id of the parent record.
const parentParam = "{id}"

// entry is one record of a declared kind. Its number is its place in the order of creation; in most kinds it is
// also the id.
type entry struct {
	kind     *kind
	number   int64
	key      any
	add      time.Time
	update   *time.Time
	values   []any // by field
	custom   map[string]any
	removed  bool
	archived bool
	children int64 // of a kind that counts them here
}

func (e *entry) id() *int64           { return &e.number }
func (e *entry) added() *time.Time    { return &e.add }
func (e *entry) updated() **time.Time { return &e.update }

// value returns the record's value of a field.
func (e *entry) value(i int) any {
	if of := e.kind.fields[i].of; of != nil {
		return of(e)
	}
	return e.values[i]
}

// get returns the value of a field by the field's name.
func (e *entry) get(name string) any { return e.value(e.kind.index(name)) }

func (k *kind) index(name string) int {
	i := slices.IndexFunc(k.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		panic(fmt.Sprintf("simulator: %s have no field %s", k.name, name))
	}
	return i
}

func (k *kind) has(name string) bool {
	return slices.ContainsFunc(k.fields, func(f field) bool { return f.name == name })
}

// set stores values by the names of their fields.
func (e *entry) set(values map[string]any) {
	for name, v := range values {
		switch name {
		case "add_time":
			e.add = as[time.Time](v)
		case "update_time":
			e.update = nil
			if v != nil {
				e.update = new(as[time.Time](v))
			}
		case "custom_fields":
			e.custom = as[map[string]any](v)
		case e.kind.parentTime: // the parent has it
		default:
			e.values[e.kind.index(name)] = v
		}
	}
}

// as returns a value as the type of its field. Another type is a mistake in a declaration or in a test.
func as[T any](v any) T {
	t, ok := v.(T)
	if !ok {
		panic(fmt.Sprintf("simulator: %v is a %T instead of a %T", v, v, t))
	}
	return t
}

// The fields that every record has.
func key(name string) field { return field{name: name, of: func(e *entry) any { return e.key }} }

func addTime() field { return field{name: "add_time", of: func(e *entry) any { return e.add }} }

func isRemoved(name string) field {
	return field{name: name, of: func(e *entry) any { return e.removed }}
}

func isArchived() field {
	return field{name: "is_archived", of: func(e *entry) any { return e.archived }}
}

func updateTime() field {
	return field{name: "update_time", of: func(e *entry) any {
		if e.update == nil {
			return nil
		}
		return *e.update
	}}
}

func numbered(_ int64, _ string, n int64) any { return n }

// uuid makes the UUID of a company's n-th record of a kind.
func uuid(company int64, kind string, n int64) any {
	h := digest(company, kind, n)
	return fmt.Sprintf("%s-%s-5%s-8%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:32])
}

// hexID makes an id of 32 hexadecimal digits, like those of goals.
func hexID(company int64, kind string, n int64) any { return digest(company, kind, n)[:32] }

func digest(company int64, kind string, n int64) string {
	return fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "%d/%s/%d", company, kind, n)))
}

// The forms in which the API writes some values.

// millis are moments with milliseconds, also in v1.
func millis(v any) any {
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return v
}

// digits are whole numbers in the form of texts.
func digits(v any) any {
	if n, ok := v.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	return v
}

// bit is 0 or 1 instead of a boolean.
func bit(v any) any {
	switch v {
	case true:
		return int64(1)
	case false:
		return int64(0)
	}
	return v
}

// blank is an empty text instead of null.
func blank(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// unsaid leaves the value out of the answer: the reader knows it from the request.
func unsaid(any) any { return absent }

// left leaves unset values out of the answer.
func left(v any) any {
	if v == nil {
		return absent
	}
	return v
}

// attributes are the members of a record in the answer.
func (k *kind) attributes() []attribute[entry] {
	var as []attribute[entry]
	seen := map[string]bool{}
	for i := range k.fields {
		f := &k.fields[i]
		name, _, _ := strings.Cut(f.path(), ".")
		if seen[name] {
			continue
		}
		seen[name] = true
		value := func(c *Company, e *entry) any { return e.member(c, name) }
		as = append(as, attribute[entry]{v2: name, v1: name, kind: f.kind, optional: f.optional, value: value})
	}
	return as
}

// member is the answer's value at a path, or an object of the values deeper in the path. An object at the root
// without any set value is null.
func (e *entry) member(c *Company, path string) any {
	var o object
	empty := true
	for i := range e.kind.fields {
		f := &e.kind.fields[i]
		if f.path() == path {
			return f.written(c, e.value(i))
		}
		deeper, ok := strings.CutPrefix(f.path(), path+".")
		name, _, _ := strings.Cut(deeper, ".")
		if !ok || slices.ContainsFunc(o, func(m member) bool { return m.name == name }) {
			continue
		}
		v := e.member(c, path+"."+name)
		empty = empty && v == nil
		if v != absent {
			o = append(o, member{name, v})
		}
	}
	if empty && !strings.Contains(path, ".") {
		return nil
	}
	return o
}

func (f *field) written(c *Company, v any) any {
	if f.form != nil {
		v = f.form(v)
	}
	if f.object != nil && v != nil {
		v = f.object(c, v)
	}
	switch v.(type) {
	case map[string]any, []map[string]any:
		return marshal(v)
	}
	return v
}

// serve returns the handler of the list's requests.
func (l *listed) serve(k *kind) func(*exchange) {
	if l.newest {
		return l.serveNewest(k)
	}
	table := func(c *Company) *table[entry, *entry] { return c.kind(k) }
	subset := "listed"
	if l.archive {
		subset = "archived"
	}
	var filters []string
	for _, f := range l.filters {
		filters = append(filters, f.param)
	}
	custom := func(e *entry) map[string]any { return e.custom }
	choose := func(c *Company, q url.Values) (string, func(*entry) bool, *refusal) { return l.choose(c, q, subset) }
	if strings.HasPrefix(l.path, "/api/v2/") {
		return (&v2List[entry, *entry]{
			table: table, attributes: k.attributes(), subset: subset, entity: k.entity,
			sorts: l.sorts, dated: l.dated, lacks: l.lacks, ids: l.ids,
			unpaged: l.paging == unpaged, refused: l.refused, filters: filters, custom: custom, choose: choose,
		}).serve
	}
	if l.dated {
		filters = append(filters, "updated_since")
	}
	return (&v1List[entry, *entry]{
		table: table, attributes: k.attributes(), subset: subset, entity: k.entity, sorts: l.sorts, unpaged: l.paging == unpaged,
		flat: l.paging == flatOffset, limit: l.limit, member: l.member, one: l.one,
		silent: l.paging == silent, sparse: true, refused: l.refused, filters: filters,
		custom: custom, choose: choose,
	}).serve
}

// choose narrows the list by its filters.
func (l *listed) choose(c *Company, q url.Values, subset string) (string, func(*entry) bool, *refusal) {
	var keeps []func(*entry) bool
	for _, f := range l.filters {
		if !q.Has(f.param) {
			if f.required {
				return "", nil, invalid("%s is required", f.param)
			}
			continue
		}
		keep, refused := f.keep(strings.Join(q[f.param], ","))
		if refused != nil {
			return "", nil, refused
		}
		if f.param == "status" && slices.Contains(strings.Split(q.Get("status"), ","), "deleted") {
			subset += " or removed"
		}
		keeps = append(keeps, keep)
	}
	if len(keeps) == 0 && l.otherwise != nil {
		keeps = append(keeps, l.otherwise(c))
	}
	if q.Has("updated_since") && !strings.HasPrefix(l.path, "/api/v2/") {
		since, ok := parseMoment(q.Get("updated_since"))
		if !ok {
			return "", nil, invalid("Invalid value for query parameter updated_since: %q is not a valid datetime", q.Get("updated_since"))
		}
		keeps = append(keeps, func(e *entry) bool { return e.update != nil && !e.update.Before(since) })
	}
	return subset, func(e *entry) bool {
		return !c.orphaned(e) && !slices.ContainsFunc(keeps, func(keep func(*entry) bool) bool { return !keep(e) })
	}, nil
}

// oneOf keeps the records whose field is among up to most ids, joined by commas.
func oneOf(name string, most int) func(string) (func(*entry) bool, *refusal) {
	return func(value string) (func(*entry) bool, *refusal) {
		texts, ids := strings.Split(value, ","), map[any]bool{}
		for _, text := range texts {
			id, err := strconv.ParseInt(text, 10, 64)
			if err != nil || len(texts) > most {
				return nil, invalid("expected up to %d ids, not %q", most, value)
			}
			ids[id] = true
		}
		return func(e *entry) bool { return ids[e.get(name)] }, nil
	}
}

// among keeps the records whose field has one of the values, joined by commas. Only the listed values are allowed.
func among(name string, values ...string) func(string) (func(*entry) bool, *refusal) {
	return func(value string) (func(*entry) bool, *refusal) {
		wanted := strings.Split(value, ",")
		for _, w := range wanted {
			if !slices.Contains(values, w) {
				return nil, invalid("must be among %s", strings.Join(values, ", "))
			}
		}
		return func(e *entry) bool {
			v, _ := e.get(name).(string)
			return slices.Contains(wanted, v)
		}, nil
	}
}

// kindNamed returns the declared kind of a name; nil if there is none.
func kindNamed(name string) *kind {
	for _, k := range slices.Concat(kinds, parts) {
		if k.name == name {
			return k
		}
	}
	return nil
}

// mustKind is [kindNamed] for names in tests.
func mustKind(name string) *kind {
	k := kindNamed(name)
	if k == nil {
		panic("simulator: there is no kind of record " + name)
	}
	return k
}

func newKindTable(k *kind) *table[entry, *entry] {
	t := newTable[entry](k.name)
	t.grain = max(k.grain, time.Millisecond)
	if k.grain == 0 {
		t.grain = time.Second
	}
	t.subsets["listed"] = func(e *entry) bool { return !e.removed && !e.archived }
	t.subsets["there"] = func(e *entry) bool { return !e.removed }
	t.subsets["archived"] = func(e *entry) bool { return !e.removed && e.archived }
	t.subsets["listed or removed"] = func(e *entry) bool { return !e.archived }
	t.subsets["archived or removed"] = func(e *entry) bool { return e.archived }
	for _, l := range k.lists {
		if l.newest {
			t.keys[k.member] = func(e *entry) int64 { return sortKey(e.get(k.member)) }
		}
		for _, name := range l.sorts {
			if !slices.Contains(v2Times, name) {
				t.keys[name] = func(e *entry) int64 { return sortKey(e.get(name)) }
			}
		}
	}
	return t
}

// sortKey orders the values of a field: numbers by size, days by time, all others first.
func sortKey(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case Date:
		if t, err := time.Parse(time.DateOnly, string(v)); err == nil {
			return t.Unix()
		}
	}
	return sortsFirst
}

// kind returns the records of a kind; the company's lock must be held. Records are drawn on first use, so that
// accounts which do not use them pay nothing.
func (c *Company) kind(k *kind) *table[entry, *entry] { return c.kinds[k.root().name]() }

// entry makes a record without values.
func (k *kind) entry(number int64) *entry {
	return &entry{kind: k, number: number, values: make([]any, len(k.fields))}
}

// seal gives a record its key.
func (e *entry) seal(company int64) {
	id := e.kind.id
	if id == nil {
		id = numbered
	}
	e.key = id(company, e.kind.name, e.number)
}

// AddRecord adds a record of a declared kind and returns its number, which is its id if ids are whole numbers. The
// values are keyed by the columns of the kind's table; missing ones are NULL. A missing add_time becomes the clock's
// time, a missing update_time the add_time, and a missing parent one of the existing ones. An element of a nested table
// is added, changed and removed likewise.
func (c *Company) AddRecord(kind string, values map[string]any) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := nestedNamed(kind); n != nil {
		return c.addElement(n, values)
	}
	k := mustKind(kind)
	if k.single {
		return c.addSingle(k, values)
	}
	return c.addRecord(k.root(), k.ofRoot(values))
}

// addSingle gives values to the only record of a new parent.
func (c *Company) addSingle(k *kind, values map[string]any) int64 {
	parent := c.addRecord(mustKind(k.parent), nil)
	for number, e := range c.kind(k).rows {
		if e.parent() == parent {
			c.kind(k).change(number, c.now, func(e *entry) { e.set(values) })
			return number
		}
	}
	panic("simulator: the parent has none of the " + k.name)
}

func (c *Company) addRecord(k *kind, values map[string]any) int64 {
	t := c.kind(k)
	e := k.entry(t.lastID + 1)
	e.set(k.given)
	e.set(values)
	if k.parent != "" && e.get(k.member) == nil {
		e.set(map[string]any{k.member: c.anyParent(k.parent, e.number)})
	}
	if k.needs != nil && c.lacksNeeded(e) {
		needed := map[string]any{k.member: e.parent()}
		if at, given := values[k.parentTime]; given {
			needed[k.parentTime] = at
		}
		c.addRecord(k.needs, needed)
	}
	e.seal(c.id)
	at, given := values["update_time"]
	number := t.add(e, c.now)
	if given && at == nil {
		t.edit(number, func(e *entry) { e.update = nil })
	}
	c.tally(e, 1, values)
	for _, only := range kinds {
		if only.single && only.parent == k.name {
			values := map[string]any{only.member: number}
			if only.keyed != "" {
				values[only.keyed] = e.key
			}
			c.addRecord(only, values)
		}
	}
	return number
}

// UpdateRecord changes values of a record and stamps the clock's time as its update_time, unless that is among the
// values.
func (c *Company) UpdateRecord(kind string, number int64, values map[string]any) {
	if n := nestedNamed(kind); n != nil {
		c.changeElement(n, number, values)
		return
	}
	values = mustKind(kind).ofRoot(values)
	c.changeEntry(kind, number, values, func(e *entry) { e.set(values) })
}

// RemoveRecord deletes a record. No list shows it any more, or for some kinds only a list of deleted records.
func (c *Company) RemoveRecord(kind string, number int64) {
	if n := nestedNamed(kind); n != nil {
		c.removeElement(n, number)
		return
	}
	if k := mustKind(kind); k.single {
		kind, number = k.parent, c.parentOf(k, number)
	}
	c.changeEntry(kind, number, nil, func(e *entry) {
		e.removed = true
		if e.kind.gone != nil {
			e.kind.gone(c, e)
		}
	})
}

// parentOf is the number of a record's parent.
func (c *Company) parentOf(k *kind, number int64) int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.kind(k).rows[number].parent()
}

// ArchiveRecord moves a record to the archive, or back from it if archived is false.
func (c *Company) ArchiveRecord(kind string, number int64, archived bool) {
	c.changeEntry(kind, number, nil, func(e *entry) { e.archived = archived })
}

func (c *Company) changeEntry(kind string, number int64, values map[string]any, f func(*entry)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.kind(mustKind(kind))
	c.tally(t.rows[number], -1, nil)
	before := slices.Clone(t.rows[number].values)
	t.change(number, c.now, f)
	c.tally(t.rows[number], 1, values)
	if kind == projects.name {
		c.recordProject(number, before, t.rows[number].values)
	}
}

// Text is the column of a declared kind or of a nested table that tests fill with texts, or with numbers if it has no
// text column.
func Text(table string) string {
	if n := nestedNamed(table); n != nil {
		return n.text
	}
	return mustKind(table).text
}

// Refuse takes a feature away from an account: "projects" for the Projects add-on, "installments" for their plan,
// "teams" for teams, "admin" for an administrator's rights. Its lists then answer with the status: 402, 403 or 404. A
// status of 0 gives the feature back.
func (c *Company) Refuse(gate string, status int) {
	if !slices.Contains(Gates(), gate) {
		panic("simulator: there is no gate " + gate)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gates[gate] = status
}

// Gates are the names that [Company.Refuse] knows.
func Gates() (names []string) {
	for _, rt := range routes {
		if rt.gate != "" && !slices.Contains(names, rt.gate) {
			names = append(names, rt.gate)
		}
	}
	slices.Sort(names)
	return names
}

// GateOf is the gate of an API path, "" for none.
func GateOf(path string) string { return routes[path].gate }

// RefuseParent makes requests for the children of the record with a key fail with a status, such as 403 or 404. A status
// of 0 ends that.
func (c *Company) RefuseParent(table string, key any, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[parentOf{table, fmt.Sprint(key)}] = status
}

// parentOf is a record in a request for its children.
type parentOf struct{ table, key string }

// refusesParents is the status of a request for the children of some records, 0 if none of them is refused.
func (c *Company) refusesParents(path string, query url.Values) (status int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for id := range strings.SplitSeq(query.Get("deal_ids"), ",") {
		status = cmp.Or(status, c.refused[parentOf{"deals", id}])
	}
	for _, k := range kinds {
		if slices.ContainsFunc(k.lists, func(l listed) bool { return l.path == Declared(path) }) {
			status = cmp.Or(status, c.refused[parentOf{k.parent, query.Get(parentParam)}])
		}
	}
	return status
}

func (c *Company) refuses(gate string) int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.gates[gate]
}

// kindRows are the rows of a declared kind's table, by number.
func (t *truth) kindRows(k *kind) (rows []map[string]any, numbers []int64) {
	for _, e := range t.kind(k).ordered("", "id").rows {
		if t.lists(k, e) && (k.part == nil || k.part(e)) {
			rows, numbers = append(rows, t.kindRow(k, e)), append(numbers, e.number)
		}
	}
	k.number(rows)
	return rows, numbers
}

// lists reports whether one of the kind's lists has a record for this reader.
func (t *truth) lists(k *kind, e *entry) bool {
	if e.removed && (!t.Deleted || !k.recoverable) || e.archived && !t.Archived || t.API == "export" {
		return false
	}
	if k.parent != "" && !t.listsParents(k, e) {
		return false
	}
	if k.derived != nil && k.derived(t.Company, e) == nil {
		return false
	}
	return t.v2 || !strings.HasPrefix(k.lists[0].path, "/api/v2/")
}

// listsParents reports whether a record's parents are listed, and so is the record that it needs.
func (t *truth) listsParents(k *kind, e *entry) bool {
	other := e.otherParent()
	switch {
	case !t.listsParent(k.parent, e.parent()), other != 0 && !t.listsParent(k.parent, other):
		return false
	case k.own != nil && *k.counter(t.Company, e.parent()) <= k.own(t.Company, e.parent()):
		return false
	}
	return k.needs == nil || !t.lacksNeeded(e)
}

// latestOf is the update_time of a record's parent, or the later one of two.
func (t *truth) latestOf(e *entry) any {
	changed := t.parentTime(e.kind.parent, e.parent())
	if other := e.otherParent(); other != 0 {
		if at, ok := t.parentTime(e.kind.parent, other).(time.Time); ok && (changed == nil || at.After(as[time.Time](changed))) {
			changed = at
		}
	}
	return changed
}

func (t *truth) kindRow(k *kind, e *entry) map[string]any {
	row := map[string]any{"account_id": strconv.FormatInt(t.id, 10)}
	for i, f := range k.fields {
		switch {
		case f.hidden:
		case f.of != nil:
			row[f.name] = stored(f.of(e))
		default:
			row[f.name] = stored(e.value(i))
		}
	}
	if k.parentTime != "" {
		row[k.parentTime] = t.latestOf(e)
		if k.of != nil {
			row[k.parentTime] = t.sinceMove(e.parent())
		}
	}
	if k.derived != nil {
		maps.Copy(row, k.derived(t.Company, e))
	}
	if k.owned {
		owner, _ := e.get("owner_id").(int64)
		t.setOwner(row, owner)
	}
	if k.entity != "" {
		custom := *t
		custom.sparse = !strings.HasPrefix(k.lists[0].path, "/api/v2/")
		custom.v2 = t.v2 && !custom.sparse
		custom.setCustomFields(row, k.entity, e.custom)
	}
	return row
}

// stored is a value in the form of a row.
func stored(v any) any {
	switch v := v.(type) {
	case string:
		return text(v)
	case time.Time:
		return v.UTC()
	case []int64:
		return idList(v)
	case []string:
		if len(v) == 0 {
			return nil
		}
		return marshal(v)
	case []map[string]any:
		if len(v) == 0 {
			return nil
		}
		return marshal(v)
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
		return marshal(v)
	case nil, int64, float64, bool, Date, json.RawMessage:
		return v
	}
	panic(fmt.Sprintf("simulator: a record can't hold a %T", v))
}

// HasArchive reports whether records of a declared kind can be archived; false for other tables.
func HasArchive(kind string) bool {
	k := kindNamed(kind)
	return k != nil && slices.ContainsFunc(k.lists, func(l listed) bool { return l.archive })
}

// HasOwner reports whether records of a declared kind have an owner_id; false for other tables.
func HasOwner(kind string) bool {
	k := kindNamed(kind)
	return k != nil && k.owned
}

// IsSingle reports whether each parent has exactly one record of a declared kind. The record is added and removed
// together with its parent.
func IsSingle(kind string) bool {
	k := kindNamed(kind)
	return k != nil && k.single
}

// ParentOf is the table of the parents of a declared kind's records or of a nested table's elements, and the column
// with the parent's number; "" for none.
func ParentOf(table string) (parent, column string) {
	if n := nestedNamed(table); n != nil {
		return n.parent, n.member
	}
	if k := kindNamed(table); k != nil {
		return k.parent, k.member
	}
	return "", ""
}

// ParentKeyOf is the table of the parents of a kind's records, and the column with the parent's key; "" for none.
func ParentKeyOf(table string) (parent, column string) {
	parent, column = ParentOf(table)
	if k := kindNamed(table); k != nil && k.keyed != "" {
		column = k.keyed
	}
	return parent, column
}

// TimeOf is the column with the time of the last change of a declared kind's record or a nested table's element; ""
// for none. ofParent is true if the column has the parent's time. Then [Company.AddRecord] and [Company.UpdateRecord]
// take a value for it, and set the parent's update_time to that value.
func TimeOf(table string) (column string, ofParent bool) {
	if n := nestedNamed(table); n != nil {
		return n.time, n.time != ""
	}
	if k := kindNamed(table); k != nil && k.parentTime != "" {
		return k.parentTime, true
	}
	return "update_time", false
}

// Numbers are the numbers of the records behind the rows of [Company.Truth], in the same order. In the other
// tables a record's number is its id.
func (c *Company) Numbers(table string, opts TruthOptions) []int64 {
	if k, n := kindNamed(table), nestedNamed(table); k != nil || n != nil {
		c.mu.RLock()
		defer c.mu.RUnlock()
		_, numbers := c.truth(opts).declared(k, n)
		return numbers
	}
	var numbers []int64
	for _, row := range c.Truth(table, opts) {
		id, _ := row["id"].(int64) // the company has no id
		numbers = append(numbers, id)
	}
	return numbers
}

// Kinds are the names of the declared kinds of record.
func Kinds() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}
