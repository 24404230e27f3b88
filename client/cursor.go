package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/state"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// cursorVersion is the version of the state's values. A plugin refuses values of a newer one.
const cursorVersion = 1

// cursor is how far an incremental table of an account has been read: one mark for each of its listings.
type cursor struct {
	Version int             `json:"version"`
	Marks   map[string]mark `json:"marks"` // by [pipedrive.Listing.Key]
}

// mark is how far a listing has been read.
type mark struct {
	// Changed is the update_time up to which all records have been sent. Those of that very second may
	// be incomplete, so they are read again.
	Changed time.Time `json:"changed"`
	// Stopped is true where the last run ended here for want of budget; the next one goes on from this
	// very second, without looking back.
	Stopped bool `json:"stopped,omitempty"`
	// Complete is true once the listing has been read from its beginning to its end, records without an
	// update_time included, which updated_since never finds.
	Complete bool `json:"complete"`
	// Ends is at which end of the list records without an update_time are to be looked for next, once all
	// others were read: 1 and then 2 for those of endsOfList, 0 where there is nothing to look for.
	Ends int `json:"ends,omitempty"`
}

// endsOfList are the orders in which records without an update_time come first. Whether Pipedrive sorts
// them before or behind all others is not documented, so they are looked for at both ends.
var endsOfList = []pipedrive.Order{pipedrive.OldestFirst, pipedrive.NewestFirst}

// State keeps between runs how far tables were read, and which columns custom fields have.
type State struct {
	client state.Client
	table  string // of the state backend, for messages
	moved  atomic.Bool
}

// NewState returns the state that lives in a table of a backend.
func NewState(c state.Client, table string) *State { return &State{client: c, table: table} }

// key names a cursor: the table, the account, and whatever changes which rows belong to the table or which
// of their columns are filled, so that with others the table is read from its beginning.
func (a *Account) key(t *Table) string {
	parts := []string{t.Name(), "account=" + a.id, "api=" + a.api.Name}
	if a.startTime != "" {
		parts = append(parts, "start_time="+a.startTime)
	}
	if t.Records == "deals" {
		parts = append(parts, fmt.Sprintf("deleted=%t", a.query.Deleted), fmt.Sprintf("archived=%t", a.archived))
	}
	if entities[t.Records] != "" && a.customFields != spec.Columns {
		parts = append(parts, "custom_fields="+string(a.customFields))
	}
	return strings.Join(parts, ",")
}

// loadCursor returns how far a table of an account was read; an empty cursor where it never was.
func (s *State) loadCursor(ctx context.Context, key string) (cursor, error) {
	var c cursor
	found, err := s.load(ctx, key, cursorVersion, "to read the table from its beginning", &c)
	if !found {
		c = cursor{Version: cursorVersion, Marks: map[string]mark{}}
	}
	return c, err
}

func (c *cursor) complete() bool { return c.Marks != nil }

func (s *State) storeCursor(ctx context.Context, key string, c cursor) error {
	moved, err := s.store(ctx, key, c)
	if moved {
		s.moved.Store(true)
	}
	return err
}

// load reads the JSON value of a key and reports whether there is one. A value that can't be understood is an
// error that says how to reset it: going on as without it would cost a full sync, or columns their names.
func (s *State) load(ctx context.Context, key string, version int, reset string, into interface{ complete() bool }) (found bool, err error) {
	text, err := s.client.GetKey(ctx, key)
	if err != nil || text == "" {
		return false, err
	}
	reset = fmt.Sprintf("%s, delete the row whose key is %q from table %s", reset, key, s.table)
	var kept struct {
		Version int `json:"version"`
	}
	err = json.Unmarshal([]byte(text), &kept)
	if err == nil && kept.Version > version {
		return false, fmt.Errorf("the state is of version %d, and this plugin knows versions up to %d: update the plugin, or, %s",
			kept.Version, version, reset)
	}
	if err == nil && kept.Version >= 1 {
		err = json.Unmarshal([]byte(text), into)
	}
	if err != nil || kept.Version < 1 || !into.complete() {
		return false, fmt.Errorf("the state can't be read: %.100q; %s", text, reset)
	}
	return true, nil
}

// store keeps a value in memory and reports whether it is another than before; [State.Flush] writes all.
func (s *State) store(ctx context.Context, key string, v any) (changed bool, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return false, err
	}
	before, err := s.client.GetKey(ctx, key)
	if err != nil {
		return false, err
	}
	return before != string(text), s.client.SetKey(ctx, key, string(text))
}

// Moved reports whether any cursor has changed.
func (s *State) Moved() bool { return s.moved.Load() }

// Flush writes the cursors of all tables. It is called once, after a run in which every table succeeded:
// a cursor must not get ahead of rows that are still on their way.
func (s *State) Flush(ctx context.Context) error {
	if err := s.client.Flush(ctx); err != nil {
		return fmt.Errorf("the cursors can't be written to the state backend; the next run reads the same records again: %w", err)
	}
	return nil
}

// since is the moment from which a listing is to be read, zero for its beginning.
func (m mark) since(lookback time.Duration) time.Time {
	if m.Changed.IsZero() || m.Stopped {
		return m.Changed
	}
	return m.Changed.Add(-lookback)
}

// advanced is the mark of a listing that was read to its end: never backwards, and never past the moment at
// which the run began, since what changed after that may have been missed.
func (m mark) advanced(seen, began time.Time) mark {
	return mark{Changed: later(m.Changed, earlier(seen, began)), Complete: m.Complete}
}

// stopped is the mark of a listing that was read up to a second, for want of budget. The next run does not
// look back, or it might never get further; so the mark stays behind what lookback is there to find.
func (m mark) stopped(seen, began time.Time, lookback time.Duration) mark {
	if seen = earlier(seen, began.Add(-lookback)); !seen.After(m.Changed) {
		return m
	}
	return mark{Changed: later(m.Changed, seen), Stopped: true, Complete: m.Complete}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		a = b
	}
	return a.UTC().Truncate(time.Second)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
