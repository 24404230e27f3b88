package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

func decode(columns []Column, record string) (*Row, error) {
	return decodeWith(NewDecoder(columns, func(c Column) Source { return c.V2 }), record)
}

func decodeWith(d *Decoder, record string) (*Row, error) {
	row, end, err := d.Record([]byte(record))
	if end < 0 {
		return nil, errNoRecord
	}
	return row, err
}

var errNoRecord = errors.New("the bytes begin with no record")

// TestRow_keysOfSeveralColumnsAreToldApart: the pager treats a record with a known key as a repeated one.
func TestRow_keysOfSeveralColumnsAreToldApart(t *testing.T) {
	columns := []Column{{Name: "a", Key: true}, {Name: "b", Key: true}}
	seen := map[pipedrive.Key]bool{}
	for _, record := range []string{`{"a":"x, y","b":"z"}`, `{"a":"x","b":"y, z"}`, `{"a":"x","b":"y"}`} {
		row, err := decode(columns, record)
		require.NoError(t, err)
		require.False(t, seen[row.RecordKey()], record)
		seen[row.RecordKey()] = true
	}
}

func TestDecoder_paths(t *testing.T) {
	columns := []Column{
		{Name: "id", Key: true, Type: Int},
		{Name: "ref", Type: Int, V2: Ref("ref", "other")},
		{Name: "inner", Type: Text, V2: At("a.b.c")},
		{Name: "whole", Type: JSON, V2: At("a")},
		{Name: "first", Type: Int, V2: First("labels")},
		{Name: "list", Type: JSON, V2: List("ids", "labels")},
		{Name: "contacts", Type: JSON},
		{Name: "contact", Type: Text, V2: Primary("contacts")},
		{Name: "off", Type: Bool, V2: Not("on")},
		{Name: "nowhere", Type: Text, V2: Absent()},
		{Name: "time", Type: Timestamp},
		{Name: "day", Type: Date},
	}
	for _, test := range []struct {
		record string
		want   map[string]any // by column; number or text
	}{
		{`{"id":1}`, map[string]any{"id": 1}},
		{`{"id":"12"}`, map[string]any{"id": 12}},
		{`{"id":1.0}`, map[string]any{"id": 1}},
		{`{"id":1e3}`, map[string]any{"id": 1000}},
		{`{"id":9007199254740991.0}`, map[string]any{"id": 9007199254740991}},
		{`{"id":1,"contacts":[{"value":"a","primary":false},{"value":"b","primary":true},{"value":"c","primary":true}]}`, map[string]any{
			"id": 1, "contact": "b", "contacts": `[{"value":"a","primary":false},{"value":"b","primary":true},{"value":"c","primary":true}]`,
		}},
		{`{"id":1,"contacts":[{"value":"a"},{"value":"b","primary":"0"}]}`, map[string]any{"id": 1, "contact": "a", "contacts": `[{"value":"a"},{"value":"b","primary":"0"}]`}},
		{`{"id":1,"contacts":[{"value":null,"primary":1}]}`, map[string]any{"id": 1, "contacts": `[{"value":null,"primary":1}]`}},
		{`{"id":1,"contacts":[{"label":"work"},{"value":"","primary":true}]}`, map[string]any{"id": 1, "contacts": `[{"label":"work"},{"value":"","primary":true}]`}},
		{`{"id":1,"contacts":[]}`, map[string]any{"id": 1}},
		{`{"id":1,"ref":5}`, map[string]any{"id": 1, "ref": 5}},
		{`{"id":1,"ref":{"value":5,"name":"x"}}`, map[string]any{"id": 1, "ref": 5}},
		{`{"id":1,"ref":{"id":6,"value":5}}`, map[string]any{"id": 1, "ref": 5}},
		{`{"id":1,"other":7,"ref":{"id":6}}`, map[string]any{"id": 1, "ref": 6}},
		{`{"id":1,"ref":null,"other":7}`, map[string]any{"id": 1, "ref": 7}},
		{`{"a":{"b":{"c":"deep"},"d":[1,{"e":null}]},"id":1}`, map[string]any{"id": 1, "inner": "deep", "whole": `{"b":{"c":"deep"},"d":[1,{"e":null}]}`}},
		{`{"\u0069d":1}`, map[string]any{"id": 1}},
		{`{"id":1,"labels":[7,8]}`, map[string]any{"id": 1, "first": 7, "list": "[7,8]"}},
		{`{"id":1,"labels":[]}`, map[string]any{"id": 1}},
		{`{"id":1,"a":{ }}`, map[string]any{"id": 1}},
		{`{"id":1,"labels":"7, 8"}`, map[string]any{"id": 1, "first": 7, "list": "[7, 8]"}},
		{`{"id":1,"labels":"7"}`, map[string]any{"id": 1, "first": 7, "list": "[7]"}},
		{`{"id":1,"labels":7}`, map[string]any{"id": 1, "first": 7, "list": "[7]"}},
		{`{"id":1,"labels":""}`, map[string]any{"id": 1}},
		{`{"id":1,"labels":[1],"ids":[2]}`, map[string]any{"id": 1, "first": 1, "list": "[2]"}},
		{`{"id":1,"on":true}`, map[string]any{"id": 1, "off": 0}},
		{`{"id":1,"on":"0"}`, map[string]any{"id": 1, "off": 1}},
		{`{"id":1,"on":null,"nowhere":"x"}`, map[string]any{"id": 1}},
		{`{"id":1,"time":"1970-01-01 00:00:01"}`, map[string]any{"id": 1, "time": 1000000}},
		{`{"id":1,"time":"1970-01-01T00:00:01Z"}`, map[string]any{"id": 1, "time": 1000000}},
		{`{"id":1,"time":"1970-01-01T02:00:01.5+02:00"}`, map[string]any{"id": 1, "time": 1500000}},
		{`{"id":1,"time":"0000-00-00 00:00:00","day":"0000-00-00"}`, map[string]any{"id": 1}},
		{`{"id":1,"time":"","day":""}`, map[string]any{"id": 1}},
		{`{"id":1,"day":"1970-01-02"}`, map[string]any{"id": 1, "day": 1}},
		{`{"id":1,"day":"1969-12-31"}`, map[string]any{"id": 1, "day": -1}},
		{`{"id":1,"day":"1970-01-02 10:00:00"}`, map[string]any{"id": 1, "day": 1}},
	} {
		t.Run(test.record, func(t *testing.T) {
			row, err := decode(columns, test.record)
			require.NoError(t, err)
			require.Empty(t, row.Mismatch)
			for i, c := range columns {
				v := row.Value(i)
				switch want := test.want[c.Name].(type) {
				case nil:
					require.False(t, v.Valid, c.Name)
				case int:
					require.True(t, v.Valid, c.Name)
					require.EqualValues(t, want, v.Number, c.Name)
				case string:
					require.Equal(t, want, v.Text, c.Name)
				}
			}
		})
	}
}

