package progress

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Options are the facts of an account and a run that the progress of a table depends on.
type Options struct {
	// Account is the account's id.
	Account string
	// Form is the one in which the run reads the table.
	Form Form
	// Untyped is true where the account does not list the types of the table's custom fields, so that these come in another
	// form.
	Untyped bool
	// Verify is true where rows that are missing at the destination are read again.
	Verify bool
	// VerifyEvery is how long a table need not be read back whose rows the state knows well enough; 0 has each run do it.
	VerifyEvery time.Duration
	// AgainEvery is how often the children of parents that did not change are read again; 0 for never.
	AgainEvery time.Duration
	// Separates is true where two versions of a record must not come to the destination in one batch.
	Separates bool
	// RefreshEvery is how often to read the table from its beginning to find deletions; 0 for never.
	RefreshEvery time.Duration
	// Began is when the run began, by the API's clock.
	Began time.Time
	// Start is the moment before which records are left out; zero for none.
	Start time.Time
	// PageRows and PageTokens are how many rows a page has and how many API tokens it costs, for the log.
	PageRows, PageTokens int
	// Logger is the one of the table and the account.
	Logger zerolog.Logger
}

// Tracker is the progress of one incremental table of one account in a run. It is not safe for concurrent use. Its
// methods are called in this order, of which those that read or write anything have Load, ReadBack or Store in their
// names:
//
//	Load, ReadBackRefused           the checkpoint of the last run
//	Reconcile                       the checkpoint that this run begins with, given the outcome of [ReadBack]
//	StoreBeginning                  before the first row is sent
//	Position, Unchanged, Move, Sent while the table is read
//	StoreReached                    after each page
//	ReadBackFor                     before the children of some parents are read
//	ReadBackMissing, StoreRefused, Remove   after a full refresh
//	ReadBackOrphans                 after any other run that read the table to its end
//	CheckOrphans                    after one that did not
//	StoreEnd                        after the last row; [State.Finish] makes it a checkpoint that can be trusted
type Tracker struct {
	Options

	state *State
	table *table.Table
	key   string // of the checkpoint in the state

	last       checkpoint // of the run before
	beginning  checkpoint // that this run begins with
	checkpoint checkpoint // of this run

	readBack   *readBack                // the rows that were there when the run began; nil where they are not known
	removed    []key                    // of records that are deleted at Pipedrive
	verified   map[string]plan.Position // from which the run goes on
	family     *family                  // of a table of children, once any parent was read
	versions   *SentVersions            // nil where nothing needs to know what the run sent
	doubtful   bool                     // whether the table may have been dropped, or never come to the backend
	refreshing bool                     // whether the run reads all records to find deletions
	noted      int                      // pages that were sent when the position was last stored
	skipped    bool                     // whether the table was not read back: readBack has the rows that the ledger knows

	mu    sync.Mutex
	again map[key]int64 // the rows that the run has read again and that are there; not all of too many
	asked keySet        // the parents that the run has asked about; not all of too many

	late     func(context.Context) ReadBacks
	unproved bool                     // whether the table was read back late, after the run had sent rows of it, or in vain
	backTo   map[string]plan.Position // from which the next run goes on, if that found a loss; else nil

	verification Verification
}

// NewTracker returns the progress of a table of an account.
func NewTracker(s *State, t *table.Table, o Options) *Tracker {
	return &Tracker{Options: o, state: s, table: t, key: o.Form.key(t, o.Account)}
}

// Load loads the checkpoint of the last run.
func (t *Tracker) Load(ctx context.Context) (err error) {
	t.last, err = t.state.loadCheckpoint(ctx, t.key)
	t.last.children = t.table.Parent != nil
	return err
}

// Reconcile finds the checkpoint that the run begins with, given the rows that the destination has.
func (t *Tracker) Reconcile(back ReadBacks) Verification {
	t.checkpoint = t.reconcile(back)
	t.noteColumns()
	t.refreshing = t.refreshDue(t.checkpoint.Refreshed)
	t.checkpoint.Refreshing = t.refreshing
	t.beginning = t.checkpoint
	t.checkpoint.Positions = map[string]plan.Position{}
	if !t.refreshing {
		maps.Copy(t.checkpoint.Positions, t.beginning.Positions)
	}
	t.verified = maps.Clone(t.checkpoint.Positions)
	if t.Verify || t.refreshing || t.Separates {
		t.versions = NewSentVersions(t.table)
	}
	if t.skipped {
		t.beginning.Ledger = t.ledgerUnderWay()
	}
	return t.verification
}

// refreshDue reports whether the run is to read the table from its beginning to find deletions, if it was last read so at a moment.
func (t *Tracker) refreshDue(since time.Time) bool {
	return t.RefreshEvery > 0 && !since.IsZero() && t.Began.Sub(since) >= t.RefreshEvery && !t.last.Refreshing
}

// StoreBeginning keeps the checkpoint that the run begins with for the state, and voids those of other forms whose rows
// the run replaces. The state has to be flushed before the first row is sent: the rows of this run take the place of
// those of the last one, which then can't be verified any more.
func (t *Tracker) StoreBeginning(ctx context.Context) error {
	columns := !slices.Equal(t.last.Columns, t.beginning.Columns)
	if (t.Verify || t.refreshing || columns) && len(t.last.Positions) > 0 {
		if err := t.state.Store(ctx, t.key, t.beginning); err != nil {
			return err
		}
	}
	return t.state.forget(ctx, t.Form.replacedKeys(t.table, t.Account))
}

// Refreshing reports whether the run reads all records of the table to find deletions.
func (t *Tracker) Refreshing() bool { return t.refreshing }

