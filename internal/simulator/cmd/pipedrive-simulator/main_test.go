//go:build unix

package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// output is a file and its content.
type output struct {
	*os.File
	t *testing.T
}

func newOutput(t *testing.T) output {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return output{f, t}
}

func (o output) String() string {
	b, err := os.ReadFile(o.Name())
	require.NoError(o.t, err)
	return string(b)
}

var few = []string{"-deals", "3", "-persons", "3", "-organizations", "3", "-notes", "3"}

// TestMain lets the test's own program be the command: it requests two lists, prints the statuses and exits with
// 7.
func TestMain(m *testing.M) {
	url := os.Getenv("PIPEDRIVE_API_URL")
	if url == "" {
		os.Exit(m.Run())
	}
	for _, path := range []string{"/api/v2/deals", "/v1/notes"} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url+path, http.NoBody)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("x-api-token", os.Getenv("PIPEDRIVE_API_TOKEN"))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		answer.Body.Close()
		fmt.Print(answer.StatusCode, " ")
	}
	os.Exit(7)
}

func TestRun_givesTheCommandTheServerAndItsExitCode(t *testing.T) {
	stdout, stderr := newOutput(t), newOutput(t)
	args := slices.Concat(few, []string{"-token", "secret", "-fault", "path=/v1/notes,do=502", "--", os.Args[0]})
	code, err := run(args, stdout.File, stderr.File)
	require.NoError(t, err)
	assert.Equal(t, 7, code)
	assert.Equal(t, "200 502 ", stdout.String())
	assert.Contains(t, stderr.String(), "2 requests, 10 API tokens")
	assert.Contains(t, stderr.String(), "/api/v2/deals")
}

func TestParse_recordsAndWhatTheAccountLacks(t *testing.T) {
	stderr := newOutput(t)
	s, err := parse([]string{"-records", "leads=900", "-records", "files=7", "-refuse", "projects=402"}, stderr.File)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"leads": 900, "files": 7}, s.company.Records)
	assert.Equal(t, map[string]int{"projects": 402}, s.refused)
	for setting, says := range map[string]string{"leads": "not name=number", "deals=-1": "not name=number", "pets=1": "unknown name"} {
		_, err := parse([]string{"-records", setting}, stderr.File)
		assert.ErrorContains(t, err, says, setting)
	}
}

func TestRun_passesSignalsOn(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		code   int
	}{
		"handled":   {`trap 'exit 5' TERM; kill -TERM $PPID; sleep 60 & wait`, 5},
		"unhandled": {`kill -TERM $PPID; sleep 60`, 128 + int(syscall.SIGTERM)},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr := newOutput(t), newOutput(t)
			code, err := run(append(few, "--", "sh", "-c", c.script), stdout.File, stderr.File)
			require.NoError(t, err)
			assert.Equal(t, c.code, code)
		})
	}
}

func TestRun_leavesNoChildBehind(t *testing.T) {
	stdout, stderr := newOutput(t), newOutput(t)
	code, err := run(append(few, "--", "sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"), stdout.File, stderr.File)
	require.NoError(t, err)
	assert.Zero(t, code)
	pid, err := strconv.Atoi(strings.TrimSpace(stdout.String()))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return !running(pid) }, waitFor, tick)
}

func TestRun_refusesUnknownArguments(t *testing.T) {
	stdout, stderr := newOutput(t), newOutput(t)
	code, _ := run([]string{"-fault", "do=explode"}, stdout.File, stderr.File)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr.String(), "unknown action")
	code, err := run(append(few, "--", "/no/such/command"), stdout.File, stderr.File)
	assert.Equal(t, 127, code)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
