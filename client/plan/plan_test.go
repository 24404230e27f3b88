package plan

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// at is a moment, in minutes of a test's time.
func at(minute int) time.Time {
	return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).Add(time.Duration(minute) * time.Minute)
}

const lookback = 2 * time.Minute

var (
	timed   = pipedrive.TimedV2("/timed", 10, nil)
	byID    = pipedrive.ByIDV1("/by-id", 20, nil)
	byFiles = pipedrive.NewestV1("/files", 20, nil)
)

// facts are the facts of a run that began at a minute.
func facts(began int) Facts { return Facts{Began: at(began), Lookback: lookback, Spare: true} }

// play reads a listing to its end, with the given outcomes, and returns the units.
func play(t require.TestingT, s Strategy, from Position, outcomes ...Outcome) ([]Unit, Position) {
	var units []Unit
	p := Progress{Position: from}
	for stage := s.Next(p); len(stage) > 0; stage = s.Next(p) {
		for _, u := range stage {
			require.NotEmpty(t, outcomes, "no more units than outcomes, after %v", units)
			units = append(units, u)
			p = s.Advance(p, u, outcomes[0])
			if outcomes[0].Stopped {
				return units, p.Position
			}
			outcomes = outcomes[1:]
		}
	}
	require.Empty(t, outcomes, "as many units as outcomes")
	return units, p.Position
}

func TestSince_theFirstRunReadsEverythingOldestFirst(t *testing.T) {
	units, position := play(t, For(timed, facts(100)), Position{}, Outcome{Seen: at(90)})
	require.Equal(t, []Unit{{Order: pipedrive.OldestFirst, MayBeEmpty: true}}, units)
	require.Equal(t, Position{Changed: at(90), Complete: true, Looked: at(100)}, position)
}

func TestSince_theNextRunReadsTheChangesAndLooksBack(t *testing.T) {
	from := Position{Changed: at(90), Complete: true, Looked: at(100)}
	units, position := play(t, For(timed, facts(160)), from, Outcome{Seen: at(150), Narrowed: true})
	require.Equal(t, []Unit{{Order: pipedrive.OldestFirst, Since: at(88), MayBeEmpty: true}}, units)
	require.Equal(t, Position{Changed: at(150), Complete: true, Looked: at(100)}, position)

	_, position = play(t, For(timed, facts(160)), from, Outcome{Narrowed: true})
	require.Equal(t, from, position, "a run that finds nothing stays where it is")
}

func TestSince_noPositionPassesTheBeginningOfTheRun(t *testing.T) {
	_, position := play(t, For(timed, facts(100)), Position{}, Outcome{Seen: at(500)})
	require.Equal(t, at(100), position.Changed)
}

func TestSince_noPositionGoesBack(t *testing.T) {
	from := Position{Changed: at(90), Complete: true, Looked: at(95)}
	_, position := play(t, For(timed, facts(80)), from, Outcome{Seen: at(85), Narrowed: true})
	require.Equal(t, from, position)
}

// TestSince_theNextRunContinuesAfterTheBudget: with a lookback, runs that are cut short might make no progress. So
// the position stays behind the records that only the lookback finds.
func TestSince_theNextRunContinuesAfterTheBudget(t *testing.T) {
	_, position := play(t, For(timed, facts(100)), Position{}, Outcome{Seen: at(50), Stopped: true})
	require.Equal(t, Position{Changed: at(50), Stopped: true}, position)
	units, position := play(t, For(timed, facts(160)), position, Outcome{Seen: at(159), Narrowed: true, Stopped: true})
	require.Equal(t, at(50), units[0].Since)
	require.Equal(t, Position{Changed: at(158), Stopped: true}, position)

	_, position = play(t, For(timed, facts(100)), Position{}, Outcome{Stopped: true})
	require.Equal(t, Position{}, position, "one that read nothing is where it was")
}