// A record that is a plain value fills the columns of the whole record. Other tables refuse it.
func TestDecoder_recordsThatArePlainValues(t *testing.T) {
	columns := []Column{{Name: "team_id", Key: true, Type: Int, V2: OfParent("id")}, {Name: "user_id", Key: true, Type: Int, V2: Itself()}}
	row, err := decode(columns, `7`)
	require.NoError(t, err)
	require.Equal(t, IntValue(7), row.Value(1))
	require.EqualValues(t, 7, row.RecordKey().Number)
	for record, mismatches := range map[string]int{`null`: 0, `"x"`: 1, `[7]`: 1, `{"user_id":7}`: 0} {
		row, err = decode(columns, record)
		require.NoError(t, err, record)
		require.False(t, row.Value(1).Valid, record)
		require.Len(t, row.Mismatch, mismatches, record)
	}
	_, err = decode(columns[:1], `7`)
	require.ErrorIs(t, err, errNoKey)
}

// A float64 holds consecutive integers only up to 2^53. Beyond that, an id may turn into another one.
func TestDecoder_noIDIsRounded(t *testing.T) {
	columns := []Column{{Name: "id", Type: Int}, {Name: "n", Type: Int}}
	for _, n := range []string{"9007199254740993.0", "9007199254740992.0", "-9007199254740993.0", "1e16", "9223372036854775808", "1.5"} {
		row, err := decode(columns, `{"id":1,"n":`+n+`}`)
		require.NoError(t, err)
		require.False(t, row.Value(1).Valid, n)
		require.NotEmpty(t, row.Mismatch, n)
	}
}

