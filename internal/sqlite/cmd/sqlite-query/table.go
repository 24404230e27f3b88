package main

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A table is the result of a query as text.
type table struct {
	header []string
	cells  [][]string
	// numeric is true for columns of only numbers and nulls.
	numeric []bool
}

const null = "NULL"

func readTable(rows *sql.Rows) (*table, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	t := &table{numeric: make([]bool, len(types))}
	values, targets := make([]any, len(types)), make([]any, len(types))
	for i, column := range types {
		t.header = append(t.header, printable(column.Name()))
		t.numeric[i] = true
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		cells := make([]string, len(values))
		for i, value := range values {
			text, number := format(value, types[i].DatabaseTypeName())
			cells[i] = text
			t.numeric[i] = t.numeric[i] && number
		}
		t.cells = append(t.cells, cells)
	}
	return t, rows.Err()
}

// format renders a value and reports whether it fits a column of numbers.
func format(value any, declared string) (text string, number bool) {
	switch v := value.(type) {
	case nil:
		return null, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case time.Time: // the driver's reading of a DATE or TIMESTAMP column
		if declared == "DATE" {
			return v.Format("2006-01-02"), false
		}
		return v.Format("2006-01-02 15:04:05.999999999"), false
	case []byte:
		return fmt.Sprintf("x'%x'", v), false
	default:
		return printable(fmt.Sprint(v)), false
	}
}

// printable keeps a cell on one line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// String lays the table out in columns, with numbers aligned to the right, and adds the number of rows.
func (t *table) String() string {
	widths := make([]int, len(t.header))
	for _, row := range append([][]string{t.header}, t.cells...) {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	var b strings.Builder
	t.writeRow(&b, t.header, widths)
	t.writeRow(&b, rule, widths)
	for _, row := range t.cells {
		t.writeRow(&b, row, widths)
	}
	if len(t.cells) == 1 {
		b.WriteString("(1 row)\n")
	} else {
		fmt.Fprintf(&b, "(%d rows)\n", len(t.cells))
	}
	return b.String()
}

func (t *table) writeRow(b *strings.Builder, row []string, widths []int) {
	var line strings.Builder
	for i, cell := range row {
		if i > 0 {
			line.WriteString("  ")
		}
		padding := strings.Repeat(" ", widths[i]-width(cell))
		if t.numeric[i] {
			line.WriteString(padding + cell)
		} else {
			line.WriteString(cell + padding)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

// width is the number of terminal cells that a text occupies.
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.Is(wide, r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide holds the blocks whose characters occupy two cells: East Asian scripts and pictographs. It is coarser than
// Unicode's own East_Asian_Width table.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1},
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1},
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1},
		{Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1faff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}
