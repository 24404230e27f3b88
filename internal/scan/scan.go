// Package scan finds the parts of a JSON value in bytes that may be incomplete or no JSON at all. It accepts the same
// values as jsontext with invalid UTF-8 and repeated names allowed.
package scan

import (
	"encoding/binary"
	"iter"
	"math/bits"

	"github.com/go-json-experiment/json/jsontext"
)

// The functions below return the index behind a part of b, or one of these negative numbers.
const (
	// Short says that the bytes end before the part does.
	Short = -1
	// Invalid says that the part is no valid JSON, whichever bytes follow.
	Invalid = -2
)

// mostNested is the greatest depth of objects and lists in a value, that of jsontext.
const mostNested = 10_000

// Space returns the index of the next byte that is not white space, from i on; len(b) if there is none.
func Space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// Colon returns the index of the value behind the name of a member that ends at i.
func Colon(b []byte, i int) int {
	switch i = Space(b, i); {
	case i == len(b):
		return Short
	case b[i] != ':':
		return Invalid
	}
	return Space(b, i+1)
}

// Next returns the index of the next element or member, behind a value that ends at i, or else of the closing bracket.
func Next(b []byte, i int, closing byte) int {
	switch i = Space(b, i); {
	case i == len(b):
		return Short
	case b[i] == closing:
		return i
	case b[i] != ',':
		return Invalid
	}
	switch i = Space(b, i+1); {
	case i == len(b):
		return Short
	case b[i] == closing:
		return Invalid
	}
	return i
}

// First returns the index of the first element or member of a list or object that begins at i, or else of the closing
// bracket.
func First(b []byte, i int) int {
	if i = Space(b, i+1); i == len(b) {
		return Short
	}
	return i
}

// Value returns the index behind the value that begins at i. A number that ends with b may continue.
func Value(b []byte, i int) int { return value(b, i, mostNested) }

func value(b []byte, i, depth int) int {
	if i >= len(b) {
		return Short
	}
	switch b[i] {
	case '"':
		return String(b, i)
	case '{', '[':
		return nested(b, i, depth)
	case 'n':
		return Null(b, i)
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	}
	return number(b, i)
}

// Null returns the index behind the null that begins at i.
func Null(b []byte, i int) int { return literal(b, i, "null") }

// nested returns the index behind the object or list that begins at i.
func nested(b []byte, i, depth int) int {
	if depth == 0 {
		return Invalid
	}
	object, closing := b[i] == '{', b[i]+2 // in ASCII
	for i = First(b, i); i >= 0; i = Next(b, i, closing) {
		if b[i] == closing {
			return i + 1
		}
		if object {
			if i = String(b, i); i < 0 {
				break
			}
			if i = Colon(b, i); i < 0 {
				break
			}
		}
		if i = value(b, i, depth-1); i < 0 {
			break
		}
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// hasByte has a bit set if a byte of the word w is that of all bytes of pattern. The lowest one is right.
func hasByte(w, pattern uint64) uint64 {
	w ^= pattern
	return (w - ones) &^ w & highs
}

// special has a bit set if a byte of the word w has a meaning in a string. The lowest one is right.
func special(w uint64) uint64 {
	return hasByte(w, '"'*ones) | hasByte(w, '\\'*ones) | (w-' '*ones)&^w&highs
}

// String returns the index behind the string that begins at i.
func String(b []byte, i int) int {
	if b[i] != '"' {
		return Invalid
	}
	for i++; ; {
		for len(b)-i >= 8 {
			if found := special(binary.LittleEndian.Uint64(b[i:])); found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return Short
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = escape(b, i); i < 0 {
				return i
			}
		case c < ' ':
			return Invalid
		default:
			i++
		}
	}
}

// escape returns the index behind the escape sequence that begins at i.
func escape(b []byte, i int) int {
	if i++; i == len(b) {
		return Short
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
	default:
		return Invalid
	}
	for range 4 {
		if i++; i == len(b) {
			return Short
		}
		if c := b[i] | 0x20; (b[i] < '0' || b[i] > '9') && (c < 'a' || c > 'f') {
			return Invalid
		}
	}
	return i + 1
}

// literal returns the index behind the word that begins at i.
func literal(b []byte, i int, word string) int {
	switch rest := b[i:]; {
	case len(rest) >= len(word) && string(rest[:len(word)]) == word:
		return i + len(word)
	case len(rest) < len(word) && string(rest) == word[:len(rest)]:
		return Short
	}
	return Invalid
}

// number returns the index behind the number that begins at i.
func number(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = digits(b, i); i < 0 {
		return i
	}
	if i < len(b) && b[i] == '.' {
		if i = digits(b, i+1); i < 0 {
			return i
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = digits(b, i)
	}
	return i
}

// digits returns the index behind one or more digits that begin at i.
func digits(b []byte, i int) int {
	from := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	switch {
	case i > from:
		return i
	case i == len(b):
		return Short
	}
	return Invalid
}

// IsPlain reports whether a text stands in a JSON string as it is: in ASCII and without escapes.
func IsPlain(text []byte) bool {
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
		for i := First(list, 0); list[i] != ']'; {
			end := Value(list, i)
			if !yield(list[i:end]) {
				return
			}
			i = Next(list, end, ']')
		}
	}
}

// Members are those of an object, which must be valid JSON: quoted names and values.
func Members(object jsontext.Value) iter.Seq2[jsontext.Value, jsontext.Value] {
	return func(yield func(name, value jsontext.Value) bool) {
		for i := First(object, 0); object[i] != '}'; {
			end := String(object, i)
			name := object[i:end]
			i = Colon(object, end)
			end = Value(object, i)
			if !yield(name, object[i:end]) {
				return
			}
			i = Next(object, end, '}')
		}
	}
}
