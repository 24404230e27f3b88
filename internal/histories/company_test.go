package histories

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// paths are the lists that tables are read from.
var paths = map[string][]string{
	"persons":       {"/api/v2/persons"},
	"organizations": {"/api/v2/organizations"},
	"deals":         {"/api/v2/deals", "/api/v2/deals/archived"},
	"notes":         {"/v1/notes"},
	"pipelines":     {"/api/v2/pipelines"},
	"stages":        {"/api/v2/stages"},
}

// add adds a record to a table; a zero changed is the company's clock.
func (a *account) add(table, text string, changed time.Time) int64 {
	var at *time.Time
	if !changed.IsZero() {
		at = &changed
	}
	c := a.company
	switch table {
	case "persons":
		return c.AddPerson(simulator.Person{Name: text, UpdateTime: at})
	case "organizations":
		return c.AddOrganization(simulator.Organization{Name: text, UpdateTime: at})
	case "deals":
		return c.AddDeal(simulator.Deal{Title: text, UpdateTime: at})
	case "notes":
		return c.AddNote(simulator.Note{Content: text, UpdateTime: at})
	case "pipelines":
		return c.AddPipeline(simulator.Pipeline{Name: text})
	}
	return c.AddStage(simulator.Stage{Name: text, PipelineID: 1})
}

// addNeverChanged adds a record whose update_time is NULL.
func (a *account) addNeverChanged(table, text string) int64 {
	id, c := a.add(table, text, time.Time{}), a.company
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

// change changes a record, which stamps its update_time. What changes is nothing that other tables look up:
// a note's person_name, for one, would change without a change of the note.
func (a *account) change(table string, id int64, text string) {
	c := a.company
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

// remove deletes a record. A deal stays listed, as a deleted one, for 30 days.
func (a *account) remove(table string, id int64) {
	a.gone[table][id] = table != "deals"
	c := a.company
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

// removeStage deletes the last stage. Deals are in none of the last stages of a generated account, since a
// deal's stage_order_nr would change without a change of the deal.
func (a *account) removeStage() {
	stages := a.ids("stages")
	a.remove("stages", stages[len(stages)-1])
}

// unarchive brings a deal back from the archive.
func (a *account) unarchive(id int64) {
	a.company.UpdateDeal(id, func(d *simulator.Deal) { d.IsArchived, d.ArchiveTime = false, nil })
}

// addMany adds n records to a table, each changed step later than the one before, the first at from.
func (a *account) addMany(table string, n int, from time.Time, step time.Duration) (ids []int64) {
	for i := range n {
		ids = append(ids, a.add(table, fmt.Sprintf("%s %d", table, i), from.Add(time.Duration(i)*step)))
	}
	return ids
}

// ids are those of a table's rows as a full sync would bring them.
func (a *account) ids(table string) (ids []int64) {
	for _, row := range a.company.Truth(table, everything) {
		ids = append(ids, row["id"].(int64))
	}
	return ids
}

// id is the value of the column account_id.
func (a *account) id() string { return strconv.FormatInt(a.company.ID(), 10) }

// generated is an account with a few records of each type, realistic and awkward.
func generated(seed uint64, id int64) *simulator.Company {
	c := simulator.Generate(simulator.Config{Seed: seed, CompanyID: id, Deals: 40, Persons: 30, Organizations: 20, Notes: 30})
	for i := range 3 {
		c.AddStage(simulator.Stage{Name: fmt.Sprint("unused ", i), PipelineID: 1})
	}
	return c
}

// since keeps the rows that were changed at a moment or later.
func since(rows []map[string]any, moment time.Time) []map[string]any {
	return slices.DeleteFunc(slices.Clone(rows), func(row map[string]any) bool {
		changed, ok := row["update_time"].(time.Time)
		return !ok || changed.Before(moment)
	})
}
