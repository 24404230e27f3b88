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

// StateVersion is the version of the state's values. The plugin refuses values of a newer version.
const StateVersion = 1

// State keeps values between runs in the table of a state backend, above all the checkpoints.
type State struct {
	client  state.Client
	backend *Backend
	table   string // name of that table, for messages
	moved   atomic.Bool
	wait    func(context.Context, time.Duration)

	mu           sync.Mutex
	unfinished   map[string]unfinished  // of this run, by key
	fullReadings map[string]FullReading // of this run, by key

	flushing sync.Mutex
	dirty    atomic.Bool
}

// unfinished is a table's checkpoint in this run.
type unfinished struct {
	table      *table.Table
	known      bool // whether enough rows were sent for the destination to have created the table by now
	doubted    bool // whether the table was absent when the run began
	checkpoint checkpoint
}

// NewState returns the state in a table of a backend. The backend may be nil if no table is read back.
func NewState(c state.Client, backend *Backend, table string) *State {
	return &State{
		client: c, backend: backend, table: table, wait: wait,
		unfinished: map[string]unfinished{}, fullReadings: map[string]FullReading{},
	}
}

// Reserve waits until no other read of the state's backend is under way, and prevents others until release is called.
func (s *State) Reserve(ctx context.Context) (release func(), err error) {
	return s.backend.reserve(ctx)
}

// forget empties checkpoints. Their tables are then read from the beginning.
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

// loadCheckpoint returns a checkpoint; an empty one if there is none.
func (s *State) loadCheckpoint(ctx context.Context, key string) (checkpoint, error) {
	var c checkpoint
	found, err := s.Load(ctx, key, "to read the table from its beginning", &c)
	if !found {
		c = checkpoint{Version: StateVersion, Positions: map[string]plan.Position{}}
	}
	return c, err
}

// storeCheckpoint keeps an unfinished checkpoint. [State.Finish] makes it a trusted one.
func (s *State) storeCheckpoint(ctx context.Context, key string, t *table.Table, c checkpoint, known, doubted bool) error {
	c.Finished = false
	s.mu.Lock()
	s.unfinished[key] = unfinished{t, known, doubted, c}
	s.mu.Unlock()
	return s.Store(ctx, key, c)
}

// Value is a value of the state: a pointer to a struct with its version in the JSON member "version".
type Value interface {
	// Complete reports whether the value has all required members.
	Complete() bool
}

// Load reads the JSON value of a key and reports whether there is one. A value that can't be understood is an error,
// since continuing without it would cost a full sync, or the names of columns. reset says in that error what deleting
// the value achieves.
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
		return false, fmt.Errorf("the state has version %d, and this plugin reads versions up to %d: update the plugin, or, %s",
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

// Store keeps a value in memory. [State.Flush] writes all changes.
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

// Finish stores the checkpoints of all tables as trusted, and the full readings. It is called once, after a run in
// which every table succeeded: a trusted checkpoint must not pass rows that are still on their way. It looks in the
// backend for tables that no run has seen there.
func (s *State) Finish(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.lookForTables(ctx)
	for key, u := range s.unfinished {
		c := u.checkpoint
		if u.needsLook() {
			if c.Found = there[u.table.Name()]; !c.Found {
				c.Absent++
			}
		}
		c.Ledger = c.ledger
		c.Finished, c.Refreshing, c.Refreshed = true, false, latest(c.Refreshed, c.refreshed)
		if c.Rechecked = latest(c.Rechecked, c.rechecked); c.recheckFrom != nil {
			c.RecheckFrom = c.recheckFrom
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

// needsLook reports whether the end of the run looks for the table in the backend, since no run has seen it there.
func (u unfinished) needsLook() bool {
	return (u.known || u.doubted) && !u.checkpoint.Unavailable && !u.checkpoint.Found && u.checkpoint.Absent < maxAbsent
}

// RowsToLookAt is the approximate number of rows that [State.Finish] reads when it looks for tables.
func (s *State) RowsToLookAt() (rows int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.unfinished {
		if u.needsLook() {
			rows += u.checkpoint.expected()
		}
	}
	return rows
}

// lookForTables reports, for each table to look for, whether the backend has it. If tables were absent when the run
// began, it first gives the destination time to create them.
func (s *State) lookForTables(ctx context.Context) map[string]bool {
	there, doubted := map[string]bool{}, false
	for _, u := range s.unfinished {
		doubted = doubted || u.needsLook() && u.doubted
	}
	if doubted {
		s.wait(ctx, firstRows)
	}
	for _, u := range s.unfinished {
		if _, known := there[u.table.Name()]; u.needsLook() && !known {
			there[u.table.Name()] = s.backend.hasTable(ctx, u.table)
		}
	}
	return there
}

// firstRows is the time for a destination to create a table again that was dropped. It does so with the first rows
// that it receives.
const firstRows = time.Second

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// Flush writes all changes. Concurrent calls share one write.
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
