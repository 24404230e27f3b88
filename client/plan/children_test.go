package plan

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// parent was last changed at a minute; 0 for never.
func parent(id int64, minute int) Parent {
	p := Parent{Key: pipedrive.Key{Number: id}}
	if minute > 0 {
		p.Changed = at(minute)
	}
	return p
}

// childless is the parent without children.
func (p Parent) childless() Parent {
	p.Childless = true
	return p
}

// stages reads all children and returns the ids of the requested parents, by stage and unit.
func stages(s Strategy, from Position) (read [][][]int64, p Progress) {
	p = Progress{Position: from}
	for stage := s.Next(p); len(stage) > 0; stage = s.Next(p) {
		var units [][]int64
		for _, u := range stage {
			var ids []int64
			for _, k := range u.Parents {
				ids = append(ids, k.Number)
			}
			units = append(units, ids)
			p = s.Advance(p, u, Outcome{})
		}
		read = append(read, units)
	}
	return read, p
}

func TestPerParent_theFirstRunReadsTheChildrenOfAll(t *testing.T) {
	parents := []Parent{parent(1, 50), parent(2, 0), parent(3, 20), parent(4, 40), parent(5, 30), parent(6, 0), parent(7, 40)}
	read, p := stages(PerParent(parents, Position{}, 2, 3, true, facts(100)), Position{})
	require.Equal(t, [][][]int64{{{3, 5}, {4, 7}, {1, 2}}, {{6}}}, read, "stages of up to 3 units of up to 2 parents, those without a time last")
	require.Equal(t, Position{Changed: at(50), Complete: true, Whole: at(100)}, p.Position)
	require.Equal(t, parent(1, 50), parents[0], "the list is someone else's too")

	read, p = stages(PerParent(nil, Position{}, 2, 3, true, facts(100)), Position{})
	require.Equal(t, [][][]int64{{nil}}, read, "a unit that asks for nothing")
	require.Equal(t, Position{Complete: true, Whole: at(100)}, p.Position)
}

func TestPerParent_theNextRunReadsThoseOfParentsThatChanged(t *testing.T) {
	from := Position{Changed: at(50), Complete: true}
	parents := []Parent{parent(1, 47), parent(2, 48), parent(3, 0), parent(4, 150), parent(5, 50)}
	read, p := stages(PerParent(parents, from, 1, 9, true, facts(160)), from)
	require.Equal(t, [][][]int64{{{2}, {5}, {4}, {3}}}, read, "and looks back")
	require.Equal(t, Position{Changed: at(150), Complete: true, Whole: at(160)}, p.Position)

	read, p = stages(PerParent(parents[:1], from, 1, 9, true, facts(160)), from)
	require.Equal(t, [][][]int64{{nil}}, read)
	require.Equal(t, Position{Changed: at(50), Complete: true, Whole: at(160)}, p.Position)
}

func TestPerParent_startTimeIsThatOfParents(t *testing.T) {
	f := facts(100)
	f.Start = at(30)
	read, _ := stages(PerParent([]Parent{parent(1, 29), parent(2, 30), parent(3, 0)}, Position{}, 9, 9, true, f), Position{})
	require.Equal(t, [][][]int64{{{2, 3}}}, read)
}

// TestPerParent_childlessParentsCostNothing: the position moves over them.
func TestPerParent_childlessParentsCostNothing(t *testing.T) {
	parents := []Parent{parent(1, 10).childless(), parent(2, 20), parent(3, 30).childless(), parent(4, 40), parent(5, 50).childless(), parent(6, 60), parent(7, 70).childless()}
	read, p := stages(PerParent(parents, Position{}, 2, 1, true, facts(100)), Position{})
	require.Equal(t, [][][]int64{{{2, 4}}, {{6}}}, read)
	require.Equal(t, at(70), p.Position.Changed)

	read, p = stages(PerParent([]Parent{parent(1, 80).childless()}, p.Position, 2, 1, true, facts(100)), p.Position)
	require.Equal(t, [][][]int64{{nil}}, read, "a unit that asks for nothing")
	require.Equal(t, at(80), p.Position.Changed)
}

// TestPerParent_moreParentsMayFollow if their list was not read to its end: the position does not move to the end.
func TestPerParent_moreParentsMayFollow(t *testing.T) {
	f := facts(100)
	f.Parents = at(20)
	parents := []Parent{parent(1, 10), parent(2, 20).childless()}
	read, p := stages(PerParent(parents, Position{}, 2, 3, false, f), Position{})
	require.Equal(t, [][][]int64{{{1}}}, read)
	require.Equal(t, Position{Changed: at(20), Stopped: true}, p.Position)
	read, p = stages(PerParent(nil, p.Position, 2, 3, false, f), p.Position)
	require.Empty(t, read)
	require.False(t, p.Position.Complete)
}