// TestSince_recordsWithoutAnUpdateTimeAreLookedForAtBothEnds: updated_since leaves them out.
func TestSince_recordsWithoutAnUpdateTimeAreLookedForAtBothEnds(t *testing.T) {
	timeless := []Unit{{Order: pipedrive.OldestFirst, Rule: Timeless}, {Order: pipedrive.NewestFirst, Rule: Timeless}}
	resumed := Position{Changed: at(50), Stopped: true}
	units, position := play(t, For(timed, facts(160)), resumed, Outcome{Seen: at(150), Narrowed: true}, Outcome{}, Outcome{})
	require.Equal(t, timeless, units[1:])
	require.Equal(t, Position{Changed: at(150), Complete: true, Looked: at(160)}, position)

	t.Run("at the other one only, where the reading began at one", func(t *testing.T) {
		units, position := play(t, For(timed, facts(160)), Position{}, Outcome{Seen: at(150), Narrowed: true}, Outcome{})
		require.Equal(t, timeless[1:], units[1:])
		require.True(t, position.Complete)
	})
	t.Run("in the next run, where the budget ended this one", func(t *testing.T) {
		_, position := play(t, For(timed, facts(160)), resumed, Outcome{Seen: at(150), Narrowed: true}, Outcome{}, Outcome{Stopped: true})
		require.Equal(t, 2, position.Ends)
		units, position := play(t, For(timed, facts(200)), position, Outcome{}, Outcome{Narrowed: true})
		require.Equal(t, timeless[1:], units[:1], "first of all")
		require.Equal(t, at(148), units[1].Since)
		require.Equal(t, Position{Changed: at(150), Complete: true, Looked: at(200)}, position)
	})
	t.Run("by id, where they do not keep their places", func(t *testing.T) {
		units, position := play(t, For(timed, facts(160)), resumed, Outcome{Seen: at(150), Narrowed: true}, Outcome{Unsteady: true}, Outcome{}, Outcome{})
		require.Equal(t, Unit{Rule: Timeless, remainder: true}, units[2])
		require.Equal(t, timeless[1], units[3])
		require.True(t, position.Complete)
	})
	t.Run("not with a start_time", func(t *testing.T) {
		f := facts(160)
		f.Start = at(10)
		units, position := play(t, For(timed, f), Position{}, Outcome{Seen: at(150), Narrowed: true})
		require.Equal(t, at(10), units[0].Since)
		require.True(t, position.Complete)
	})
}

// TestSince_aFirstRunThatFoundNothingHasNotLookedForThem: the empty answer may have been wrong. The next run reads from
// the beginning too, and looks at the other end if the API left them out.
func TestSince_aFirstRunThatFoundNothingHasNotLookedForThem(t *testing.T) {
	_, empty := play(t, For(timed, facts(100)), Position{}, Outcome{})
	units, _ := play(t, For(timed, facts(160)), empty, Outcome{Seen: at(150), Narrowed: true}, Outcome{})
	require.Equal(t, []Unit{{Order: pipedrive.NewestFirst, Rule: Timeless}}, units[1:])
}

// TestSince_recordsWithoutAnUpdateTimeAreLookedForOnceADay: some may have been created since.
func TestSince_recordsWithoutAnUpdateTimeAreLookedForOnceADay(t *testing.T) {
	const day = 24 * 60
	from := Position{Changed: at(90), Complete: true, Looked: at(100)}
	units, _ := play(t, For(timed, facts(99+day)), from, Outcome{Narrowed: true})
	require.Len(t, units, 1)
	units, position := play(t, For(timed, facts(100+day)), from, Outcome{Narrowed: true}, Outcome{}, Outcome{})
	require.Len(t, units, 3)
	require.Equal(t, Position{Changed: at(90), Complete: true, Looked: at(100 + day)}, position)

	t.Run("not where the budget is short, so that what has changed comes first", func(t *testing.T) {
		f := facts(100 + day)
		f.Spare = false
		units, position := play(t, For(timed, f), from, Outcome{Narrowed: true})
		require.Len(t, units, 1)
		require.Equal(t, from, position)
	})
	t.Run("not at once for a state that does not know", func(t *testing.T) {
		units, position := play(t, For(timed, facts(100)), Position{Changed: at(90), Complete: true}, Outcome{Narrowed: true})
		require.Len(t, units, 1)
		require.Equal(t, at(100), position.Looked)
	})
}

