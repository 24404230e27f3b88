package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// A third of the resident memory is the programs' own code.
func TestSync_needsLittleMemory(t *testing.T) {
	s := newSetup(t, simulator.Generate(simulator.Config{
		Seed: 1, CompanyID: 4711, Deals: 10_000, Persons: 10_000, Organizations: 3_000, Notes: 10_000, CustomFieldsPerEntity: 30,
	}))
	s.backend = true
	var mu sync.Mutex
	peaks := map[string]int{}
	watched := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		for _, program := range []string{"cq-source-pipedrive", "cq-destination-sqlite"} {
			peaks[program] = max(peaks[program], s.peak(program))
		}
		mu.Unlock()
		s.simulator.ServeHTTP(w, r)
	}))
	defer watched.Close()
	s.url = watched.URL
	s.sync()
	t.Log(peaks)
	require.NotZero(t, peaks["cq-source-pipedrive"])
	require.NotZero(t, peaks["cq-destination-sqlite"])
	require.Less(t, peaks["cq-source-pipedrive"], 90, "MiB")
	require.Less(t, peaks["cq-destination-sqlite"], 110, "MiB")
}

// peak is the maximum resident memory, in MiB, of the setup's process of a program.
func (s *setup) peak(program string) int {
	most := 0
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		if !strings.HasPrefix(string(command), s.program(program)+"\x00") {
			continue
		}
		status, _ := os.ReadFile(filepath.Join(process, "status"))
		if found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status); found != nil {
			kib, err := strconv.Atoi(string(found[1]))
			require.NoError(s.t, err)
			most = max(most, kib/1024)
		}
	}
	return most
}
