//go:build unix

// Package measure measures the cost of functions for benchmarks, for ratios within one run.
package measure

import (
	"runtime"
	"syscall"
	"time"
)

// Spent is the cost of a function in this process.
type Spent struct {
	Took, CPU   time.Duration
	Allocations uint64
	Bytes       uint64 // allocated
	Peak        uint64 // of the heap in use, in bytes
}

// Of runs f and measures it.
func Of(f func()) Spent {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- peakUntil(done) }()
	cpu, begin := cpuTime(), time.Now()
	f()
	s := Spent{Took: time.Since(begin), CPU: cpuTime() - cpu}
	close(done)
	s.Peak = <-peak
	runtime.ReadMemStats(&after)
	s.Allocations, s.Bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	return s
}

// peakUntil samples the heap every few milliseconds.
func peakUntil(done <-chan struct{}) uint64 {
	var most uint64
	for {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapInuse)
		select {
		case <-done:
			return most
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// cpuTime is the CPU time that this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
