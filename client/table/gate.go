package table

// Gate is a feature that an account may lack although its API has the table and its scopes cover it: an add-on, a plan,
// a permission.
type Gate struct {
	// Needs is the feature's name: "the Projects add-on".
	Needs string
	// Probe is the table whose list shows whether the account has the feature. It is small, always read in full, and
	// specific to the gate. nil stands for the table's own list.
	Probe func() *Table
	// AnyNotFound is true if the probe's route does not exist for accounts without the feature. A 404 with a page
	// of HTML then means the same as one with JSON.
	AnyNotFound bool
}

// Probe is the table whose list shows before a run whether an account has t. It is the gate's, or t itself if it is
// read in full, since the answer then has its rows. It is nil for the other tables: only their own readings show it.
// That suffices for tables on request, which may be long: a run that names them fails without them.
func (t *Table) Probe() *Table {
	switch {
	case t.Gate != nil && t.Gate.Probe != nil:
		return t.Gate.Probe()
	case t.Incremental, t.Core, t.OnRequest, t.Parent != nil, t.Describes != nil:
		return nil
	}
	return t
}
