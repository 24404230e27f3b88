package client

import (
	"context"
	"slices"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// join adds a history to the reading of its table, which is among the readings. That reading begins at the earlier of
// both positions, and sends each record to both.
func (r *reading) join(readings []*reading) {
	i := slices.IndexFunc(readings, func(of *reading) bool {
		return of.account == r.account && of.table.Records == r.table.Of.Records
	})
	r.of, readings[i].history = readings[i], r
	if r.progress != nil {
		r.progress.LogNewHistory(r.of.progress)
	}
}

// keepHistory waits until the history's table was read. The table's reading sends the rows.
func (r *reading) keepHistory() error {
	close(r.ready)
	<-r.of.done
	if r.of.err != nil && !r.mayStop(r.of.err) {
		return errStopped // the table reports it
	}
	return r.of.err
}

// sendVersions sends the versions of a listing's records to the history, once it takes rows, except those that the
// destination has. It is called for one page at a time.
func (r *reading) sendVersions(ctx context.Context, listing string, records []*table.Row) error {
	select {
	case <-r.ready:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	versions := make([]*table.Row, 0, len(records))
	for _, record := range records {
		if r.unchanged(listing, record) {
			r.skipped++
			continue
		}
		var gone time.Time
		if r.progress != nil {
			gone = r.progress.GoneSince(record)
		}
		versions = append(versions, r.versions.Of(record, gone, r.account.began))
	}
	r.decoded += int64(len(records))
	return r.send(ctx, listing, versions)
}

// removeWithTable removes the table's removed records from the history too, and repeats removals of earlier runs that
// did not arrive.
func (r *reading) removeWithTable(complete bool) error {
	if complete && !r.account.run.partial {
		r.remove(r.progress.HistoryRemovals(r.of.removals))
	}
	return nil
}
