package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/state"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// RunColumns are the columns of the table of runs. Their order is that of [outcome.row].
var RunColumns = []table.Column{
	{Name: "started_at", Key: true, Type: table.Timestamp, Description: "When the run began, by its machine's clock."},
	{Name: "ended_at", Type: table.Timestamp, Description: "When the run had read everything, or failed."},
	{Name: "status", Type: table.Text, Description: "complete; partial if the budget of API tokens ended the run before all tables were read; or failed."},
	{Name: "reason", Type: table.Text, Description: "Why the run is partial or failed; NULL for a complete one."},
	{Name: "unfinished_tables", Type: table.JSON, Description: "The tables that were not read to their ends: a list of their names; NULL for none. After a failed run these are all tables. Lists that were not due by lists_every are left out."},
	{Name: "verified_at", Type: table.Timestamp, Description: "When a run last checked which rows of earlier runs the destination has; of several tables, the earliest such time. NULL if it could not check all tables, does not read missing rows again, or read everything from the beginning, like a first run."},
	{Name: "repaired_rows", Type: table.Int, Description: "Least number of rows of earlier runs that were missing at the destination and that the run reads again; 0 for none. NULL if verified_at is NULL and no row is known to be missing."},
	{Name: "api_version", Type: table.Text, Description: "The API that the run read: v2, v1 or export."},
	{Name: "tables", Type: table.JSON, Description: "The tables of the sync: a list of their names."},
	{Name: "sent_rows", Type: table.Int, Description: "Rows that the run sent for the account."},
	{Name: "requests", Type: table.Int, Description: "Requests for the account, including repeated ones."},
	{Name: "api_tokens", Type: table.Int, Description: "API tokens that the requests cost."},
	{Name: "retries", Type: table.Int, Description: "Requests that repeated a failed one."},
}

// outcome is the end of a run for an account. CloudQuery drops the rows of a failed run. So the state keeps its
// outcomes, in this form, until the next run that ends well sends them.
type outcome struct {
	Account    string    `json:"account"`
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended"`
	Status     string    `json:"status"`
	Reason     string    `json:"reason,omitempty"`
	Unfinished []string  `json:"unfinished,omitempty"`
	Verified   time.Time `json:"verified,omitzero"`
	Repaired   int64     `json:"repaired,omitempty"`
	API        string    `json:"api"`
	Tables     []string  `json:"tables"`
	Rows       int64     `json:"rows"`
	Requests   int64     `json:"requests"`
	Tokens     int64     `json:"tokens"`
	Retries    int64     `json:"retries"`
}

// row is the outcome as a row of the table of runs.
func (o outcome) row() *table.Row {
	var verified, repaired table.Value
	if !o.Verified.IsZero() {
		verified = table.TimeValue(o.Verified)
	}
	if verified.Valid || o.Repaired > 0 {
		repaired = table.IntValue(o.Repaired)
	}
	return table.NewRow(
		table.TimeValue(o.Started), table.TimeValue(o.Ended), table.TextValue(o.Status), table.TextValue(o.Reason),
		table.ListValue(o.Unfinished),
		verified, repaired, table.TextValue(o.API), table.ListValue(o.Tables),
		table.IntValue(o.Rows), table.IntValue(o.Requests), table.IntValue(o.Tokens), table.IntValue(o.Retries),
	)
}

