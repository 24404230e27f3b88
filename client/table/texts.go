package table

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// appender appends the text of a JSON value other than null, broken characters replaced. Its error says that the value
// has another kind than the column. An empty text is no value.
type appender func(to []byte, v jsontext.Value) ([]byte, error)

// appenders are those of the types whose values are texts.
var appenders = map[Type]appender{Text: appendText, JSON: appendJSON}

// mostKept is the size of the largest buffer for texts that is kept for the next row, in bytes.
const mostKept = 1 << 20

func appendText(to []byte, v jsontext.Value) ([]byte, error) {
	switch v.Kind() {
	case '"':
		if text := v[1 : len(v)-1]; scan.IsPlain(text) {
			return append(to, text...), nil
		}
		to, _ = jsontext.AppendUnquote(to, v) // which replaces broken characters
		return to, nil
	case '0', 't', 'f':
		return append(to, v...), nil
	}
	return to, ErrShape
}

// appendJSON keeps the value unchanged. An empty list or object is no value, like an empty text.
func appendJSON(to []byte, v jsontext.Value) ([]byte, error) {
	if (v[0] == '[' || v[0] == '{') && scan.Space(v, 1) == len(v)-1 {
		return to, nil
	}
	if !utf8.Valid(v) {
		v = bytes.ToValidUTF8(v, []byte("\uFFFD"))
	}
	return append(to, v...), nil
}
