package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/scheduler/metrics"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/redact"
)

// Run is one sync: its accounts, its budget, and the results of its tables.
type Run struct {
	mu   sync.Mutex
	errs []error
	stop context.CancelCauseFunc // ends the reading of all tables

	machine   Machine
	began     time.Time // by this machine's clock
	accounts  []*Account
	secrets   *redact.Secrets // to be kept out of messages
	partial   bool            // whether accounts were left out
	state     *progress.State // nil if each run reads everything
	lease     *progress.Lease // nil without a state
	log       zerolog.Logger
	removal   progress.Removal
	separates bool // whether the destination must not get two versions of a record in one batch
	removals  []progress.Removals
	named     map[string]bool // tables that the configuration names, by the name of their records
	notDue    map[string]bool // tables that lists_every leaves out, by the name of their records

	maxTokens int64 // the run's cap of API tokens, 0 for none
	refused   int64 // API tokens of the cheapest page that maxTokens did not allow, 0 for none
	total     pipedrive.Meter
	unread    []unread // tables that the budget left unfinished
}

// NewRun returns a run on this machine that may cost maxTokens API tokens; 0 for any number.
func NewRun(maxTokens int64) *Run { return NewRunOn(ThisMachine, maxTokens) }

// NewRunOn returns a run on a machine.
func NewRunOn(m Machine, maxTokens int64) *Run {
	return &Run{machine: m, began: time.Now(), maxTokens: maxTokens}
}

// Tokens is the number of API tokens that the run has cost so far, over all accounts.
func (r *Run) Tokens() int64 { return r.total.Tokens() }

// refusePage notes the cost of a page that maxTokens did not allow.
func (r *Run) refusePage(tokens int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == 0 || tokens < r.refused {
		r.refused = tokens
	}
}

// Needs is the least number of API tokens with which the run could have read another page; 0 if max_tokens refused
// none.
func (r *Run) Needs() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == 0 {
		return 0
	}
	return r.Tokens() + r.refused
}

// unread is a table of an account that the budget left unfinished.
type unread struct {
	table, account string
	why            error
}

// stopped notes that a table was not read to its end.
func (r *Run) stopped(table string, a *Account, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unread = append(r.unread, unread{table, a.id, err})
}

// Unread returns the tables that the budget left unfinished, and the reason for the first.
func (r *Run) Unread() (tables []string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range r.unread {
		tables, why = append(tables, fmt.Sprintf("%s of account %s", u.table, u.account)), cmp.Or(why, u.why)
	}
	return tables, why
}

// tablesAtOnce bounds the memory of a run over many accounts: each table that is being read holds up to two pages.
const tablesAtOnce = 24

// Read announces the tables that some account has, and sends the rows of each account. The rows of a table are sent in
// reading order. The first failure ends the reading of all tables: the run can't succeed any more, and each further
// page would cost API tokens. Read returns the errors, each with its table and account. CloudQuery then removes nothing
// from the destination.
//
// It replaces the SDK's scheduler. That does not return a resolver's error, so CloudQuery would remove the rows that
// were not sent. It also sends the rows of a table in no certain order.
func (r *Run) Read(ctx context.Context, tables []*table.Table, options plugin.SyncOptions, out chan<- message.SyncMessage) error {
	readings := r.readings(tables, options.Shard)
	if err := r.resume(ctx, readings); err != nil {
		return err
	}
	readings = led(readings)
	tables = r.Available(tables)
	if err := r.announce(ctx, tables, options, out); err != nil {
		return err
	}
	return r.readAll(ctx, tables, readings, options, out)
}

