package simulator

import "time"

// v1Labels is v1's label string of a deal, "2,3", or null.
func v1Labels(ids []int64) any {
	if len(ids) == 0 {
		return nil
	}
	return joinIDs(ids)
}

// firstLabel is the single label that v1 still shows beside label_ids.
func firstLabel(ids []int64) any {
	if len(ids) == 0 {
		return nil
	}
	return ids[0]
}

// v1MailTime shows a missing moment as the zero time on every seventh record and as null on the others: v1 has
// both and does not document the difference.
func v1MailTime(id int64, t *time.Time) any {
	if t == nil && id%7 == 0 {
		return v1ZeroTime
	}
	return t
}
