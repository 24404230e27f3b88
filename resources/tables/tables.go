// Package tables declares the plugin's tables, one file each.
package tables

import (
	"slices"
	"sync"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Lists are the tables and all lists that their columns need, each once.
func Lists() []*table.Table {
	lists := All()
	add := func(t *table.Table) {
		if t != nil && !slices.ContainsFunc(lists, func(l *table.Table) bool { return l.Records == t.Records }) {
			lists = append(lists, t)
		}
	}
	for _, t := range All() {
		add(t.Fields)
		for _, d := range t.Describes {
			add(d.Fields)
		}
		for _, c := range t.Columns {
			if looked := c.SourceFor("", t.Form(table.V2)).Lookup(); looked != nil {
				add(looked.Table)
			}
		}
	}
	return lists
}

// Histories are the tables with the versions of the records that the spec's key history may name.
func Histories() []*table.Table {
	var histories []*table.Table
	for _, t := range All() {
		if t.Versioned {
			histories = append(histories, table.History(t))
		}
	}
	return histories
}

// Versioned are the types of record that the spec's key history may name.
func Versioned() []string {
	var types []string
	for _, h := range Histories() {
		types = append(types, h.Of.Records)
	}
	return types
}

// All are the plugin's tables, without the histories of their records. A new table is one file beside this one and one line here.
// Nobody changes them.
func All() []*table.Table { return slices.Clone(all()) }

var all = sync.OnceValue(func() []*table.Table {
	return table.Markable([]*table.Table{
		activities(),
		activityAttendees(),
		activityParticipants(),
		activityTypes(),
		callLogs(),
		company(),
		currencies(),
		dealDiscounts(),
		dealFollowers(),
		dealChangelog(),
		dealInstallments(),
		dealMailMessages(),
		dealParticipants(),
		dealProducts(),
		dealStageChanges(),
		deals(),
		fields(),
		files(),
		filters(),
		goalResults(),
		goals(),
		leadLabels(),
		leadSources(),
		leads(),
		mailMessages(),
		mailThreads(),
		noteComments(),
		notes(),
		organizationFollowers(),
		organizationChangelog(),
		organizationRelationships(),
		organizations(),
		permissionSetAssignments(),
		permissionSets(),
		personChangelog(),
		personEmails(),
		personFollowers(),
		personPhones(),
		persons(),
		pipelines(),
		productPrices(),
		productVariationPrices(),
		productVariations(),
		products(),
		projectBoards(),
		projectChangelog(),
		projectPhases(),
		projectTemplates(),
		projects(),
		roleAssignments(),
		roleSettings(),
		roles(),
		stages(),
		syncs(),
		tasks(),
		teamMembers(),
		teams(),
		users(),
	})
})