// Position is how far a listing has been read.
func (t *Tracker) Position(listing string) plan.Position { return t.checkpoint.Positions[listing] }

// Move moves the position of a listing, all records before which have been sent.
func (t *Tracker) Move(listing string, p plan.Position) { t.checkpoint.Positions[listing] = p }

// Unchanged reports whether the destination has a record as it was read from a listing, so that it need not be sent again.
// That is known of the records that a run reads although they are no later than the position. One without an update_time
// was never changed. Of the others the second of their update_time has to be over when the last complete reading began: a
// later change has another one. A history is asked about the records of its table.
func (t *Tracker) Unchanged(listing string, row *table.Row) bool {
	at := int64(never)
	if t.readBack == nil || t.verified[listing].Changed.IsZero() {
		return false
	}
	if changed, timed := row.RecordTime(); timed {
		second := changed.Truncate(time.Second)
		if !t.settled(listing, second) {
			return false
		}
		at = second.Unix()
	}
	k := t.keyOf(row)
	if !t.readBack.has(k, at) {
		return false
	}
	t.read(k, at)
	return true
}

// keyOf is the key of a record: of a history, that of a record of its table.
func (t *Tracker) keyOf(record *table.Row) key {
	return keyOf(table.KeyOf(record.Key(cmp.Or(t.table.Of, t.table).Identity())))
}

// settled reports whether a second is no later than the position, and was over when the last complete reading began.
func (t *Tracker) settled(listing string, second time.Time) bool {
	position := t.verified[listing].Changed
	return !position.IsZero() && !second.After(position) && second.Before(t.beginning.Began.Add(-time.Second))
}

// Sent notes rows that are sent.
func (t *Tracker) Sent(rows []*table.Row) {
	if t.versions != nil {
		t.versions.Add(rows)
	}
}

// MustSeparate reports whether the rows must not come to the destination in one batch with those that were sent: a version of
// one of them was.
func (t *Tracker) MustSeparate(rows []*table.Row) bool {
	return t.Separates && slices.ContainsFunc(rows, func(row *table.Row) bool {
		_, sent := t.versions.sent[keyOf(table.KeyOf(row.Key(t.versions.key)))]
		return sent
	})
}

// checkpointPages is how many pages of a table a run sends before it stores how far it got; each further time it is a quarter
// of those that it sent until then, if that is more, and at most mostPages.
const (
	checkpointPages = 10
	mostPages       = 100
)

// StoresAfter reports whether [Tracker.StoreReached] stores how far the run got, after so many pages.
func (t *Tracker) StoresAfter(sent int) bool {
	return t.Verify && !t.refreshing && sent-t.noted >= min(max(checkpointPages, t.noted/4), mostPages)
}

// StoreReached stores how far the run got in a listing, for the next one to go on from should this one be cut short. It
// does so now and then only. sent is how many pages of the table were sent, or how many requests it took for children.
func (t *Tracker) StoreReached(ctx context.Context, listing string, p plan.Position, sent int) error {
	if !t.StoresAfter(sent) {
		return nil
	}
	t.noted, t.checkpoint.Removing = sent, t.toRemove()
	t.Move(listing, p)
	if err := t.store(ctx); err != nil {
		return err
	}
	if err := t.state.Flush(ctx); err != nil {
		t.Logger.Info().Err(err).Msg("how far the run got can't be written down now")
	}
	return nil
}

// StoreEnd keeps the checkpoint of a table that was read to its end or, if it is not complete, as far as the budget goes. together
// is true for a table of children that was read with that of their parents.
func (t *Tracker) StoreEnd(ctx context.Context, complete, together bool) error {
	if complete && t.backTo == nil {
		t.checkpoint.Began, t.checkpoint.Together = t.Began, together
	}
	if t.refreshing || t.checkpoint.Refreshed.IsZero() {
		t.checkpoint.refreshed = t.Began
	}
	if t.beginning.Shut && !t.checkpoint.Shut && len(t.verified) > 0 {
		t.checkpoint.restart()
	}
	t.checkpoint.Removing = t.toRemove()
	t.checkpoint.ledger = t.ledgerUnderWay()
	if t.Verify && t.readBack != nil {
		removed := slices.Concat(t.removed, t.checkpoint.Removing)
		t.checkpoint.ledger = t.ledgerAtEnd(removed)
		if !t.skipped {
			replaced, rest := t.readBack.kept(t.versions.sent, removed)
			t.checkpoint.Replaced, t.checkpoint.Rest = replaced, &rest
		}
		t.readBack = nil
	}
	return t.store(ctx)
}

// settledRows is how many rows a run has to send for their table to be at the destination when the run ends:
// several messages' worth. Destinations make a table with the first of its rows.
const settledRows = 5_000

// store keeps how far the run got, and the rows that it sent, unfinished.
func (t *Tracker) store(ctx context.Context) error {
	c := t.checkpoint
	if t.Verify {
		c.Positions, c.Verified, c.Sent = t.positions(), t.verified, t.versions.segments(rankOf(t.checkpoint.Positions))
		c.Ledger = t.ledgerUnderWay()
	}
	known := t.Verify && len(t.versions.sent) >= settledRows
	for listing, p := range c.Positions {
		if !p.Equal(t.verified[listing]) {
			t.state.moved.Store(true)
		}
	}
	return t.state.storeCheckpoint(ctx, t.key, t.table, c, known, t.doubtful)
}

// costOf is about how many API tokens it costs to read a table of so many rows from its beginning.
func (t *Tracker) costOf(rows int64) int64 {
	page := max(1, int64(t.PageRows))
	return (rows + page - 1) / page * int64(t.PageTokens)
}
