package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

const schedules = "../../docs/schedules/config"

// schedule copies the files of the schedules, with SQLite as the warehouse and the simulator as Pipedrive.
func (s *setup) schedule() {
	require.NoError(s.t, os.CopyFS(s.dir, os.DirFS(schedules)))
	path := filepath.Join(s.dir, "pipedrive.yml")
	source, err := os.ReadFile(path)
	require.NoError(s.t, err)
	source = append(source, "    api_url: "+s.url+"\n"...)
	require.NoError(s.t, os.WriteFile(path, source, 0o600))
	s.backend = true
	_, warehouse, _ := strings.Cut(s.text(), "---\n")
	warehouse = strings.Replace(warehouse, "name: sqlite", "name: warehouse", 1)
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, "sqlite.yml"), []byte(warehouse), 0o600))
}

// shard runs one shard as the schedules do.
func (s *setup) shard(shard, registry, plugin string) {
	s.t.Helper()
	run := exec.CommandContext(s.t.Context(), "sh", filepath.Join(s.dir, "sync.sh"), "sqlite", shard)
	run.Dir = s.dir
	run.Env = append(os.Environ(), "CLOUDQUERY="+filepath.Join(built, "cloudquery"), "CQ_TELEMETRY_LEVEL=none",
		"PIPEDRIVE_PLUGIN_REGISTRY="+registry, "PIPEDRIVE_PLUGIN="+plugin, "PIPEDRIVE_API_TOKEN="+s.token)
	out, err := run.CombinedOutput()
	require.NoError(s.t, err, string(out))
}

// serving starts the plugin as its image does, and returns its address.
func (s *setup) serving() string {
	s.t.Helper()
	server := exec.CommandContext(s.t.Context(), s.program("cq-source-pipedrive"),
		"serve", "--address", "localhost:0", "--log-format", "json")
	out, err := server.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, server.Start())
	s.t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(s.t, err)
	var listening struct{ Address string }
	require.NoError(s.t, json.Unmarshal(line, &listening), string(line))
	return listening.Address
}

// TestSchedule_shardsTogetherReadEverything: with the plugin as a program or as a server, in a first run and after
// changes, with one table for the checkpoints of both shards.
func TestSchedule_shardsTogetherReadEverything(t *testing.T) {
	t.Parallel()
	for registry, path := range map[string]func(*setup) string{
		"local": func(s *setup) string { return s.program("cq-source-pipedrive") },
		"grpc":  (*setup).serving,
	} {
		t.Run(registry, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, small())
			stage := s.company.AddStage(simulator.Stage{Name: "gone", PipelineID: s.company.Truth("pipelines", everything)[0]["id"].(int64)})
			s.schedule()
			plugin := path(s)
			s.shard("1/2", registry, plugin)
			s.shard("2/2", registry, plugin)
			s.requireTruth(everything, records...)

			var names string
			require.NoError(t, s.open().QueryRow("SELECT group_concat(DISTINCT _cq_source_name) FROM pipedrive_persons").Scan(&names))
			require.Contains(t, []string{"pipedrive_1_2", "pipedrive_2_2"}, names, "one shard reads the table")

			s.company.Advance(time.Hour)
			s.company.DeleteStage(stage)
			for _, deal := range s.company.Truth("deals", everything)[:2] {
				s.company.DeleteDeal(deal["id"].(int64))
			}
			s.simulator.ResetUsage()
			s.shard("1/2", registry, plugin)
			s.shard("2/2", registry, plugin)
			s.requireTruth(everything, records...)
			for _, r := range s.simulator.Requests() {
				if slices.Contains([]string{"/api/v2/deals", "/api/v2/persons", "/api/v2/organizations"}, r.Path) {
					require.Contains(t, r.Query, "updated_since", "both go on from where they ended")
				}
			}
		})
	}
}

// The CLI itself succeeds even if the destination could not write rows.
func TestSchedule_failsWhereTheDestinationDid(t *testing.T) {
	t.Parallel()
	for errors, fails := range map[string]bool{"0": false, "1": true, "10": true} {
		cli := filepath.Join(t.TempDir(), "cloudquery")
		script := "#!/bin/sh\nwhile [ \"$1\" != --summary-location ]; do shift; done\n" +
			`echo '{"destination_errors":` + errors + `,"source_errors":0}' > "$2"`
		require.NoError(t, os.WriteFile(cli, []byte(script), 0o700))
		run := exec.Command("sh", filepath.Join(schedules, "sync.sh"), "sqlite", "1/1")
		run.Env = append(os.Environ(), "CLOUDQUERY="+cli)
		out, err := run.CombinedOutput()
		require.Equal(t, fails, err != nil, "%s errors: %s", errors, out)
	}
}

// TestSchedule_destinationsAreThoseOfTheExamples: only their names differ.
func TestSchedule_destinationsAreThoseOfTheExamples(t *testing.T) {
	t.Parallel()
	type block struct {
		Kind string
		Spec map[string]any
	}
	destination := func(path string) (b block) {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		for decoder := yaml.NewDecoder(bytes.NewReader(raw)); b.Kind != "destination"; {
			b = block{}
			require.NoError(t, decoder.Decode(&b))
		}
		return b
	}
	for _, name := range []string{"postgresql", "bigquery", "snowflake"} {
		want := destination(filepath.Join("../../docs/examples", name+".yml"))
		want.Spec["name"] = "warehouse"
		require.Equal(t, want, destination(filepath.Join(schedules, name+".yml")))
	}
}
