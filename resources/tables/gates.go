package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

// administrator is the gate of lists that only an administrator of the account can read.
func administrator() *table.Gate {
	return &table.Gate{Needs: "an administrator's permissions", Probe: roles}
}

// projectsAddOn is the gate of the lists of projects.
func projectsAddOn() *table.Gate {
	return &table.Gate{Needs: "the Projects add-on", Probe: projectBoards, AnyNotFound: true}
}
