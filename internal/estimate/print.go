package estimate

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
)

// write writes an account's estimate.
func write(out io.Writer, e client.Estimate, c config) {
	fmt.Fprintf(out, "Account %s\n\n", e.Account)
	lines := [][]string{
		{"", "", "first run", "", "", "", "quiet run", "", ""},
		{"table", "records", "requests", "API tokens", "", "minutes", "requests", "API tokens", "minutes"},
	}
	for _, row := range e.Rows {
		lines = append(lines, line(row.Name, records(row), row.First, row.Deviation, row.Quiet))
	}
	lines = append(lines, line("total", "", e.First, e.Deviation, e.Quiet))
	writeColumns(out, lines)
	fmt.Fprintln(out)
	for _, s := range sentences(e, c) {
		fmt.Fprintln(out, s)
	}
}

func line(name, records string, first client.Cost, deviation float64, quiet client.Cost) []string {
	return []string{
		name, records, number(first.Requests), number(first.Tokens), within(deviation), minutes(first.Takes),
		number(quiet.Requests), number(quiet.Tokens), minutes(quiet.Takes),
	}
}

// minutes are rounded up to a tenth.
func minutes(d time.Duration) string {
	return strconv.FormatFloat(math.Ceil(10*d.Minutes())/10, 'f', 1, 64)
}

func number(n int64) string { return humanize.Comma(n) }

func records(row client.TableCost) string {
	if row.Records < 0 {
		return ""
	}
	return number(row.Records)
}

// within is the range in which the true cost is with a probability of 95 %: two standard deviations. It is empty if it is
// less than a token.
func within(deviation float64) string {
	if deviation < 0.5 {
		return ""
	}
	return "± " + number(int64(math.Ceil(2*deviation)))
}

// writeColumns writes lines in columns: names to the left, numbers and their headings to the right.
func writeColumns(out io.Writer, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, cells := range lines {
		var b strings.Builder
		for i, cell := range cells {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case i == 0 || strings.HasPrefix(cell, "±"):
				b.WriteString(cell + space + "  ")
			default:
				b.WriteString(space + cell + "  ")
			}
		}
		fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
	}
}

// sentences are the totals in words, and the facts that the table lacks.
func sentences(e client.Estimate, c config) []string {
	all := []string{
		fmt.Sprintf("The first run costs about %s API tokens and takes about %s.", number(e.First.Tokens), duration(e.First.Takes)),
		fmt.Sprintf("A quiet run, in which nothing changed, costs about %s and takes about %s.",
			number(e.Quiet.Tokens), duration(e.Quiet.Takes)),
	}
	if !c.state {
		all = append(all, "Without backend_options no run continues another one, so each is like the first.")
	}
	switch {
	case e.PerDay == 0:
		all = append(all, "Pipedrive's answers do not give the account's API tokens per day.")
	case e.First.Tokens <= e.PerDay:
		all = append(all, fmt.Sprintf("Of the %s API tokens that the account has a day, the first run takes %s, and a quiet run %s.",
			number(e.PerDay), percent(e.First.Tokens, e.PerDay), percent(e.Quiet.Tokens, e.PerDay)))
	default:
		all = append(all, fmt.Sprintf("The account has %s API tokens a day, so the first reading takes %s.",
			number(e.PerDay), plural(divided(e.First.Tokens, e.PerDay), "day")))
	}
	if c.maxTokens > 0 && e.First.Tokens > c.maxTokens {
		runs := plural(divided(e.First.Tokens, c.maxTokens), "run")
		all = append(all, fmt.Sprintf("max_tokens: %d divides it into about %s.", c.maxTokens, runs))
	}
	all = append(all, assumptions(e)...)
	return append(all, fmt.Sprintf("This estimate took %s and %s API tokens.", plural(e.Spent.Requests, "request"), number(e.Spent.Tokens)))
}

// assumptions are the bases of the estimate beside its looks.
func assumptions(e client.Estimate) (all []string) {
	if len(e.Unseen) > 0 {
		all = append(all, "Not looked at, for want of API tokens (see -tokens): "+strings.Join(e.Unseen, ", ")+".")
	}
	if len(e.Doubtful) > 0 {
		all = append(all, "Included, though the account may lack them: "+strings.Join(e.Doubtful, ", ")+".")
	}
	for _, reason := range slices.Sorted(maps.Keys(e.Lacking)) {
		all = append(all, "Left out: "+strings.Join(e.Lacking[reason], ", ")+": "+reason)
	}
	return all
}

// divided is the number of parts of a size that tokens make up.
func divided(tokens, size int64) int64 { return (tokens + size - 1) / size }

func percent(part, whole int64) string {
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + " %"
}

func plural(n int64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return number(n) + " " + unit
}

// duration is a time in minutes, or hours.
func duration(d time.Duration) string {
	switch minutes := int64(math.Ceil(d.Minutes())); {
	case minutes <= 1:
		return "a minute"
	case minutes < 120:
		return plural(minutes, "minute")
	default:
		return plural((minutes+59)/60, "hour")
	}
}
