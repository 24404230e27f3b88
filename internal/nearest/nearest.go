// Package nearest suggests the intended word for a mistyped one.
package nearest

import (
	"fmt"
	"strings"
)

// Hint suggests the word of words that is nearest to a mistyped one. prefix is the common beginning of all words,
// which users may leave out. The hint is empty if no word is near: if more than a third of the letters behind the
// prefix would have to change.
func Hint(typed, prefix string, words []string) string {
	letters := []rune(strings.TrimPrefix(typed, prefix))
	best, edits := "", len(letters)/3+1
	for _, w := range words {
		if d := distance(letters, []rune(strings.TrimPrefix(w, prefix))); d < edits {
			best, edits = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance is Levenshtein's: the least number of insertions, removals and replacements that turn a into b.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1) // the distances between the letters of a so far and each beginning of b
	for j := range row {
		row[j] = j
	}
	for i, letter := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			replaced := diagonal
			if letter != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
