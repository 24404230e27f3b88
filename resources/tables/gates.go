package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

// administrator is the gate of a table that only administrators can read. The probe is the table's own list, since
// a user's permissions differ between apps.
func administrator() *table.Gate {
	return &table.Gate{Needs: "an administrator's permissions"}
}

// projectsAddOn is the gate of the lists of projects.
func projectsAddOn() *table.Gate {
	return &table.Gate{Needs: "the Projects add-on", Probe: projectBoards, AnyNotFound: true}
}

// legacyTeams is the gate of teams, which Pipedrive has switched off for some accounts.
func legacyTeams() *table.Gate {
	return &table.Gate{Needs: "Pipedrive's legacy teams", Probe: teams, AnyNotFound: true}
}

// growthPlan is the gate of installments. Only reading them shows whether the account has it.
func growthPlan() *table.Gate {
	return &table.Gate{Needs: "the Growth plan or a larger one", AnyNotFound: true}
}
