package client

import (
	"context"
	"errors"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// UseState makes the run continue from the state of the last one.
func (r *Run) UseState(s *progress.State) { r.state = s }

// Lease takes the lease of tables in the state's table of a backend. The error is [progress.ErrOverlap] if another run
// holds the lease.
func (r *Run) Lease(
	ctx context.Context, b *progress.Backend, stateTable string, tables []*table.Table, shard *plugin.Shard, log zerolog.Logger,
) (err error) {
	ids := make([]string, len(r.accounts))
	for i, a := range r.accounts {
		ids[i] = a.id
	}
	r.lease, err = progress.TakeLease(ctx, b, stateTable, progress.LeaseKeys(ids, tables, shard), r.machine.Lease, log)
	return err
}

// HoldLease renews the lease until end is called, which releases it. If the lease is lost, the returned context ends,
// and end returns the reason.
func (r *Run) HoldLease(ctx context.Context) (held context.Context, end func() error) {
	return r.lease.Hold(ctx)
}

// CheckLease reads the lease from the state, and returns an error if another run has taken it.
func (r *Run) CheckLease(ctx context.Context) error {
	if r.lease == nil {
		return nil
	}
	return r.lease.Check(ctx)
}

// Finish stores the checkpoints of a run that ended well.
func (r *Run) Finish(ctx context.Context) error {
	if err := r.lease.AllowReads(ctx, r.state.RowsToLookAt()); err != nil {
		return err
	}
	return r.state.Finish(ctx)
}

// tracker returns the progress of a table of the account; nil if the table is read in full.
func (a *Account) tracker(t *table.Table) *progress.Tracker {
	if !t.Incremental || a.run.state == nil {
		return nil
	}
	o := progress.Options{
		Account: a.id,
		Form: progress.Form{
			API: a.api, StartTime: a.startTime, Deleted: a.query.Deleted, Archived: a.archived, CustomFields: a.customFields,
		},
		Untyped:      t.Fields != nil && errors.Is(a.lacksFields(t, t.Fields), pipedrive.MissingScope),
		Verify:       a.verify,
		VerifyEvery:  a.verifyEvery,
		RecheckEvery: a.recheckEvery,
		Separates:    a.run.separates,
		Began:        a.began,
		Start:        a.start,
		PageRows:     a.query.Limit,
		Logger:       a.tableLogger(t),
	}
	if t.Of == nil {
		o.RefreshEvery = a.refresh
	}
	if listings := a.listings(t); len(listings) > 0 {
		o.PageRows, o.PageTokens = min(o.PageRows, listings[0].Most()), listings[0].Cost
	}
	return progress.NewTracker(a.run.state, t, o)
}

// resumedAtOnce is the number of tables that resume side by side. The destination reads one at a time, while the rows
// of others are reconciled.
const resumedAtOnce = 3

// resume loads the checkpoint of each table and account, reads each table back from the destination at most once, and
// stores the checkpoints at the beginning of the run. It is called before the first row is sent.
func (r *Run) resume(ctx context.Context, readings []*reading) error {
	if r.state == nil {
		return nil
	}
	tables, rows, err := loadTables(ctx, readings)
	if err == nil {
		err = r.lease.AllowReads(ctx, rows)
	}
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(resumedAtOnce)
	began := time.Now()
	for _, of := range tables {
		group.Go(func() error {
			of.err = recovered(func() error { return r.resumeTable(ctx, of) })
			return nil
		})
	}
	_ = group.Wait() // the errors are in tables
	if err := r.endResume(tables, time.Since(began)); err != nil {
		return err
	}
	return r.state.Flush(ctx)
}

// loadTables loads the checkpoints of the incremental tables among some readings, which are in the order of the tables. It
// returns these tables, and the number of their rows at the destination.
func loadTables(ctx context.Context, readings []*reading) (tables []*resumed, rows int64, err error) {
	var errs []error
	for len(readings) > 0 {
		n := 1
		for n < len(readings) && readings[n].table == readings[0].table {
			n++
		}
		if readings[0].incremental() {
			tables = append(tables, &resumed{readings: readings[:n]})
			for _, rd := range readings[:n] {
				if err := rd.progress.Load(ctx); err != nil {
					errs = append(errs, about(err, rd.table, rd.account.id))
				}
				rows += rd.progress.ExpectedRows()
			}
		}
		readings = readings[n:]
	}
	return tables, rows, errors.Join(errs...)
}

// resumed is a table with the starting positions of its accounts.
type resumed struct {
	readings []*reading
	back     progress.ReadBacks
	verified []progress.Verification // by reading
	err      error
}

// endResume adds up the outcomes of the tables, and logs the time that they took.
func (r *Run) endResume(tables []*resumed, took time.Duration) error {
	var errs []error
	var rows int64
	read, skipped := 0, 0
	for _, of := range tables {
		errs = append(errs, of.err)
		for i, v := range of.verified {
			of.readings[i].account.verification.Add(v)
		}
		rows += of.back.Rows()
		switch {
		case of.back.Skipped():
			skipped++
		case of.back.Rows() > 0:
			read++
		}
	}
	if read+skipped > 0 {
		r.log.Info().Int("tables", read).Int64("rows", rows).Int("not_due", skipped).Dur("took_ms", took).
			Msg("tables were read back from the destination")
	}
	return errors.Join(errs...)
}

// resumeTable resumes a table for all of its accounts.
func (r *Run) resumeTable(ctx context.Context, of *resumed) error {
	var errs []error
	var trackers []*progress.Tracker
	for _, rd := range of.readings {
		trackers = append(trackers, rd.progress)
		if err := rd.progress.ReadBackRefused(ctx); err != nil {
			errs = append(errs, about(err, rd.table, rd.account.id))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	of.back = progress.ReadBack(ctx, trackers, r.began)
	for _, rd := range of.readings {
		err := context.Cause(ctx)
		if err == nil {
			of.verified = append(of.verified, rd.progress.Reconcile(of.back))
			err = rd.progress.StoreBeginning(ctx)
		}
		if err != nil {
			errs = append(errs, about(err, rd.table, rd.account.id))
		}
	}
	return errors.Join(errs...)
}
