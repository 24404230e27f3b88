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

// Options are the facts about an account and a run that a table's progress depends on.
type Options struct {
	// Account is the account's id.
	Account string
	// Form is the form in which the run reads the table.
	Form Form
	// Untyped is true if the account does not list the types of the table's custom fields. Then these have another
	// form.
	Untyped bool
	// Verify is true if missing rows at the destination are read again.
	Verify bool
	// VerifyEvery is the longest time without a read-back for a table that the state suffices for; 0 for a read-back
	// in each run.
	VerifyEvery time.Duration
	// RecheckEvery is the interval of readings of the children of unchanged parents; 0 for never.
	RecheckEvery time.Duration
	// Separates is true if two versions of a record must not be in one batch at the destination.
	Separates bool
	// RefreshEvery is the interval of full refreshes; 0 for never.
	RefreshEvery time.Duration
	// Began is the start of the run, by the API's clock.
	Began time.Time
	// Start is the update_time before which records are excluded; zero for none.
	Start time.Time
	// PageRows and PageTokens are the rows of a page and its cost in API tokens, for the log.
	PageRows, PageTokens int
	// Logger adds the table and the account to its lines.
	Logger zerolog.Logger
}

// Tracker is the progress of one incremental table of one account in a run. It is not safe for concurrent use. Its
// methods are called in the order below. Methods that read or write anything have Load, ReadBack or Store in their
// names:
//
//	Load, ReadBackRefused           the checkpoint of the last run
//	Reconcile                       the checkpoint at the beginning of this run, given the outcome of [ReadBack]
//	StoreBeginning                  before the first row is sent
//	Position, Unchanged, Move, Sent while the table is read
//	StoreReached                    after each page
//	ReadBackFor                     before the children of some parents are read
//	ReadBackMissing, StoreRefused, Remove   after a full refresh
//	ReadBackOrphans                 after any other run that read the table to its end
//	CheckOrphans                    after any other run
//	StoreEnd                        after the last row; [State.Finish] makes the checkpoint a trusted one
type Tracker struct {
	Options

	state *State
	table *table.Table
	key   string // of the checkpoint in the state

	last       checkpoint // of the last run
	beginning  checkpoint // at the beginning of this run
	checkpoint checkpoint // of this run

	readBack    *readBack                // the rows at the beginning of the run; nil if unknown
	removed     []key                    // keys of records that were deleted at Pipedrive
	verified    map[string]plan.Position // the positions at the beginning of the run
	family      *family                  // of a table of children; nil before the first parent was read
	versions    *SentVersions            // nil if the sent rows need not be known
	doubtful    bool                     // whether the table may have been dropped, or have another destination
	refreshing  bool                     // whether the run is a full refresh
	pagesStored int                      // number of sent pages at the last store of the position
	skipped     bool                     // whether readBack has the rows of the ledger, in place of a read-back

	mu        sync.Mutex
	unchanged map[key]int64 // rows that the run read and the destination has; incomplete above maxRecords
	asked     keySet        // parents that the run has asked about; incomplete above maxRecords

	late       func(context.Context) ReadBacks
	unverified bool                     // whether a late read-back failed, or came after the run had sent rows
	resumeFrom map[string]plan.Position // the positions for the next run after a late read-back that found a loss; else nil

	verification Verification
}

// NewTracker returns the progress of an account's table.
func NewTracker(s *State, t *table.Table, o Options) *Tracker {
	return &Tracker{Options: o, state: s, table: t, key: o.Form.key(t, o.Account)}
}

// Load loads the checkpoint of the last run.
func (t *Tracker) Load(ctx context.Context) (err error) {
	t.last, err = t.state.loadCheckpoint(ctx, t.key)
	t.last.children = t.table.Parent != nil
	return err
}

// ExpectedRows is the approximate number of rows of the account's table at the destination, with all versions of each
// record: those in the checkpoint of the last run, or those that this run has sent, if they are more. It is 0 if neither
// run counts them.
func (t *Tracker) ExpectedRows() int64 {
	rows := max(t.last.expected(), t.last.ReadRows)
	if t.versions != nil {
		rows = max(rows, int64(len(t.versions.sent)))
	}
	return rows
}

// Reconcile sets the checkpoint at the beginning of the run, given the rows at the destination.
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

// refreshDue reports whether a full refresh is due, given the time of the last reading from the beginning.
func (t *Tracker) refreshDue(since time.Time) bool {
	return t.RefreshEvery > 0 && !since.IsZero() && t.Began.Sub(since) >= t.RefreshEvery && !t.last.Refreshing
}

