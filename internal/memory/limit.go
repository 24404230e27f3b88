// Package memory keeps the memory of a program small, without a price in CPU time for a program that needs more.
package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Limit sets the soft limit of Go's runtime to least bytes, unless GOMEMLIMIT sets another one. If a program needs
// more memory than a fixed limit, the garbage collector runs all the time, for up to half of the CPU time. So after
// each collection the limit is set a quarter above the bytes in use.
func Limit(least int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(least)
		followCollections(least)
	}
}

// collection is an object for the next garbage collection to free. With a pointer, it does not share a block with
// other small values.
type collection struct{ _ *byte }

// followCollections sets the limit after each garbage collection.
func followCollections(least int64) {
	runtime.AddCleanup(new(collection), func(least int64) {
		if enough := enough(least); enough != debug.SetMemoryLimit(-1) {
			debug.SetMemoryLimit(enough)
		}
		followCollections(least)
	}, least)
}

// runtimeBytes is the approximate memory of Go's runtime in addition to the heap, like stacks and its own structures.
const runtimeBytes = 8 << 20

// step is the unit of limits. Thanks to its size, few collections change the limit.
const step = 4 << 20

// enough returns the limit for the bytes in use, in whole steps above least.
func enough(least int64) int64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	more := int64(live[0].Value.Uint64())/4*5 + runtimeBytes - least
	return least + max(0, (more+step-1)/step*step)
}
