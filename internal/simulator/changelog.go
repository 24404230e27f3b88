package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds in this file are changelogs. A request names one parent in its path, and gets the parent's changes, newest
// first. An entry has no id: the tables number a parent's entries from the oldest.

// dealChangelog are [v1 /deals/{id}/changelog]. Its entries about the stage also make a table of their own.
var (
	dealChangelog = changelog("deal", "deals", "deal_id", func(g *generator) []int64 {
		return repeated(g.c.deals, func(d *Deal) int { return movesOf(d) + int(d.ID%4) })
	})
	dealStageChanges = &kind{
		name: "deal_stage_changes", text: "to_stage_id", parent: "deals", member: "deal_id", parentTime: "deal_update_time",
		of: dealChangelog, part: isMove, lists: dealChangelog.lists,
		fields: []field{
			{name: "deal_id", of: func(e *entry) any { return e.get("deal_id") }},
			{name: "seq", of: unnumbered},
			{name: "from_stage_id", of: func(e *entry) any { return stageIn(e, "old_value") }},
			{name: "to_stage_id", of: func(e *entry) any { return stageIn(e, "new_value") }},
			{name: "time", of: func(e *entry) any { return e.add }},
			{name: "actor_user_id", of: func(e *entry) any { return e.get("actor_user_id") }},
			{name: "change_source", of: func(e *entry) any { return e.get("change_source") }},
		},
	}
	personChangelog = changelog("person", "persons", "person_id", func(g *generator) []int64 {
		return repeated(g.c.persons, func(p *Person) int { return int(p.ID % 3) })
	})
	organizationChangelog = changelog("organization", "organizations", "org_id", func(g *generator) []int64 {
		return repeated(g.c.organizations, func(o *Organization) int { return int(o.ID % 3) })
	})
)

// projectChangelog are [v2 /projects/{id}/changelog], with entries of several fields each.
var projectChangelog = &kind{
	name: "project_changelog", text: "change_source_user_agent", parent: "projects", member: "project_id",
	parentTime: "project_update_time", grain: time.Millisecond, numbered: true,
	drawn: func(g *generator) (projects []int64) {
		for n := range int64(g.records("projects")) {
			projects = append(projects, slices.Repeat([]int64{n + 1}, int((n+1)%3))...)
		}
		return projects
	},
	lists: []listed{{
		path: "/api/v2/projects/{id}/changelog", cost: 10, scopes: projectScopes, gate: "projects",
		newest: true, filters: ofOne("project_id"),
	}},
	given: map[string]any{"actor_user_id": int64(1), "old_values": map[string]any{}, "new_values": map[string]any{}},
	fields: []field{
		{name: "project_id", draw: parent, form: unsaid},
		{name: "seq", of: unnumbered, form: unsaid},
		{name: "time", of: func(e *entry) any { return e.add }, form: millis},
		{name: "actor_user_id", draw: related("users")},
		{name: "old_values", draw: func(d *draws) any {
			return map[string]any{"title": pick(d.generator, dealNouns), "phase_id": d.place}
		}},
		{name: "new_values", draw: func(d *draws) any { return map[string]any{"title": nil, "phase_id": d.place + 1} }},
		{name: "change_source", draw: anyOf("app", "api")},
		{name: "change_source_user_agent", draw: sometimes(0.5, always("Mozilla/5.0"))},
	},
	finish: func(d *draws) {
		project := d.c.kinds["projects"]().rows[d.parent]
		end := project.add
		if project.update != nil {
			end = *project.update
		}
		d.spread(project.add, end, int(d.place), int(d.parent%3))
	},
}

// unnumbered leaves an entry without a stored number: the number follows from the parent's other entries.
func unnumbered(*entry) any { return nil }

// changelog declares the changelog of the records of a table.
func changelog(of, parents, member string, drawn func(*generator) []int64) *kind {
	return &kind{
		name: of + "_changelog", text: "new_value", parent: parents, member: member, parentTime: of + "_update_time",
		numbered: true, drawn: drawn,
		lists: []listed{{
			path: "/v1/" + parents + "/{id}/changelog", cost: 20, scopes: []string{"recents:read"}, newest: true, filters: ofOne(member),
		}},
		given: map[string]any{"field_key": "title", "actor_user_id": int64(1), "change_source": "api", "is_bulk_update_flag": false},
		fields: []field{
			{name: member, draw: parent, form: unsaid},
			{name: "seq", of: unnumbered, form: unsaid},
			{name: "field_key", draw: anyOf("title", "value", "9dc80c50d78a15643bfc4ca79d76156a73a1ca0e")},
			{name: "old_value", draw: sometimes(0.7, anyOf("0", "My Deel", "12.5"))},
			{name: "new_value", draw: sometimes(0.9, anyOf("100", "Minu «tehing»", "1"))},
			{name: "actor_user_id", draw: related("users")},
			{name: "time", of: func(e *entry) any { return e.add }},
			{name: "change_source", draw: anyOf("app", "api", "mobile", "automation")},
			{name: "change_source_user_agent", draw: sometimes(0.5, always("Mozilla/5.0"))},
			{name: "is_bulk_update_flag", draw: flag(0.1)},
		},
		finish: func(d *draws) {
			if of == "deal" {
				d.entryOfDeal(d.c.deals.rows[d.parent])
			} else {
				added, end := d.c.lifeOf(parents, d.parent)
				d.spread(added, end, int(d.place), int(d.parent%3))
			}
		},
		moved: moveDeal,
	}
}