// TestSince_unsteadyRecordsAreReadByID: many records of one second, in a changing order.
func TestSince_unsteadyRecordsAreReadByID(t *testing.T) {
	units, position := play(t, For(timed, facts(100)), Position{}, Outcome{Seen: at(40), Unsteady: true, Rest: at(40)}, Outcome{Seen: at(90)})
	require.Equal(t, Unit{Since: at(40), MayBeEmpty: true, remainder: true}, units[1])
	require.Equal(t, Position{Changed: at(90), Complete: true, Looked: at(100)}, position)

	_, position = play(t, For(timed, facts(100)), Position{}, Outcome{Seen: at(40), Unsteady: true, Rest: at(40)}, Outcome{Seen: at(90), Stopped: true})
	require.Equal(t, Position{Changed: at(40), Stopped: true}, position, "by id, a part is no part of the time")

	_, position = play(t, For(timed, facts(100)), Position{}, Outcome{Seen: at(40), Unsteady: true, Rest: at(40)}, Outcome{Unsteady: true, Seen: at(60)})
	require.Equal(t, at(60), position.Changed, "by id, places don't matter")
}

func TestSince_aRefreshTakesNoEmptyAnswer(t *testing.T) {
	f := facts(100)
	f.Refresh = true
	units, _ := play(t, For(timed, f), Position{}, Outcome{Seen: at(40), Unsteady: true}, Outcome{})
	require.False(t, units[0].MayBeEmpty)
	require.False(t, units[1].MayBeEmpty)
}

// TestScan_readsAllAndSkipsUnchangedRecords: the API can't filter by change.
func TestScan_readsAllAndSkipsUnchangedRecords(t *testing.T) {
	units, position := play(t, For(byID, facts(100)), Position{}, Outcome{Seen: at(90)})
	require.Equal(t, []Unit{{Rule: Changed, MayBeEmpty: true}}, units)
	require.Equal(t, Position{Changed: at(90), Complete: true}, position)
	units, position = play(t, For(byID, facts(160)), position, Outcome{Seen: at(150)})
	require.Equal(t, []Unit{{Since: at(88), Rule: Changed, MayBeEmpty: true}}, units)
	require.Equal(t, at(150), position.Changed)
	_, stopped := play(t, For(byID, facts(200)), position, Outcome{Seen: at(190), Stopped: true})
	require.Equal(t, position, stopped, "a part of a list by id is no part of the time")
}

func TestNewestFirst_stopsAtThePosition(t *testing.T) {
	units, position := play(t, For(byFiles, facts(100)), Position{}, Outcome{Seen: at(90)})
	require.Equal(t, pipedrive.ByID, units[0].Order, "all at first")
	units, position = play(t, For(byFiles, facts(160)), position, Outcome{Seen: at(150)})
	require.Equal(t, Unit{Order: pipedrive.NewestFirst, Since: at(88), Rule: Changed, MayBeEmpty: true}, units[0])
	require.Equal(t, at(150), position.Changed)
	require.False(t, units[0].EndsAt(at(88), true))
	require.True(t, units[0].EndsAt(at(87), true))
	f := facts(200)
	f.Refresh = true
	units, _ = play(t, For(byFiles, f), position, Outcome{})
	require.Equal(t, pipedrive.ByID, units[0].Order, "all again, to find deletions")
}

// TestNewestFirst_unsteadyRecordsAreReadByID: an abandoned reading does not count as complete.
func TestNewestFirst_unsteadyRecordsAreReadByID(t *testing.T) {
	from := Position{Changed: at(90), Complete: true}
	units, position := play(t, For(byFiles, facts(160)), from, Outcome{Seen: at(150), Unsteady: true}, Outcome{Seen: at(155)})
	require.Equal(t, Unit{Since: at(88), Rule: Changed, MayBeEmpty: true}, units[1])
	require.Equal(t, Position{Changed: at(155), Complete: true}, position)
	_, position = play(t, For(byFiles, facts(160)), from, Outcome{Seen: at(150), Unsteady: true}, Outcome{Seen: at(155), Stopped: true})
	require.Equal(t, from, position)
}

