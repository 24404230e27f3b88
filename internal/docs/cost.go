package docs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// list is a list of API v2 and its uses.
type list struct {
	pipedrive.Listing
	Records   string   // the records that decide the number of its requests: its own, or the parents of children
	groups    []string // groups of those records, like `archived deals`; no request has records of two groups
	Timed     bool     // whether a run with a state reads only changed records
	always    bool     // whether a run reads it even if no set-up table is due
	tables    []string
	counted   []string // the counted records of each of the tables
	cut       []string // the tables whose records are cut from the list's own
	lookedUp  []string // the tables that look up columns in it
	fields    bool     // whether it is a list of custom fields
	fieldsFor []string // the tables that have these
	fieldsOf  string   // the table of fields that it belongs to; "" for none
}

// byDefault are the tables that a wildcard for all tables reads; onRequest are the others.
func byDefault() []*table.Table {
	return slices.DeleteFunc(tables.All(), func(t *table.Table) bool { return t.OnRequest })
}

func onRequest() []*table.Table {
	return slices.DeleteFunc(tables.All(), func(t *table.Table) bool { return !t.OnRequest })
}

// lists are the lists that a run over all tables reads by default, each once.
func lists() []*list { return listsOf(byDefault()) }

// listsOf are the lists that a run over some tables reads, each once.
func listsOf(some []*table.Table) []*list {
	var all []*list
	add := func(t *table.Table, note func(*list)) {
		for _, l := range listings(t) {
			i := slices.IndexFunc(all, func(other *list) bool { return other.Key() == l.Key() })
			if i < 0 {
				i = len(all)
				records := counted(t)
				all = append(all, &list{Listing: l, Records: records, groups: groups(t, l), Timed: t.Incremental})
			}
			note(all[i])
		}
	}
	for _, cut := range []bool{false, true} { // the tables of a list's own records come first
		for _, t := range some {
			if t.IsCut() == cut {
				add(t, func(l *list) {
					l.tables, l.counted = append(l.tables, t.Name()), append(l.counted, counted(t))
					if cut {
						l.cut = append(l.cut, t.Name())
					}
					l.always = l.always || !t.Setup
				})
			}
		}
	}
	for _, t := range some {
		if t.Fields != nil {
			add(t.Fields, func(l *list) {
				l.fields = true
				l.fieldsFor = append(l.fieldsFor, t.Name())
				l.always = l.always || t.HasCustomFields()
			})
		}
		for _, d := range t.Describes {
			add(d.Fields, func(l *list) { l.fieldsOf = t.Name() })
		}
		for _, c := range t.Columns {
			if looked := c.SourceFor("", t.Form(table.V2)).Lookup(); looked != nil {
				add(looked.Table, func(l *list) { l.lookUpFor(t) })
			}
		}
	}
	return all
}

// counted are the records that decide the number of a table's requests: its own, or the parents of children.
func counted(t *table.Table) string {
	records := t.Records
	if t.Parent != nil {
		records = t.Parent.Table.Records
		if with, ok := strings.CutSuffix(t.Parent.Count, "_count"); ok {
			records += " with " + map[bool]string{true: "further "}[t.Parent.Own != ""] + with
		}
		if t.Parent.Moved != "" {
			records += " that moved"
		}
	}
	return strings.ReplaceAll(records, "_", " ")
}

// groups are the groups of the counted records, given one of a table's listings: those of the listing itself, or of the
// listings of children's parents.
func groups(t *table.Table, l pipedrive.Listing) (names []string) {
	of := []pipedrive.Listing{l}
	if t.Parent != nil && !t.IsCut() {
		of = listings(t.Parent.Table)
	}
	for _, l := range of {
		names = append(names, map[bool]string{true: "archived "}[l.Archived]+counted(t))
	}
	return names
}

// lookUpFor records that a table looks up columns in the list. An incremental table without changes sends no row
// and looks nothing up.
func (l *list) lookUpFor(t *table.Table) {
	if !slices.Contains(l.lookedUp, t.Name()) {
		l.lookedUp = append(l.lookedUp, t.Name())
	}
	l.always = l.always || !t.Setup && !t.Incremental
}

