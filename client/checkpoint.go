package client

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/state"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// stateVersion is the version of the state's values. A plugin refuses values of a newer one.
const stateVersion = 1

// checkpoint is how far an incremental table of an account has been read: one position for each of its listings. What
// a run sent may be lost on its way to the destination, so that its checkpoint is a claim, which the next run
// verifies.
type checkpoint struct {
	Version int `json:"version"`
	// Positions are how far the last run got, by [pipedrive.Listing.Key].
	Positions map[string]plan.Position `json:"marks"`
	// Finished is true where that run ended well, so that its positions can be trusted where they can't be
	// verified. A run that is under way writes its positions too, unfinished.
	Finished bool `json:"finished"`
	// Verified are the positions from which that run went on.
	Verified map[string]plan.Position `json:"verified,omitempty"`
	// Sent is what that run sent.
	Sent []segment `json:"sent,omitempty"`
	// Rest are the rows that were there before that run and that it neither sent nor removed, once it had read
	// the table to its end; nil where that is not known.
	Rest *fingerprint `json:"rest,omitempty"`
	// Replaced are the versions that were there before of what it sent. They still are where all that was lost.
	Replaced fingerprint `json:"replaced,omitzero"`
	// Before is the greatest sync time of the rows that were there before, in microseconds since 1970; those of the
	// run have a later one.
	Before int64 `json:"before,omitempty"`
	// Ahead are sync times of rows that were there before although they are later: by a clock that was ahead.
	Ahead span `json:"ahead,omitzero"`
	// Columns are those that the rows are filled with; nil in a state of a version that did not keep them.
	Columns []string `json:"columns,omitempty"`
	// Looked counts the runs that saw whether the destination has all columns of a table that is too large to see
	// all of them at once.
	Looked int `json:"looked,omitempty"`
	// Least is how many rows the destination has at least.
	Least int64 `json:"least,omitempty"`
	// Found is true once the table was seen in the backend: if it is not there any more, it was dropped.
	Found bool `json:"found,omitempty"`
	// Absent counts the runs that filled it and then looked for it in vain: its rows go elsewhere, or under
	// another name. As long as none has, a table that is not there was dropped. A small one is then read
	// again once, which costs next to nothing; a large one is looked for by the run that first fills it.
	Absent int `json:"absent,omitempty"`
	// Failures counts the runs in a row of which rows were missing.
	Failures int `json:"failures,omitempty"`
	// GivenUp is when missing rows were no longer read again, for that; zero where none are known to be missing.
	GivenUp time.Time `json:"given_up,omitzero"`
	// Refreshed is when the table was last read from its beginning.
	Refreshed time.Time `json:"refreshed,omitzero"`
	// Refreshing is true while a run reads the table from its beginning to see what is gone. If that run does
	// not end well, the next one reads what has changed, as any other, and the one after it tries again.
	Refreshing bool `json:"refreshing,omitempty"`
	// Refused is what a full refresh would have removed, had it not been more than half of the rows; nil once
	// somebody has decided.
	Refused *refused `json:"refused,omitempty"`
	// refreshed is that of this run. It counts once the run ends well: only then is removed what is gone.
	refreshed time.Time
}

