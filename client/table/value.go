package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/cloudquery/plugin-sdk/v4/scalar"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// Value is a column's value in a record. The zero Value is NULL.
type Value struct {
	// Number is an int64, the bits of a float64, 0 or 1 for a bool, microseconds since 1970 for a
	// timestamp, days since 1970 for a date.
	Number int64
	Text   string // of Text and JSON, never empty if valid
	Valid  bool
}

// TextValue is a text, NULL if it is empty.
func TextValue(s string) Value { return Value{Valid: s != "", Text: s} }

// IntValue is a whole number.
func IntValue(n int64) Value { return Value{Valid: true, Number: n} }

// TimeValue is a moment.
func TimeValue(t time.Time) Value { return IntValue(t.UnixMicro()) }

// DayValue is the day of a moment, in UTC.
func DayValue(t time.Time) Value {
	return IntValue(t.UTC().Truncate(24*time.Hour).Unix() / secondsOfDay)
}

const secondsOfDay = 24 * 60 * 60

// Day is the day in a value of a [Date] column; "" for none.
func (v Value) Day() string {
	if !v.Valid {
		return ""
	}
	return time.Unix(v.Number*secondsOfDay, 0).UTC().Format(time.DateOnly)
}

// Time is the moment in a value of a [Timestamp] column; zero for none.
func (v Value) Time() time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMicro(v.Number).UTC()
}

// ListValue is a JSON list of texts, NULL for an empty one.
func ListValue(texts []string) Value {
	if len(texts) == 0 {
		return Value{}
	}
	list, _ := json.Marshal(texts) // of texts
	return TextValue(string(list))
}

// BoolValue is a flag.
func BoolValue(b bool) Value {
	v := Value{Valid: true}
	if b {
		v.Number = 1
	}
	return v
}

// Reader turns a JSON value other than null into a column's value. Its error says that the value has another kind
// than the column. An empty text or a zero time is neither an error nor a value.
type Reader func(jsontext.Value) (Value, error)

// ErrShape says that a value has another kind than its column.
var ErrShape = errors.New("the value is of another kind than the column")

var readers = map[Type]Reader{
	Text: readText, Int: readInt, Float: readFloat, Bool: readBool,
	Timestamp: readTimestamp, Date: readDate, JSON: readJSON,
}

func readText(v jsontext.Value) (Value, error) {
	text, err := appendText(nil, v)
	return TextValue(string(text)), err
}

func readInt(v jsontext.Value) (Value, error) {
	s, err := Bare(v)
	if len(s) == 0 || err != nil {
		return Value{}, err
	}
	if n := digits(s); n >= 0 && len(s) <= mostDigits {
		return IntValue(n), nil
	}
	n, err := strconv.ParseInt(string(s), 10, 64)
	if err == nil {
		return Value{Valid: true, Number: n}, nil
	}
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return Value{}, ErrShape
	}
	return Value{Valid: true, Number: int64(f)}, nil
}

func readFloat(v jsontext.Value) (Value, error) {
	s, err := Bare(v)
	if len(s) == 0 || err != nil {
		return Value{}, err
	}
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}, ErrShape
	}
	return Value{Valid: true, Number: int64(math.Float64bits(f))}, nil
}

func readBool(v jsontext.Value) (Value, error) {
	text := []byte(v)
	if v.Kind() == '"' {
		text = unquote(v)
	}
	switch string(text) {
	case "true", "1":
		return Value{Valid: true, Number: 1}, nil
	case "false", "0":
		return Value{Valid: true}, nil
	case "":
		return Value{}, nil
	}
	return Value{}, ErrShape
}

func readNot(v jsontext.Value) (Value, error) {
	b, err := readBool(v)
	b.Number = 1 - b.Number
	return b, err
}

// readFirst reads the first number of a list, or of v1's "2,3".
func readFirst(v jsontext.Value) (Value, error) {
	if v.Kind() == '[' {
		if v = firstElement(v); v == nil {
			return Value{}, nil
		}
		return readInt(v)
	}
	if v.Kind() == '"' {
		first, _, _ := strings.Cut(string(unquote(v)), ",")
		v = jsontext.Value(strconv.Quote(strings.TrimSpace(first)))
	}
	return readInt(v)
}

