package truth

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// Account is a company whose records tests create, change and delete by table name, so that they can treat all tables
// alike. A number identifies a record: its id, if ids are whole numbers.
type Account struct {
	Company *simulator.Company
	// deleted are the keys of deleted records that no list shows any more, by table.
	deleted map[string]map[string]bool
	refused map[string][]any // keys of parents, by table
	changes int
}

// NewAccount returns an account without deletions.
func NewAccount(c *simulator.Company) *Account {
	return &Account{Company: c, deleted: map[string]map[string]bool{}, refused: map[string][]any{}}
}

// MayStay returns, for [Compare], the rows of a table that an append-only destination may have beyond those that
// Pipedrive lists: deleted records, and deals deleted more than 30 days ago. Tables that are always read in full have
// none.
func (a *Account) MayStay(table string) func(Row) bool {
	if !slices.Contains(Incremental, table) {
		return nil
	}
	return func(row Row) bool {
		return a.deleted[table][row.Key(table)] || table == "deals" && row["is_deleted"].Text == "1"
	}
}

// OfDeleted returns, for [Compare], the rows of a table that stay after a full refresh: children of parents that are
// listed as deleted. Other tables have none.
func (a *Account) OfDeleted(table string) func(Row) bool {
	parent := of.table(table).Parent
	if parent == nil || parent.Skip == "" {
		return nil
	}
	deleted := map[string]bool{}
	for _, row := range a.Company.Truth(parent.Table.Records, Everything) {
		if row[parent.Skip] == true {
			deleted[KeyOf(parent.Table.Records, row)] = true
		}
	}
	return func(row Row) bool { return deleted[row[parent.Column].Text] }
}

// handmade are the tables whose records the simulator does not declare, and their changes; nil for no such change. No
// other table looks up a changed column: a note's person_name, for example, would change without a change of the note.
var handmade = map[string]struct {
	text   string                                                       // the column that add fills
	add    func(c *simulator.Company, text string, at *time.Time) int64 // owned by the first user
	silent func(c *simulator.Company, id int64)                         // sets update_time to NULL
	change func(c *simulator.Company, id int64, text string)
	remove func(c *simulator.Company, id int64)
}{
	"persons": {
		text: "name",
		add: func(c *simulator.Company, text string, at *time.Time) int64 {
			return c.AddPerson(simulator.Person{Name: text, OwnerID: 1, UpdateTime: at})
		},
		silent: func(c *simulator.Company, id int64) {
			c.UpdatePerson(id, func(p *simulator.Person) { p.UpdateTime = nil })
		},
		change: func(c *simulator.Company, id int64, text string) {
			c.UpdatePerson(id, func(p *simulator.Person) { p.JobTitle = &text })
		},
		remove: (*simulator.Company).DeletePerson,
	},
	"organizations": {
		text: "name",
		add: func(c *simulator.Company, text string, at *time.Time) int64 {
			return c.AddOrganization(simulator.Organization{Name: text, OwnerID: 1, UpdateTime: at})
		},
		silent: func(c *simulator.Company, id int64) {
			c.UpdateOrganization(id, func(o *simulator.Organization) { o.UpdateTime = nil })
		},
		change: func(c *simulator.Company, id int64, text string) {
			c.UpdateOrganization(id, func(o *simulator.Organization) { o.Website = &text })
		},
		remove: (*simulator.Company).DeleteOrganization,
	},
	"deals": {
		text: "title",
		add: func(c *simulator.Company, text string, at *time.Time) int64 {
			if at == nil {
				at = new(c.Now())
			}
			// This is long before all changes: a deal whose last move is its creation counts as never moved.
			added := at.Add(-10_000 * time.Hour)
			return c.AddDeal(simulator.Deal{Title: text, OwnerID: 1, AddTime: added, UpdateTime: at})
		},
		silent: func(c *simulator.Company, id int64) {
			c.UpdateDeal(id, func(d *simulator.Deal) { d.UpdateTime = nil })
		},
		change: func(c *simulator.Company, id int64, text string) {
			c.UpdateDeal(id, func(d *simulator.Deal) { d.LostReason = &text })
		},
		remove: (*simulator.Company).DeleteDeal,
	},
	"notes": {
		text: "content",
		add: func(c *simulator.Company, text string, at *time.Time) int64 {
			return c.AddNote(simulator.Note{Content: text, UpdateTime: at})
		},
		silent: func(c *simulator.Company, id int64) {
			c.UpdateNote(id, func(n *simulator.Note) { n.UpdateTime = nil })
		},
		change: func(c *simulator.Company, id int64, text string) {
			c.UpdateNote(id, func(n *simulator.Note) { n.Content = text })
		},
		remove: (*simulator.Company).DeleteNote,
	},
	"pipelines": {
		text: "name",
		add: func(c *simulator.Company, text string, _ *time.Time) int64 {
			return c.AddPipeline(simulator.Pipeline{Name: text})
		},
		remove: (*simulator.Company).DeletePipeline,
	},
	"stages": {
		text: "name",
		add: func(c *simulator.Company, text string, _ *time.Time) int64 {
			return c.AddStage(simulator.Stage{Name: text, PipelineID: 1})
		},
		change: func(c *simulator.Company, id int64, text string) {
			c.UpdateStage(id, func(s *simulator.Stage) { s.Name = text })
		},
		remove: (*simulator.Company).DeleteStage,
	},
	"users": { // a deleted one stays in the list
		text: "name",
		add: func(c *simulator.Company, text string, at *time.Time) int64 {
			return c.AddUser(simulator.User{Name: text, Modified: at})
		},
		change: func(c *simulator.Company, id int64, text string) {
			c.UpdateUser(id, func(u *simulator.User) { u.Phone = &text })
		},
		remove: (*simulator.Company).DeleteUser,
	},
	"company": { // exists exactly once
		add:    func(*simulator.Company, string, *time.Time) int64 { return 0 },
		remove: func(*simulator.Company, int64) {},
	},
}

