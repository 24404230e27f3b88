// Package truth changes the records of a simulated Pipedrive, and compares the tables of a SQLite destination with
// the expected rows. It is for tests.
package truth

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver of the destination's database

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// Kind is the kind of a [Difference].
type Kind string

// The kinds of difference.
const (
	Lost      Kind = "lost"      // it should be there
	Stale     Kind = "stale"     // a column has another value
	Duplicate Kind = "duplicate" // it is there more than once
	Surplus   Kind = "surplus"   // it should not be there
)

// Difference is a row of a table that is wrong.
type Difference struct {
	Kind        Kind
	Table       string
	Account, ID string
	Detail      string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s %s of account %s is %s: %s", d.Table, d.ID, d.Account, d.Kind, d.Detail)
}

// Compare compares every row and column of a table with the expected ones, given in the form of
// [simulator.Company.Truth]. A surplus row is a difference unless mayStay, which may be nil, accepts it.
func Compare(of string, want []map[string]any, rows []Row, mayStay func(Row) bool) []Difference {
	type key struct{ account, id string }
	var found []Difference
	add := func(k key, kind Kind, detail string) {
		found = append(found, Difference{Kind: kind, Table: of, Account: k.account, ID: k.id, Detail: detail})
	}
	got := map[key]Row{}
	for _, row := range rows {
		if row.Removed() {
			continue
		}
		k := key{row["account_id"].Text, row.Key(of)}
		if got[k] != nil {
			add(k, Duplicate, "its key comes twice")
		}
		got[k] = row
	}
	for _, row := range want {
		k := key{fmt.Sprint(row["account_id"]), KeyOf(of, row)}
		if stored := got[k]; stored == nil {
			add(k, Lost, fmt.Sprintf("of update_time %v", row["update_time"]))
		} else if detail := stored.difference(row); detail != "" {
			add(k, Stale, detail)
		}
		delete(got, k)
	}
	for k, row := range got {
		if mayStay == nil || !mayStay(row) {
			add(k, Surplus, fmt.Sprintf("of update_time %v", row["update_time"].Text))
		}
	}
	return found
}

// Row is a row by column name, without the columns that CloudQuery adds.
type Row map[string]Cell

// Removed reports whether the row is marked as gone at Pipedrive.
func (r Row) Removed() bool {
	cell, ok := r[table.RemovedColumn]
	return ok && cell.Kind != "null"
}

// difference describes how the row differs from the expected one; "" if it does not.
func (r Row) difference(want map[string]any) string {
	for column := range r {
		// An export endpoint does not reveal the types of custom fields; their columns have their own tests.
		if _, ok := want[column]; !ok && column != table.RemovedColumn && !strings.HasPrefix(column, "cf_") && column != "custom_fields" {
			return fmt.Sprintf("column %s is not in the contract", column)
		}
	}
	for column, value := range want {
		cell, ok := r[column]
		if !ok {
			return fmt.Sprintf("column %s is missing", column)
		}
		if !cell.Is(value) {
			return fmt.Sprintf("column %s is %s %q, want %T %v", column, cell.Kind, cell.Text, value, value)
		}
	}
	return ""
}

// Cell is a value in SQLite's form.
type Cell struct {
	Kind string // of SQLite's typeof
	Text string
}

// Is reports whether a cell equals the simulator's value, in value and in kind.
func (c Cell) Is(want any) bool {
	switch v := want.(type) {
	case nil:
		return c.Kind == "null"
	case int64:
		return c == Cell{"integer", strconv.FormatInt(v, 10)}
	case bool:
		return c == Cell{"integer", map[bool]string{true: "1", false: "0"}[v]}
	case float64:
		f, err := strconv.ParseFloat(c.Text, 64)
		return err == nil && c.Kind == "real" && f == v
	case string:
		return c == Cell{"text", v}
	case simulator.Date:
		return c == Cell{"text", string(v)}
	case time.Time:
		layout := time.DateTime
		if v.Nanosecond() != 0 {
			layout += ".000000"
		}
		return c == Cell{"text", v.Format(layout)}
	case simulator.Between:
		return c.between(v)
	case json.RawMessage:
		return c.Kind == "text" && canonical(c.Text) == canonical(string(v))
	}
	return false
}

// between reports whether a cell is a moment that the simulator can't know.
func (c Cell) between(v simulator.Between) bool {
	if c.Kind == "null" {
		return v.To == nil
	}
	at, err := time.Parse(time.DateTime, c.Text)
	from, begins := v.From.(time.Time)
	to, ends := v.To.(time.Time)
	return err == nil && (!begins || !at.Before(from)) && (!ends || !at.After(to))
}

// canonical returns the form that equal JSON texts share; long numbers keep all of their digits.
func canonical(text string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "not JSON: " + text
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// Rows returns a table's rows in no particular order.
func Rows(ctx context.Context, db *sql.DB, table string) ([]Row, error) {
	columns, err := columnsOf(ctx, db, table)
	if err != nil {
		return nil, err
	}
	cells := make([]string, len(columns))
	for i, column := range columns {
		cells[i] = fmt.Sprintf("typeof(%[1]q), coalesce(CAST(%[1]q AS TEXT), '')", column)
	}
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(cells, ", ")+" FROM pipedrive_"+table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []Row
	for rows.Next() {
		values := make([]Cell, len(columns))
		var into []any
		for i := range values {
			into = append(into, &values[i].Kind, &values[i].Text)
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := Row{}
		for i, column := range columns {
			row[column] = values[i]
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

func columnsOf(ctx context.Context, db *sql.DB, table string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", "pipedrive_"+table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("there is no table pipedrive_%s", table)
	}
	columns = slices.DeleteFunc(columns, func(c string) bool { return strings.HasPrefix(c, "_cq_") })
	return columns, rows.Err()
}