// movesOf is the number of moves of a generated deal to another stage: none if it has no stage_change_time, or that of
// its creation.
func movesOf(d *Deal) int {
	if d.StageChangeTime == nil || d.StageChangeTime.Equal(d.AddTime) {
		return 0
	}
	return int(1 + d.ID%3)
}

// entryOfDeal makes a drawn entry one of the deal's moves, or a later change. The last move has led to the deal's
// stage.
func (d *draws) entryOfDeal(deal *Deal) {
	_, end := d.c.lifeOf("deals", deal.ID)
	moves, place := movesOf(deal), int(d.place)
	if place > moves {
		from := deal.AddTime
		if moves > 0 {
			from = *deal.StageChangeTime
		}
		d.spread(from, end, place-moves, int(deal.ID%4))
		return
	}
	d.spread(deal.AddTime, *deal.StageChangeTime, place, moves)
	stage := func(place int) string { return strconv.FormatInt(deal.StageID+int64(moves-place), 10) }
	d.set("field_key", "stage_id")
	d.set("old_value", stage(place-1))
	d.set("new_value", stage(place))
}

// spread gives a drawn entry its time: that of one of n entries from a moment to another.
func (d *draws) spread(from, to time.Time, place, n int) {
	at := to
	if place < n {
		at = from.Add(to.Sub(from) / time.Duration(n) * time.Duration(place)).Truncate(time.Second)
	}
	d.entry.add, d.entry.update = at, nil
}

// lifeOf is the times at which a record was created and last changed.
func (c *Company) lifeOf(table string, number int64) (added, changed time.Time) {
	switch table {
	case "deals":
		added = c.deals.rows[number].AddTime
	case "persons":
		added = c.persons.rows[number].AddTime
	default:
		added = c.organizations.rows[number].AddTime
	}
	if at := c.parents(table).changed(number); at != nil {
		return added, *at
	}
	return added, added
}

// isMove reports whether an entry is a move to another stage.
func isMove(e *entry) bool { return e.get("field_key") == "stage_id" }

// stageIn is the stage in the old or the new value of an entry; nil for a text that is not a number.
func stageIn(e *entry, name string) any {
	text, _ := e.get(name).(string)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	return id
}

// moveDeal sets the deal's time of its last move if an entry that was added, changed or removed is a move. It never
// sets the time back.
func moveDeal(c *Company, e *entry, at time.Time) {
	if d := c.deals.rows[e.parent()]; e.kind.name == "deal_changelog" && isMove(e) && d != nil {
		c.deals.edit(d.ID, func(d *Deal) {
			if d.StageChangeTime == nil || at.After(*d.StageChangeTime) {
				d.StageChangeTime = new(at)
			}
		})
	}
}

// root is the kind that this one is a part of, or else the kind itself.
func (k *kind) root() *kind {
	if k.of != nil {
		return k.of
	}
	return k
}

// Between is a moment that the truth knows only by its bounds: From to To, both included. nil is no bound, and a nil
// To permits NULL too.
type Between struct{ From, To any }

// sinceMove is the time of a row of a deal's moves: the deal's update_time when its moves were read. That is known
// only as a time between the last move and the last change.
func (t *truth) sinceMove(deal int64) any {
	b := Between{From: moment(t.deals.rows[deal].StageChangeTime), To: t.parentTime("deals", deal)}
	if from, to := b.From, b.To; from != nil && to != nil && as[time.Time](to).Before(as[time.Time](from)) {
		b.From = to // the move did not stamp the deal
	}
	return b
}

// ofRoot returns the values of an entry of the root, given those of a stage change.
func (k *kind) ofRoot(values map[string]any) map[string]any {
	if k.of == nil {
		return values
	}
	names := map[string]string{"from_stage_id": "old_value", "to_stage_id": "new_value"}
	all := map[string]any{"field_key": "stage_id"}
	for name, v := range values {
		if to := names[name]; to != "" {
			name, v = to, digits(v)
		}
		all[name] = v
	}
	return all
}

// number numbers rows of a changelog for each parent, given all rows in the order of their creation.
func (k *kind) number(rows []map[string]any) {
	if !k.root().numbered {
		return
	}
	last := map[any]int64{}
	for _, row := range rows {
		last[row[k.member]]++
		row["seq"] = last[row[k.member]]
	}
}

