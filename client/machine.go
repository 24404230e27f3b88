package client

import (
	"net/http"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
)

// Machine is the machine of a run. Tests replace the real one.
type Machine struct {
	// Now is its clock.
	Now func() time.Time
	// Lease are the time limits of the lease that prevents overlapping runs.
	Lease progress.LeaseTimes
	// Windows are the sizes of windows; zero for plan.DefaultSizes.
	Windows plan.Sizes
	// Transport sends its requests; nil for http.DefaultTransport.
	Transport http.RoundTripper
}

// ThisMachine is the machine that the program runs on.
var ThisMachine = Machine{Now: time.Now, Lease: progress.DefaultLeaseTimes()}