// Text is the column that [Account.Add] sets.
func Text(table string) string {
	if h, ok := handmade[table]; ok {
		return h.text
	}
	return simulator.Text(table)
}

// Add adds a record to a table, owned by the first user; a zero changed means the company's clock.
func (a *Account) Add(table, text string, changed time.Time) int64 {
	if h, ok := handmade[table]; ok {
		var at *time.Time
		if !changed.IsZero() {
			at = &changed
		}
		return h.add(a.Company, text, at)
	}
	parent, member := simulator.ParentOf(table)
	time, ofParent := simulator.TimeOf(table)
	column, values := simulator.Text(table), map[string]any{}
	if time != "" && !changed.IsZero() {
		values[time] = changed
		if ofParent { // a new parent, so that no other child changes
			values[member] = a.Add(parent, text, changed)
		}
	}
	if parent != "" && values[member] == nil && len(a.IDs(parent)) == 0 && !simulator.IsSingle(table) {
		a.Add(parent, text, changed)
	}
	if slices.Contains(of.keys(table), column) { // no two records share it
		a.changes++
		text = fmt.Sprint(text, " ", a.changes)
	}
	values[column] = of.value(table, column, text)
	if simulator.HasOwner(table) {
		values["owner_id"] = int64(1)
	}
	return a.Company.AddRecord(table, values)
}

// AddNeverChanged adds a record whose update_time is NULL, or that of its parent if the record has none.
func (a *Account) AddNeverChanged(table, text string) int64 {
	column, ofParent := simulator.TimeOf(table)
	var changed time.Time
	if ofParent {
		changed = a.Company.Now()
	}
	id := a.Add(table, text, changed)
	if h, ok := handmade[table]; ok && h.silent != nil {
		h.silent(a.Company, id)
	} else if !ok && column != "" {
		a.Company.UpdateRecord(table, id, map[string]any{column: nil})
	}
	return id
}

// Change changes a record, which stamps its update_time. If the records' text is their key, it becomes another record.
func (a *Account) Change(table string, id int64, text string) {
	h, ok := handmade[table]
	if !ok {
		column := simulator.Text(table)
		values := map[string]any{column: of.value(table, column, text)}
		if slices.Contains(of.keys(table), column) { // no two records share it
			values[column] = of.value(table, column, fmt.Sprintf("%s of %d", text, id))
			a.without(table, func() { a.Company.UpdateRecord(table, id, values) })
		} else {
			a.Company.UpdateRecord(table, id, values)
		}
	} else if h.change != nil {
		h.change(a.Company, id, text)
	}
}

// Remove deletes a record and its children. A deal stays listed, as a deleted one, for 30 days.
func (a *Account) Remove(table string, id int64) {
	a.without(table, func() {
		if h, ok := handmade[table]; ok {
			h.remove(a.Company, id)
		} else {
			a.Company.RemoveRecord(table, id)
		}
	})
}

// without notes the rows that leave a table, or the tables of its family, during a change.
func (a *Account) without(table string, change func()) {
	before := a.keys(table)
	change()
	after := a.keys(table)
	for table, keys := range before {
		for key := range keys {
			if !after[table][key] {
				if a.deleted[table] == nil {
					a.deleted[table] = map[string]bool{}
				}
				a.deleted[table][key] = true
			}
		}
	}
}

// keys are the keys of the rows of a table and of its incremental relatives: tables with the same parents, and tables
// of children of its records.
func (a *Account) keys(table string) map[string]map[string]bool {
	found := map[string]map[string]bool{}
	for _, name := range Incremental {
		if Family(name) != Family(table) {
			continue
		}
		found[name] = map[string]bool{}
		for _, row := range a.Company.Truth(name, Everything) {
			found[name][KeyOf(name, row)] = true
		}
	}
	return found
}

// Family is the table of a table's parents, or of their own parents, or the table itself if it has none.
func Family(table string) string {
	if parent, _ := simulator.ParentOf(table); parent != "" {
		return Family(parent)
	}
	return table
}

// HasChildren reports whether one of the tables is a table of children.
func HasChildren(tables []string) bool {
	return slices.ContainsFunc(tables, func(table string) bool { return Family(table) != table })
}