// TestPerParent_inTheMiddleOfASecond the position has the last parent that was read.
func TestPerParent_inTheMiddleOfASecond(t *testing.T) {
	parents := []Parent{parent(1, 10), parent(7, 20), parent(5, 20), parent(6, 20), parent(8, 20), parent(2, 30), parent(3, 0)}
	stopped := func(parents []Parent, from Position, units int, whole bool, f Facts) Position {
		s, p := PerParent(parents, from, 1, 9, whole, f), Progress{Position: from}
		for _, u := range s.Next(p)[:units] {
			p = s.Advance(p, u, Outcome{})
		}
		return p.Position
	}
	f := facts(100)
	six := Position{Changed: at(20), Stopped: true, After: pipedrive.Key{Number: 6}}
	require.Equal(t, six, stopped(parents, Position{}, 3, true, f))
	require.False(t, six.Equal(Position{Changed: at(20), Stopped: true}))
	read, p := stages(PerParent(parents, six, 1, 9, true, f), six)
	require.Equal(t, [][][]int64{{{7}, {8}, {2}, {3}}}, read)
	require.Equal(t, Position{Changed: at(30), Complete: true, Whole: at(100)}, p.Position)
	require.Equal(t, pipedrive.Key{Number: 7}, stopped(parents, six, 1, true, f).After)
	require.Equal(t, Position{Changed: at(15)}, six.NoLaterThan(at(15)))

	require.Equal(t, pipedrive.Key{Number: 2}, stopped(parents, Position{}, 6, true, f).After, "one without an update_time is behind all")

	f.Parents = at(30)
	require.Equal(t, six, stopped(parents, Position{}, 3, false, f), "the list was read behind the second")
	f.Parents = at(20)
	require.Equal(t, Position{Changed: at(20), Stopped: true}, stopped(parents[:5], Position{}, 3, false, f), "others of the second may follow")
	f = facts(22)
	require.Equal(t, Position{Changed: at(20), Stopped: true}, stopped(parents[:5], Position{}, 3, true, f), "and others come late")
}

// TestPerParent_thePositionPassesNoParentThatWasNotRead, like those of a list that came in the order of ids.
func TestPerParent_thePositionPassesNoParentThatWasNotRead(t *testing.T) {
	parents := []Parent{parent(1, 10), parent(2, 30)}
	for _, test := range []struct {
		read time.Time
		want Position
	}{
		{time.Time{}, Position{}},
		{at(15), Position{Changed: at(15), Stopped: true}},
		{at(70), Position{Changed: at(30), Stopped: true, After: pipedrive.Key{Number: 2}}},
	} {
		f := facts(100)
		f.Parents = test.read
		_, p := stages(PerParent(parents, Position{}, 1, 3, false, f), Position{})
		require.Equal(t, test.want, p.Position)
	}
}

// TestPerParent_thePositionStopsAtAGap: records read behind the gap are read again.
func TestPerParent_thePositionStopsAtAGap(t *testing.T) {
	parents := []Parent{parent(1, 10), parent(2, 20), parent(3, 30), parent(4, 40), parent(5, 0)}
	s, p := PerParent(parents, Position{}, 1, 9, true, facts(100)), Progress{}
	stage := s.Next(p)
	for i, stopped := range []bool{false, false, true, false, true} {
		p = s.Advance(p, stage[i], Outcome{Stopped: stopped})
	}
	require.Equal(t, Position{Changed: at(20), Stopped: true, After: pipedrive.Key{Number: 2}}, p.Position)
	require.Equal(t, stage[2:], s.Next(p))
	read, p := stages(PerParent(parents, p.Position, 1, 9, true, facts(160)), p.Position)
	require.Equal(t, [][][]int64{{{3}, {4}, {5}}}, read, "from that parent on")
	require.Equal(t, Position{Changed: at(40), Complete: true, Whole: at(160)}, p.Position)
}

func TestPerParent_noPositionPassesTheBeginningOfTheRun(t *testing.T) {
	parents := []Parent{parent(1, 97), parent(2, 99), parent(3, 101)}
	s, p := PerParent(parents, Position{}, 1, 1, true, facts(100)), Progress{}
	p = s.Advance(p, s.Next(p)[0], Outcome{})
	p = s.Advance(p, s.Next(p)[0], Outcome{})
	require.Equal(t, Position{Changed: at(98), Stopped: true}, p.Position, "nor what is looked back for, as long as it is not the end")
	p = s.Advance(p, s.Next(p)[0], Outcome{})
	require.Equal(t, Position{Changed: at(100), Complete: true, Whole: at(100)}, p.Position)
}

