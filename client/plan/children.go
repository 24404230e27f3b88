package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Parent is a record whose children a run may read.
type Parent struct {
	Key pipedrive.Key
	// Changed is the parent's update_time, zero for none.
	Changed time.Time
	// Childless is true if the parent's counter says that it has no children.
	Childless bool
}

// second is the second of the parent's update_time.
func (p Parent) second() time.Time { return p.Changed.Truncate(time.Second) }

// perParent reads the children of all parents that have changed since the position, and of parents without an
// update_time. It begins with the parents that changed longest ago, so that the units before a stopped one are a
// gapless beginning.
type perParent struct {
	facts Facts
	units []Unit
	stage int  // units in a stage
	whole bool // whether these are all parents
}

// PerParent returns the strategy for the children of parents. A unit has the children of up to batch parents, and a
// stage has up to stage units. The children of all parents up to position have been read. whole is true if these are
// all parents that changed since then. Otherwise others may follow, and the position does not pass the facts' Parents.
//
// An empty answer is always confirmed: the next run reads the children again only if their parent changes.
func PerParent(parents []Parent, position Position, batch, stage int, whole bool, f Facts) Strategy {
	units := batches(due(parents, position, f), batch)
	if len(units) == 0 && whole {
		units = []Unit{{}}
	}
	return perParent{facts: f, units: units, stage: stage, whole: whole}
}

// MovedSince is the moment since which a parent must have moved for a request to bring new children, of a table whose
// children come only from moves. It is zero if unknown. The positions are those of all listings of the parents, since a
// parent may come from a listing that was not read to its end.
func MovedSince(positions []Position, f Facts) time.Time {
	var since time.Time
	for i, p := range positions {
		if i == 0 || p.Whole.Before(since) {
			since = p.Whole
		}
	}
	if since.IsZero() {
		return since
	}
	return since.Add(-f.Lookback)
}

// Requests is the least number of requests that a strategy of [PerParent] takes.
func Requests(s Strategy) (n int) {
	if per, ok := s.(perParent); ok {
		for _, u := range per.units {
			n += min(1, len(u.Parents))
		}
	}
	return n
}

// due returns the parents behind a position, by the second of their update_time and by key, followed by those without one.
func due(parents []Parent, position Position, f Facts) []Parent {
	since := from(Progress{Position: position}, f)
	due := slices.DeleteFunc(slices.Clone(parents), func(p Parent) bool {
		return !p.Changed.IsZero() && p.Changed.Before(since) || position.Passed(p)
	})
	slices.SortFunc(due, func(a, b Parent) int {
		switch {
		case a.Changed.IsZero() && !b.Changed.IsZero():
			return 1
		case b.Changed.IsZero() && !a.Changed.IsZero():
			return -1
		}
		return cmp.Or(a.second().Compare(b.second()), a.Key.Compare(b.Key))
	})
	return due
}

// batches divides parents into units. Childless parents belong to a unit, whose end moves the position over them,
// but no request names them.
func batches(parents []Parent, batch int) (units []Unit) {
	var through time.Time
	var after pipedrive.Key
	for _, p := range parents {
		last := len(units) - 1
		if last < 0 || !p.Childless && len(units[last].Parents) == batch {
			units, last = append(units, Unit{number: last + 1}), last+1
		}
		if !p.Childless {
			units[last].Parents = append(units[last].Parents, p.Key)
		}
		through = later(through, p.Changed)
		units[last].through = through
		if !p.Changed.IsZero() {
			after = p.Key
		}
		units[last].after = after
	}
	return units
}

func (s perParent) Next(p Progress) []Unit {
	return s.units[p.units:min(p.units+s.stage, len(s.units))]
}

func (s perParent) Advance(p Progress, u Unit, o Outcome) Progress {
	switch {
	case o.Stopped, u.number != p.units: // an earlier unit was stopped
		return p
	case u.number == len(s.units)-1 && s.whole:
		p.Position = p.Position.ended(u.through, s.facts.Began)
		p.Position.Complete, p.Position.Looked, p.Position.Whole = true, s.facts.Looked, s.facts.Began
	default:
		p.Position = s.stopped(p.Position, u)
	}
	p.units++
	return p
}

// stopped is the position after a unit. In the middle of a second it has the last parent, if all parents of that
// second are known and none can appear late.
func (s perParent) stopped(p Position, u Unit) Position {
	through := u.through
	if !s.whole {
		through = earlier(through, s.facts.Parents)
	}
	p = p.stopped(through, s.facts.Began, s.facts.Lookback)
	second := u.through.Truncate(time.Second)
	known := s.whole || second.Before(s.facts.Parents.Truncate(time.Second))
	if known && second.Equal(p.Changed) && second.Before(s.facts.Began.Add(-s.facts.Lookback)) {
		p.Stopped, p.After = true, u.after
	}
	return p
}