// readAll reads tables side by side.
func (r *Run) readAll(
	ctx context.Context, tables []*table.Table, readings []*reading, options plugin.SyncOptions, out chan<- message.SyncMessage,
) error {
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.stop = stop
	counters := r.newCounters(tables)
	for _, sideBySide := range r.turns(readings) {
		var group errgroup.Group
		group.SetLimit(tablesAtOnce)
		for _, rd := range sideBySide {
			group.Go(func() error {
				r.readWithChildren(reading, rd, options, out, counters)
				return nil
			})
		}
		_ = group.Wait() // the errors are kept apart
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

// readWithChildren reads a table side by side with its history and its tables of children, and their children.
func (r *Run) readWithChildren(
	ctx context.Context, rd *reading, options plugin.SyncOptions, out chan<- message.SyncMessage, counters *metrics.Metrics,
) {
	var group errgroup.Group
	for _, of := range rd.kin() {
		group.Go(func() error {
			defer close(of.done)
			if of.silent {
				of.err = recovered(func() error { return of.Stream(ctx, nil) })
				return nil // the tables of children report it
			}
			s := newSink(of.table, of.schema, of.account.id, options.DeterministicCQID, out)
			s.late = announcedLate(of.table)
			s.announce = func(ctx context.Context) error { return r.announceTable(ctx, of.table, true, options, out) }
			r.readTable(ctx, of, s, counters)
			return nil
		})
	}
	_ = group.Wait()
}

// turns divides readings into groups that run one after the other; those of a group run side by side. Under max_tokens,
// tables that are always read in full come first: they can't continue with the next run, and the others would use up
// the run's tokens.
func (r *Run) turns(readings []*reading) [][]*reading {
	if r.maxTokens == 0 {
		return [][]*reading{readings}
	}
	turns := make([][]*reading, 2)
	for _, rd := range readings {
		turn := 0
		if rd.table.Incremental {
			turn = 1
		}
		turns[turn] = append(turns[turn], rd)
	}
	return turns
}

// readings returns the readings of a shard, table by table.
func (r *Run) readings(tables []*table.Table, shard *plugin.Shard) []*reading {
	for _, a := range r.accounts {
		a.share(r.Available(tables))
	}
	schemas := map[*table.Table]*schema.Table{}
	var readings []*reading
	for _, p := range r.pairs(tables, shard) {
		if p.account.lacks(p.table) != nil {
			p.account.noteFullReading(p.table, progress.FullReading{Rows: p.account.lastReadings[p.table.Records].Rows})
			continue
		}
		if schemas[p.table] == nil {
			schemas[p.table] = p.table.Schema()
		}
		rd := newReading(p.account, p.table)
		rd.schema, rd.progress = schemas[p.table], p.account.tracker(p.table)
		if !p.table.Incremental {
			p.account.whole = append(p.account.whole, rd)
		}
		readings = append(readings, rd)
	}
	return readings
}

// announce sends the tables themselves. A table counts as incremental if it was not read for all accounts with rows in
// it. CloudQuery then removes no stale rows: the rows of an account that was left out were not sent again, but they are
// no deletions.
//
// A table whose first request shows whether the account has it is announced with its first row, or at its end. Without
// a state CloudQuery removes all stale rows of an announced table.
func (r *Run) announce(ctx context.Context, tables []*table.Table, options plugin.SyncOptions, out chan<- message.SyncMessage) error {
	for _, t := range tables {
		if announcedLate(t) {
			continue
		}
		keepsRows := func(a *Account) bool { return a.keepsRows(t) }
		incremental := t.Incremental || r.partial || slices.ContainsFunc(r.accounts, keepsRows)
		if err := r.announceTable(ctx, t, incremental, options, out); err != nil {
			return err
		}
	}
	return nil
}

func announcedLate(t *table.Table) bool {
	return t.Incremental && t.Parent != nil && t.Gate != nil && t.Gate.Probe == nil
}

// announceTable sends a table itself. If it is not incremental, CloudQuery removes its stale rows after a run that
// ended well. The last announcement of a table counts.
func (r *Run) announceTable(
	ctx context.Context, t *table.Table, incremental bool, options plugin.SyncOptions, out chan<- message.SyncMessage,
) error {
	s := t.Schema()
	s.IsIncremental = incremental
	if options.DeterministicCQID {
		schema.CqIDAsPK(s)
	}
	return send(ctx, &message.SyncMigrateTable{Table: s}, out)
}

// errStopped ends the reading of tables after another table failed.
var errStopped = errors.New("another table failed")

// readTable reads one account's table into a sink, and keeps its error.
func (r *Run) readTable(run context.Context, rd *reading, s *sink, counters *metrics.Metrics) {
	ctx, cancel := context.WithCancelCause(run)
	defer cancel(nil)
	counted := counters.NewSelector(rd.ID(), rd.table.Name())
	counters.StartTime(time.Now(), counted)
	pages, failed := make(chan any), make(chan error, 1)
	go func() {
		defer close(pages)
		failed <- recovered(func() error { return rd.schema.Resolver(ctx, rd, nil, pages) })
	}()
	err := recovered(func() error { return s.addAll(ctx, pages) })
	if err != nil {
		cancel(err)
		for range pages { // the resolver ends with its context
		}
	}
	err = cmp.Or(err, <-failed)
	if err == nil {
		err = rd.balance(s)
	}
	if err == nil && (rd.family == nil || !rd.family.unavailable) {
		err = s.announceLate(run)
	}
	counters.AddResources(ctx, s.sent, counted)
	if err != nil && !errors.Is(err, errStopped) { // the table that failed reports it
		counters.AddErrors(ctx, 1, counted)
		r.failed(run, about(err, rd.table, rd.account.id), rd, s.out)
	}
	counters.EndTime(ctx, time.Now(), counted)
	rd.logUnreadable(s)
	if s.skipped > 0 {
		rd.log().Warn().Int64("records", s.skipped).Msg("records without a key were left out")
	}
}

// recovered calls f and turns a panic into an error.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// failed keeps a table's error, reports it to CloudQuery, and ends the reading of all tables.
func (r *Run) failed(ctx context.Context, err error, rd *reading, out chan<- message.SyncMessage) {
	r.mu.Lock()
	r.errs = append(r.errs, err)
	r.mu.Unlock()
	rd.log().Error().Err(err).Msg("the table could not be read")
	select {
	case out <- &message.SyncError{TableName: rd.table.Name(), Error: r.secrets.String(err.Error())}:
	case <-ctx.Done():
	}
	r.stop(errStopped)
}

// newCounters are the SDK's own counters of rows, errors and durations, which the CLI's summary shows.
func (r *Run) newCounters(tables []*table.Table) *metrics.Metrics {
	accounts := make([]schema.ClientMeta, len(r.accounts))
	for i, a := range r.accounts {
		accounts[i] = a
	}
	counters := metrics.NewMetrics()
	for _, t := range tables {
		counters.InitWithClients(&schema.Table{Name: t.Name()}, accounts)
	}
	return counters
}

// about adds the table and the account to the error that stopped it.
func about(err error, t *table.Table, account string) error {
	e, ok := errors.AsType[*pipedrive.Error](explained(err, t))
	if !ok {
		return fmt.Errorf("account %q: table %s was not read to its end: %w", account, t.Name(), err)
	}
	of := *e // several tables may share the error of one list
	of.Account, of.Table = account, t.Name()
	return &of
}
