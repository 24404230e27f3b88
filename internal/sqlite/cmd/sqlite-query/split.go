package main

import "strings"

// A statement is one SQL statement with the comment before it.
type statement struct {
	title string
	sql   string
}

// name identifies the statement in an error.
func (s statement) name() string {
	if s.title != "" {
		return s.title
	}
	return strings.Join(strings.Fields(s.sql), " ")
}

// split cuts a script at the semicolons outside quotes and comments. The comment lines before a statement are its
// title. A statement of only comments is dropped.
func split(script string) []statement {
	var statements []statement
	for script != "" {
		title, rest := cutTitle(script)
		end := statementEnd(rest)
		if sql := strings.TrimSpace(rest[:end]); sql != "" {
			statements = append(statements, statement{title: title, sql: sql})
		}
		script = strings.TrimPrefix(rest[end:], ";")
	}
	return statements
}

// cutTitle cuts the leading comments off the script. If blank lines separate several comments, the last comment is the
// title, so a script may begin with a description.
func cutTitle(script string) (title, rest string) {
	var lines []string
	for {
		trimmed := strings.TrimLeft(script, " \t\r\n")
		blankLine := strings.Count(script[:len(script)-len(trimmed)], "\n") > 1
		script = trimmed
		switch {
		case strings.HasPrefix(script, "--"):
			if blankLine {
				lines = nil
			}
			line, after, found := strings.Cut(script, "\n")
			lines = append(lines, strings.TrimSpace(strings.TrimLeft(line, "-")))
			if script = after; found {
				script = "\n" + after // still counts towards a blank line
			}
		case strings.HasPrefix(script, "/*"):
			_, script, _ = strings.Cut(script[2:], "*/")
		default:
			return strings.TrimSpace(strings.Join(lines, " ")), script
		}
	}
}

// quotes are the openings of quotations and comments with their ends. A doubled quote closes and reopens the
// quotation.
var quotes = []struct{ opening, closing string }{
	{"'", "'"}, {`"`, `"`}, {"`", "`"}, {"[", "]"}, {"--", "\n"}, {"/*", "*/"},
}

// statementEnd is the index of the semicolon that ends the first statement; the length of the text if there is none.
func statementEnd(text string) int {
scan:
	for i := 0; i < len(text); {
		if text[i] == ';' {
			return i
		}
		for _, quote := range quotes {
			if !strings.HasPrefix(text[i:], quote.opening) {
				continue
			}
			i += len(quote.opening)
			length := strings.Index(text[i:], quote.closing)
			if length < 0 {
				return len(text)
			}
			i += length + len(quote.closing)
			continue scan
		}
		i++
	}
	return len(text)
}
