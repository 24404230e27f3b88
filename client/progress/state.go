package progress

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/state"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// StateVersion is the version of the state's values. A plugin refuses values of a newer one.
const StateVersion = 1

// State keeps values between runs, in the table of a state backend: the checkpoints of tables, and what else a run has
// for the next one.
type State struct {
	client  state.Client
	backend *Backend
	table   string // of the state backend, for messages
	moved   atomic.Bool
	wait    func(context.Context, time.Duration)

	mu           sync.Mutex
	unfinished   map[string]unfinished  // of the run that is under way, by key
	fullReadings map[string]FullReading // of the run that is under way, by key

	flushing sync.Mutex
	dirty    atomic.Bool
}

// unfinished is the checkpoint of a table in the run that is under way.
type unfinished struct {
	table      *table.Table
	known      bool // whether the table is known to be at the destination by now, if it comes there at all
	doubted    bool // whether it was not there when the run began
	checkpoint checkpoint
}

// NewState returns the state that lives in a table of a backend. The backend may be nil where no table is read back.
func NewState(c state.Client, backend *Backend, table string) *State {
	return &State{
		client: c, backend: backend, table: table, wait: wait,
		unfinished: map[string]unfinished{}, fullReadings: map[string]FullReading{},
	}
}

// Reserve waits until nothing else reads from the state's backend, and keeps others from it until release is called.
func (s *State) Reserve(ctx context.Context) (release func(), err error) {
	return s.backend.reserve(ctx)
}

// forget empties checkpoints, upon which their tables are read from their beginnings.
func (s *State) forget(ctx context.Context, keys []string) error {
	for _, key := range keys {
		text, err := s.client.GetKey(ctx, key)
		if err == nil && text != "" {
			err = s.Store(ctx, key, checkpoint{Version: StateVersion, Positions: map[string]plan.Position{}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loadCheckpoint returns how far a table of an account was read; an empty checkpoint where it never was.
func (s *State) loadCheckpoint(ctx context.Context, key string) (checkpoint, error) {
	var c checkpoint
	found, err := s.Load(ctx, key, "to read the table from its beginning", &c)
	if !found {
		c = checkpoint{Version: StateVersion, Positions: map[string]plan.Position{}}
	}
	return c, err
}

// storeCheckpoint keeps the checkpoint of a table that is under way; [State.Finish] makes it one that can be trusted.
func (s *State) storeCheckpoint(ctx context.Context, key string, t *table.Table, c checkpoint, known, doubted bool) error {
	c.Finished = false
	s.mu.Lock()
	s.unfinished[key] = unfinished{t, known, doubted, c}
	s.mu.Unlock()
	return s.Store(ctx, key, c)
}

// Value is a value of the state: a pointer to a struct that has its version in the JSON member "version".
type Value interface {
	// Complete reports whether the value has all that it must have.
	Complete() bool
}

// Load reads the JSON value of a key and reports whether there is one. A value that can't be understood is an error;
// reset is the part of it that says what deleting the value is good for. To go on without the value would cost a full
// sync, or columns their names.
func (s *State) Load(ctx context.Context, key, reset string, into Value) (found bool, err error) {
	text, err := s.client.GetKey(ctx, key)
	if err != nil || text == "" {
		return false, err
	}
	reset = fmt.Sprintf("%s, delete the row whose key is %q from table %s", reset, key, s.table)
	var kept struct {
		Version int `json:"version"`
	}
	err = json.Unmarshal([]byte(text), &kept)
	if err == nil && kept.Version > StateVersion {
		return false, fmt.Errorf("the state is of version %d, and this plugin knows versions up to %d: update the plugin, or, %s",
			kept.Version, StateVersion, reset)
	}
	if err == nil && kept.Version >= 1 {
		err = json.Unmarshal([]byte(text), into)
	}
	if err != nil || kept.Version < 1 || !into.Complete() {
		return false, fmt.Errorf("the state can't be read: %.100q; %s", text, reset)
	}
	return true, nil
}

// Store keeps a value in memory; [State.Flush] writes all that has changed.
func (s *State) Store(ctx context.Context, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.dirty.Store(true)
	return s.client.SetKey(ctx, key, string(text))
}

// Moved reports whether any checkpoint has moved.
func (s *State) Moved() bool { return s.moved.Load() }

// Finish writes the checkpoints of all tables as such that can be trusted, and the readings of those without. It is called
// once, after a run in which every table succeeded: a trusted checkpoint must not get ahead of rows that are still on their
// way. Tables that no run has seen in the backend are looked for there.
func (s *State) Finish(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.lookForTables(ctx)
	for key, u := range s.unfinished {
		c := u.checkpoint
		if u.sought() {
			if c.Found = there[u.table.Name()]; !c.Found {
				c.Absent++
			}
		}
		c.Ledger = c.ledger
		c.Finished, c.Refreshing, c.Refreshed = true, false, latest(c.Refreshed, c.refreshed)
		if c.Again = latest(c.Again, c.again); c.againFrom != nil {
			c.AgainFrom = c.againFrom
		}
		if err := s.Store(ctx, key, c); err != nil {
			return err
		}
	}
	for key, r := range s.fullReadings {
		if err := s.Store(ctx, key, r); err != nil {
			return err
		}
	}
	return s.Flush(ctx)
}

// sought reports whether the run that ends looks for the table: one that no run has seen in the backend.
func (u unfinished) sought() bool {
	return (u.known || u.doubted) && !u.checkpoint.Shut && !u.checkpoint.Found && u.checkpoint.Absent < maxAbsent
}

// lookForTables asks the backend which of the tables that the run looks for it has. Those that were not there when the
// run began get time to be made.
func (s *State) lookForTables(ctx context.Context) map[string]bool {
	there, doubted := map[string]bool{}, false
	for _, u := range s.unfinished {
		doubted = doubted || u.sought() && u.doubted
	}
	if doubted {
		s.wait(ctx, firstRows)
	}
	for _, u := range s.unfinished {
		if _, known := there[u.table.Name()]; u.sought() && !known {
			there[u.table.Name()] = s.backend.has(ctx, u.table)
		}
	}
	return there
}

// firstRows is how long a destination gets to make a table that was dropped: it does so with the first rows that
// it receives.
const firstRows = time.Second

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// Flush writes what has changed. Whoever waits for another's flush shares it.
func (s *State) Flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if !s.dirty.Swap(false) {
		return nil
	}
	if err := s.client.Flush(ctx); err != nil {
		s.dirty.Store(true)
		return fmt.Errorf("the checkpoints can't be written to the state backend; the next run reads the same records again: %w", err)
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
