package memory

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimit_followsTheBytesInUse(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	const least, much = 16 << 20, 128 << 20
	becomes := func(is func(limit int64) bool, why string) {
		require.Eventually(t, func() bool {
			runtime.GC() // the limit follows in a goroutine
			return is(debug.SetMemoryLimit(-1))
		}, 10*time.Second, time.Millisecond, why)
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	Limit(least)
	require.Equal(t, before, debug.SetMemoryLimit(-1), "the user's own limit stays")

	t.Setenv("GOMEMLIMIT", "")
	Limit(least)
	require.Equal(t, int64(least), debug.SetMemoryLimit(-1))
	held := make([]byte, much)
	becomes(func(limit int64) bool { return limit >= much*5/4 && limit < much*3/2 }, "there is room for new bytes")
	runtime.KeepAlive(held)
	becomes(func(limit int64) bool { return limit == least }, "what was held is free")
}
