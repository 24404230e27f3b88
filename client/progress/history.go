package progress

import (
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// GoneSince is the time of a record's removal, if the read-back shows that its history ends with the removal; zero for
// a record that existed when the run began.
func (t *Tracker) GoneSince(record *table.Row) time.Time {
	if t.readBack == nil {
		return time.Time{}
	}
	return t.readBack.goneSince(t.keyOf(record))
}

// goneSince is the time of a record's removal; zero for a present record, or one that never existed.
func (b *readBack) goneSince(k key) time.Time {
	at := b.gone[k]
	if at == 0 || b.hasKey(k) {
		return time.Time{}
	}
	return time.UnixMicro(at).UTC()
}

// HistoryRemovals returns the removals to add to a history: those of the records that the run removes from their
// table, and earlier ones that did not arrive.
func (t *Tracker) HistoryRemovals(of Removals) Removals {
	r := t.removeAgain()
	again := map[key]bool{}
	for _, k := range t.removed {
		again[k] = true
	}
	for _, row := range of.rows {
		k := keyOf(table.KeyOf(row))
		if again[k] || t.readBack != nil && !t.readBack.goneSince(k).IsZero() {
			continue
		}
		if t.readBack != nil && t.readBack.hasKey(k) {
			t.checkpoint.MinRows--
		}
		t.removed, r.rows = append(t.removed, k), append(r.rows, row)
	}
	for _, k := range t.removed {
		r.times = append(r.times, t.endOf(k))
	}
	return r
}

// endOf is the end of a removed record's history: the start of the run, or a second after the last version if that is
// later.
func (t *Tracker) endOf(k key) time.Time {
	if t.readBack != nil {
		if i, found := t.readBack.find(k); found && t.readBack.versions[i].at >= t.Began.Unix() {
			return time.Unix(t.readBack.versions[i].at+1, 0).UTC()
		}
	}
	return t.Began
}

// LogNewHistory logs that the history is new, which makes its table start from its beginning. of is the progress of
// that table.
func (t *Tracker) LogNewHistory(of *Tracker) {
	if len(t.last.Positions) == 0 && len(of.checkpoint.Positions) > 0 {
		t.Logger.Info().Int64("api_tokens", of.costOf(of.last.expected())).
			Msg("the history has no versions yet; the table of its records is read from its beginning")
	}
}
