// Package memory keeps the memory of a program small, without a price in CPU time for a program that needs more.
package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Limit sets the soft limit of Go's runtime to least bytes, unless GOMEMLIMIT sets another. A fixed limit below the
// memory that is in use makes the garbage collector run all the time, for up to half of the CPU time. So after each
// collection the limit follows the bytes in use: it leaves a quarter of them for new ones.
func Limit(least int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(least)
		followCollections(least)
	}
}

// collection is collected by the next collection. A pointer keeps it apart from other small values.
type collection struct{ _ *byte }

// followCollections has the limit follow each collection from the next one on.
func followCollections(least int64) {
	runtime.AddCleanup(new(collection), func(least int64) {
		if enough := enough(least); enough != debug.SetMemoryLimit(-1) {
			debug.SetMemoryLimit(enough)
		}
		followCollections(least)
	}, least)
}

// runtimeBytes is about what Go's runtime takes beside the heap, like stacks and its own structures.
const runtimeBytes = 8 << 20

// step is what limits are multiples of, so that few collections change the limit.
const step = 4 << 20

// enough returns the limit for the bytes in use, in whole steps above least.
func enough(least int64) int64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	more := int64(live[0].Value.Uint64())/4*5 + runtimeBytes - least
	return least + max(0, (more+step-1)/step*step)
}
