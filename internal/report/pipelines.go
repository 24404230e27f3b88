package report

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"
)

// A Stage is a stage of a pipeline with the pipeline's open deals in it.
type Stage struct {
	Sums
	Passage
	ID   int64
	Name string

	active      bool
	probability sql.NullFloat64 // NULL: its deals do not rot
	rottenDays  sql.NullInt64   // NULL: deals do not rot in it
}

// inUse returns the pipelines in Pipedrive's order. A pipeline that is no longer in use, or whose row was removed,
// is included only while it has open deals. The same goes for stages.
func inUse(pipelines []Pipeline) []Pipeline {
	pipelines = slices.DeleteFunc(pipelines, func(p Pipeline) bool { return !p.active && p.Deals == 0 })
	for i := range pipelines {
		p := &pipelines[i]
		p.Stages = slices.DeleteFunc(p.Stages, func(s Stage) bool { return !s.active && s.Deals == 0 })
	}
	// Removed pipelines came at the end of all accounts; they belong with their own.
	slices.SortStableFunc(pipelines, func(a, b Pipeline) int { return cmp.Compare(a.Account, b.Account) })
	return pipelines
}

func (r *reader) declaredPipelines() (pipelines []Pipeline) {
	if statement, ok := r.statement("pipedrive_pipelines"); ok {
		pipelines = query(r, statement, func(p *Pipeline) []any { return []any{&p.Account, &p.ID, &p.Name, &p.active} })
	}
	statement, ok := r.statement("pipedrive_stages")
	if !ok {
		return pipelines
	}
	type row struct {
		account      string
		pipeline     int64
		pipelineName string
		Stage
	}
	stages := query(r, statement, func(s *row) []any {
		return []any{
			&s.account, &s.pipeline, &s.pipelineName, &s.ID, &s.Name,
			&s.active, &s.probability, &s.rottenDays,
		}
	})
	for _, s := range stages {
		var p *Pipeline
		pipelines, p = pipelineOf(pipelines, s.account, s.pipeline)
		p.Name = cmp.Or(p.Name, s.pipelineName)
		p.Stages = append(p.Stages, s.Stage)
	}
	return pipelines
}

func pipelineOf(pipelines []Pipeline, account string, id int64) ([]Pipeline, *Pipeline) {
	i := slices.IndexFunc(pipelines, func(p Pipeline) bool { return p.Account == account && p.ID == id })
	if i < 0 {
		i = len(pipelines)
		pipelines = append(pipelines, Pipeline{Account: account, ID: id})
	}
	return pipelines, &pipelines[i]
}

func stageOf(p *Pipeline, id int64) *Stage {
	i := slices.IndexFunc(p.Stages, func(s Stage) bool { return s.ID == id })
	if i < 0 {
		i = len(p.Stages)
		p.Stages = append(p.Stages, Stage{ID: id})
	}
	return &p.Stages[i]
}

// Title returns the pipeline's name, or a substitute if there is none.
func (p *Pipeline) Title() string { return title(p.Name, "pipeline", p.ID) }

// Title returns the stage's name, or a substitute if there is none.
func (s *Stage) Title() string { return title(s.Name, "stage", s.ID) }

func title(name, kind string, id int64) string {
	switch {
	case name != "":
		return name
	case id == 0:
		return "No " + kind
	default:
		return fmt.Sprintf("Removed %s %d", kind, id)
	}
}