// ReadFor describes the uses of a list.
func (l *list) ReadFor() string {
	var all []string
	if l.LogIn {
		all = append(all, "the log-in of each run")
	}
	for i, name := range code(l.tables) {
		if l.Archived {
			name += ", unless `archived: false`"
		}
		if l.Parent.Batch > 0 && !slices.Contains(l.cut, l.tables[i]) {
			name += ", " + asks(l.Listing, l.counted[i])
		}
		all = append(all, name)
	}
	switch {
	case l.fields && l.fieldsOf != "":
		all = append(all, "custom fields, and `"+l.fieldsOf+"` from the same answer")
	case l.fields:
		all = append(all, "custom fields")
	case l.fieldsOf != "":
		all = append(all, "`"+l.fieldsOf+"`")
	}
	if len(l.lookedUp) > 0 {
		all = append(all, "looked-up columns of "+strings.Join(code(l.lookedUp), ", ")+", from the same answer")
	}
	return strings.Join(all, "; ")
}

// asks describes the number of requests of a list of the children of some records.
func asks(l pipedrive.Listing, parents string) string {
	if l.Parent.Batch == 1 {
		return "one request for each of the " + parents
	}
	return fmt.Sprintf("one request for each %d of the %s", l.Parent.Batch, parents)
}

// records is the number of records per request: the new ones of a page, or parents.
func (l *list) records() int {
	switch {
	case l.Parent.Batch > 0:
		return l.Parent.Batch
	case l.Paging == pipedrive.Offset:
		return l.Most() - 1
	}
	return l.Most()
}

// records are the numbers of an account's records, by the names of lists.
type records map[string]int

// cost is the cost of a run that reads a share of the records, in API tokens.
func cost(of records, share float64) int {
	tokens := 0
	for _, l := range lists() {
		tokens += l.requests(of, share) * l.Cost
	}
	return tokens
}

// requests is the number of requests for a list in a run that reads a share of the records. Each run reads the last
// changed record of a list again, but not that record's children.
func (l *list) requests(of records, share float64) (requests int) {
	if !l.Timed && l.Parent.Batch == 0 {
		return 1
	}
	for _, group := range l.groups {
		n := float64(of[group])
		if l.Timed {
			n *= share
		}
		if l.Timed && (share > 0 || l.Parent.Batch == 0) {
			n = max(1, n)
		}
		requests += int(math.Ceil(n / float64(l.records())))
	}
	return requests
}

// boards is the number of project boards in the examples' accounts.
const boards = 2

// quiet is the cost of a run with a state in which nothing changed.
func quiet() int { return cost(records{"project boards": boards}, 0) }

// setup is the cost of the lists that a run skips if no set-up table is due.
func setup() (tokens int) {
	for _, l := range lists() {
		if !l.always {
			tokens += l.Cost
		}
	}
	return tokens
}

// looks is the cost of the look for records without an update_time.
func looks() (tokens int) {
	for _, l := range lists() {
		if l.Timed && l.Listing.Timed() {
			tokens += 2 * l.Cost
		}
	}
	return tokens
}

// archive is the cost of a page of each list of archived records.
func archive() (tokens int) {
	for _, l := range lists() {
		if l.Parent.Batch > 0 {
			continue
		}
		for _, group := range l.groups {
			if strings.HasPrefix(group, "archived ") {
				tokens += l.Cost
			}
		}
	}
	return tokens
}

// fieldLists is the cost of a page of each list of fields.
func fieldLists() (tokens int) {
	for _, l := range lists() {
		if l.fields || l.fieldsOf != "" {
			tokens += l.Cost
		}
	}
	return tokens
}

// secondLook is the cost of requesting the missing records of incremental tables once more.
func secondLook() string {
	prices := map[string][]string{}
	var order, never []string
	for _, t := range byDefault() {
		listings := t.Listings(table.V2)
		for i, l := range listings {
			price := fmt.Sprintf("%d for each %d", l.Cost, l.ByIDs)
			if l.ByIDs == 0 {
				price = fmt.Sprintf("%d for each page of", l.Cost)
			}
			switch last := i == len(listings)-1; {
			case !t.Incremental || t.Runs || t.Parent != nil:
			case l.ByIDs > 0 || !last:
				if prices[price] == nil {
					order = append(order, price)
				}
				prices[price] = append(prices[price], groups(t, l)...)
			case len(listings) == 1:
				never = append(never, groups(t, l)...)
			}
		}
	}
	for i, price := range order {
		order[i] = price + " " + either(prices[price])
	}
	return strings.Join(order, "; ") + "; none for " + either(never) + ", which are in one list and can't be requested by id"
}

