package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// loadParents loads the records whose children the table has, unless another table did: it waits for the list of the run.
func (r *reading) loadParents(ctx context.Context) error {
	rows, err := r.account.lookups.list(r.table.Parent.Table).load(ctx, r.account, &r.meter)
	r.parents = make(map[pipedrive.Key]*table.Row, len(rows))
	for _, row := range rows {
		r.parents[row.RecordKey()] = row
	}
	return err
}

// stagesAhead is how many units a stage has for each request that may be under way. More of them wait less for the
// slowest one, and take more memory.
const stagesAhead = 2

// perParent returns the strategy for a listing of children. A parent counts as changed when the column did that the
// table is incremental on; without one, all parents do.
func (r *reading) perParent(l pipedrive.Listing, from plan.Position) plan.Strategy {
	of, changed := r.table.Parent, -1
	count := of.Table.Column(of.Count)
	if i := r.table.Time(); i >= 0 {
		changed = of.Table.Column(r.account.sources(r.table)(r.table.Columns[i]).OfParent())
	}
	parents := make([]plan.Parent, 0, len(r.parents))
	for key, row := range r.parents {
		p := plan.Parent{Key: key}
		if changed >= 0 {
			p.Changed = row.Values[changed].Time()
		}
		p.Childless = count >= 0 && row.Values[count].Valid && row.Values[count].Number == 0
		parents = append(parents, p)
	}
	return plan.PerParent(parents, from, l.Parent.Batch, stagesAhead*r.account.atOnce, r.facts())
}

// decode returns what decodes the records of a unit.
func (r *reading) decode(u plan.Unit) pipedrive.Decode[*table.Row] {
	decode := r.decoder.Clone().Record
	if len(u.Parents) == 0 {
		return decode
	}
	parents := make(map[pipedrive.Key]*table.Row, len(u.Parents))
	for _, key := range u.Parents {
		parents[key] = r.parents[key]
	}
	adopt := r.table.Adopt(parents, r.account.sources(r.table))
	return func(dec *jsontext.Decoder) (*table.Row, error) {
		row, err := decode(dec)
		if err == nil {
			err = adopt(row)
		}
		return row, err
	}
}

// refused reports whether a unit has no records since its only parent was deleted after the parents' list was read.
func (r *reading) refused(err error, u plan.Unit) bool {
	e, ok := errors.AsType[*pipedrive.Error](err)
	gone := ok && e.Absent && (e.Status == http.StatusNotFound || e.Status == http.StatusGone) && len(u.Parents) == 1
	if gone {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.gone = append(r.gone, err)
	}
	return gone
}

// refusal returns an error if all parents that were asked for were refused: it is then the list that does not exist.
func (r *reading) refusal(asked int) error {
	switch n := len(r.gone); n {
	case 0:
		return nil
	case asked:
		return r.gone[0]
	default:
		r.log().Info().Int("parents", n).Msg("parents were deleted while their children were read; these have no rows in this run")
		return nil
	}
}