func TestDecoder_brokenCharactersDoNotLoseARecord(t *testing.T) {
	row, err := decode([]Column{{Name: "id", Key: true, Type: Int}, {Name: "s", Type: Text}, {Name: "j", Type: JSON}},
		"{\"id\":1,\"s\":\"a\xffb\",\"j\":{\"k\":\"\xfe\"},\"s\":null,\"id\":1}")
	require.NoError(t, err)
	require.Equal(t, "a\uFFFDb", row.Value(1).Text)
	require.True(t, utf8.ValidString(row.Value(2).Text))
	require.True(t, json.Valid([]byte(row.Value(2).Text)))
}

// TestDecoder_agreesWithEncodingJSON compares texts, numbers and nested values with those that the standard
// library decodes from the same record.
func TestDecoder_agreesWithEncodingJSON(t *testing.T) {
	columns := []Column{
		{Name: "id", Key: true, Type: Int},
		{Name: "text", Type: Text},
		{Name: "n", Type: Int},
		{Name: "f", Type: Float},
		{Name: "b", Type: Bool},
		{Name: "nested", Type: JSON},
		{Name: "inner", Type: Text, V2: At("nested.text")},
	}
	rapid.Check(t, func(t *rapid.T) {
		record := map[string]any{
			"id":    rapid.Int64().Draw(t, "id"),
			"text":  rapid.StringN(0, 20, 80).Draw(t, "text"),
			"n":     rapid.Int64().Draw(t, "n"),
			"f":     rapid.Float64Range(-1e300, 1e300).Draw(t, "f"),
			"b":     rapid.Bool().Draw(t, "b"),
			"other": rapid.SliceOf(rapid.String()).Draw(t, "other"),
			"nested": map[string]any{
				"text": rapid.String().Draw(t, "inner"),
				"list": rapid.SliceOf(rapid.Int()).Draw(t, "list"),
			},
		}
		raw, err := json.Marshal(record)
		require.NoError(t, err)
		var want struct {
			ID, N  int64
			Text   string
			F      float64
			B      bool
			Nested json.RawMessage
		}
		require.NoError(t, json.Unmarshal(raw, &want))
		row, err := decode(columns, string(raw))
		require.NoError(t, err)
		require.Equal(t, want.ID, row.RecordKey().Number)
		require.Equal(t, want.Text, row.Value(1).Text)
		require.Equal(t, want.Text != "", row.Value(1).Valid)
		require.Equal(t, want.N, row.Value(2).Number)
		f, err := readFloat(jsontext.Value(fmt.Sprint(want.F)))
		require.NoError(t, err)
		require.Equal(t, f.Number, row.Value(3).Number)
		require.Equal(t, want.B, row.Value(4).Number == 1)
		require.JSONEq(t, string(want.Nested), row.Value(5).Text)
		require.Equal(t, record["nested"].(map[string]any)["text"], row.Value(6).Text)
	})
}