// either lists some words: "a, b or c".
func either(words []string) string { return enumerate(words, " or ") }

// enumerate lists some words, with another word before the last one.
func enumerate(words []string, last string) string {
	n := len(words) - 1
	if n < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n], ", ") + last + words[n]
}

// formula is the cost formula of a run over all tables.
func formula() string {
	constant, costs := 0, map[string]int{}
	var requests []string // each once, although several lists may take as many
	for _, l := range lists() {
		if !l.Timed && l.Parent.Batch == 0 {
			constant += l.Cost
			continue
		}
		for _, group := range l.groups {
			n := fmt.Sprintf("⌈%s/%d⌉", group, l.records())
			if costs[n] == 0 {
				requests = append(requests, n)
			}
			costs[n] += l.Cost
		}
	}
	terms := []string{strconv.Itoa(constant)}
	for _, n := range requests {
		terms = append(terms, fmt.Sprintf("%d·%s", costs[n], n))
	}
	return strings.Join(terms, " + ")
}

// accounts are the examples of docs/cost.md.
var accounts = []records{
	{"persons": 1000, "organizations": 500, "deals": 1000, "notes": 1000, "project boards": boards},
	{"persons": 10_000, "organizations": 3000, "deals": 4500, "archived deals": 500, "notes": 10_000, "project boards": boards},
	{"persons": 40_000, "organizations": 15_000, "deals": 16_000, "archived deals": 2000, "notes": 30_000, "project boards": boards},
}

// changed is the share of records that change between two runs in the examples.
const changed = 0.03

// row is a line of a Markdown table.
func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

func number(n int) string { return humanize.Comma(int64(n)) }

// listRows are the lists of tables with their costs.
func listRows(all []*list) (rows string) {
	for _, l := range all {
		rows += row("`"+l.Key()+"`", strconv.Itoa(l.Cost), l.ReadFor())
	}
	return rows
}

// listsOnRequest are the lists that only tables on request need.
func listsOnRequest() []*list {
	usual := lists()
	return slices.DeleteFunc(listsOf(onRequest()), func(l *list) bool {
		return slices.ContainsFunc(usual, func(other *list) bool { return other.Key() == l.Key() })
	})
}

func accountRows() (rows string) {
	for _, a := range accounts {
		var has []string
		for _, name := range []string{"persons", "organizations", "deals", "archived deals", "notes"} {
			if a[name] > 0 {
				has = append(has, number(a[name])+" "+name)
			}
		}
		rows += row(strings.Join(has, ", "), number(cost(a, 1)), number(cost(a, changed)))
	}
	return rows
}

// plans are Pipedrive's plans and their API tokens, by day and seat.
var plans = []struct {
	name   string
	tokens int
}{{"Lite", 30_000}, {"Growth", 60_000}, {"Premium", 150_000}, {"Ultimate", 210_000}}

// again is the least cost of a reading of children whose parents did not change.
func again() (tokens int) {
	for _, t := range byDefault() {
		if t.Parent == nil {
			continue
		}
		for _, l := range slices.Concat(t.Parent.Recheck, listings(t)[:min(1, len(t.Parent.Recheck))]) {
			tokens += l.Cost
		}
	}
	return tokens
}

// day is the cost of a day of runs in which nothing changed.
func day(runs int) int { return runs*quiet() + looks() + again() }

func planRows() (rows string) {
	rows += row("all plans: tokens", "", number(day(24)), number(day(24*4)), number(day(24*12)))
	for _, p := range plans {
		cells := []string{p.name, number(p.tokens)}
		for _, runs := range []int{24, 24 * 4, 24 * 12} {
			cell := "too much"
			if share := percent(day(runs), p.tokens); share <= 100 {
				cell = fmt.Sprintf("%d %%", share)
			}
			cells = append(cells, cell)
		}
		rows += row(cells...)
	}
	return rows
}

func percent(part, whole int) int { return int(math.Round(100 * float64(part) / float64(whole))) }

// scopeRows are the tables with their OAuth scopes and other needs; tables with the same needs share a row.
func scopeRows() string { return tableScopes() + besideScopes() }

