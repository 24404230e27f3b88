package chaos

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/docs"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/programs"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

const (
	apiToken   = "0123456789abcdef0123456789abcdef01234567"
	stateTable = "cq_state_pipedrive"
)

// world is the setting of a history.
type world struct {
	t *testing.T
	history
	dir       string
	account   *truth.Account
	simulator *simulator.Server
	api, ears string // addresses of the simulator, and of the receiver of the destination's reports

	mu        sync.Mutex
	runs      int
	events    []event        // of this run
	came      map[string]int // occurrences of each moment in this run
	processes map[string]*process
	log       bytes.Buffer
	failed    bool // the last run
	disturbed bool // a process or the destination, in this run
	outcome
}

// process is a process and its output.
type process struct {
	*exec.Cmd
	output bytes.Buffer
}

// outcome is the result of a history.
type outcome struct {
	differences []truth.Difference // between the destination and the truth
	struck      int                // events that occurred
	// hidden is the way in which the destination first lost rows behind the positions, or may have; "" if it did not.
	// Only the plugin's own check can find such rows.
	hidden string
}

// play plays a history.
func play(t *testing.T, h history) outcome {
	t.Helper()
	w := newWorld(t, h)
	for _, r := range h.runs {
		w.failed = w.run(r) != nil // a failure is expected
		for _, c := range r.changed {
			w.account.Apply(c)
		}
		w.account.Company.Advance(r.pause)
		w.lose(r.lost)
	}
	w.account.Admit()
	w.verifyEvery = 0 // the interval is over, by this machine's clock too
	w.undisturbed()
	w.differences = w.compare(true)
	if len(w.differences) == 0 && (w.alone || w.refresh > 0 && len(w.compare(false)) > 0) {
		w.refresh = time.Nanosecond                        // it has passed since the last one, by this machine's clock
		w.account.Company.Advance(time.Hour + time.Second) // by the server's clock, which may have been an hour ahead
		w.undisturbed()
		w.differences = w.compare(w.refresh == 0)
	}
	return w.outcome
}

// undisturbed is a run that must succeed.
func (w *world) undisturbed() {
	err := w.run(run{retries: 2})
	if err != nil && w.refresh > 0 && strings.Contains(w.log.String(), "more than half") {
		w.refresh = 0 // the user decides that the missing rows stay
		err = w.run(run{retries: 2})
	}
	if *seed != 0 || err != nil {
		w.t.Log(w.log.String())
	}
	require.NoError(w.t, err, "the undisturbed run")
}

// compare compares the tables with the truth. With kept, rows may exist that only a full refresh removes. If children
// change alone, that includes all children and their parents.
func (w *world) compare(kept bool) (differences []truth.Difference) {
	db := w.open()
	defer db.Close()
	if now, machine := w.account.Company.Now(), time.Now().UTC(); now.After(machine) { // today is the earlier of both clocks'
		w.account.Company.SetNow(machine)
		defer w.account.Company.SetNow(now)
	}
	for _, table := range w.tables {
		if kept && w.alone && truth.InFamily(table) {
			continue
		}
		want := w.account.Company.Truth(table, truth.Everything)
		mayStay := w.account.OfDeleted(table)
		if kept {
			mayStay = w.account.MayStay(table)
		}
		if w.appends && len(want) == 0 && slices.Contains(truth.Full, table) {
			mayStay = func(truth.Row) bool { return true } // no row says that the list was read
		}
		rows, err := truth.Rows(w.t.Context(), db, w.current(db, table))
		require.NoError(w.t, err)
		differences = append(differences, truth.Compare(table, want, rows, mayStay)...)
	}
	return differences
}

// current returns the name of the rows to compare: the table or, if the destination appends, its view of current rows.
func (w *world) current(db *sql.DB, table string) string {
	if !w.appends {
		return table
	}
	view, err := os.ReadFile(filepath.Join("../..", docs.CurrentViews, "sqlite", table+".sql"))
	require.NoError(w.t, err)
	_, err = db.ExecContext(w.t.Context(), string(view))
	require.NoError(w.t, err)
	return table + "_current"
}

