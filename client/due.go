package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/zeebo/xxh3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// CheckDue leaves the set-up tables of a shard that are not due by lists_every out of the run, and lists them in one
// line of the log. They are not announced, so CloudQuery removes none of their rows. A table is due for all accounts if
// it is due for one of them: otherwise CloudQuery would remove the rows of the others.
//
// It loads the last readings of tables without a checkpoint. Without a state it does nothing.
func (r *Run) CheckDue(ctx context.Context, tables []*table.Table, shard *plugin.Shard, log zerolog.Logger) error {
	if r.state == nil {
		return nil
	}
	of := map[*table.Table][]pair{}
	for _, p := range r.pairs(tables, shard) {
		if p.table.Incremental {
			continue
		}
		last, err := r.state.LoadFullReading(ctx, p.table, p.account.id)
		if err != nil {
			return about(err, p.table, p.account.id)
		}
		p.account.lastReadings[p.table.Records] = last
		of[p.table] = append(of[p.table], p)
	}
	var names []string
	notDue := map[string]bool{}
	for _, t := range tables {
		if pairs := of[t]; t.Setup && len(pairs) > 0 && !slices.ContainsFunc(pairs, pair.due) && !r.readBackLoss(ctx, pairs, log) {
			notDue[t.Records], names = true, append(names, t.Name())
		}
	}
	r.notDue = notDue
	if len(names) > 0 {
		log.Info().Strs("tables", names).Msg("these lists are not due; this sync leaves them out, and their rows stay")
	}
	return context.Cause(ctx)
}

// due reports whether this run reads the table, by lists_every.
func (p pair) due() bool {
	a := p.account
	last := a.lastReadings[p.table.Records]
	return a.listsEvery == 0 || last.Due(a.began, a.listsEvery, a.form(p.table))
}

// readBackLoss reports whether the destination has lost rows of a table that is not due, so that the run reads it
// nevertheless. It does so once: rows that are missing a second time go elsewhere, or something removes them.
func (r *Run) readBackLoss(ctx context.Context, pairs []pair, log zerolog.Logger) (lost bool) {
	known := func(p pair) bool { return p.account.verify && p.account.lastReadings[p.table.Records].Rows > 0 }
	if !slices.ContainsFunc(pairs, known) {
		return false
	}
	t := pairs[0].table
	log = log.With().Str("table", t.Name()).Logger()
	there, err := r.state.ReadBackCounts(ctx, t)
	if err != nil {
		log.Info().Err(err).
			Msg("the rows of a list that is not due can't be verified: the table can't be read through backend_options")
		return false
	}
	for _, p := range pairs {
		a := p.account
		last := a.lastReadings[t.Records]
		missing := last.Rows - there[a.id]
		switch {
		case missing > 0 && !last.Missed:
			lost, last.Missed = true, true
			a.verification.Repaired += missing
			log.Info().Str("account_id", a.id).Int64("missing", missing).
				Msg("the destination does not have all rows of a list; it is read although it is not due")
		case missing <= 0 && last.Missed:
			last.Missed = false
			r.state.NoteFullReading(t, a.id, last)
		}
		a.lastReadings[t.Records] = last
	}
	return lost
}

// form identifies the form of the rows of a table that is read in full. In another form they are other rows, or have
// values in other columns.
func (a *Account) form(t *table.Table) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.api, a.customFields)
	for _, l := range a.lists(t) {
		fmt.Fprintln(&b, l.Path, a.covers(l))
	}
	for _, c := range t.Columns {
		fmt.Fprintln(&b, c.Name, c.Type)
	}
	return fmt.Sprintf("%016x", xxh3.HashString(b.String()))
}

// lists are the listings that a table is read from: its own, or those of the fields that it describes.
func (a *Account) lists(t *table.Table) []pipedrive.Listing {
	lists := a.listings(t)
	for _, d := range t.Describes {
		lists = append(lists, d.Fields.Listings(a.api)...)
	}
	return lists
}

// lastReading is the last complete reading of a table without a checkpoint, if it had the form of this run; otherwise
// the zero value.
func (a *Account) lastReading(t *table.Table) progress.FullReading {
	last := a.lastReadings[t.Records]
	if last.Form != a.form(t) {
		return progress.FullReading{}
	}
	return last
}

// wasEmpty reports whether the destination has no row of a table that is read in full. An empty answer then removes
// none.
func (a *Account) wasEmpty(t *table.Table) bool {
	last := a.lastReading(t)
	return last.Complete() && last.Rows == 0
}

// fullReading is the finished reading of a table without a checkpoint.
func (r *reading) fullReading() progress.FullReading {
	f := progress.FullReading{Rows: int64(r.rows), Tokens: r.tokens()}
	if r.listed != nil {
		f.Keys = r.listed.Keys()
	}
	a, t := r.account, r.table
	for _, d := range t.Describes {
		if a.lacksFields(d.Of, d.Fields) == nil || slices.Contains(a.lastReadings[t.Records].Described, d.Fields.Records) {
			f.Described = append(f.Described, d.Fields.Records)
		}
	}
	return f
}

// noteFullReading keeps a reading of a table without a checkpoint for the state.
func (a *Account) noteFullReading(t *table.Table, f progress.FullReading) {
	if a.run.state == nil || t.Incremental {
		return
	}
	f.At, f.Form, f.Missed = a.began, a.form(t), a.lastReadings[t.Records].Missed
	a.run.state.NoteFullReading(t, a.id, f)
}
