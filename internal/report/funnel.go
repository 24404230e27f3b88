package report

import (
	"slices"
	"time"
)

// A Passage counts the deals that pass a stage, of those that entered its pipeline in the shown months. A deal that
// skips a stage or was won has reached it. Each deal that reached the stage went on, or the stage is the furthest that
// it reached.
type Passage struct {
	Reached int
	WentOn  int // reached a later stage, or were won
	Lost    int
	Open    int
	Left    int // are in another pipeline by now
	days    []float64
}

// Rate returns the share of deals that went on.
func (p *Passage) Rate() float64 { return float64(p.WentOn) / float64(p.Reached) }

// Timed reports whether a deal has left the stage.
func (p *Passage) Timed() bool { return len(p.days) > 0 }

// Median returns the median of the days that deals were in the stage before they left it.
func (p *Passage) Median() float64 {
	n := len(p.days)
	return (p.days[(n-1)/2] + p.days[n/2]) / 2
}

// A move is a change of a deal's stage, or a deal without any.
type move struct {
	deal
	seq, from, to int64
	moment        moment
}

func (m *move) fields() []any {
	return []any{
		&m.account, &m.id, &m.status, &m.pipeline, &m.stage, &m.moved, &m.added,
		&m.wonAt, &m.lostAt, &m.closedAt, &m.seq, &m.from, &m.to, &m.moment,
	}
}

// A stay is the time of a deal in a stage. left is zero while it lasts.
type stay struct {
	stage         int64
	entered, left time.Time
}

// stays returns the stays of a deal, given its changes from the oldest. If these are not synced, only the last stay is known.
func stays(moves []move) (all []stay) {
	d := moves[0].deal
	if moves[0].seq == 0 {
		all = []stay{{stage: d.stage, entered: first(d.moved, d.added)}}
	} else {
		if from := moves[0].from; from != 0 {
			all = append(all, stay{stage: from, entered: d.added.Time})
		}
		for _, m := range moves {
			all = append(all, stay{stage: m.to, entered: m.moment.Time})
		}
	}
	for i := range all[1:] {
		all[i].left = all[i+1].entered
	}
	last := &all[len(all)-1]
	switch d.status {
	case "won":
		last.left = first(d.wonAt, d.closedAt)
	case "lost":
		last.left = first(d.lostAt, d.closedAt)
	}
	if !last.left.IsZero() {
		last.left = latest(last.left, last.entered)
	}
	return all
}

// A place is a stage in use: the indices of its pipeline among all, and of the stage in the pipeline.
type place struct{ pipeline, stage int }

// A passing is a deal's way through one pipeline.
type passing struct {
	at       time.Time
	furthest int
}

// funnel follows the deals through the stages, if the changes of their stages were synced.
func (t *tally) funnel(r *reader) {
	statement, ok := r.statement("pipedrive_deal_stage_changes", "pipedrive_deals")
	if !ok {
		return
	}
	t.Tracked = true
	places := map[recordKey]place{}
	for i, p := range t.Pipelines {
		for j, s := range p.Stages {
			if s.active {
				places[recordKey{p.Account, s.ID}] = place{i, j}
			}
		}
	}
	var of []move // one deal
	each(r, statement, (*move).fields, func(m move) {
		if len(of) > 0 && (of[0].account != m.account || of[0].id != m.id) {
			t.pass(of, places)
			of = of[:0]
		}
		of = append(of, m)
	})
	if len(of) > 0 {
		t.pass(of, places)
	}
	for i := range t.Pipelines {
		for j := range t.Pipelines[i].Stages {
			slices.Sort(t.Pipelines[i].Stages[j].days)
		}
	}
}

// pass files a deal, given its changes of stage, in the stages of each pipeline that it entered in the shown months.
func (t *tally) pass(moves []move, places map[recordKey]place) {
	d := moves[0].deal
	been := stays(moves)
	entries := map[int]passing{}
	for _, s := range been {
		at, ok := places[recordKey{d.account, s.stage}]
		if !ok {
			continue
		}
		e, again := entries[at.pipeline]
		if !again {
			e.at = s.entered
		}
		e.furthest = max(e.furthest, at.stage)
		entries[at.pipeline] = e
	}
	for i, e := range entries {
		if t.month(e.at) == nil {
			delete(entries, i)
			continue
		}
		t.Pipelines[i].pass(d, e.furthest)
	}
	for _, s := range been {
		at, used := places[recordKey{d.account, s.stage}]
		if _, shown := entries[at.pipeline]; used && shown && !s.left.IsZero() {
			stage := &t.Pipelines[at.pipeline].Stages[at.stage]
			stage.days = append(stage.days, s.left.Sub(s.entered).Hours()/24)
		}
	}
}

// pass files a deal in the stages up to the furthest that it reached.
func (p *Pipeline) pass(d deal, furthest int) {
	here := d.pipeline == p.ID
	won := here && d.status == "won"
	p.Entered++
	for i := range p.Stages {
		s := &p.Stages[i]
		switch {
		case !s.active || (i > furthest && !won):
			continue
		case i < furthest || won:
			s.WentOn++
		case !here:
			s.Left++
		case d.status == "lost":
			s.Lost++
		default:
			s.Open++
		}
		s.Reached++
	}
}

var reached = measure{of: func(l part, _ string) float64 { return float64(l.Reached) }}

// funnelOf returns the stages in use of a pipeline that deals entered, and a chart of the numbers of deals that reached
// them.
func funnelOf(p Pipeline) (stages []Stage, drawn []chart, err error) {
	if p.Entered == 0 {
		return nil, nil, nil
	}
	stages = slices.DeleteFunc(slices.Clone(p.Stages), func(s Stage) bool { return !s.active })
	var parts []part
	for _, s := range stages {
		parts = append(parts, part{Name: s.Title(), Reached: s.Reached})
	}
	drawn, err = barChart("Deals that reached a stage", deals, parts, reached, "")
	return stages, drawn, err
}
