package scan_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// values have all that a value may be made of, each somewhere in the first and behind the first eight bytes of a string.
var values = []string{
	`{"a":[1,-0.5e+10,{"b":"\u00e4\"\\\/\b\f\n\r\t"},true,false,null],"":{}}`,
	" { \"a\" :\t[ 1 ,\r\n2 ] , \"a\" : \"long enough \\uD834\\uDd1e and more\" } ",
	"\"\xff\xc3 and \\ud800 are accepted\"", `""`, `[]`, `[ ]`, `{}`, `-0`, `0`, `12`, `1E-2`, `10.01`, `null`, `"12345678\n12345678"`,
}

// invalid are not values, whichever bytes follow.
var invalid = []string{
	`01x`, `-x`, `1.x`, `1e+x`, `+1`, `.5`, `nul1`, `tRue`, `falsy`, `{,`, `{a`, `{"a",`, `{"a":}`, `{"a":1,}`, `{"a":1]`, `{"a":1 "b"`, `{1:2}`,
	`[,`, `[1,]`, `[1}`, `[1 2`, `]`, `}`, `,`, `:`, `"\x`, `"\u12g4"`, "\"a\nb", "\"\x1f12345678\"", "\"12345678\x00", "[\v1]", "[\u00a01]", `"12345678\U`,
}

// check compares Value with jsontext.
func check(t *testing.T, b []byte) {
	t.Helper()
	dec := jsontext.NewDecoder(bytes.NewReader(b), pipedrive.Lenient...)
	_, err := dec.ReadValue()
	want := int(dec.InputOffset())
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		want = scan.Short
	case err != nil:
		want = scan.Invalid
	}
	if got := scan.Value(b, scan.Space(b, 0)); got != want {
		t.Fatalf("the value in %.1000q ends at %d, not %d", b, want, got)
	}
}

// TestValue_isThatOfJSONText, wherever the bytes end.
func TestValue_isThatOfJSONText(t *testing.T) {
	for _, text := range append(values, invalid...) {
		for end := range len(text) + 1 {
			check(t, []byte(text[:end]))
			check(t, []byte(text[:end]+`"],}`))
		}
	}
	for _, text := range invalid[1:] {
		require.Equal(t, scan.Invalid, scan.Value([]byte(text), 0), text)
	}
}

// TestValue_anyByteAnywhere: each byte of a string, of a number and of a word may be any other one.
func TestValue_anyByteAnywhere(t *testing.T) {
	for _, text := range []string{`{"a":"0123456789abcdef\u00e4\n"}`, `[-12.5e+7,true,null]`} {
		for i := range text {
			for c := range 256 {
				b := []byte(text)
				b[i] = byte(c)
				check(t, b)
			}
		}
	}
}

// TestValue_isNotNestedWithoutEnd: a deeper value could take all memory.
func TestValue_isNotNestedWithoutEnd(t *testing.T) {
	for _, depth := range []int{9_999, 10_000, 10_001} {
		for begin, end := range map[string]string{"[": "]", `{"":`: "}", `[{"":`: "}]"} {
			n := depth / len(end)
			check(t, []byte(strings.Repeat(begin, n)+"0"+strings.Repeat(end, n)))
		}
	}
	check(t, bytes.Repeat([]byte("["), 1<<20))
}

// TestElements_andMembers are those of jsontext.
func TestElements_andMembers(t *testing.T) {
	var got []string
	for v := range scan.Elements(jsontext.Value(`[ 1 , {"a":[2]},"]",[ ] ]`)) {
		got = append(got, string(v))
	}
	require.Equal(t, []string{"1", `{"a":[2]}`, `"]"`, "[ ]"}, got)
	got = nil
	for name, v := range scan.Members(jsontext.Value(`{ "a" : 1 , "}":{"b":2},"a":null }`)) {
		got = append(got, string(name), string(v))
	}
	require.Equal(t, []string{`"a"`, "1", `"}"`, `{"b":2}`, `"a"`, "null"}, got)
	for range scan.Elements(jsontext.Value(`[ ]`)) {
		t.Fatal("an empty list has an element")
	}
	for range scan.Members(jsontext.Value(`{}`)) {
		t.Fatal("an empty object has a member")
	}
}

// FuzzValue: any bytes begin with the value that jsontext accepts there, or end too early for it, or are invalid.
func FuzzValue(f *testing.F) {
	for _, text := range append(values, invalid...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}