// outcomes are the end of the run for each connected account. failed is the reason of a failed run, nil for others.
func (r *Run) outcomes(tables []*table.Table, failed error) []outcome {
	var names, read []string
	for _, t := range tables {
		names = append(names, t.Name())
		if !r.notDue[t.Records] {
			read = append(read, t.Name())
		}
	}
	var outcomes []outcome
	for _, a := range r.accounts {
		o := outcome{
			Account: a.id, Started: r.began, Ended: time.Now(), Status: "complete", API: string(a.api), Tables: names,
			Rows: a.rows.Load(), Requests: a.meter.Requests(), Tokens: a.meter.Tokens(), Retries: a.meter.Retries(),
		}
		o.Repaired = a.verification.Repaired
		if !a.verification.Unseen {
			o.Verified = a.verification.At
		}
		for _, u := range r.unread {
			if u.account == a.id {
				o.Status, o.Unfinished, o.Reason = "partial", append(o.Unfinished, u.table), cmp.Or(o.Reason, u.why.Error())
			}
		}
		if failed != nil {
			o.Status, o.Reason, o.Unfinished = "failed", failed.Error(), read
		}
		o.Reason = r.secrets.String(o.Reason)
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// Summarize sends the rows of the table of runs, if the run has that table: one for each account, and those of the
// failed runs since the last one that ended well.
func (r *Run) Summarize(
	ctx context.Context, tables []*table.Table, options plugin.SyncOptions, s *progress.State, out chan<- message.SyncMessage,
) error {
	i := slices.IndexFunc(tables, func(t *table.Table) bool { return t.Runs })
	if i < 0 {
		return nil
	}
	outcomes := r.outcomes(tables, nil)
	if s != nil {
		var earlier failedRuns
		key := failedRunsKey(options)
		found, err := s.Load(ctx, key, "to forget the failed runs", &earlier)
		if err != nil {
			return err
		}
		if found && len(earlier.Runs) > 0 {
			outcomes = slices.Concat(earlier.Runs, outcomes)
			if err := s.Store(ctx, key, failedRuns{Version: progress.StateVersion, Runs: []outcome{}}); err != nil {
				return err
			}
		}
	}
	for _, o := range outcomes {
		sink := newSink(tables[i], tables[i].Schema(), o.Account, options.DeterministicCQID, out)
		if err := cmp.Or(sink.add(ctx, []*table.Row{o.row()}), sink.flush(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// failedRuns is the state's list of failed runs.
type failedRuns struct {
	Version int       `json:"version"`
	Runs    []outcome `json:"runs"`
}

// Complete is false for a value without a list.
func (f *failedRuns) Complete() bool { return f.Runs != nil }

// maxFailedRuns is the greatest number of failed runs in the state.
const maxFailedRuns = 50

// failedRunsKey is the state's key of the failed runs. Each shard has its own, since shards run at the same time.
func failedRunsKey(options plugin.SyncOptions) string {
	key := "pipedrive_syncs,failed"
	if options.Shard != nil {
		key += fmt.Sprintf(",shard=%d/%d", options.Shard.Num, options.Shard.Total)
	}
	return key
}

// failureTimeout bounds the time in which a failed run stores its outcome.
const failureTimeout = 10 * time.Second

// KeepFailure stores the outcome of a failed run in the state, for the next run to send. It uses a connection of its
// own, since the other pending values of the failed run must not be written.
func (r *Run) KeepFailure(ctx context.Context, tables []*table.Table, options plugin.SyncOptions, failed error) (err error) {
	if options.BackendOptions == nil || !slices.ContainsFunc(tables, func(t *table.Table) bool { return t.Runs }) || len(r.accounts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failureTimeout)
	defer cancel()
	release, err := r.state.Reserve(ctx) // the lease reads, too
	if err != nil {
		return err
	}
	connected, err := state.NewConnectedClient(ctx, options.BackendOptions)
	release()
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, connected.Close()) }()
	s := progress.NewState(connected, nil, options.BackendOptions.TableName)
	var kept failedRuns
	key := failedRunsKey(options)
	if _, err := s.Load(ctx, key, "to forget the failed runs", &kept); err != nil {
		return err
	}
	kept.Runs = append(kept.Runs, r.outcomes(tables, failed)...)
	kept.Version, kept.Runs = progress.StateVersion, kept.Runs[max(0, len(kept.Runs)-maxFailedRuns):]
	if err := s.Store(ctx, key, kept); err != nil {
		return err
	}
	return s.Flush(ctx)
}
