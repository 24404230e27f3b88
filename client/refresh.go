package client

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// UseRemoval decides how deleted rows leave the destination that has the state. One line of the log reports it, and
// whether rows are verified.
func (r *Run) UseRemoval(ctx context.Context, b *progress.Backend, s *spec.Spec, log zerolog.Logger) error {
	r.log = log
	name, err := b.Name(ctx)
	if err != nil {
		return err
	}
	r.separates = progress.UpsertsBatches(name)
	if r.removal, err = progress.RemovalAt(name, s.RemovedRows); err != nil {
		return err
	}
	log.Info().Str("destination", name).Bool("verified", s.Verify).Stringer("removed_rows", r.removal).
		Str("full_refresh_every", s.FullRefreshEvery.Duration().String()).
		Msg("incremental tables at the destination")
	return nil
}

// Remove sends the messages that make the destination remove deleted rows. All rows of the run were sent before.
func (r *Run) Remove(ctx context.Context, options plugin.SyncOptions, out chan<- message.SyncMessage) error {
	of := map[string][]progress.Removals{}
	for _, removals := range r.removals {
		of[removals.Table.Name()] = append(of[removals.Table.Name()], removals)
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if err := r.removeOf(ctx, of[name], options, out); err != nil {
			return err
		}
	}
	return nil
}

// removeOf removes rows of a table.
func (r *Run) removeOf(ctx context.Context, of []progress.Removals, options plugin.SyncOptions, out chan<- message.SyncMessage) error {
	rows := 0
	for _, removals := range of {
		rows += removals.Len()
	}
	removal := r.removalFrom(of[0].Table)
	if stale := removal == progress.Stale || removal == progress.StaleOnly; rows > 0 && stale && r.onlyStale(of, options.Shard) {
		return r.announceTable(ctx, of[0].Table, false, options, out)
	}
	for _, removals := range of {
		if removals.Len() == 0 {
			continue
		}
		if err := r.removeRows(ctx, removals, options, out); err != nil {
			return err
		}
	}
	return nil
}

// removalFrom is the way in which rows leave a table. No row leaves a history: there, the removal is a further row.
func (r *Run) removalFrom(t *table.Table) progress.Removal {
	if t.Of != nil {
		return progress.Marked
	}
	return r.removal
}

// onlyStale reports whether the rows that a table's full refreshes removed are exactly those that the run has not sent
// again, over all accounts with rows in the table. A run without a refresh of the table has not sent most of its rows.
func (r *Run) onlyStale(of []progress.Removals, shard *plugin.Shard) bool {
	refreshed := map[string]bool{}
	for _, removals := range of {
		if !removals.Refreshed || !removals.Exact {
			return false
		}
		refreshed[removals.Account] = true
	}
	for _, removals := range of {
		for account := range removals.Accounts {
			if !refreshed[account] {
				return false
			}
		}
	}
	return shard == nil && !r.partial && len(refreshed) == len(r.accounts)
}

// removeRows removes rows one by one.
func (r *Run) removeRows(
	ctx context.Context, removals progress.Removals, options plugin.SyncOptions, out chan<- message.SyncMessage,
) error {
	t := removals.Table
	switch r.removalFrom(t) {
	case progress.ByKey:
		for _, m := range removals.Deletions() {
			if err := send(ctx, m, out); err != nil {
				return err
			}
		}
		return nil
	case progress.StaleOnly:
		r.log.Warn().Str("table", t.Name()).Str("account_id", removals.Account).Int("rows", removals.Len()).
			Msg("rows that are gone at Pipedrive stay: the destination can't delete single rows, and removed_rows: delete marks none")
		return nil
	default:
		s := newSink(t, t.Schema(), removals.Account, options.DeterministicCQID, out)
		return cmp.Or(s.add(ctx, removals.Tombstones(r.began)), s.flush(ctx))
	}
}