// serveNewest answers with the entries of a parent, newest first. v1 sends null for none.
func (l *listed) serveNewest(k *kind) func(*exchange) {
	v1 := !strings.HasPrefix(l.path, "/api/v2/")
	return func(x *exchange) {
		c, q := x.company, x.query
		c.mu.RLock()
		defer c.mu.RUnlock()
		_, keep, refused := l.choose(c, q, "listed")
		limit, tooLow := whole(q, "limit", defaultLimit, 1)
		before, unreadable := newestBefore(q.Get("cursor"))
		for _, r := range []*refusal{onlyKnown(q, []string{"cursor", "limit", parentParam}), refused, tooLow, unreadable} {
			if r != nil {
				x.refuse(r)
				return
			}
		}
		limit = min(limit, maxLimit)
		var page []*entry
		o := c.kind(k).ordered("listed", k.member)
		parent, _ := strconv.ParseInt(q.Get(parentParam), 10, 64)
		i := position(o, parent, before) - 1
		for ; i >= 0 && o.key(o.rows[i]) == parent && len(page) < limit; i-- {
			if keep(o.rows[i]) {
				page = append(page, o.rows[i])
			}
		}
		next := any(nil)
		if i >= 0 && o.key(o.rows[i]) == parent && len(page) > 0 {
			next = newestCursor(page[len(page)-1].number)
		}
		e := encoder{v1: v1}
		e.object(object{
			{"success", true}, {"data", k.encoded(c, page, v1)}, {"additional_data", object{{"next_cursor", next}}},
		})
		x.ok(e.buf)
	}
}

// encoded is the list of some entries.
func (k *kind) encoded(c *Company, page []*entry, v1 bool) any {
	if v1 && len(page) == 0 {
		return nil
	}
	e := encoder{v1: v1, buf: []byte{'['}}
	for i, entry := range page {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		recordV1(&e, c, entry, k.attributes(), false, nil)
	}
	return json.RawMessage(append(e.buf, ']'))
}

// newestCursor is the cursor after an entry [v1 /deals/{id}/changelog, example].
func newestCursor(number int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "id:%d", number))
}

// newestBefore is the number of the last entry of the page before. Without a cursor, it is greater than all numbers.
func newestBefore(cursor string) (int64, *refusal) {
	if cursor == "" {
		return math.MaxInt64, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	number, ok := strings.CutPrefix(string(text), "id:")
	n, bad := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || bad != nil {
		return 0, invalid("cursor is invalid")
	}
	return n, nil
}

// unrecorded are the attributes whose changes are in no changelog.
var unrecorded = []string{"id", "add_time", "update_time", "stage_change_time"}

// record changes a record and adds the changes to its changelog.
func record[T any, P row[T]](c *Company, t *table[T, P], k *kind, as []attribute[T], id int64, f func(P)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changes := c.kind(k) // drawn before the change
	before := shown(c, t.rows[id], as)
	t.change(id, c.now, f)
	after := shown(c, t.rows[id], as)
	for i, a := range as {
		if before[i] == after[i] || slices.Contains(unrecorded, a.v2) {
			continue
		}
		e := k.entry(changes.lastID + 1)
		e.set(k.given)
		e.set(map[string]any{k.member: id, "field_key": a.v2, "old_value": before[i], "new_value": after[i]})
		e.seal(c.id)
		changes.add(e, c.now)
	}
}

// shown are the values of a record's attributes as texts, nil for none.
func shown[T any, P row[T]](c *Company, p P, as []attribute[T]) []any {
	texts := make([]any, len(as))
	for i, a := range as {
		if p == nil || a.v2 == "" || a.value == nil {
			continue
		}
		v := a.value(c, (*T)(p))
		if v == absent {
			continue
		}
		e := encoder{v1: true}
		e.value(v)
		var text string
		switch {
		case string(e.buf) == "null":
			continue
		case json.Unmarshal(e.buf, &text) == nil:
			texts[i] = text
		default:
			texts[i] = string(e.buf)
		}
	}
	return texts
}

// recordProject adds a change of a project to its changelog.
func (c *Company) recordProject(id int64, old, now []any) {
	changed, were := map[string]any{}, map[string]any{}
	for i, f := range projects.fields {
		if f.of != nil {
			continue
		}
		before, after := string(marshal(stored(old[i]))), string(marshal(stored(now[i])))
		if before != after {
			were[f.name], changed[f.name] = json.RawMessage(before), json.RawMessage(after)
		}
	}
	if len(changed) == 0 {
		return
	}
	changes := c.kind(projectChangelog)
	e := projectChangelog.entry(changes.lastID + 1)
	e.set(projectChangelog.given)
	e.set(map[string]any{"project_id": id, "old_values": were, "new_values": changed, "change_source": "api"})
	e.seal(c.id)
	changes.add(e, c.now)
}
