package pipedrive

import (
	"sync/atomic"
	"time"
)

// Meter counts the cost of reading a table, an account or a run. It is safe for concurrent use; a nil Meter counts
// nothing.
type Meter struct {
	// Whole is the meter that this one is a part of; nil for none. It counts the same requests.
	Whole *Meter

	requests, tokens, retries, waits atomic.Int64
}

// Requests returns the number of sent requests, including repeated ones.
func (m *Meter) Requests() int64 { return m.requests.Load() }

// Tokens returns the number of API tokens that the answered requests cost.
func (m *Meter) Tokens() int64 { return m.tokens.Load() }

// Retries returns the number of repeated requests.
func (m *Meter) Retries() int64 { return m.retries.Load() }

// Waited returns the time spent waiting for limits.
func (m *Meter) Waited() time.Duration { return time.Duration(m.waits.Load()) }

func (m *Meter) requested() {
	for ; m != nil; m = m.Whole {
		m.requests.Add(1)
	}
}

func (m *Meter) charged(tokens int) {
	for ; m != nil; m = m.Whole {
		m.tokens.Add(int64(tokens))
	}
}

func (m *Meter) retried() {
	for ; m != nil; m = m.Whole {
		m.retries.Add(1)
	}
}

func (m *Meter) waited(d time.Duration) {
	for ; m != nil; m = m.Whole {
		m.waits.Add(int64(d))
	}
}
