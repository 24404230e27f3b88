package client

import (
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
)

// Machine is the machine that a run is on, as far as tests have another one than they run on.
type Machine struct {
	// Now is its clock.
	Now func() time.Time
	// Lease are the times of the lease that keeps two runs apart.
	Lease progress.LeaseTimes
}

// ThisMachine is the machine that the program runs on.
var ThisMachine = Machine{Now: time.Now, Lease: progress.DefaultLeaseTimes()}