// upTo is a place in a list of ids.
func upTo(id, read int64) pipedrive.Place {
	return pipedrive.Place{Key: pipedrive.Key{Number: id}, Read: read}
}

// TestNewestFirst_aFirstReadingContinuesInTheNextRun: the records that changed meanwhile are read first.
func TestNewestFirst_aFirstReadingContinuesInTheNextRun(t *testing.T) {
	_, position := play(t, For(byFiles, facts(100)), Position{}, Outcome{Seen: at(30), Reached: upTo(8, 3), Stopped: true})
	place := upTo(8, 3)
	require.Equal(t, Position{Changed: at(100), ByID: &place}, position)

	f := facts(160)
	f.Start = at(10)
	s := For(byFiles, f)
	units, stopped := play(t, s, position, Outcome{Seen: at(150), Stopped: true})
	require.Equal(t, Unit{Order: pipedrive.NewestFirst, Since: at(98), Rule: Changed, MayBeEmpty: true}, units[0])
	require.Equal(t, position, stopped, "what was changed has to be read at once")

	units, position = play(t, s, position, Outcome{Seen: at(150)}, Outcome{Seen: at(40), Reached: upTo(13, 4), Stopped: true})
	require.Equal(t, Unit{Since: at(10), Rule: Changed, MayBeEmpty: true, After: &place, resumable: true}, units[1],
		"all that start_time lets through, however old")
	require.Equal(t, place, units[1].Begin().Reached)
	require.Equal(t, upTo(13, 4), *position.ByID)
	_, position = play(t, s, position, Outcome{}, Outcome{Seen: at(155)})
	require.Equal(t, Position{Changed: at(160), Complete: true}, position)
}

// TestNewestFirst_aListThatKnowsNoOtherOrder is read to its end in that order at first and by a full refresh. A run
// that is cut short begins again. Records that do not keep their places are read without an order.
func TestNewestFirst_aListThatKnowsNoOtherOrder(t *testing.T) {
	only := pipedrive.Listing{Path: "/threads", Paging: pipedrive.Offset, NewestFirst: url.Values{}}
	f := facts(100)
	all := Unit{Order: pipedrive.NewestFirst, Rule: Changed, MayBeEmpty: false}
	units, position := play(t, For(only, f), Position{}, Outcome{Seen: at(90), Stopped: true, Reached: pipedrive.Place{Read: 7}})
	require.Equal(t, Position{}, position)
	all.MayBeEmpty = units[0].MayBeEmpty
	require.Equal(t, []Unit{all}, units)
	_, position = play(t, For(only, f), Position{}, Outcome{Seen: at(90)})
	read := Position{Changed: at(90), Complete: true}
	require.Equal(t, read, position)
	units, _ = play(t, For(only, f), read, Outcome{Seen: at(95)})
	require.Equal(t, at(88), units[0].Since)
	require.Equal(t, pipedrive.NewestFirst, units[0].Order)
	f.Refresh = true
	for _, s := range []Strategy{For(only, f), Whole(only, f)} {
		units, _ = play(t, s, read, Outcome{Seen: at(95)})
		require.Equal(t, []Unit{{Order: pipedrive.NewestFirst, Rule: Changed}}, units)
	}
	units, _ = play(t, Whole(only, f), Position{}, Outcome{Unsteady: true}, Outcome{})
	require.Equal(t, []Unit{{Order: pipedrive.NewestFirst, Rule: Changed}, {Rule: Changed}}, units)
	for _, from := range []Position{{}, read} {
		units, position = play(t, For(only, facts(100)), from, Outcome{Unsteady: true}, Outcome{Seen: at(97)})
		require.Equal(t, pipedrive.ByID, units[1].Order)
		require.Equal(t, Position{Changed: at(97), Complete: true}, position)
	}
}

