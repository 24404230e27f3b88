package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Page sizes of both APIs, in records [Pipedrive: pagination].
const (
	defaultLimit = 100
	maxLimit     = 500
)

// cursor is the content of v2's opaque cursors: the last record of the page before in the list's order, so that
// inserts and deletes don't move the next page [v2 /deals, example].
type cursor struct {
	Field         string `json:"field"`
	FieldValue    any    `json:"fieldValue"`
	SortDirection string `json:"sortDirection"`
	ID            int64  `json:"id"`
}

func (c cursor) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers, strings and nil always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (*cursor, *refusal) {
	bad := invalid("cursor is invalid")
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, bad
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	d.UseNumber()
	var c cursor
	if d.Decode(&c) != nil || d.More() || c.ID == 0 || c.Field == "" {
		return nil, bad
	}
	return &c, nil
}

// key is the cursor's value in the form of a table's sort key.
func (c *cursor) key() (int64, bool) {
	switch v := c.FieldValue.(type) {
	case nil:
		return sortsFirst, true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	case string:
		t, ok := parseMoment(v)
		return t.Unix(), ok
	}
	return 0, false
}

// keyValue is a sort key in the form of a cursor.
func keyValue(field string, key int64) any {
	switch {
	case key == sortsFirst:
		return nil
	case key == sortsLast:
		return key
	case field == "add_time" || field == "update_time":
		return time.Unix(key, 0).UTC().Format(v2Time)
	}
	return key
}

// parseMoment reads a time in v2's form: RFC 3339, whole seconds and Z.
func parseMoment(s string) (time.Time, bool) {
	t, err := time.Parse(v2Time, s)
	return t, err == nil && len(s) == len(v2Time)
}

// after collects the next limit kept records of an order, from behind the cursor, and reports whether there are
// more.
func after[T any, P row[T]](o *order[P], q *v2Query, keep func(P) bool) (page []P, more bool) {
	next, i := 1, 0
	if q.desc {
		next, i = -1, len(o.rows)-1
	}
	switch {
	case q.cursor != nil && q.desc:
		i = position(o, q.cursorKey, q.cursor.ID) - 1
	case q.cursor != nil:
		i = position(o, q.cursorKey, q.cursor.ID)
		if i < len(o.rows) && *o.rows[i].id() == q.cursor.ID && o.key(o.rows[i]) == q.cursorKey {
			i++
		}
	case !q.desc && q.sort == "update_time" && q.since != nil:
		i = position(o, q.since.Unix(), 0)
	}
	for ; i >= 0 && i < len(o.rows); i += next {
		if !keep(o.rows[i]) {
			continue
		}
		if len(page) == q.limit {
			return page, true
		}
		page = append(page, o.rows[i])
	}
	return page, false
}

// offset returns limit records of an order, beginning with the start-th, and reports whether there are more. A nil
// keep keeps all; the cost is then independent of start.
func offset[P any](rows []P, desc bool, start, limit int, keep func(P) bool) (page []P, more bool) {
	if keep != nil {
		var kept []P
		for _, p := range rows {
			if keep(p) {
				kept = append(kept, p)
			}
		}
		rows = kept
	}
	n := len(rows)
	from, to := min(start, n), min(start+limit, n)
	if !desc {
		return rows[from:to], to < n
	}
	page = slices.Clone(rows[n-to : n-from])
	slices.Reverse(page)
	return page, to < n
}

// whole reads a parameter as a whole number of at least low.
func whole(q url.Values, name string, fallback, low int) (int, *refusal) {
	if !q.Has(name) {
		return fallback, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < low {
		return 0, invalid("%s must be a whole number of at least %d", name, low)
	}
	return n, nil
}

// onlyKnown refuses the first parameter that isn't among the known ones.
func onlyKnown(q url.Values, known ...[]string) *refusal {
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.ContainsFunc(known, func(k []string) bool { return slices.Contains(k, name) }) {
			return invalid("query parameter %q is not allowed", name)
		}
	}
	return nil
}

// pagination is v1's envelope of a page; the last page has no next_start [Pipedrive: pagination].
func pagination(start, limit int, more bool) object {
	o := object{{"start", start}, {"limit", limit}, {"more_items_in_collection", more}}
	if more {
		o = append(o, member{"next_start", start + limit})
	}
	return o
}
