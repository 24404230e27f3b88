//go:build !race

package sqlite

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/stretchr/testify/require"
)

const measured = "SQLITE_MEMORY_IS_MEASURED"

// The measurement has its own process, to exclude the memory of other tests. `make test` runs this test without the
// race detector, which needs several times the memory.
func TestWrite_needsLittleMemory(t *testing.T) {
	if os.Getenv(measured) != "" {
		writeMuch(t)
		return
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), measured+"=1", "TMPDIR="+t.TempDir())
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Less(t, peakOf(t, string(out)), 100, "MiB for 80 MiB of rows: a page cache for all of it would need twice that")
}

// writeMuch writes 40,000 rows of 60 columns and 40 of 1 MiB.
func writeMuch(t *testing.T) {
	t.Helper()
	client := newClient(t, newFile(t))
	wide, large := wideTable(), dealsTable()
	require.NoError(t, write(t.Context(), client, migration(wide), migration(large)))
	stream := make(chan message.WriteMessage)
	go func() {
		defer close(stream)
		for i := range 80 {
			stream <- &message.WriteInsert{Record: wideRecord(wide, i*500, 500)}
		}
		for i := range 40 {
			stream <- rows(t, large, deal("a", syncedAt, i, strings.Repeat("x", 1<<20)))
		}
	}()
	require.NoError(t, client.Write(t.Context(), stream))
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, err = os.Stdout.Write(status)
	require.NoError(t, err)
}

// peakOf returns the greatest resident memory of a process, in MiB.
func peakOf(t *testing.T, status string) int {
	t.Helper()
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(status)
	require.NotNil(t, found, status)
	kib, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return kib / 1024
}
