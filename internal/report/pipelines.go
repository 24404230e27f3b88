package report

import (
	"cmp"
	"fmt"
	"slices"
)

// openDeals are the open deals of one stage in one currency.
type openDeals struct {
	account         string
	pipeline, stage int64
	Money
}

// pipelines returns the pipelines of all accounts in Pipedrive's order. One
// that is no longer in use, or whose row is gone because it was removed, is
// among them only as long as it has open deals; the same goes for stages.
func (r *reader) pipelines() []Pipeline {
	pipelines := r.declaredPipelines()
	if r.has("pipedrive_deals") {
		for _, deals := range r.openDeals() {
			pipelines = file(pipelines, deals)
		}
	}
	pipelines = slices.DeleteFunc(pipelines, func(p Pipeline) bool { return !p.active && p.Open == 0 })
	for i := range pipelines {
		p := &pipelines[i]
		p.Stages = slices.DeleteFunc(p.Stages, func(s Stage) bool { return !s.active && s.Open == 0 })
		mostDealsFirst(p.Value)
	}
	// Removed pipelines came last of all, not of their accounts.
	slices.SortStableFunc(pipelines, func(a, b Pipeline) int { return cmp.Compare(a.Account, b.Account) })
	return pipelines
}

func (r *reader) openDeals() []openDeals {
	return query(r, `
		SELECT account_id, coalesce(pipeline_id, 0), coalesce(stage_id, 0), coalesce(currency, ''),
		       coalesce(sum(value), 0), count(*)
		FROM pipedrive_deals
		WHERE status = 'open' AND NOT coalesce(is_deleted, 0) AND NOT coalesce(is_archived, 0)
		GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
		func(d *openDeals) []any {
			return []any{&d.account, &d.pipeline, &d.stage, &d.Currency, &d.Value, &d.Deals}
		})
}

func (r *reader) declaredPipelines() (pipelines []Pipeline) {
	if r.has("pipedrive_pipelines") {
		pipelines = query(r, `
			SELECT account_id, id, coalesce(name, ''), coalesce(active, 1)
			FROM pipedrive_pipelines ORDER BY account_id, order_nr, id`,
			func(p *Pipeline) []any { return []any{&p.Account, &p.ID, &p.Name, &p.active} })
	}
	if !r.has("pipedrive_stages") {
		return pipelines
	}
	type row struct {
		account      string
		pipeline     int64
		pipelineName string
		Stage
	}
	stages := query(r, `
		SELECT account_id, coalesce(pipeline_id, 0), coalesce(pipeline_name, ''),
		       id, coalesce(name, ''), coalesce(active_flag, 1)
		FROM pipedrive_stages ORDER BY account_id, order_nr, id`,
		func(s *row) []any {
			return []any{&s.account, &s.pipeline, &s.pipelineName, &s.ID, &s.Name, &s.active}
		})
	for _, s := range stages {
		var p *Pipeline
		pipelines, p = pipelineOf(pipelines, s.account, s.pipeline)
		p.Name = cmp.Or(p.Name, s.pipelineName)
		p.Stages = append(p.Stages, s.Stage)
	}
	return pipelines
}

// file puts deals into their stage.
func file(pipelines []Pipeline, deals openDeals) []Pipeline {
	pipelines, p := pipelineOf(pipelines, deals.account, deals.pipeline)
	p.Open += deals.Deals
	p.Value = add(p.Value, deals.Money)
	s := stageOf(p, deals.stage)
	s.Open += deals.Deals
	s.Value = add(s.Value, deals.Money)
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

// Title returns the pipeline's name, or what can be said of one that has none.
func (p *Pipeline) Title() string { return title(p.Name, "pipeline", p.ID) }

// Title returns the stage's name, or what can be said of one that has none.
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
