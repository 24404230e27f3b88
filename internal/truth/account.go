package truth

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// The tables, each of one type of record.
var (
	Incremental = []string{"persons", "organizations", "deals", "notes"}
	Full        = []string{"pipelines", "stages"}
	Tables      = slices.Concat(Incremental, Full)
)

// Everything is what a sync without further keys in its spec reads.
var Everything = simulator.TruthOptions{Deleted: true, Archived: true}

// Paths are the lists that tables are read from.
var Paths = map[string][]string{
	"persons":       {"/api/v2/persons"},
	"organizations": {"/api/v2/organizations"},
	"deals":         {"/api/v2/deals", "/api/v2/deals/archived"},
	"notes":         {"/v1/notes"},
	"pipelines":     {"/api/v2/pipelines"},
	"stages":        {"/api/v2/stages"},
}

// Account is a company whose records tests create, change and delete by the name of their table, so that they
// can treat all tables alike.
type Account struct {
	Company *simulator.Company
	// gone are the records that were deleted so that no list shows them any more, by table.
	gone    map[string]map[int64]bool
	changes int
}

// NewAccount returns an account that nothing was deleted from yet.
func NewAccount(c *simulator.Company) *Account {
	gone := map[string]map[int64]bool{}
	for _, table := range Tables {
		gone[table] = map[int64]bool{}
	}
	return &Account{Company: c, gone: gone}
}

// MayStay says, for [Compare], which rows of a table a destination that is only added to may hold beyond those
// that Pipedrive lists: what was deleted, and of deals what is deleted for more than 30 days. Tables that are
// always read in full hold none.
func (a *Account) MayStay(table string) func(Row) bool {
	if !slices.Contains(Incremental, table) {
		return nil
	}
	return func(row Row) bool {
		id, err := strconv.ParseInt(row["id"].Text, 10, 64)
		return err == nil && a.gone[table][id] || table == "deals" && row["is_deleted"].Text == "1"
	}
}

// Add adds a record to a table, owned by the first user; a zero changed is the company's clock.
func (a *Account) Add(table, text string, changed time.Time) int64 {
	var at *time.Time
	if !changed.IsZero() {
		at = &changed
	}
	c := a.Company
	switch table {
	case "persons":
		return c.AddPerson(simulator.Person{Name: text, OwnerID: 1, UpdateTime: at})
	case "organizations":
		return c.AddOrganization(simulator.Organization{Name: text, OwnerID: 1, UpdateTime: at})
	case "deals":
		return c.AddDeal(simulator.Deal{Title: text, OwnerID: 1, UpdateTime: at})
	case "notes":
		return c.AddNote(simulator.Note{Content: text, UpdateTime: at})
	case "pipelines":
		return c.AddPipeline(simulator.Pipeline{Name: text})
	}
	return c.AddStage(simulator.Stage{Name: text, PipelineID: 1})
}

// AddNeverChanged adds a record whose update_time is NULL.
func (a *Account) AddNeverChanged(table, text string) int64 {
	id, c := a.Add(table, text, time.Time{}), a.Company
	switch table {
	case "persons":
		c.UpdatePerson(id, func(p *simulator.Person) { p.UpdateTime = nil })
	case "organizations":
		c.UpdateOrganization(id, func(o *simulator.Organization) { o.UpdateTime = nil })
	case "deals":
		c.UpdateDeal(id, func(d *simulator.Deal) { d.UpdateTime = nil })
	case "notes":
		c.UpdateNote(id, func(n *simulator.Note) { n.UpdateTime = nil })
	}
	return id
}

// Change changes a record, which stamps its update_time. What changes is nothing that other tables look up:
// a note's person_name, for one, would change without a change of the note.
func (a *Account) Change(table string, id int64, text string) {
	c := a.Company
	switch table {
	case "persons":
		c.UpdatePerson(id, func(p *simulator.Person) { p.JobTitle = &text })
	case "organizations":
		c.UpdateOrganization(id, func(o *simulator.Organization) { o.Website = &text })
	case "deals":
		c.UpdateDeal(id, func(d *simulator.Deal) { d.LostReason = &text })
	case "notes":
		c.UpdateNote(id, func(n *simulator.Note) { n.Content = text })
	case "stages":
		c.UpdateStage(id, func(s *simulator.Stage) { s.Name = text })
	}
}

// Remove deletes a record. A deal stays listed, as a deleted one, for 30 days.
func (a *Account) Remove(table string, id int64) {
	a.gone[table][id] = table != "deals"
	c := a.Company
	switch table {
	case "persons":
		c.DeletePerson(id)
	case "organizations":
		c.DeleteOrganization(id)
	case "deals":
		c.DeleteDeal(id)
	case "notes":
		c.DeleteNote(id)
	case "pipelines":
		c.DeletePipeline(id)
	case "stages":
		c.DeleteStage(id)
	}
}

// RemoveStage deletes the last stage. Deals are in none of the last stages of a generated account, since a
// deal's stage_order_nr would change without a change of the deal.
func (a *Account) RemoveStage() {
	stages := a.IDs("stages")
	a.Remove("stages", stages[len(stages)-1])
}

// Unarchive brings a deal back from the archive.
func (a *Account) Unarchive(id int64) {
	a.Company.UpdateDeal(id, func(d *simulator.Deal) { d.IsArchived, d.ArchiveTime = false, nil })
}

// IDs are those of a table's rows as a full sync would bring them.
func (a *Account) IDs(table string) (ids []int64) {
	for _, row := range a.Company.Truth(table, Everything) {
		ids = append(ids, row["id"].(int64))
	}
	return ids
}

// ID is the value of the column account_id.
func (a *Account) ID() string { return strconv.FormatInt(a.Company.ID(), 10) }

// Change is something that happens at Pipedrive.
type Change struct {
	Kind    string // advance, create, late, change, archive or delete
	Table   string
	Record  int // which one of those that are there, counted on from the first after the last
	Seconds int // by which the clock advances, or half-minutes by which a record comes late
}

// Apply has a change happen. It is called by one goroutine at a time.
func (a *Account) Apply(c Change) {
	a.changes++
	text, live := fmt.Sprintf("change %d", a.changes), a.live(c.Table)
	switch {
	case c.Kind == "advance":
		a.Company.Advance(time.Duration(c.Seconds) * time.Second)
	case c.Kind == "late" && slices.Contains(Incremental, c.Table): // committed longer after its update_time was stamped than a run takes
		a.Add(c.Table, text, a.Company.Now().Add(-time.Duration(30*c.Seconds)*time.Second))
	case len(live) == 0, c.Kind == "create", c.Kind == "late":
		a.Add(c.Table, text, time.Time{})
	case c.Kind == "archive" && c.Table == "deals":
		if row := live[c.Record%len(live)]; row["is_archived"].(bool) {
			a.Unarchive(row["id"].(int64))
		} else {
			a.Company.ArchiveDeal(row["id"].(int64))
		}
	case c.Kind == "delete":
		a.Remove(c.Table, live[c.Record%len(live)]["id"].(int64))
	default:
		a.Change(c.Table, live[c.Record%len(live)]["id"].(int64), text)
	}
}

// live are the rows of a table whose records are not deleted.
func (a *Account) live(table string) []map[string]any {
	return slices.DeleteFunc(a.Company.Truth(table, Everything), func(row map[string]any) bool {
		deleted, _ := row["is_deleted"].(bool)
		return deleted
	})
}
