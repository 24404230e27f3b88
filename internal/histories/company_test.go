package histories

import (
	"fmt"
	"slices"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// addMany adds n records to a table. The first changed at from, each further one a step later.
func (a *account) addMany(table string, n int, from time.Time, step time.Duration) (ids []int64) {
	for i := range n {
		ids = append(ids, a.Add(table, fmt.Sprintf("%s %d", table, i), from.Add(time.Duration(i)*step)))
	}
	return ids
}

// generated is an account with a few records of each type, realistic and awkward.
func generated(seed uint64, id int64) *simulator.Company {
	c := simulator.Generate(simulator.Config{Seed: seed, CompanyID: id, Deals: 40, Persons: 30, Organizations: 20, Notes: 30})
	for i := range 3 {
		c.AddStage(simulator.Stage{Name: fmt.Sprint("unused ", i), PipelineID: 1})
	}
	a := truth.NewAccount(c)
	for _, table := range incremental {
		for len(a.IDs(table)) < 10 {
			a.Add(table, "one more", time.Time{})
		}
	}
	return c
}

// since is the truth of a table, without the rows that were changed before a moment.
func (a *account) since(table string, moment time.Time) []map[string]any {
	return slices.DeleteFunc(a.Company.Truth(table, everything), func(row map[string]any) bool {
		return truth.TimeIn(table, row).Before(moment)
	})
}