func newWorld(t *testing.T, h history) *world {
	t.Helper()
	programs.Need(t)
	w := &world{t: t, history: h, dir: t.TempDir(), account: truth.NewAccount(simulator.NewCompany(4711))}
	w.account.Company.SetNullsLast(h.nullsLast)
	if h.skewed {
		// This machine's clock is the other one. The company's clock moves only with the history, so it must start
		// ahead for this machine's to stay behind until the end.
		w.account.Company.SetNow(time.Now().Add(10 * time.Minute).UTC().Truncate(time.Second))
	}
	for _, table := range h.tables {
		for _, age := range h.records[table] {
			if age == never {
				w.account.AddNeverChanged(table, "imported")
			} else {
				w.account.Add(table, "old", w.account.Company.Now().Add(-time.Duration(age)*time.Second))
			}
		}
	}
	w.simulator = simulator.NewServer(simulator.WithCompany(apiToken, w.account.Company), simulator.WithRequestHook(func(r *http.Request) {
		w.comes(simulator.Declared(r.URL.Path))
	}))
	api := httptest.NewServer(w.simulator)
	ears := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprint(rw, w.comes(r.URL.Query().Get("moment")))
	}))
	t.Cleanup(api.Close)
	t.Cleanup(ears.Close)
	w.api, w.ears = api.URL, ears.URL
	return w
}

// comes triggers the events of a moment, and returns the instruction to the destination.
func (w *world) comes(moment string) (says string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.came[moment]++
	for _, e := range w.events {
		if e.moment != moment || e.at != w.came[moment] {
			continue
		}
		w.struck++
		fmt.Fprintf(&w.log, "-- %s, number %d: %s%v\n", e.moment, e.at, e.action, e.changes)
		for _, c := range e.changes {
			w.account.Apply(c)
		}
		w.disturbed = w.disturbed || e.action != ""
		if name, ok := strings.CutPrefix(e.action, "kill "); ok {
			if p := w.processes[name]; p != nil {
				_ = p.Process.Kill() // it may have ended already
			}
		} else {
			says = e.action
			if says == "drop" || says == "full disk" && w.onlyLogs() {
				w.hide("a batch was lost without an error")
			}
		}
	}
	return says
}

// run runs `cloudquery sync`. The plugins are the run's own processes, as if the CLI had started them. To start them
// ahead saves seconds.
func (w *world) run(r run) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	w.begin(r)
	defer w.simulator.ClearFaults()
	for name, program := range map[string]string{"source": "cq-source-pipedrive", "destination": "destination"} {
		w.start(ctx, name, program, "serve", "--network", "unix", "--address", w.socket(name), "--no-sentry", "--log-level", "debug")
		w.await(ctx, w.socket(name))
	}
	w.start(ctx, "cli", "cloudquery", "sync", w.config(r.retries), "--telemetry-level", "none", "--no-log-file", "--log-console", "--cq-dir", ".cq")
	err := w.processes["cli"].Wait()
	for _, name := range []string{"source", "destination"} {
		_ = w.processes[name].Process.Kill() // an event may have done so
		_ = w.processes[name].Wait()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, p := range w.processes {
		fmt.Fprintf(&w.log, "-- %s\n%s", name, &p.output)
	}
	if err != nil && w.came["batch of "+stateTable] > 0 {
		w.hide("a run failed after its checkpoints were written")
	}
	require.NoError(w.t, ctx.Err(), "a run hangs\n%v\n%s", w.history, &w.log)
	return err
}

func (w *world) begin(r run) {
	w.simulator.SetSkew(r.skew)
	for _, f := range r.faults {
		w.simulator.AddFault(f)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs++
	fmt.Fprintf(&w.log, "== run %d\n", w.runs)
	w.events, w.disturbed, w.came, w.processes = r.events, false, map[string]int{}, map[string]*process{}
}

func (w *world) start(ctx context.Context, name, program string, args ...string) {
	p := &process{Cmd: exec.CommandContext(ctx, filepath.Join(built, program), args...)}
	p.Dir, p.Env, p.Stdout, p.Stderr = w.dir, append(os.Environ(), "CHAOS_URL="+w.ears, "CHAOS_DESTINATION="+w.destination), &p.output, &p.output
	w.mu.Lock() // until its process can be killed
	defer w.mu.Unlock()
	require.NoError(w.t, p.Start())
	w.processes[name] = p
}

func (w *world) socket(name string) string {
	return filepath.Join(w.dir, fmt.Sprintf("%s%d", name, w.runs))
}

// await waits until a server listens.
func (w *world) await(ctx context.Context, socket string) {
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			require.NoError(w.t, conn.Close())
			return
		}
		select {
		case <-ctx.Done():
			require.NoError(w.t, err)
		case <-time.After(time.Millisecond):
		}
	}
}

