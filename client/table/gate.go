package table

// Gate is a feature that an account may lack although its API has the table and its scopes cover it: an add-on, a plan,
// a permission.
type Gate struct {
	// Needs is the feature's name: "the Projects add-on".
	Needs string
	// Probe is the table whose list shows before a run whether the account has the feature. It is small, and always read
	// in full, and tells gates apart. Without a probe only the reading itself shows it.
	Probe func() *Table
	// AnyNotFound is true where the probe's route does not exist for accounts without the feature, so that a 404 which is
	// a page of HTML says the same as one in JSON.
	AnyNotFound bool
}

// ProbedBy reports whether a table's list is the gate's probe. No gate has none.
func (g *Gate) ProbedBy(t *Table) bool {
	return g != nil && g.Probe != nil && g.Probe().Records == t.Records
}
