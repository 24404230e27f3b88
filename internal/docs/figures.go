package docs

import (
	"fmt"
	"regexp"
)

// A figure is a place in a page that is filled from the declarations.
type figure struct {
	page  string
	place *regexp.Regexp // its first and last groups stay
	value string
}

// below is the place below the header of a table with the given first cells.
func below(cells string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)(^\| ` + regexp.QuoteMeta(cells) + ` .*\n\| ---.*\n)(?:\|.*\n)*()`)
}

func at(before, after string) *regexp.Regexp {
	return regexp.MustCompile(`(` + before + `)[0-9,]+(` + after + `)`)
}

// figures are all such places.
func figures() []figure {
	largest := accounts[len(accounts)-1]
	return []figure{
		{"docs/cost.md", below("list | tokens per request | read for"), listRows(lists())},
		{"docs/cost.md", below("list of a table on request | tokens per request | read for"), listRows(listsOnRequest())},
		{"docs/cost.md", regexp.MustCompile(`(?m)(^    )[0-9]+ \+ .*⌉()$`), formula()},
		{"docs/cost.md", below("account | full run"), accountRows()},
		{"docs/cost.md", below("plan | tokens a day and seat"), planRows()},
		{"docs/cost.md", at(`\*\*`, ` tokens\*\* if nothing`), number(quiet())},
		{"docs/cost.md", at(`2 requests for each list of an incremental table: `, ` in all`), number(looks())},
		{"docs/cost.md", at(`With five seats on Lite, a run every 15 minutes takes `, ` %`), number(percent(day(24*4), 5*plans[0].tokens))},
		{"docs/cost.md", at(`can be read in full `, ` times a day on one Lite seat`), number(plans[0].tokens / cost(largest, 1))},
		{"docs/cost.md", at("`lists_every: 23h`: a run in which nothing changed costs ", ` tokens`), number(quiet() - setup())},
		{"docs/cost.md", at(`Hourly runs then cost `, ` a day`), number(day(24) - 23*setup())},
		{"docs/cost.md", at(`a day, which is `, ` % of one Lite seat`), number(percent(day(24)-23*setup(), plans[0].tokens))},
		{"docs/cost.md", at("`archived: false` saves ", ` tokens`), number(archive())},
		{"docs/cost.md", at("`custom_fields: off` ", `,`), number(fieldLists())},
		{"docs/cost.md", regexp.MustCompile(`(missing records \| with a full refresh \| ).*( \|)`), secondLook()},
		{"docs/configuration.md", below("table | reads | why"), readingRows()},
		{"docs/configuration.md", regexp.MustCompile("(`custom_fields: columns` each custom field of )[a-z, ]*( is)"), withCustomFields()},
		{"README.md", at(`deals and 10,000 notes costs `, `, and a run`), number(cost(accounts[1], 1))},
		{"README.md", at(`a run in which nothing changed `, `\.`), number(quiet())},
		{"spec.yml.example", regexp.MustCompile(`(?m)(^  tables: .*\n)(?:  #   - .*\n)*()`), tableList()},
		{"docs/authentication.md", below("table | one of these scopes"), scopeRows()},
		{"docs/authentication.md", regexp.MustCompile("(The core tables, )`.*`(,)"), coreTables()},
		{"docs/authentication.md", regexp.MustCompile("(before they are read:\n)`.*`(\\.)"), unprobedTables()},
	}
}

// fill puts the figure into its page's text. It is an error if the page lacks the place.
func (f figure) fill(text string) (string, error) {
	if !f.place.MatchString(text) {
		return "", fmt.Errorf("%s has no place for %v", f.page, f.place)
	}
	return f.place.ReplaceAllStringFunc(text, func(found string) string {
		parts := f.place.FindStringSubmatch(found)
		return parts[1] + f.value + parts[2]
	}), nil
}
