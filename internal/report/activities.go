package report

import (
	"cmp"
	"slices"
)

// Activities are the users' activities, with deals or without.
type Activities struct {
	ByOwner []Workload // those with most overdue activities first
	ByType  []Workload // those with most completed ones first
	Idle    int        // open deals without a planned activity
}

// A Workload counts the activities of an owner or of a type.
type Workload struct {
	Name    string
	Done    int // in the shown months
	Planned int // for today or later, or without a day
	Overdue int // not done, and the day is over
}

// An activity is a row of pipedrive_activities.
type activity struct {
	account           string
	owner, deal       int64
	ownerName, kind   string
	done              bool
	due, markedAsDone moment
}

func (a *activity) fields() []any {
	return []any{&a.account, &a.owner, &a.ownerName, &a.kind, &a.deal, &a.done, &a.due, &a.markedAsDone}
}

// A kindKey names a type of activities among those of all accounts.
type kindKey struct{ account, key string }

// activities counts the activities. It returns the deals with planned activities.
func (t *tally) activities(r *reader) (attended map[recordKey]bool) {
	statement, ok := r.statement("pipedrive_activities")
	if !ok {
		return nil
	}
	attended = map[recordKey]bool{}
	owners, loads, kinds := map[recordKey]*Owner{}, map[recordKey]*Workload{}, map[string]*Workload{}
	names := r.activityTypes()
	each(r, statement, (*activity).fields, func(a activity) {
		key := recordKey{a.account, a.owner}
		if owners[key] == nil {
			owners[key] = &Owner{Account: a.account, ID: a.owner}
			loads[key] = &Workload{}
		}
		owners[key].Name = cmp.Or(a.ownerName, owners[key].Name)
		kind := cmp.Or(names[kindKey{a.account, a.kind}], a.kind, "No type")
		if kinds[kind] == nil {
			kinds[kind] = &Workload{Name: kind}
		}
		loads[key].add(a, t)
		kinds[kind].add(a, t)
		if !a.done {
			attended[recordKey{a.account, a.deal}] = true
		}
	})
	for key, load := range loads {
		load.Name = t.OwnerTitle(*owners[key])
		t.Activities.ByOwner = append(t.Activities.ByOwner, *load)
	}
	for _, load := range kinds {
		t.Activities.ByType = append(t.Activities.ByType, *load)
	}
	slices.SortFunc(t.Activities.ByOwner, func(a, b Workload) int {
		return cmp.Or(cmp.Compare(b.Overdue, a.Overdue), cmp.Compare(b.Planned, a.Planned),
			cmp.Compare(b.Done, a.Done), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(t.Activities.ByType, func(a, b Workload) int {
		return cmp.Or(cmp.Compare(b.Done, a.Done), cmp.Compare(b.Planned+b.Overdue, a.Planned+a.Overdue), cmp.Compare(a.Name, b.Name))
	})
	return attended
}

// activityTypes returns the names of the types.
func (r *reader) activityTypes() map[kindKey]string {
	names := map[kindKey]string{}
	if statement, ok := r.statement("pipedrive_activity_types"); ok {
		type row struct {
			kindKey
			name string
		}
		each(r, statement, func(s *row) []any { return []any{&s.account, &s.key, &s.name} }, func(s row) { names[s.kindKey] = s.name })
	}
	return names
}

// add counts an activity, unless it was done before the shown months.
func (w *Workload) add(a activity, t *tally) {
	switch {
	case a.done:
		if t.month(first(a.markedAsDone, a.due)) != nil {
			w.Done++
		}
	case !a.due.IsZero() && a.due.Before(t.today):
		w.Overdue++
	default:
		w.Planned++
	}
}

var (
	doneActivities    = measure{"Done", false, func(l part, _ string) float64 { return float64(l.Work.Done) }}
	plannedActivities = measure{"Planned", false, func(l part, _ string) float64 { return float64(l.Work.Planned) }}
	overdueActivities = measure{"Overdue", false, func(l part, _ string) float64 { return float64(l.Work.Overdue) }}
)

// byActivity returns the breakdown of the activities by owner and by type.
func (a Activities) byActivity() (b breakdown, err error) {
	b.Title = "Activities"
	owners, kinds := workParts(a.ByOwner), workParts(a.ByType)
	busiest := slices.Clone(owners)
	slices.SortStableFunc(busiest, func(a, b part) int { return cmp.Compare(b.Work.Done, a.Work.Done) })
	for _, c := range []struct {
		title  string
		colour colour
		parts  []part
		of     measure
	}{
		{"Overdue, by owner", lost, owners, overdueActivities},
		{"Done, by owner", won, busiest, doneActivities},
		{"Done, by type", won, kinds, doneActivities},
	} {
		drawn, err := barChart(c.title, c.colour, c.parts[:min(len(c.parts), barsShown)], c.of, "")
		if err != nil {
			return b, err
		}
		b.Charts = append(b.Charts, drawn...)
	}
	for _, c := range []struct {
		name  string
		parts []part
	}{{"Owner", owners}, {"Type", kinds}} {
		b.Tables = append(b.Tables, ledgerOf(c.name, "", c.parts, doneActivities, plannedActivities, overdueActivities)...)
	}
	return b, nil
}

func workParts(loads []Workload) (parts []part) {
	for _, l := range loads {
		parts = append(parts, part{Name: l.Name, Work: l})
	}
	return parts
}
