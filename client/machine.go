package client

import "time"

// Machine is the machine that a run is on, as far as tests have another one than they run on.
type Machine struct {
	// Now is its clock.
	Now func() time.Time
	// Lease are the times of the lease that keeps two runs apart.
	Lease LeaseTimes
}

// ThisMachine is the machine that the program runs on.
var ThisMachine = Machine{
	Now:   time.Now,
	Lease: LeaseTimes{Beat: 20 * time.Second, Expiry: 90 * time.Second, Poll: 2 * time.Second, Settle: 250 * time.Millisecond},
}
