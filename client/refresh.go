package client

import (
	"context"
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
)

// Deletions returns the rows that the run's full refreshes did not find.
func (r *Run) Deletions() []progress.Deletions {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deletions
}

// findDeletions looks for rows of the destination that a reading of all records did not find. It reads the table back,
// and asks the API for the records that are missing. It is an error, which the state keeps, if these are more than
// half of the account's.
func (r *reading) findDeletions(ctx context.Context, complete bool) error {
	a, log := r.account, r.log()
	if !complete {
		log.Warn().Msg("the budget cut this full refresh short; rows that are deleted at Pipedrive stay until the next one")
		return nil
	}
	missing, err := r.progress.ReadBackMissing(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		log.Warn().Err(err).Msg("which rows are deleted at Pipedrive can't be seen: the table can't be read through backend_options")
		return nil
	}
	if err := r.readByIDs(ctx, missing.IDs()); err != nil {
		if !r.mayStop(err) {
			return err
		}
		a.run.stopped(r.table.Name(), a, err)
		return nil
	}
	if missing.MostOfTheTable() {
		return r.progress.StoreRefused(ctx, missing)
	}
	deletions := r.progress.Delete(missing, !a.run.partial)
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	a.run.deletions = append(a.run.deletions, deletions)
	return nil
}

// readByIDs asks for records by their ids, and sends those that are there. A record that moved from one of several
// listings to another while these were read, as a deal that leaves the archive, was in neither. Where a listing can't be
// asked by ids, its first reading has to do.
func (r *reading) readByIDs(ctx context.Context, ids []int64) error {
	listings := r.account.listings(r.table)
	slices.Reverse(listings) // what moved against their order is found on its way
	for _, l := range listings {
		for some := range slices.Chunk(ids, max(1, l.ByIDs)) {
			if l.ByIDs == 0 {
				break
			}
			q := r.account.query
			q.Limit, q.IDs, q.MayBeEmpty = l.ByIDs, some, true
			q.Allow = func() error { return r.checkBudget(l) }
			if err := r.pages(ctx, l, q, plan.Progress{}, plan.Unit{}, &plan.Outcome{}); err != nil {
				return err
			}
		}
	}
	return nil
}