func send(ctx context.Context, m message.SyncMessage, out chan<- message.SyncMessage) error {
	select {
	case out <- m:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// removed notes rows that are to be removed if the run ends well.
func (r *Run) removed(removals progress.Removals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removals = append(r.removals, removals)
}

// findRemoved finds rows of the destination to remove: those that a full refresh did not find, those that have left
// their parents, and those whose removal by an earlier run did not arrive.
func (r *reading) findRemoved(ctx context.Context, complete bool) error {
	switch {
	case r.family != nil && r.family.unavailable:
		return nil
	case r.of != nil:
		return r.removeWithTable(complete)
	case r.progress.Refreshing():
		return r.findDeletions(ctx, complete)
	case !complete || r.account.run.partial: // the next run removes them
		return r.progress.CheckOrphans()
	}
	removals, err := r.progress.ReadBackOrphans(ctx)
	if err != nil {
		return err
	}
	r.remove(removals)
	return nil
}

// remove notes the records that are to be removed if the run ends well.
func (r *reading) remove(removals progress.Removals) {
	r.removals = removals
	r.account.run.removed(removals)
}

// findDeletions finds rows of the destination that a reading of all records did not find. It reads the table back, and
// requests the missing records once more. If they are more than half of the account's rows, it returns an error, which
// the state keeps.
func (r *reading) findDeletions(ctx context.Context, complete bool) error {
	a, log := r.account, r.log()
	if !complete {
		log.Warn().Msg("the budget cut this full refresh short; rows that are deleted at Pipedrive stay until the next one")
		return nil
	}
	if err := a.run.lease.AllowReads(ctx, r.progress.ExpectedRows()); err != nil {
		return err
	}
	missing, err := r.progress.ReadBackMissing(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		log.Warn().Err(err).Msg("rows that are deleted at Pipedrive can't be found: the table can't be read through backend_options")
		return nil
	}
	if err := r.readMissing(ctx, missing); err != nil {
		if !r.mayStop(err) {
			return err
		}
		a.run.stopped(r.table.Name(), a, err)
		return nil
	}
	if missing.MostOfTheTable() {
		return r.progress.StoreRefused(ctx, missing)
	}
	if a.run.partial {
		log.Warn().Msg("accounts are left out of this sync, so deletions wait for the next full refresh")
	}
	r.remove(r.progress.Remove(missing, !a.run.partial))
	return nil
}

// readMissing requests the records that a reading of all listings lacks, and sends those that exist. A record that
// moved between listings during the reading, like a deal that leaves the archive, may have been in none of them. A
// listing that takes no ids is read again, unless it was the last one.
func (r *reading) readMissing(ctx context.Context, missing *progress.Missing) error {
	if r.missing = missing; missing.Len() == 0 {
		return nil
	}
	listings := r.account.listings(r.table)
	for i, l := range slices.Backward(listings) { // finds records that moved against the order of the listings
		q := r.account.query
		q.Allow = func(int) error { return r.checkBudget(l) }
		var err error
		switch {
		case l.ByIDs > 0:
			err = r.readByIDs(ctx, l, q, missing.IDs())
		case i < len(listings)-1:
			err = r.wholeList(ctx, l, q)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wholeList sends the missing records of a list.
func (r *reading) wholeList(ctx context.Context, l pipedrive.Listing, q pipedrive.Query) error {
	_, err := r.pages(ctx, l, q, r.decode(plan.Unit{}), func(page []*table.Row) (bool, error) {
		_, ended, err := r.page(ctx, l, page, plan.Unit{})
		return ended, err
	})
	return err
}

// readByIDs requests records of a listing by their ids.
func (r *reading) readByIDs(ctx context.Context, l pipedrive.Listing, q pipedrive.Query, ids []int64) error {
	q.Limit, q.MayBeEmpty = l.ByIDs, true
	for q.IDs = range slices.Chunk(ids, l.ByIDs) {
		if err := r.wholeList(ctx, l, q); err != nil {
			return err
		}
	}
	return nil
}
