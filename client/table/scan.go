package table

import (
	"encoding/binary"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// The functions of this file find the parts of a JSON value that is known to be valid, since a [jsontext.Decoder] has
// read it. On any other input they may panic.

// skipSpace returns the index of the next byte that is not white space, from i on.
func skipSpace(v jsontext.Value, i int) int {
	for i < len(v) && v[i] <= ' ' {
		i++
	}
	return i
}

// skipColon returns the index of the value behind the name of a member that ends at i.
func skipColon(v jsontext.Value, i int) int { return skipSpace(v, skipSpace(v, i)+1) }

// skipComma returns the index of the next element or member, or of the closing bracket. A value ends at i, or i is
// behind the opening bracket.
func skipComma(v jsontext.Value, i int) int {
	if i = skipSpace(v, i); v[i] == ',' {
		i = skipSpace(v, i+1)
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// hasByte has a bit set if a byte of the word w is that of all bytes of pattern.
func hasByte(w, pattern uint64) uint64 {
	w ^= pattern
	return (w - ones) &^ w & highs
}

// skipString returns the index behind the string that begins at i.
func skipString(v jsontext.Value, i int) int {
	for i++; ; {
		for len(v)-i >= 8 {
			if w := binary.LittleEndian.Uint64(v[i:]); hasByte(w, '"'*ones)|hasByte(w, '\\'*ones) != 0 {
				break
			}
			i += 8
		}
		for end := min(len(v), i+8); i < end; i++ {
			switch v[i] {
			case '"':
				return i + 1
			case '\\':
				i++
			}
		}
	}
}

// skipValue returns the index behind the value that begins at i.
func skipValue(v jsontext.Value, i int) int {
	switch v[i] {
	case '"':
		return skipString(v, i)
	case '{', '[':
		return skipNested(v, i)
	case 't', 'n':
		return i + len("true")
	case 'f':
		return i + len("false")
	}
	for i < len(v) && v[i] > ' ' && v[i] != ',' && v[i] != ']' && v[i] != '}' {
		i++
	}
	return i
}

// skipNested returns the index behind the object or list that begins at i.
func skipNested(v jsontext.Value, i int) int {
	for depth := 0; ; {
		switch v[i] {
		case '"':
			i = skipString(v, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if i++; depth == 0 {
			return i
		}
	}
}

// isPlain reports whether a text stands in a JSON string as it is: in ASCII and without escapes.
func isPlain(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		if w := binary.LittleEndian.Uint64(text); w&highs|hasByte(w, '\\'*ones) != 0 {
			return false
		}
	}
	for _, c := range text {
		if c >= 0x80 || c == '\\' {
			return false
		}
	}
	return true
}

// Elements are those of a list, which must be valid JSON.
func Elements(list jsontext.Value) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		for i := skipComma(list, 1); list[i] != ']'; {
			end := skipValue(list, i)
			if !yield(list[i:end]) {
				return
			}
			i = skipComma(list, end)
		}
	}
}

// members are those of an object: quoted names and values.
func members(object jsontext.Value) iter.Seq2[jsontext.Value, jsontext.Value] {
	return func(yield func(name, value jsontext.Value) bool) {
		for i := skipComma(object, 1); object[i] != '}'; {
			end := skipString(object, i)
			name := object[i:end]
			i = skipColon(object, end)
			end = skipValue(object, i)
			if !yield(name, object[i:end]) {
				return
			}
			i = skipComma(object, end)
		}
	}
}