// TestNewestFirst_recordsThatChangeMeanwhile: such a record moves ahead of the pages that were read. A reading that removes
// missing records looks for it, unless one page had all records.
func TestNewestFirst_recordsThatChangeMeanwhile(t *testing.T) {
	only := pipedrive.Listing{Path: "/threads", Paging: pipedrive.Offset, NewestFirst: url.Values{}}
	f := facts(100)
	pages, page := Outcome{Seen: at(90), Pages: 2}, Outcome{Seen: at(90), Pages: 1}
	newest := Unit{Order: pipedrive.NewestFirst, Since: f.Began.Add(-f.Lookback), Rule: Changed, MayBeEmpty: true}
	play(t, For(only, f), Position{}, pages) // the next run finds it
	f.Refresh = true
	for _, s := range []Strategy{For(only, f), Whole(only, f)} {
		play(t, s, Position{}, page)
		units, _ := play(t, s, Position{}, pages, pages)
		require.Equal(t, newest, units[1])
		units, _ = play(t, s, Position{}, Outcome{Unsteady: true, Pages: 2}, pages, page)
		require.Equal(t, newest, units[2])
		units, _ = play(t, s, Position{}, pages, Outcome{Unsteady: true}, page)
		require.Equal(t, pipedrive.ByID, units[2].Order)
		play(t, s, Position{}, Outcome{Pages: 2, Stopped: true})
	}
	_, position := play(t, For(only, f), Position{}, pages, Outcome{Seen: at(99), Pages: 1})
	require.Equal(t, Position{Changed: at(99), Complete: true}, position)
}

// TestNewestFirst_keysThatDoNotRiseLeaveNoPlace: texts have an unknown order.
func TestNewestFirst_keysThatDoNotRiseLeaveNoPlace(t *testing.T) {
	units, position := play(t, For(byFiles, facts(100)), Position{}, Outcome{Seen: at(90), Stopped: true})
	require.Equal(t, Position{}, position)
	_, ok := Reached(Progress{}, units[0], Outcome{Seen: at(90)}, facts(100))
	require.False(t, ok)
	position, ok = Reached(Progress{}, units[0], Outcome{Seen: at(90), Reached: upTo(8, 2)}, facts(100))
	require.True(t, ok)
	require.Equal(t, upTo(8, 2), *position.ByID)
}

// TestNewestFirst_beginsAgainWhereNoPlaceCanBeFound: the keys come in another order than before, or the changed records
// do not keep their places.
func TestNewestFirst_beginsAgainWhereNoPlaceCanBeFound(t *testing.T) {
	from := Position{Changed: at(90), ByID: &pipedrive.Place{Key: pipedrive.Key{Text: "b"}, Read: 2}}
	for _, outcomes := range [][]Outcome{{{Unsteady: true}, {Seen: at(150)}}, {{}, {Unsteady: true}, {Seen: at(150)}}} {
		units, position := play(t, For(byFiles, facts(160)), from, outcomes...)
		require.Equal(t, Unit{Rule: Changed, MayBeEmpty: true, resumable: true}, units[len(units)-1])
		require.Equal(t, Position{Changed: at(150), Complete: true}, position)
	}
}

