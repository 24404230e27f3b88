package simulator

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The two APIs' forms of a moment [Pipedrive: API v2 migration guide]; both
// are UTC.
const (
	v1Time = "2006-01-02 15:04:05"
	v2Time = "2006-01-02T15:04:05Z"

	// v1ZeroTime is v1's value for a moment that never was, for example the update_time of a picture [v1 /persons,
	// example].
	v1ZeroTime = "0000-00-00 00:00:00"
)

// member is one name and value of a JSON object.
type member struct {
	name  string
	value any
}

// object is a JSON object that keeps the order of its members, so that equal data always gives equal bytes.
type object []member

// list is a JSON array of any values; a nil list is [].
type list []any

// encoder appends JSON in the form of one API version. It avoids reflection over tagged structs: for a page of 500
// records, encoding dominates the server's time in a benchmark.
type encoder struct {
	buf []byte
	v1  bool
}

func (e *encoder) value(v any) {
	switch v := v.(type) {
	case nil:
		e.null()
	case string:
		e.text(v)
	case Date:
		e.text(string(v))
	case int64:
		e.integer(v)
	case int:
		e.integer(int64(v))
	case float64:
		e.float(v)
	case bool:
		e.buf = strconv.AppendBool(e.buf, v)
	case time.Time:
		e.moment(v)
	case *string, *Date, *int64, *float64, *time.Time:
		e.pointed(v)
	case []int64, []string, []Contact, []object, list:
		e.list(v)
	case object:
		e.object(v)
	case json.RawMessage:
		e.buf = append(e.buf, v...)
	default:
		panic(fmt.Sprintf("simulator: no JSON form for %T", v))
	}
}

// pointed writes the value that a pointer points to, or null for nil.
func (e *encoder) pointed(v any) {
	switch v := v.(type) {
	case *string:
		pointer(e, v, e.text)
	case *Date:
		pointer(e, v, func(d Date) { e.text(string(d)) })
	case *int64:
		pointer(e, v, e.integer)
	case *float64:
		pointer(e, v, e.float)
	case *time.Time:
		pointer(e, v, e.moment)
	}
}

func (e *encoder) list(v any) {
	switch v := v.(type) {
	case []int64:
		array(e, v, e.integer)
	case []string:
		array(e, v, e.text)
	case []Contact:
		array(e, v, e.contact)
	case []object:
		array(e, v, e.object)
	case list:
		array(e, v, e.value)
	}
}

func (e *encoder) null() { e.buf = append(e.buf, "null"...) }

func pointer[T any](e *encoder, v *T, write func(T)) {
	if v == nil {
		e.null()
		return
	}
	write(*v)
}

func array[T any](e *encoder, vs []T, write func(T)) {
	e.buf = append(e.buf, '[')
	for i, v := range vs {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		write(v)
	}
	e.buf = append(e.buf, ']')
}

func (e *encoder) integer(n int64) { e.buf = strconv.AppendInt(e.buf, n, 10) }

// float writes whole numbers without a fraction, as JavaScript does.
func (e *encoder) float(f float64) {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		e.integer(int64(f))
		return
	}
	e.buf = strconv.AppendFloat(e.buf, f, 'g', -1, 64)
}

func (e *encoder) moment(t time.Time) {
	layout := v2Time
	if e.v1 {
		layout = v1Time
	}
	e.buf = append(e.buf, '"')
	e.buf = t.UTC().AppendFormat(e.buf, layout)
	e.buf = append(e.buf, '"')
}

func (e *encoder) contact(c Contact) {
	e.object(object{{"value", c.Value}, {"primary", c.Primary}, {"label", c.Label}})
}

func (e *encoder) object(o object) {
	e.buf = append(e.buf, '{')
	for i, m := range o {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.name(m.name)
		e.value(m.value)
	}
	e.buf = append(e.buf, '}')
}

func (e *encoder) name(s string) {
	e.text(s)
	e.buf = append(e.buf, ':')
}

func (e *encoder) text(s string) {
	const hex = "0123456789abcdef"
	e.buf = append(e.buf, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		e.buf = append(e.buf, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			e.buf = append(e.buf, '\\', c)
		case '\n':
			e.buf = append(e.buf, '\\', 'n')
		case '\r':
			e.buf = append(e.buf, '\\', 'r')
		case '\t':
			e.buf = append(e.buf, '\\', 't')
		default:
			e.buf = append(e.buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	e.buf = append(e.buf, s[start:]...)
	e.buf = append(e.buf, '"')
}

// encode returns one value's JSON in v2's form.
func encode(v any) []byte {
	var e encoder
	e.value(v)
	return e.buf
}

// joinIDs is v1's form of a list of ids, like "2,3" in a label.
func joinIDs(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}

// reference is a related record's id, or null for 0.
func reference(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}
