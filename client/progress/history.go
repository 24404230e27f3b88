package progress

import (
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// GoneSince is when a record's removal was the last row of its history, as far as the read-back has shown; zero for a record
// that was there when the run began.
func (t *Tracker) GoneSince(record *table.Row) time.Time {
	if t.readBack == nil {
		return time.Time{}
	}
	return t.readBack.goneSince(t.keyOf(record))
}

// goneSince is since when a record has been gone; zero for one that is there, or never was.
func (b *readBack) goneSince(k key) time.Time {
	at := b.gone[k]
	if at == 0 || b.hasKey(k) {
		return time.Time{}
	}
	return time.UnixMicro(at).UTC()
}

// RemoveWith returns the removals that a history lacks: those of the records that the run removes from its table, and those of
// earlier runs that did not arrive.
func (t *Tracker) RemoveWith(of Removals) Removals {
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
			t.checkpoint.Least--
		}
		t.removed, r.rows = append(t.removed, k), append(r.rows, row)
	}
	for _, k := range t.removed {
		r.times = append(r.times, t.endOf(k))
	}
	return r
}

// endOf is when the history of a record that is gone ends: with the run, or in the second after a version that is ahead of it.
func (t *Tracker) endOf(k key) time.Time {
	if t.readBack != nil {
		if i, found := t.readBack.find(k); found && t.readBack.versions[i].at >= t.Began.Unix() {
			return time.Unix(t.readBack.versions[i].at+1, 0).UTC()
		}
	}
	return t.Began
}

// Follow tells the log if the history has not begun yet, so that its table is read from its beginning.
func (t *Tracker) Follow(of *Tracker) {
	if len(t.last.Positions) == 0 && len(of.checkpoint.Positions) > 0 {
		t.Logger.Info().Int64("api_tokens", of.costOf(of.last.expected())).
			Msg("the history does not have the current versions of the records yet; their table is read from its beginning")
	}
}