// TestNewestFirst_losesNoChange: records are created, changed and deleted, and runs end early, at arbitrary moments.
// Each record that exists in the end was sent after its last change.
func TestNewestFirst_losesNoChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changed, sent := map[int64]int{}, map[int64]int{} // the minute of the last change, by id
		now, next := 0, int64(1)
		for ; next <= rapid.Int64Range(0, 8).Draw(t, "old ones"); next++ {
			changed[next], sent[next] = rapid.IntRange(-90, 0).Draw(t, "minute"), -100
		}
		change := func() {
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				id := rapid.Int64Range(1, next).Draw(t, "id")
				_, there := changed[id]
				if there && rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
					delete(changed, id)
					continue
				}
				if !there {
					id, next = next, next+1
					sent[id] = -100
				}
				changed[id] = now
			}
		}
		comes := func(u Unit, a, b int64) bool { // whether a comes before b
			if u.Order == pipedrive.NewestFirst && changed[a] != changed[b] {
				return changed[a] > changed[b]
			}
			return a < b
		}
		var position Position
		run := func(budget int, disturbed bool) {
			now++
			s, p := For(byFiles, facts(now)), Progress{Position: position}
			for stage := s.Next(p); len(stage) > 0; stage = s.Next(p) {
				u, read := stage[0], map[int64]bool{}
				o := u.Begin()
				for !o.Stopped {
					if now++; disturbed && len(read) < 5 {
						change()
					}
					id := int64(0)
					for other := range changed {
						if !read[other] && (u.After == nil || other > u.After.Key.Number) && (id == 0 || comes(u, other, id)) {
							id = other
						}
					}
					if id == 0 || u.EndsAt(at(changed[id]), true) {
						break
					}
					if budget--; budget < 0 {
						o.Stopped = true
						break
					}
					if read[id] = true; u.Sends(at(changed[id]), true) {
						sent[id] = now
					}
					o.Seen, o.Reached = later(o.Seen, at(changed[id])), upTo(id, o.Reached.Read+1)
				}
				if p = s.Advance(p, u, o); o.Stopped {
					break
				}
			}
			position = p.Position
		}
		for range rapid.IntRange(1, 5).Draw(t, "runs") {
			now += rapid.IntRange(0, 9).Draw(t, "minutes")
			change()
			run(rapid.IntRange(0, 8).Draw(t, "budget"), true)
		}
		run(1<<20, false)
		for id, minute := range changed {
			require.GreaterOrEqual(t, sent[id], minute, "record %d", id)
		}
	})
}

func TestWhole_readsEverythingFromStartTimeOn(t *testing.T) {
	f := facts(100)
	units, position := play(t, Whole(byID, f), Position{}, Outcome{Seen: at(90)})
	require.Equal(t, []Unit{{Rule: Changed}}, units)
	require.Equal(t, Position{}, position)
	f.Start = at(10)
	units, _ = play(t, Whole(byID, f), Position{}, Outcome{})
	require.Equal(t, at(10), units[0].Since)
}

func TestUnit_sendsByItsRule(t *testing.T) {
	for _, test := range []struct {
		unit                        Unit
		before, on, after, timeless bool
	}{
		{Unit{Since: at(10)}, true, true, true, true},
		{Unit{Since: at(10), Rule: Changed}, false, true, true, true},
		{Unit{Rule: Timeless}, false, false, false, true},
	} {
		require.Equal(t, test.before, test.unit.Sends(at(9), true), "%+v", test.unit)
		require.Equal(t, test.on, test.unit.Sends(at(10), true), "%+v", test.unit)
		require.Equal(t, test.after, test.unit.Sends(at(11), true), "%+v", test.unit)
		require.Equal(t, test.timeless, test.unit.Sends(time.Time{}, false), "%+v", test.unit)
	}
	require.False(t, Unit{Rule: Timeless}.EndsAt(at(1), true), "by id, others may follow")
	require.True(t, Unit{Rule: Timeless, Order: pipedrive.NewestFirst}.EndsAt(at(1), true))
}

func TestReached_isWhereARunCanBeCutShort(t *testing.T) {
	p, f := Progress{Position: Position{Changed: at(10)}}, facts(100)
	position, ok := Reached(p, Unit{Order: pipedrive.OldestFirst}, Outcome{Seen: at(50)}, f)
	require.True(t, ok)
	require.Equal(t, Position{Changed: at(50), Stopped: true}, position)
	for _, u := range []Unit{{}, {Order: pipedrive.NewestFirst}, {Order: pipedrive.OldestFirst, Rule: Timeless}} {
		_, ok = Reached(p, u, Outcome{Seen: at(50)}, f)
		require.False(t, ok, "%+v", u)
	}
}

