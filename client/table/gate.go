package table

// Gate is a feature that an account may lack although its API has the table and its scopes cover it: an add-on, a plan,
// a permission.
type Gate struct {
	// Needs is the feature's name: "the Projects add-on".
	Needs string
	// Probe is the table whose list shows before a run whether the account has the feature. It is small, always
	// read in full, and specific to the gate. Without a probe, only reading the table itself shows it.
	Probe func() *Table
	// AnyNotFound is true if the probe's route does not exist for accounts without the feature. A 404 with a page
	// of HTML then means the same as one with JSON.
	AnyNotFound bool
}

// ProbedBy reports whether a table's list is the gate's probe. A nil gate has none.
func (g *Gate) ProbedBy(t *Table) bool {
	return g != nil && g.Probe != nil && g.Probe().Records == t.Records
}