// FuzzDecoder: no input makes the decoder panic or give a row without an id. Another record before it, whose members have
// another order or that breaks off, changes nothing. A record ends where jsontext says, and the standard library finds the
// same values.
func FuzzDecoder(f *testing.F) {
	f.Add(`{"id":1,"a":{"b":[1,"x",null]},"labels":"1,2"}`, `{"labels":[1],"id":2}`)
	f.Add(`{"id":{"value":3}}`, `{ "id" : 3 , "a" : { "c" : "\\" , "b" : "\u00e4\"" } }`)
	f.Add(strings.Repeat(`{"a":`, 50), `{"a":{},"id":1}`)
	f.Add(`{"id":1,"a":{"b":"x","c":[{},"]"]},"b":2}`, `{"b":2,"a":{"c":1,"b":"y"},"\u0069d":1.0}`)
	columns := []Column{
		{Name: "id", Key: true, Type: Int, V2: Ref("id")},
		{Name: "a", Type: JSON},
		{Name: "b", Type: Text, V2: At("a.b")},
		{Name: "l", Type: Int, V2: First("labels")},
	}
	f.Fuzz(func(t *testing.T, before, record string) {
		row, err := decode(columns, record)
		if err == nil && !row.Value(0).Valid {
			t.Fatalf("a row without an id from %q", record)
		}
		d := NewDecoder(columns, func(c Column) Source { return c.V2 })
		_, _, _ = d.Record([]byte(before))
		again, end, err := d.Record([]byte(record))
		require.Equal(t, row, again, "after %q", before)
		v, failed := jsontext.NewDecoder(strings.NewReader(record), pipedrive.Lenient...).ReadValue()
		if trimmed := strings.TrimLeft(record, " \t\r\n"); trimmed != record {
			require.Negative(t, end)
			return
		}
		require.Equal(t, failed == nil, end >= 0, record)
		if failed == nil {
			require.Len(t, v, end, record)
		}
		var plain struct {
			A json.RawMessage `json:"a"`
		}
		object := json.NewDecoder(strings.NewReader(record))
		if err != nil || object.Decode(&plain) != nil || strings.Count(strings.ToLower(record), `"a"`) != 1 || strings.Contains(record, `\u`) {
			return // broken characters, or several members that the library takes for one
		}
		if text := row.Value(1).Text; text != "" && utf8.ValidString(record) {
			require.Equal(t, string(plain.A), text)
		}
	})
}

// TestDecoder_aRecordThatBreaksOffLeavesNothing: a record whose bytes end too early is tried again with more of them.
func TestDecoder_aRecordThatBreaksOffLeavesNothing(t *testing.T) {
	columns := []Column{
		{Name: "id", Key: true, Type: Int},
		{Name: "a", Type: Text, V2: At("x.a")},
		{Name: "x", Type: JSON},
		{Name: "on", Type: Bool},
		{Name: CustomFieldsColumn, Type: JSON},
	}
	const record = `{"on":true,"x":{"a":"\u00e4","b":[1,{"c":null}]},"` +
		`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":"custom","other":-1.5e3,"id":12}`
	custom := func() *Decoder {
		d := NewDecoder(columns, func(c Column) Source { return c.V2 })
		d.Custom = &CustomFieldsV1{}
		return d
	}
	want, end, err := custom().Record([]byte(record))
	require.NoError(t, err)
	require.Equal(t, len(record), end)
	d := custom()
	for n := range len(record) {
		_, end, err := d.Record([]byte(record[:n]))
		require.NoError(t, err)
		require.Equal(t, scan.Short, end, record[:n])
		for c := range 256 { // most of which make the record another one, or none
			_, _, _ = d.Record(append([]byte(record[:n]), byte(c)))
		}
		got, end, err := d.Record([]byte(record + "]"))
		require.NoError(t, err)
		require.Equal(t, len(record), end)
		require.Equal(t, want, got, "after %s", record[:n])
	}
	for _, none := range []string{"x", `{xon":true}`, `{"id":1,}`, `{"id":1]`, `{"on":tru}`, `{"x":{"a"}}`, `{"x":{"a":1,"b":{]}}`, `{"id" 1}`, "{\"id\":1,\"\n\":2}", `{,}`} {
		_, end, err := d.Record([]byte(none))
		require.NoError(t, err)
		require.Equal(t, scan.Invalid, end, none)
	}
}