func TestPosition_isTheStatesOwnForm(t *testing.T) {
	var p Position
	require.NoError(t, json.Unmarshal([]byte(`{"changed":"2026-01-02T00:50:00Z","stopped":true,"complete":false,"ends":1}`), &p))
	require.Equal(t, Position{Changed: at(50), Stopped: true, Ends: 1}, p)
	text, err := json.Marshal(Position{Changed: at(50), Complete: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"changed":"2026-01-02T00:50:00Z","complete":true}`, string(text))
}

func TestPosition_movesBack(t *testing.T) {
	p := Position{Changed: at(50), Stopped: true, Complete: true}
	require.Equal(t, Position{Changed: at(40), Complete: true}, p.NoLaterThan(at(40)))
	require.Equal(t, p, p.NoLaterThan(at(50)))
	require.True(t, p.Equal(p.NoLaterThan(at(50))))
	require.False(t, p.Equal(p.NoLaterThan(at(40))))
}

// TestSince_losesNoChange: records change and runs end early at arbitrary moments. A unit that was read after a change
// has it. The API is a list of moments; a run sees those up to its own moment.
func TestSince_losesNoChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := rapid.SliceOfN(rapid.IntRange(0, 300), 0, 20).Draw(t, "changes")
		seen := map[int]bool{}
		var position Position
		began := 0
		run := func(budget int) {
			s, p := For(timed, facts(began)), Progress{Position: position}
			for stage := s.Next(p); len(stage) > 0; stage = s.Next(p) {
				u, o := stage[0], Outcome{Narrowed: !stage[0].Since.IsZero()}
				for minute := range began + 1 {
					if u.Rule == Timeless || at(minute).Before(u.Since) {
						continue
					}
					if budget--; budget < 0 {
						o.Stopped = true
						break
					}
					for _, c := range changes {
						if c == minute {
							seen[c], o.Seen = true, at(minute)
						}
					}
				}
				if p = s.Advance(p, u, o); o.Stopped {
					break
				}
			}
			position = p.Position
		}
		for range rapid.IntRange(0, 5).Draw(t, "runs") {
			began += rapid.IntRange(0, 80).Draw(t, "minutes")
			run(rapid.IntRange(0, 100).Draw(t, "budget"))
		}
		began = 301
		run(1 << 20)
		for _, c := range changes {
			require.True(t, seen[c], "the change of minute %d", c)
		}
	})
}

// TestSince_anEmptyAnswerAndThenABudget: the first run believes a wrong empty answer. The second is stopped before the
// records without an update_time, so the third must look for them.
func TestSince_anEmptyAnswerAndThenABudget(t *testing.T) {
	_, position := play(t, For(timed, facts(100)), Position{}, Outcome{})
	strategy, stopped := For(timed, facts(160)), Outcome{Seen: at(50), Stopped: true}
	reached, ok := Reached(Progress{Position: position}, strategy.Next(Progress{Position: position})[0], stopped, facts(160))
	require.True(t, ok)
	_, position = play(t, strategy, position, stopped)
	require.Equal(t, Position{Changed: at(50), Stopped: true, Looked: at(100)}, position)
	require.Equal(t, position, reached)
	units, position := play(t, For(timed, facts(220)), position, Outcome{Seen: at(90), Narrowed: true}, Outcome{}, Outcome{})
	require.Equal(t, []Rule{All, Timeless, Timeless}, []Rule{units[0].Rule, units[1].Rule, units[2].Rule})
	require.True(t, position.Complete)
}

// TestEarlier_coversBoth: a reading that begins there brings all records that either position lacks.
func TestEarlier_coversBoth(t *testing.T) {
	place := pipedrive.Place{Key: pipedrive.Key{Number: 7}, Read: 7}
	plain, late := Position{Changed: at(50), Complete: true, Looked: at(60)}, Position{Changed: at(90), Complete: true, Looked: at(100)}
	first := Position{Changed: at(40), Stopped: true}
	ends := Position{Changed: at(90), Ends: 1}
	byID := Position{Changed: at(90), ByID: &place}
	for _, test := range []struct{ p, q, want Position }{
		{late, late, late},
		{byID, byID, byID},
		{ends, ends, ends},
		{plain, late, plain},
		{late, Position{}, Position{}},
		{late, first, first},
		{late, byID, Position{}},
		{byID, Position{}, Position{}},
		{plain, ends, Position{Changed: at(50)}},
	} {
		require.Equal(t, test.want, test.p.Earlier(test.q))
		require.Equal(t, test.want, test.q.Earlier(test.p))
	}
}