// State keeps between runs how far tables were read, and which columns custom fields have.
type State struct {
	client  state.Client
	backend *Backend
	table   string // of the state backend, for messages
	moved   atomic.Bool
	wait    func(context.Context, time.Duration)

	mu         sync.Mutex
	unfinished map[string]unfinished // of the run that is under way, by key

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

// NewState returns the state that lives in a table of a backend.
func NewState(c state.Client, backend *Backend, table string) *State {
	return &State{client: c, backend: backend, table: table, wait: wait, unfinished: map[string]unfinished{}}
}

// form is what of a spec decides which rows belong to a table and which of their columns are filled.
type form struct {
	api               table.API
	startTime         string
	deleted, archived bool
	customFields      spec.CustomFields
}

func (a *Account) form() form {
	return form{a.api, a.startTime, a.query.Deleted, a.archived, a.customFields}
}

// key names a checkpoint: the table, the account and the form, so that with another one the table is read from its
// beginning.
func (a *Account) key(t *Table) string { return a.keyOf(t, a.form()) }

func (a *Account) keyOf(t *Table, f form) string {
	parts := []string{t.Name(), "account=" + a.id, "api=" + string(f.api)}
	if f.startTime != "" {
		parts = append(parts, "start_time="+f.startTime)
	}
	if t.Depends(func(l pipedrive.Listing) bool { return l.Deleted || l.DeletedStatus != "" }) {
		parts = append(parts, fmt.Sprintf("deleted=%t", f.deleted))
	}
	if t.Depends(func(l pipedrive.Listing) bool { return l.Archived }) {
		parts = append(parts, fmt.Sprintf("archived=%t", f.archived))
	}
	if t.Fields != nil && f.customFields != spec.Columns {
		parts = append(parts, "custom_fields="+string(f.customFields))
	}
	return strings.Join(parts, ",")
}

// otherForms are the keys of the checkpoints whose rows this run replaces by rows with other columns: those of another
// API or with custom fields that arrive otherwise. A checkpoint with another start_time than the spec's is not among them.
func (a *Account) otherForms(t *Table) (keys []string) {
	own := a.form()
	for _, api := range []table.API{table.V2, table.V1, table.Export} {
		for _, custom := range []spec.CustomFields{spec.Columns, spec.JSON, spec.Off} {
			if t.Fields == nil {
				custom = own.customFields
			}
			if api == own.api && custom == own.customFields {
				continue
			}
			for i := range 8 {
				f := form{api, "", i&1 > 0, i&2 > 0, custom}
				if i&4 > 0 {
					f.startTime = own.startTime
				}
				keys = append(keys, a.keyOf(t, f))
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// forget empties checkpoints, upon which their tables are read from their beginnings.
func (s *State) forget(ctx context.Context, keys []string) error {
	for _, key := range keys {
		text, err := s.client.GetKey(ctx, key)
		if err == nil && text != "" {
			err = s.store(ctx, key, checkpoint{Version: stateVersion, Positions: map[string]plan.Position{}})
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
	found, err := s.load(ctx, key, "to read the table from its beginning", &c)
	if !found {
		c = checkpoint{Version: stateVersion, Positions: map[string]plan.Position{}}
	}
	return c, err
}

// keepCheckpoint keeps the checkpoint of a table that is under way; [State.Finish] makes it one that can be trusted.
func (s *State) keepCheckpoint(ctx context.Context, key string, t *Table, c checkpoint, known, doubted bool) error {
	c.Finished = false
	s.mu.Lock()
	s.unfinished[key] = unfinished{t, known, doubted, c}
	s.mu.Unlock()
	return s.store(ctx, key, c)
}

func (c *checkpoint) Complete() bool { return c.Positions != nil }

// load reads the JSON value of a key and reports whether there is one. A value that can't be understood is an
// error that says how to reset it: going on as without it would cost a full sync, or columns their names.
func (s *State) load(ctx context.Context, key, reset string, into interface{ Complete() bool }) (found bool, err error) {
	text, err := s.client.GetKey(ctx, key)
	if err != nil || text == "" {
		return false, err
	}
	reset = fmt.Sprintf("%s, delete the row whose key is %q from table %s", reset, key, s.table)
	var kept struct {
		Version int `json:"version"`
	}
	err = json.Unmarshal([]byte(text), &kept)
	if err == nil && kept.Version > stateVersion {
		return false, fmt.Errorf("the state is of version %d, and this plugin knows versions up to %d: update the plugin, or, %s",
			kept.Version, stateVersion, reset)
	}
	if err == nil && kept.Version >= 1 {
		err = json.Unmarshal([]byte(text), into)
	}
	if err != nil || kept.Version < 1 || !into.Complete() {
		return false, fmt.Errorf("the state can't be read: %.100q; %s", text, reset)
	}
	return true, nil
}

// store keeps a value in memory; [State.flush] writes all that has changed.
func (s *State) store(ctx context.Context, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.dirty.Store(true)
	return s.client.SetKey(ctx, key, string(text))
}

// Moved reports whether any checkpoint has moved.
func (s *State) Moved() bool { return s.moved.Load() }

// Finish writes the checkpoints of all tables as such that can be trusted. It is called once, after a run in which
// every table succeeded: a trusted checkpoint must not get ahead of rows that are still on their way.
func (s *State) Finish(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.look(ctx)
	for key, u := range s.unfinished {
		c := u.checkpoint
		if u.sought() {
			if c.Found = there[u.table.Name()]; !c.Found {
				c.Absent++
			}
		}
		c.Finished, c.Refreshing, c.Refreshed = true, false, latest(c.Refreshed, c.refreshed)
		if err := s.store(ctx, key, c); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// sought reports whether the run that ends looks for the table: one that no run has seen in the backend.
func (u unfinished) sought() bool {
	return (u.known || u.doubted) && !u.checkpoint.Found && u.checkpoint.Absent < maxAbsent
}

// look returns which of the tables that the run looks for are in the backend. Those that were not there when the run
// began get time to be made.
func (s *State) look(ctx context.Context) map[string]bool {
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

// flush writes what has changed. Whoever waits for another's flush shares it.
func (s *State) flush(ctx context.Context) error {
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