// TestDecoder_textsStayApart: the texts of a row are parts of one string, and a column that two paths fill has the first.
func TestDecoder_textsStayApart(t *testing.T) {
	columns := []Column{
		{Name: "id", Key: true, Type: Text},
		{Name: "a", Type: Text, V2: At("x.y", "x.z")},
		{Name: "x", Type: JSON},
		{Name: "b", Type: Text},
		{Name: "c", Type: Text},
	}
	d := NewDecoder(columns, func(c Column) Source { return c.V2 })
	first, err := decodeWith(d, `{"id":"k","x":{"z":"second","y":"first"},"b":"ü\n","c":""}`)
	require.NoError(t, err)
	second, err := decodeWith(d, `{"c":"other","b":7,"x":{"z":"only"},"id":"l"}`)
	require.NoError(t, err)
	texts := func(row *Row) (texts []string) {
		for i := range columns {
			v := row.Value(i)
			require.Equal(t, v.Text != "", v.Valid)
			texts = append(texts, v.Text)
		}
		return texts
	}
	require.Equal(t, []string{"k", "first", `{"z":"second","y":"first"}`, "ü\n", ""}, texts(first))
	require.Equal(t, []string{"l", "only", `{"z":"only"}`, "7", "other"}, texts(second))
	require.Equal(t, pipedrive.Key{Text: "k"}, first.RecordKey())
}

// TestDecoder_allocatesLittle: a row is the row itself and one string for all texts. Several share the memory of their values.
func TestDecoder_allocatesLittle(t *testing.T) {
	columns := []Column{
		{Name: "id", Key: true, Type: Int},
		{Name: "a", Type: Text},
		{Name: "b", Type: JSON},
		{Name: "c", Type: Text, V2: At("b.c")},
		{Name: "time", Type: Timestamp},
		{Name: "day", Type: Date},
		{Name: "f", Type: Float},
		{Name: "on", Type: Bool},
	}
	d := NewDecoder(columns, func(c Column) Source { return c.V2 })
	record := jsontext.Value(`{"id":1,"a":"ä","b":{"c":"x"},"time":"2024-02-29T01:02:03Z","day":"2024-02-29","f":1.5,"on":true}`)
	require.EqualValues(t, 2, testing.AllocsPerRun(100, func() {
		if _, _, err := d.Record(record); err != nil {
			t.Fatal(err)
		}
	}))
}

// FuzzTime: moments and days are those that the standard library reads.
func FuzzTime(f *testing.F) {
	for _, text := range []string{
		"2024-02-29T23:59:59Z", "1900-02-29 00:00:00", "2000-02-29 00:00:00", "0001-01-01T00:00:00Z", "9999-12-31 23:59:59",
		"1969-12-31T23:59:60Z", "2024-13-01 00:00:00", "2024-04-31 00:00:00", "2024-04-3a 24:00:00", "0000-03-01T00:00:00Z",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		layout := time.RFC3339
		if len(text) == len(timeV1) {
			layout = timeV1
		}
		if want, err := time.Parse(layout, text); len(text) == len(timeV1) || len(text) == len("2006-01-02T15:04:05Z") {
			seconds, ok := secondsOf([]byte(text))
			require.Equal(t, err == nil, ok, text)
			if ok {
				require.Equal(t, want.Unix(), seconds, text)
			}
		}
		want, err := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))])
		day, ok := dayOf([]byte(text))
		require.Equal(t, err == nil, ok, text)
		if ok {
			require.Equal(t, want.Unix(), day*secondsPerDay, text)
		}
	})
}

// TestDayOf_isRightOnEachDay of two cycles of leap years, before and after 1970.
func TestDayOf_isRightOnEachDay(t *testing.T) {
	for at := time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2400; at = at.AddDate(0, 0, 1) {
		day, ok := dayOf([]byte(at.Format(time.DateOnly)))
		if want := at.Unix() / secondsPerDay; !ok || day != want {
			t.Fatalf("%s is day %d, not %d", at.Format(time.DateOnly), want, day)
		}
	}
}