const (
	timeV1   = "2006-01-02 15:04:05"
	zeroDate = "0000-00-00"
)

func readTimestamp(v jsontext.Value) (Value, error) {
	s, err := textOf(v)
	if len(s) == 0 || bytes.HasPrefix(s, []byte(zeroDate)) || err != nil {
		return Value{}, err
	}
	if seconds, ok := secondsOf(s); ok {
		return IntValue(seconds * 1_000_000), nil
	}
	layout := time.RFC3339Nano
	if len(s) > 10 && s[10] == ' ' {
		layout = timeV1
	}
	t, err := time.Parse(layout, string(s))
	if err != nil {
		return Value{}, ErrShape
	}
	return TimeValue(t), nil
}

// readDate reads a date, or the day of a moment.
func readDate(v jsontext.Value) (Value, error) {
	s, err := textOf(v)
	if len(s) == 0 || bytes.HasPrefix(s, []byte(zeroDate)) || err != nil {
		return Value{}, err
	}
	day, ok := dayOf(s)
	if !ok {
		return Value{}, ErrShape
	}
	return IntValue(day), nil
}

func readJSON(v jsontext.Value) (Value, error) {
	text, err := appendJSON(nil, v)
	return TextValue(string(text)), err
}

// readList keeps a list unchanged and makes a list of v1's "2,3" or of a single id.
func readList(v jsontext.Value) (Value, error) {
	text, err := Bare(v)
	switch {
	case v.Kind() == '[':
		return readJSON(v)
	case len(text) == 0 || err != nil:
		return Value{}, err
	}
	list := jsontext.Value("[" + string(text) + "]")
	if !list.IsValid() {
		return Value{}, ErrShape
	}
	return readJSON(list)
}

// Bare returns a number's text, even if v1 sends the number as a string. It may be a part of v.
func Bare(v jsontext.Value) ([]byte, error) {
	switch v.Kind() {
	case '0':
		return v, nil
	case '"':
		return bytes.TrimSpace(unquote(v)), nil
	}
	return nil, ErrShape
}

func textOf(v jsontext.Value) ([]byte, error) {
	if v.Kind() != '"' {
		return nil, ErrShape
	}
	return unquote(v), nil
}

// unquote returns the text of a JSON string, broken characters replaced. It may be a part of v.
func unquote(v jsontext.Value) []byte {
	text := v[1 : len(v)-1]
	if !scan.IsPlain(text) {
		text, _ = jsontext.AppendUnquote(nil, v)
	}
	return text
}

// firstElement returns the first element of a list; nil if the list is empty, or begins with null.
func firstElement(list jsontext.Value) jsontext.Value {
	for v := range scan.Elements(list) {
		if v[0] == 'n' {
			return nil
		}
		return v
	}
	return nil
}

// AppendTo appends the value to a column of a record batch; the column has the Arrow type of the value's own
// column.
func (v Value) AppendTo(column array.Builder) {
	if !v.Valid {
		column.AppendNull()
		return
	}
	switch b := column.(type) {
	case *array.StringBuilder:
		b.Append(v.Text)
	case *array.Int64Builder:
		b.Append(v.Number)
	case *array.Float64Builder:
		b.Append(math.Float64frombits(uint64(v.Number)))
	case *array.BooleanBuilder:
		b.Append(v.Number == 1)
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.Number))
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.Number))
	case *types.JSONBuilder:
		v.AppendTo(b.Builder)
	case *array.BinaryBuilder:
		b.AppendString(v.Text)
	default:
		panic(fmt.Sprintf("no column is of type %v", column.Type()))
	}
}

// put sets the scalar of a primary key's column.
func (v Value) put(to scalar.Scalar) {
	switch s := to.(type) {
	case *scalar.String:
		s.Value, s.Valid = v.Text, v.Valid
	case *scalar.Int:
		s.Value, s.Valid = v.Number, v.Valid
	case *scalar.Timestamp:
		s.Value, s.Valid = time.UnixMicro(v.Number).UTC(), v.Valid
	default:
		panic(fmt.Sprintf("no key is of type %v", to.DataType()))
	}
}
