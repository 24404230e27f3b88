package histories

import "testing"

// TestAccounts_fifty: many accounts in one run, more than are read at a time.
func TestAccounts_fifty(t *testing.T) {
	long(t)
	w := several(t, 50)
	w.spec["page_size"] = 50
	w.requireSync()
	w.requireTruth(all...)
}