// InFamily reports whether a table is one of children or of parents: a child that changes alone changes columns of
// both.
func InFamily(table string) bool {
	return slices.ContainsFunc(Tables, func(of string) bool { return Family(of) != of && (of == table || Family(of) == table) })
}

// RemoveStage deletes the last stage. No deal of a generated account is in it; otherwise the deal's stage_order_nr
// would change without a change of the deal.
func (a *Account) RemoveStage() {
	stages := a.IDs("stages")
	a.Remove("stages", stages[len(stages)-1])
}

// Unarchive brings a deal back from the archive.
func (a *Account) Unarchive(id int64) {
	a.Company.UpdateDeal(id, func(d *simulator.Deal) { d.IsArchived, d.ArchiveTime = false, nil })
}

// IDs are the numbers of the records that a full sync brings.
func (a *Account) IDs(table string) []int64 {
	_, ids := a.rows(table)
	return ids
}

// Key is the key of a record's row, within the account and as text.
func (a *Account) Key(table string, id int64) string {
	rows, ids := a.rows(table)
	i := slices.Index(ids, id)
	if i < 0 {
		panic(fmt.Sprintf("truth: %s has no record %d", table, id))
	}
	return KeyOf(table, rows[i])
}

// rows are a table's rows after a full sync, and the numbers of their records.
func (a *Account) rows(table string) ([]map[string]any, []int64) {
	return a.Company.Truth(table, Everything), a.Company.Numbers(table, Everything)
}

// ID is the value of the column account_id.
func (a *Account) ID() string { return strconv.FormatInt(a.Company.ID(), 10) }

// Change is an event at Pipedrive.
type Change struct {
	Kind    string // advance, create, late, change, archive, delete or refuse
	Table   string
	Record  int  // an index into the existing records, wrapping around
	Seconds int  // by which the clock advances, or half-minutes of delay of a late record
	Alone   bool // whether a child changes without a change of its parent
}

// Apply makes a change happen. It must not be called concurrently.
func (a *Account) Apply(c Change) {
	if c.Alone {
		a.Company.SetChildrenStampParents(false)
		defer a.Company.SetChildrenStampParents(true)
	}
	a.changes++
	text, live := fmt.Sprintf("change %d", a.changes), a.live(c.Table)
	switch {
	case c.Kind == "advance":
		a.Company.Advance(time.Duration(c.Seconds) * time.Second)
	case c.Kind == "late" && slices.Contains(Incremental, c.Table): // committed later than a run after its update_time
		a.Add(c.Table, text, a.Company.Now().Add(-time.Duration(30*c.Seconds)*time.Second))
	case len(live) == 0, c.Kind == "create", c.Kind == "late":
		a.Add(c.Table, text, time.Time{})
	case c.Kind == "archive" && (c.Table == "deals" || simulator.HasArchive(c.Table)):
		a.archive(c.Table, live[c.Record%len(live)])
	case c.Kind == "delete":
		a.Remove(c.Table, live[c.Record%len(live)])
	case c.Kind == "refuse" && of.table(c.Table).Parent != nil && !of.table(c.Table).IsCut():
		a.refuse(c.Table, live[c.Record%len(live)])
	default:
		a.Change(c.Table, live[c.Record%len(live)], text)
	}
}

// refuse makes Pipedrive refuse requests for the children of a record's parent, until [Account.Admit].
func (a *Account) refuse(table string, id int64) {
	parents, column := simulator.ParentKeyOf(table)
	rows, ids := a.rows(table)
	parent := rows[slices.Index(ids, id)][column]
	if parent == nil {
		panic(fmt.Sprintf("truth: a row of %s has no %s", table, column))
	}
	a.Company.RefuseParent(parents, parent, []int{http.StatusForbidden, http.StatusNotFound, http.StatusGone}[id%3])
	a.refused[parents] = append(a.refused[parents], parent)
}

// Refuses reports whether Pipedrive refuses requests for the children of some record.
func (a *Account) Refuses() bool { return len(a.refused) > 0 }

// Admit ends all refusals of requests for children.
func (a *Account) Admit() {
	for table, keys := range a.refused {
		for _, key := range keys {
			a.Company.RefuseParent(table, key, 0)
		}
	}
	clear(a.refused)
}

// archive moves a record to the archive, or back from it.
func (a *Account) archive(table string, id int64) {
	archived := slices.Contains(a.Company.Numbers(table, simulator.TruthOptions{Deleted: true}), id)
	switch {
	case table != "deals":
		a.Company.ArchiveRecord(table, id, archived)
	case archived:
		a.Company.ArchiveDeal(id)
	default:
		a.Unarchive(id)
	}
}

// live are the numbers of a table's records that are not deleted.
func (a *Account) live(table string) (live []int64) {
	rows, ids := a.rows(table)
	for i, row := range rows {
		if deleted, _ := row["is_deleted"].(bool); !deleted {
			live = append(live, ids[i])
		}
	}
	return live
}
