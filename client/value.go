package client

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

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// value is a column's value in a record, small enough for a page of them to be one allocation a row.
type value struct {
	// number is an int64, the bits of a float64, 0 or 1 for a bool, microseconds since 1970 for a
	// timestamp, days since 1970 for a date.
	number int64
	text   string // of Text and JSON
	valid  bool
	rank   int8 // which of the column's paths it comes from
}

func textValue(s string) value { return value{valid: s != "", text: s} }

func countValue(n int64) value { return value{valid: true, number: n} }

func momentValue(t time.Time) value { return countValue(t.UnixMicro()) }

// listValue is a JSON list of texts; none for an empty one.
func listValue(texts []string) value {
	if len(texts) == 0 {
		return value{}
	}
	list, _ := json.Marshal(texts) // of texts
	return textValue(string(list))
}

func flagValue(b bool) value {
	v := value{valid: true}
	if b {
		v.number = 1
	}
	return v
}

// reader turns a JSON value other than null into a column's value. Its error says that the value is of
// another kind than the column; an empty text or a zero time is no error but no value either.
type reader func(jsontext.Value) (value, error)

var errShape = errors.New("the value is of another kind than the column")

var readers = map[Type]reader{
	Text: readText, Int: readInt, Float: readFloat, Bool: readBool,
	Timestamp: readTimestamp, Date: readDate, JSON: readJSON,
}

func readText(v jsontext.Value) (value, error) {
	switch v.Kind() {
	case '"':
		s := unquote(v)
		return value{valid: s != "", text: s}, nil
	case '0', 't', 'f':
		return value{valid: true, text: string(v)}, nil
	}
	return value{}, errShape
}

func readInt(v jsontext.Value) (value, error) {
	s, err := bare(v)
	if s == "" || err != nil {
		return value{}, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil {
		return value{valid: true, number: n}, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return value{}, errShape
	}
	return value{valid: true, number: int64(f)}, nil
}

func readFloat(v jsontext.Value) (value, error) {
	s, err := bare(v)
	if s == "" || err != nil {
		return value{}, err
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return value{}, errShape
	}
	return value{valid: true, number: int64(math.Float64bits(f))}, nil
}

func readBool(v jsontext.Value) (value, error) {
	s := string(v)
	if v.Kind() == '"' {
		s = unquote(v)
	}
	switch s {
	case "true", "1":
		return value{valid: true, number: 1}, nil
	case "false", "0":
		return value{valid: true}, nil
	case "":
		return value{}, nil
	}
	return value{}, errShape
}

func readNot(v jsontext.Value) (value, error) {
	b, err := readBool(v)
	b.number = 1 - b.number
	return b, err
}

// readFirst reads the first number of a list, or of v1's "2,3".
func readFirst(v jsontext.Value) (value, error) {
	if v.Kind() == '[' {
		var none bool
		if v, none = firstElement(v); none {
			return value{}, nil
		}
		return readInt(v)
	}
	if v.Kind() == '"' {
		first, _, _ := strings.Cut(unquote(v), ",")
		v = jsontext.Value(strconv.Quote(strings.TrimSpace(first)))
	}
	return readInt(v)
}

const (
	timeV1   = "2006-01-02 15:04:05"
	zeroDate = "0000-00-00"
)

func readTimestamp(v jsontext.Value) (value, error) {
	s, err := textOf(v)
	if s == "" || strings.HasPrefix(s, zeroDate) || err != nil {
		return value{}, err
	}
	layout := time.RFC3339Nano
	if len(s) > 10 && s[10] == ' ' {
		layout = timeV1
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return value{}, errShape
	}
	return value{valid: true, number: t.UnixMicro()}, nil
}

// readDate reads the day of a date, or of a moment.
func readDate(v jsontext.Value) (value, error) {
	s, err := textOf(v)
	if s == "" || strings.HasPrefix(s, zeroDate) || err != nil {
		return value{}, err
	}
	t, err := time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
	if err != nil {
		return value{}, errShape
	}
	return value{valid: true, number: t.Unix() / int64(24*time.Hour/time.Second)}, nil
}

// readJSON keeps the value as it is. An empty list or object is none, like an empty text.
func readJSON(v jsontext.Value) (value, error) {
	if (v.Kind() == '[' || v.Kind() == '{') && len(bytes.TrimSpace(v[1:len(v)-1])) == 0 {
		return value{}, nil
	}
	return value{valid: true, text: string(v)}, nil
}

// readList keeps a list as it is and makes one of v1's "2,3", or of a single id.
func readList(v jsontext.Value) (value, error) {
	text, err := bare(v)
	switch {
	case v.Kind() == '[':
		return readJSON(v)
	case text == "" || err != nil:
		return value{}, err
	}
	list := jsontext.Value("[" + text + "]")
	if !list.IsValid() {
		return value{}, errShape
	}
	return readJSON(list)
}

// bare returns a number's text, also of one that v1 sends as a string.
func bare(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case '0':
		return string(v), nil
	case '"':
		return strings.TrimSpace(unquote(v)), nil
	}
	return "", errShape
}

func textOf(v jsontext.Value) (string, error) {
	if v.Kind() != '"' {
		return "", errShape
	}
	return unquote(v), nil
}

// unquote returns the text of a JSON string, broken characters replaced.
func unquote(v jsontext.Value) string {
	inner := v[1 : len(v)-1]
	for _, c := range inner {
		if c == '\\' || c >= 0x80 {
			b, _ := jsontext.AppendUnquote(nil, v)
			return string(b)
		}
	}
	return string(inner)
}

func firstElement(list jsontext.Value) (first jsontext.Value, none bool) {
	dec := jsontext.NewDecoder(strings.NewReader(string(list)), pipedrive.Lenient...)
	if _, err := dec.ReadToken(); err != nil || dec.PeekKind() == ']' {
		return nil, true
	}
	first, err := dec.ReadValue()
	return first.Clone(), err != nil || first.Kind() == 'n'
}

// appendTo adds the value to a column of a record batch, of the Arrow type of the value's own column.
func (v value) appendTo(column array.Builder) {
	if !v.valid {
		column.AppendNull()
		return
	}
	switch b := column.(type) {
	case *array.StringBuilder:
		b.Append(v.text)
	case *array.Int64Builder:
		b.Append(v.number)
	case *array.Float64Builder:
		b.Append(math.Float64frombits(uint64(v.number)))
	case *array.BooleanBuilder:
		b.Append(v.number == 1)
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.number))
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.number))
	case *types.JSONBuilder:
		b.Builder.(*array.BinaryBuilder).AppendString(v.text)
	default:
		panic(fmt.Sprintf("no column is of type %v", column.Type()))
	}
}

// put sets the scalar of a column of the primary key.
func (v value) put(to scalar.Scalar) {
	switch s := to.(type) {
	case *scalar.String:
		s.Value, s.Valid = v.text, v.valid
	case *scalar.Int:
		s.Value, s.Valid = v.number, v.valid
	case *scalar.Timestamp:
		s.Value, s.Valid = time.UnixMicro(v.number).UTC(), v.valid
	default:
		panic(fmt.Sprintf("no key is of type %v", to.DataType()))
	}
}