// TestPerParent_emptyAnswersAreConfirmed: no later run would ask for the children again.
func TestPerParent_emptyAnswersAreConfirmed(t *testing.T) {
	require.False(t, PerParent([]Parent{parent(1, 10)}, Position{}, 1, 1, true, facts(100)).Next(Progress{})[0].MayBeEmpty)
}

// TestPerParent_losesNoChange: records change and units end early at arbitrary moments. After a complete run the
// children of each parent were read after its last change.
func TestPerParent_losesNoChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changed, read := map[int64]int{}, map[int64]int{}
		now := 1
		var position Position
		change := func(most int) {
			for range rapid.IntRange(0, most).Draw(t, "changes") {
				now += rapid.IntRange(0, 2).Draw(t, "minutes")
				changed[rapid.Int64Range(1, 9).Draw(t, "id")] = now
			}
		}
		run := func(fails func() bool) {
			began := now
			change(1)
			var parents []Parent
			for id, minute := range changed {
				parents = append(parents, parent(id, minute))
			}
			s, p := PerParent(parents, position, rapid.IntRange(1, 3).Draw(t, "batch"), rapid.IntRange(1, 4).Draw(t, "stage"), true, facts(began)), Progress{Position: position}
			for stage, stopped := s.Next(p), false; len(stage) > 0 && !stopped; stage = s.Next(p) {
				for _, u := range stage {
					o := Outcome{Stopped: fails()}
					if p = s.Advance(p, u, o); o.Stopped {
						stopped = true
						continue
					}
					now++
					for _, k := range u.Parents {
						read[k.Number] = now
					}
				}
			}
			position = p.Position
		}
		for range rapid.IntRange(1, 6).Draw(t, "runs") {
			change(8)
			run(func() bool { change(1); return rapid.IntRange(0, 3).Draw(t, "fails") == 0 })
		}
		run(func() bool { return false })
		for id, minute := range changed {
			require.GreaterOrEqual(t, read[id], minute, "parent %d", id)
		}
		require.False(t, position.Changed.After(at(now)))
	})
}

// TestPerParent_losesNoMove is the same for children that come only from moves of parents. The run does not request the
// children of parents that have not moved, even if they changed otherwise, or changed between two listings.
func TestPerParent_losesNoMove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type record struct{ changed, moved, listing int }
		records, read := map[int64]record{}, map[int64]int{}
		now := 1
		positions := make([]Position, 2)
		change := func(most int, running bool) {
			for range rapid.IntRange(0, most).Draw(t, "changes") {
				now += rapid.IntRange(0, 2).Draw(t, "minutes")
				id := rapid.Int64Range(1, 9).Draw(t, "id")
				r := records[id]
				r.changed = now
				switch rapid.IntRange(0, 3).Draw(t, "change") {
				case 0:
					r.moved = now
				case 1:
					if !running { // a parent that changes its listing during a run may be in neither
						r.listing = 1 - r.listing
					}
				}
				records[id] = r
			}
		}
		run := func(disturbed int) {
			f := facts(now)
			for listing := range positions {
				change(disturbed, true)
				since := MovedSince(positions, f)
				var parents []Parent
				for id, r := range records {
					if r.listing == listing {
						p := parent(id, r.changed)
						p.Childless = r.moved == 0 || at(r.moved).Before(since)
						parents = append(parents, p)
					}
				}
				s, p := PerParent(parents, positions[listing], 1, rapid.IntRange(1, 4).Draw(t, "stage"), true, f), Progress{Position: positions[listing]}
				stopped := false
				for stage := s.Next(p); len(stage) > 0 && !stopped; stage = s.Next(p) {
					for _, u := range stage {
						change(disturbed, true)
						o := Outcome{Stopped: stopped || disturbed > 0 && rapid.IntRange(0, 3).Draw(t, "fails") == 0}
						if p = s.Advance(p, u, o); o.Stopped {
							stopped = true
							continue
						}
						now++
						for _, k := range u.Parents {
							read[k.Number] = now
						}
					}
				}
				if positions[listing] = p.Position; stopped {
					return
				}
			}
		}
		for range rapid.IntRange(1, 6).Draw(t, "runs") {
			change(8, false)
			run(1)
		}
		now++
		run(0)
		for id, r := range records {
			require.GreaterOrEqual(t, read[id], r.moved, "parent %d", id)
		}
	})
}

func TestPerParent_requests(t *testing.T) {
	parents := []Parent{parent(1, 10), parent(2, 20), parent(3, 30), parent(4, 40).childless(), parent(5, 1)}
	from := Position{Changed: at(10), Complete: true}
	require.Equal(t, 2, Requests(PerParent(parents, from, 2, 9, true, facts(100))))
	require.Zero(t, Requests(PerParent(parents[3:4], from, 2, 9, true, facts(100))), "a unit that asks for nothing")
}