// StoreBeginning stores the checkpoint at the beginning of the run, and voids those of other forms whose rows the run
// overwrites. The state must be flushed before the first row is sent. From then on rows of the last run are
// overwritten, so its checkpoint can't be verified any more.
func (t *Tracker) StoreBeginning(ctx context.Context) error {
	columns := !slices.Equal(t.last.Columns, t.beginning.Columns)
	if (t.Verify || t.refreshing || columns) && len(t.last.Positions) > 0 {
		if err := t.state.Store(ctx, t.key, t.beginning); err != nil {
			return err
		}
	}
	return t.state.forget(ctx, t.Form.replacedKeys(t.table, t.Account))
}

// Refreshing reports whether the run is a full refresh.
func (t *Tracker) Refreshing() bool { return t.refreshing }

// Position is the position of a listing.
func (t *Tracker) Position(listing string) plan.Position { return t.checkpoint.Positions[listing] }

// Move moves the position of a listing. All records before it have been sent.
func (t *Tracker) Move(listing string, p plan.Position) { t.checkpoint.Positions[listing] = p }

// Unchanged reports whether the destination has this version of a record from a listing, so that it need not be sent.
// That is known for records up to the position. A record without an update_time never changed. For others, the second
// of the update_time must have been over when the last complete reading began, since a later change has a later
// second. A history is asked about the records of its table.
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
	t.noteUnchanged(k, at)
	return true
}

// keyOf is the key of a record. A history uses the key in the table of its records.
func (t *Tracker) keyOf(record *table.Row) key {
	return keyOf(table.KeyOf(record.Key(cmp.Or(t.table.Of, t.table).Identity())))
}

// settled reports whether a second is not after the position, and was over when the last complete reading began.
func (t *Tracker) settled(listing string, second time.Time) bool {
	position := t.verified[listing].Changed
	return !position.IsZero() && !second.After(position) && second.Before(t.beginning.Began.Add(-time.Second))
}

// Sent notes sent rows.
func (t *Tracker) Sent(rows []*table.Row) {
	if t.versions != nil {
		t.versions.Add(rows)
	}
}

// MustSeparate reports whether rows must not be in one batch with those sent before, because another version of one of
// them was sent.
func (t *Tracker) MustSeparate(rows []*table.Row) bool {
	return t.Separates && slices.ContainsFunc(rows, func(row *table.Row) bool {
		_, sent := t.versions.sent[keyOf(table.KeyOf(row.Key(t.versions.key)))]
		return sent
	})
}

// A run stores its position in a table after checkpointPages pages. The next distance is a quarter of the pages so
// far, at least checkpointPages and at most maxPages.
const (
	checkpointPages = 10
	maxPages        = 100
)

// StoresAfter reports whether [Tracker.StoreReached] stores the position after this number of pages.
func (t *Tracker) StoresAfter(sent int) bool {
	return t.Verify && !t.refreshing && sent-t.pagesStored >= min(max(checkpointPages, t.pagesStored/4), maxPages)
}

// StoreReached stores the position of a listing at intervals, for the next run to continue from if this one is cut
// short. sent is the number of sent pages of the table, or of requests for children.
func (t *Tracker) StoreReached(ctx context.Context, listing string, p plan.Position, sent int) error {
	if !t.StoresAfter(sent) {
		return nil
	}
	t.pagesStored, t.checkpoint.Removing = sent, t.toRemove()
	t.Move(listing, p)
	if err := t.store(ctx); err != nil {
		return err
	}
	if err := t.state.Flush(ctx); err != nil {
		t.Logger.Info().Err(err).Msg("the position can't be stored now; the run continues")
	}
	return nil
}

// StoreEnd keeps the checkpoint of a table that was read to its end or, if complete is false, to the end of the
// budget. together is true for a table of children that was read together with their parents' table.
func (t *Tracker) StoreEnd(ctx context.Context, complete, together bool) error {
	if complete && t.resumeFrom == nil {
		t.checkpoint.Began, t.checkpoint.Together = t.Began, together
	}
	if t.refreshing || t.checkpoint.Refreshed.IsZero() {
		t.checkpoint.refreshed = t.Began
	}
	if t.beginning.Unavailable && !t.checkpoint.Unavailable && len(t.verified) > 0 {
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

// settledRows is the number of sent rows after which a table exists at the destination when the run ends. It is
// several messages' worth. A destination creates a table with its first rows.
const settledRows = 5_000

// store keeps the positions and the sent rows as an unfinished checkpoint.
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

// costOf is the approximate cost, in API tokens, of reading a table with this number of rows from its beginning.
func (t *Tracker) costOf(rows int64) int64 {
	page := max(1, int64(t.PageRows))
	return (rows + page - 1) / page * int64(t.PageTokens)
}
