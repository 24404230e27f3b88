package client

import (
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
)

// Machine is the machine that a run is on, as far as tests have another one than they run on.
type Machine struct {
	// Now is its clock.
	Now func() time.Time
	// Lease are the times of the lease that keeps two runs apart.
	Lease progress.LeaseTimes
	// Windows are the sizes of windows; the zero Sizes for plan.DefaultSizes.
	Windows plan.Sizes
}

// ThisMachine is the machine that the program runs on.
var ThisMachine = Machine{Now: time.Now, Lease: progress.DefaultLeaseTimes()}