func tableScopes() (rows string) {
	type needs struct{ scopes, besides string }
	var order []needs
	tablesOf := map[needs][]string{}
	for _, t := range tables.All() {
		if listings := listings(t); len(listings) > 0 {
			n := needs{scopes: strings.Join(code(listings[0].Scopes), ", ")}
			if t.Gate != nil {
				n.besides = t.Gate.Needs
			}
			if tablesOf[n] == nil {
				order = append(order, n)
			}
			tablesOf[n] = append(tablesOf[n], t.Name())
		}
	}
	for _, n := range order {
		rows += row(strings.Join(code(tablesOf[n]), ", "), n.scopes, n.besides)
	}
	return rows
}

// besideScopes are the scopes of the lists that tables need besides their own.
func besideScopes() (rows string) {
	for _, t := range tables.All() {
		if t.Describes != nil {
			rows += row("`"+t.Name()+"`", "lists the fields of the tables above that the account has", "")
		}
	}
	for _, l := range lists() {
		if apart := l.apart(l.fieldsFor); len(apart) > 0 {
			rows += row("custom fields of "+strings.Join(code(apart), ", "),
				strings.Join(code(l.Scopes), ", ")+"; without it they are in the column `custom_fields` only, their options as text", "")
		}
		if apart := l.apart(l.lookedUp); len(apart) > 0 {
			rows += row("looked-up columns of "+strings.Join(code(apart), ", "),
				strings.Join(code(l.Scopes), ", ")+"; without it they are NULL, and the log says so", "")
		}
	}
	return rows
}

// apart are the tables whose scopes do not cover the list.
func (l *list) apart(some []string) (names []string) {
	for _, t := range tables.All() {
		for _, of := range t.Listings(table.V2) {
			lacking := func(scope string) bool { return !slices.Contains(l.Scopes, scope) }
			if slices.Contains(some, t.Name()) && !slices.Contains(names, t.Name()) && slices.ContainsFunc(of.Scopes, lacking) {
				names = append(names, t.Name())
			}
		}
	}
	return names
}

// coreTables are the tables that belong to every account.
func coreTables() string { return those(func(t *table.Table) bool { return t.Core }) }

// unprobedTables are the other tables. Only their own reading shows that an account lacks them.
func unprobedTables() string {
	return those(func(t *table.Table) bool {
		return !t.Core && !t.OnRequest && !t.Runs && t.Describes == nil && t.Probe() == nil
	})
}

// those are the tables with a property.
func those(property func(*table.Table) bool) string {
	var names []string
	for _, t := range tables.All() {
		if property(t) {
			names = append(names, t.Name())
		}
	}
	return strings.Join(code(names), ", ")
}

// withCustomFields are the types of record that have custom fields.
func withCustomFields() string {
	var records []string
	for _, t := range tables.All() {
		if t.HasCustomFields() {
			records = append(records, strings.ReplaceAll(t.Records, "_", " "))
		}
	}
	return enumerate(records, " and ")
}

// readingRows are the tables that are read by default, by the way a run with a state reads them.
func readingRows() string {
	var timed, newest, children, setup, full []string
	for _, t := range byDefault() {
		name := "`" + t.Name() + "`"
		listings := listings(t)
		switch {
		case t.Runs:
		case t.Incremental && slices.ContainsFunc(listings, pipedrive.Listing.Timed):
			timed = append(timed, name)
		case t.Incremental && t.Parent != nil:
			children = append(children, name)
		case t.Setup:
			setup = append(setup, name)
		case !t.Incremental:
			full = append(full, name)
		}
		for _, l := range listings {
			if t.Incremental && !l.Timed() && l.NewestFirst != nil {
				newest = append(newest, map[bool]string{true: "archived "}[l.Archived]+name)
			}
		}
	}
	return row(strings.Join(timed, ", "), "the changes, by `update_time`", "Pipedrive can filter them by time") +
		row(strings.Join(newest, ", "), "the newest records, by `update_time`, back to the last run",
			"Pipedrive can sort them by time, but not filter them") +
		row(strings.Join(children, ", "), "those of the deals that changed, by the deals' `update_time`",
			"Pipedrive lists them by deal, and can neither sort nor filter them by the deals' times") +
		row(strings.Join(full, ", "), "everything, every time",
			"Pipedrive can't filter them; deleted records leave the table") +
		row(strings.Join(setup, ", "), "everything, every time or by `lists_every`",
			"the same; these lists have a page or two and rarely change")
}
