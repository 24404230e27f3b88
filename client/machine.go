package client

import "time"

// Machine is the machine that a run is on, as far as tests have another one than they run on.
type Machine struct {
	// Now is its clock.
	Now func() time.Time
}

// ThisMachine is the machine that the program runs on.
var ThisMachine = Machine{Now: time.Now}