func (w *world) config(retries int) string {
	spec := map[string]any{
		"api_token": apiToken, "api_url": w.api,
		"page_size": w.pageSize, "lookback": w.lookback.String(), "full_refresh_every": w.refresh.String(), "max_retries": retries, "verify": *verify,
		"verify_every": w.verifyEvery.String(),
	}
	tables := make([]string, len(w.tables))
	for i, table := range w.tables {
		tables[i] = "pipedrive_" + table
	}
	if w.appends {
		tables = append(tables, "pipedrive_syncs") // the views of current rows join it
	}
	source := map[string]any{"kind": "source", "spec": map[string]any{
		"name": "pipedrive", "registry": "grpc", "path": "unix://" + w.socket("source"), "tables": tables, "destinations": []string{w.destination},
		"backend_options": map[string]any{"table_name": stateTable, "connection": "@@plugins." + w.destination + ".connection"},
		"spec":            spec,
	}}
	mode := "overwrite-delete-stale"
	if w.appends {
		mode = "append"
	}
	destination := map[string]any{"kind": "destination", "spec": map[string]any{
		"name": w.destination, "registry": "grpc", "path": "unix://" + w.socket("destination"), "write_mode": mode,
		"spec": map[string]any{"path": w.database(), "batch_size": w.batchRows},
	}}
	var text bytes.Buffer
	documents := yaml.NewEncoder(&text)
	require.NoError(w.t, documents.Encode(source))
	require.NoError(w.t, documents.Encode(destination))
	file := filepath.Join(w.dir, "sync.yml")
	require.NoError(w.t, os.WriteFile(file, text.Bytes(), 0o600))
	return file
}

func (w *world) database() string { return filepath.Join(w.dir, "pipedrive.db") }

func (w *world) open() *sql.DB {
	db, err := sql.Open("sqlite", "file:"+w.database()+"?_pragma=busy_timeout(10000)")
	require.NoError(w.t, err)
	return db
}

// lose makes the destination lose rows between two runs.
func (w *world) lose(what string) {
	table, isTable := strings.CutPrefix(what, "table ")
	rowsOf, isRows := strings.CutPrefix(what, "rows of ")
	someOf, isSome := strings.CutPrefix(what, "some rows of ")
	if isSome && (w.failed || w.disturbed) {
		return // the existing rows are unknown then
	}
	switch {
	case what == "file":
		for _, suffix := range []string{"", "-wal", "-shm"} {
			require.NoError(w.t, os.RemoveAll(w.database()+suffix))
		}
	case what == "state":
		w.exec("DROP TABLE " + stateTable)
	case what == "all tables":
		for _, table := range w.tables {
			w.exec("DROP TABLE pipedrive_" + table)
		}
	case isTable:
		w.exec("DROP TABLE pipedrive_" + table)
	case isRows:
		w.exec("DELETE FROM pipedrive_" + rowsOf)
	case isSome && slices.Contains(truth.Full, someOf): // not all of them have an id
		w.exec("DELETE FROM pipedrive_" + someOf + " WHERE rowid % 3 = 0")
	case isSome:
		w.exec("DELETE FROM pipedrive_" + someOf + " WHERE " + truth.Keys(someOf)[0] + " % 3 = 0")
	}
	if what != "" && what != "file" && what != "state" { // without them everything is read again
		w.hide("a table was lost between two runs")
	}
}

func (w *world) hide(cause string) { w.hidden = cmp.Or(w.hidden, cause) }

// exec executes a statement on a table, if a run has created it already.
func (w *world) exec(statement string) {
	db := w.open()
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		require.ErrorContains(w.t, err, "no such table")
	}
}
