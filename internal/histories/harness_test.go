// Package histories tests the rows at the destination after several runs, while records are created, changed and
// deleted between and during them. It runs the plugin in process, between a simulated Pipedrive and a destination: the
// SQLite one, or the double of an official one. The destination is served over gRPC, since it keeps the state.
package histories

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/serve"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
	source "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

func TestMain(m *testing.M) {
	// The seed makes each run play the same histories. A later flag on the command line wins: -rapid.seed=0 draws
	// others.
	flag.Parse()
	checks := "250"
	if testing.Short() {
		checks = "10"
	}
	if err := errors.Join(flag.Set("rapid.checks", checks), flag.Set("rapid.seed", "1")); err != nil {
		panic(err)
	}
	flag.Parse()
	debug.SetGCPercent(400) // the worlds are small and many
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "h") // t.TempDir makes names that are too long for a socket
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		shared.folder, shared.socket = folder, filepath.Join(folder, "socket")
		shared.serve("")
		defer func() { shared.stop() }()
		return m.Run()
	}())
}

// long skips a test with -short.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long")
	}
}

// some is all of the cases of a test, or with -short one of them. It differs from test to test, so that each case is tested
// often.
func some[T any](t *testing.T, cases []T) []T {
	t.Helper()
	if !testing.Short() {
		return cases
	}
	return cases[turn(t)%len(cases):][:1]
}

// turn is a number that differs from test to test.
func turn(t *testing.T) int {
	t.Helper()
	h := fnv.New32a()
	h.Write([]byte(t.Name()))
	return int(h.Sum32() >> 1)
}

// shared is the destination of all tests: the SDK can serve only one plugin in a process.
var shared destination

// The types of record, each a table, and their lists.
var (
	incremental, full, all = truth.Incremental, truth.Full, truth.Tables
	usual, core            = truth.Usual, truth.Core
	paths                  = truth.Paths
)

// listOf is the table whose lists have a table's records: a parents' table if the parents contain them, or the table
// itself.
func listOf(table string) string {
	if parents := truth.Family(table); paths[parents][0] == paths[table][0] {
		return parents
	}
	return table
}

// ofWholeList reports whether the list of the parents of a table's records is read from beginning to end in each run.
func ofWholeList(table string) bool {
	return requested(table) && !slices.Contains(incremental, truth.Family(table))
}

// goesOn skips a test for a table whose first reading can't be resumed, since its list, or its parents', has only the
// order of the newest records.
func goesOn(t *testing.T, table string) {
	t.Helper()
	if l := truth.Listings(truth.Family(table))[0]; l.NewestFirst != nil && l.Sort == nil {
		t.Skip("a first reading that is cut short begins anew")
	}
}

// requested reports whether a table's records take requests that name their parents.
func requested(table string) bool { return truth.Listings(table)[0].Parent.Batch > 0 }

// ofLastParents is the number of a table's rows whose parents are in the last second of a list, which each run reads
// again.
func (a *account) ofLastParents(table string) (n int) {
	from := truth.Family(table)
	if from == table {
		return 0
	}
	if !slices.Contains(incremental, from) {
		from = table
	}
	last := map[any]time.Time{}
	for _, row := range a.Company.Truth(from, everything) {
		list := row["is_archived"] // archived deals have a list of their own
		if changed := truth.TimeIn(from, row); changed.After(last[list]) {
			last[list] = changed
		}
	}
	for _, row := range a.Company.Truth(table, everything) {
		if slices.Contains(slices.Collect(maps.Values(last)), truth.TimeIn(table, row)) {
			n++
		}
	}
	return n
}

// droppable is a column of a table that is not in its key: the text of the records, or another one.
func droppable(table string) string {
	if !slices.Contains(truth.Keys(table), truth.Text(table)) {
		return truth.Text(table)
	}
	return "add_time"
}

// cost is the cost of a page of a table's first list, in API tokens.
func cost(table string) int { return truth.Listings(table)[0].Cost }

// timed reports whether a table's first list can be filtered by the time of change. The filter leaves out records
// without an update_time, which are then looked for separately.
func timed(table string) bool { return truth.Listings(table)[0].Timed() }

const (
	apiToken   = "0123456789abcdef0123456789abcdef01234567"
	stateTable = "cq_state_pipedrive"
	sourceName = "pipedrive"
)

// tester is the common part of *testing.T and *rapid.T.
type tester interface {
	rapid.TB
	Cleanup(func())
}

// account is one company and its connection.
type account struct {
	*truth.Account
	name, token string
}

func newAccount(name, token string, c *simulator.Company) *account {
	return &account{Account: truth.NewAccount(c), name: name, token: token}
}

// world is one Pipedrive, one destination, and the user's configuration.
type world struct {
	t         tester
	file      string // of the destination
	simulator *simulator.Server
	url       string
	accounts  []*account

	tables  []string // of the sync; all at first
	backend bool     // whether backend_options keep the state; true at first
	spec    map[string]any
	// deterministic is CloudQuery's deterministic_cq_id.
	deterministic bool
	// shard is the run's part of the sync; nil for all of it.
	shard *plugin.Shard
	// lost is the number of last messages with rows that are still in a buffer, and so lost, if the source fails; -1
	// for all.
	lost int
	// dropped selects the messages that the destination loses silently; nil for none.
	dropped func(table string, rows int) bool
	// keeps is true if the destination silently loses the messages that delete rows.
	keeps bool
	// clock is the clock of the plugin's machine; nil for the latest of the companies' clocks.
	clock func() time.Time
	// windows are the sizes of windows; zero for the plugin's own.
	windows plan.Sizes
	// kind is the official destination whose double gets the rows; empty for the SQLite destination.
	kind warehouse.Kind
	// destination has keys of the double's spec.
	destination map[string]any
	// appends is true for the write mode append: rows have no primary key, and nothing stale is removed. keepsStale is true for
	// the write mode overwrite, which removes nothing stale either.
	appends, keepsStale bool

	clockAhead time.Duration // of the machine that runs the CLI

	mu   sync.Mutex
	hook func(*http.Request)

	sent           map[string]int                             // rows of the last run by table
	inserted       func(table string, rows arrow.RecordBatch) // is called with each message with rows; nil for nothing
	log            bytes.Buffer                               // warnings and errors of the last run
	destinationLog bytes.Buffer                               // those of the double
}

// newWorld makes a world around one company, which is served under apiToken.
func newWorld(t tester, c *simulator.Company, options ...simulator.Option) *world {
	t.Helper()
	return newWorldOf(t, []*account{newAccount("", apiToken, c)}, options...)
}

func newWorldOf(t tester, accounts []*account, options ...simulator.Option) *world {
	t.Helper()
	if t, ok := t.(*testing.T); ok && testing.Short() && turn(t)%3 != 0 {
		t.Skip("one of three histories is short")
	}
	w := &world{t: t, file: shared.newFile(t), accounts: accounts, tables: all, backend: true, spec: map[string]any{"custom_fields": "json"}}
	for _, a := range accounts {
		options = append(options, simulator.WithCompany(a.token, a.Company))
	}
	w.simulator = simulator.NewServer(append(options, simulator.WithRequestHook(w.called))...)
	listener := httptest.NewServer(w.simulator)
	t.Cleanup(listener.Close)
	w.url = listener.URL
	return w
}

// company is the company of a world with one account.
func (w *world) company() *simulator.Company { return w.accounts[0].Company }

func (w *world) called(r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hook != nil {
		w.hook(r)
	}
}

// before calls f ahead of the n-th request for a path, counted from 1 and from now on.
func (w *world) before(path string, n int, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	others, seen := w.hook, 0
	w.hook = func(r *http.Request) {
		if others != nil {
			others(r)
		}
		if simulator.Declared(r.URL.Path) == path {
			if seen++; seen == n {
				f()
			}
		}
	}
}

// undisturbed removes hooks and faults.
func (w *world) undisturbed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hook = nil
	w.simulator.ClearFaults()
}

// requireSync runs a sync that must succeed.
func (w *world) requireSync() {
	w.t.Helper()
	require.NoError(w.t, w.sync())
}

// requireTokens runs a sync that must succeed, and returns its cost in API tokens.
func (w *world) requireTokens() int64 {
	w.t.Helper()
	w.simulator.ResetUsage()
	w.requireSync()
	return w.simulator.Usage().Tokens
}

// sync does the work of `cloudquery sync` with the write mode overwrite-delete-stale. It forwards the source's
// messages. If the source succeeds, it removes stale rows from tables that are not incremental or, without a state,
// from all. If the destination gives up, so does the source.
func (w *world) sync() error {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	p := source.On(w.machine(), plugin.WithJSONSchema("")) // compiling the schema takes longer than a small sync
	w.log.Reset()
	w.open()
	p.SetLogger(zerolog.New(zerolog.SyncWriter(&w.log)).Level(zerolog.WarnLevel))
	if err := p.Init(ctx, w.specJSON(), plugin.NewClientOptions{}); err != nil {
		return err
	}
	defer func() { require.NoError(w.t, p.Close(ctx)) }()

	out := &stream{
		ctx: ctx, syncTime: time.Now().Add(w.clockAhead).UTC().Truncate(time.Microsecond), held: w.lost, dropped: w.dropped,
		keeps: w.keeps, appends: w.appends, keepsStale: w.keepsStale, sent: map[string]int{}, stop: stop, inserted: w.inserted,
	}
	out.writes, out.written = make(chan message.WriteMessage), make(chan error, 1)
	go func() { out.written <- shared.plugin.Write(ctx, out.writes) }()
	messages, failed := make(chan message.SyncMessage), make(chan error, 1)
	go func() {
		failed <- p.Sync(reading, w.options(), messages)
		close(messages)
	}()
	for m := range messages {
		out.pass(m, w.backend)
	}
	w.sent = out.sent
	err := <-failed
	if err == nil {
		out.finish()
	}
	close(out.writes)
	return w.ended(err, <-out.written)
}

// open opens the destination. A double is opened anew for each run, as the CLI does.
func (w *world) open() {
	w.t.Helper()
	spec := map[string]any{"path": w.file}
	if w.kind != "" {
		w.destinationLog.Reset()
		maps.Copy(spec, w.destination)
		require.NoError(w.t, shared.close())
	}
	raw, err := json.Marshal(spec)
	require.NoError(w.t, err)
	require.NoError(w.t, shared.open(w.kind, string(raw), zerolog.New(zerolog.SyncWriter(&w.destinationLog)).Level(zerolog.WarnLevel)))
}

// ended is the end of a run, with the errors of the source and of the destination. Only a double may fail.
func (w *world) ended(source, destination error) error {
	w.t.Helper()
	if w.kind == "" {
		require.NoError(w.t, destination)
		return source
	}
	return errors.Join(destination, source)
}

// times are the lease's; they are short, so that no test waits.
var times = progress.LeaseTimes{Beat: 20 * time.Millisecond, Expiry: time.Second, Poll: time.Millisecond}

// machine is the plugin's machine.
func (w *world) machine() client.Machine {
	lease := times
	if w.kind != "" {
		// The doubles write all rows so far with each write of the state. Their failures must not affect the lease.
		lease.Beat, lease.Expiry = time.Minute, 50*time.Millisecond
	}
	if w.clock != nil {
		return client.Machine{Now: w.clock, Lease: lease, Windows: w.windows}
	}
	return client.Machine{Lease: lease, Windows: w.windows, Now: func() (latest time.Time) {
		for _, a := range w.accounts {
			if now := a.Company.Now(); now.After(latest) {
				latest = now
			}
		}
		return latest
	}}
}

func (w *world) options() plugin.SyncOptions {
	options := plugin.SyncOptions{DeterministicCQID: w.deterministic, Shard: w.shard}
	for _, table := range w.tables {
		options.Tables = append(options.Tables, "pipedrive_"+table)
	}
	if w.backend {
		options.BackendOptions = &plugin.BackendOptions{TableName: stateTable, Connection: "unix://" + shared.socket}
	}
	return options
}

// specJSON is the plugin's spec. A failed request is not repeated, unless the test says so.
func (w *world) specJSON() []byte {
	spec := map[string]any{"max_retries": 0}
	if len(w.accounts) == 1 && w.accounts[0].name == "" {
		spec["api_token"], spec["api_url"] = w.accounts[0].token, w.url
	} else {
		var list []map[string]any
		for _, a := range w.accounts {
			list = append(list, map[string]any{"name": a.name, "api_token": a.token, "api_url": w.url})
		}
		spec["accounts"] = list
	}
	maps.Copy(spec, w.spec)
	for _, other := range []string{"oauth", "export"} { // in place of the token
		if spec[other] != nil {
			delete(spec, "api_token")
		}
	}
	if spec["export"] != nil {
		delete(spec, "api_url")
	}
	raw, err := json.Marshal(spec)
	require.NoError(w.t, err)
	return raw
}

// stream forwards one run's messages from the source to the destination.
type stream struct {
	ctx      context.Context
	syncTime time.Time
	writes   chan message.WriteMessage
	written  chan error // the destination's result
	held     int        // number of messages with rows that are held back until the source has ended; -1 for all
	queue    []message.WriteMessage
	stale    []string // tables to remove stale rows from
	dropped  func(table string, rows int) bool
	keeps    bool
	sent     map[string]int
	stop     func() // ends the source
	inserted func(table string, rows arrow.RecordBatch)

	appends, keepsStale bool
}

func (s *stream) write(m message.WriteMessage) {
	select {
	case s.writes <- m:
	case err := <-s.written: // the destination has given up; the run's end reports it
		s.written <- err
		s.stop()
	}
}

// pass turns a source's message into a destination's, as the CLI does.
func (s *stream) pass(m message.SyncMessage, backend bool) {
	switch m := m.(type) {
	case *message.SyncMigrateTable:
		table, err := schema.NewTableFromArrowSchema(m.Table.ToArrowSchema())
		if err != nil {
			panic(err)
		}
		if s.appends {
			for i := range table.Columns {
				table.Columns[i].PrimaryKey = false
			}
		} else if !s.keepsStale && (!backend || !table.IsIncremental) {
			s.stale = append(s.stale, table.Name)
		}
		table.Columns = append(schema.ColumnList{schema.CqSyncTimeColumn, schema.CqSourceNameColumn}, table.Columns...)
		s.write(&message.WriteMigrateTable{Table: table})
	case *message.SyncInsert:
		name, _ := m.Record.Schema().Metadata().GetValue(schema.MetadataTableName)
		name, rows := strings.TrimPrefix(name, "pipedrive_"), int(m.Record.NumRows())
		s.sent[name] += rows
		if s.inserted != nil {
			s.inserted(name, m.Record)
		}
		if s.dropped != nil && s.dropped(name, rows) {
			return
		}
		s.queue = append(s.queue, &message.WriteInsert{Record: s.stamped(m.Record)})
		for s.held >= 0 && len(s.queue) > s.held {
			s.write(s.queue[0])
			s.queue = s.queue[1:]
		}
	case *message.SyncDeleteRecord:
		if s.keeps {
			return
		}
		s.queue = append(s.queue, &message.WriteDeleteRecord{DeleteRecord: m.DeleteRecord})
	}
}

// stamped is a record with the columns that the CLI adds.
func (s *stream) stamped(record arrow.RecordBatch) arrow.RecordBatch {
	rows := int(record.NumRows())
	times, err := schema.TimestampArrayFromTime(s.syncTime, arrow.Microsecond, "UTC", rows)
	if err != nil {
		panic(err)
	}
	fields := append([]arrow.Field{
		{Name: schema.CqSyncTimeColumn.Name, Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
		{Name: schema.CqSourceNameColumn.Name, Type: arrow.BinaryTypes.String, Nullable: true},
	}, record.Schema().Fields()...)
	if s.appends {
		for i, f := range fields {
			fields[i].Metadata = arrow.MetadataFrom(withoutKey(f.Metadata.ToMap()))
		}
	}
	columns := append([]arrow.Array{times, schema.StringArrayFromValue(sourceName, rows)}, record.Columns()...)
	metadata := record.Schema().Metadata()
	return array.NewRecordBatch(arrow.NewSchema(fields, &metadata), columns, int64(rows))
}

// withoutKey is a column's metadata without its place in the primary key.
func withoutKey(metadata map[string]string) map[string]string {
	delete(metadata, schema.MetadataPrimaryKey)
	return metadata
}

// finish ends a run in which the source succeeded.
func (s *stream) finish() {
	for _, m := range s.queue {
		s.write(m)
	}
	for _, table := range s.stale {
		s.write(&message.WriteDeleteStale{TableName: table, SourceName: sourceName, SyncTime: s.syncTime})
	}
}

// destination is the SQLite destination or a double. It is served over gRPC as by the CLI, with one file after another.
type destination struct {
	plugin *plugin.Plugin
	kind   warehouse.Kind // that is served; empty for SQLite
	stop   func()         // stops it
	folder string
	socket string
	files  int
	spec   string // that is open
}

// serve starts the destination.
func (d *destination) serve(kind warehouse.Kind) {
	d.kind, d.plugin = kind, sqlite.Plugin()
	if kind != "" {
		d.plugin = kind.Plugin()
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		args := serve.WithArgs("serve", "--network", "unix", "--address", d.socket, "--no-sentry", "--log-level", "error")
		served <- serve.Plugin(d.plugin, args).Serve(ctx)
	}()
	d.stop = func() {
		cancel()
		<-served
	}
	for {
		conn, err := net.Dial("unix", d.socket)
		if err == nil {
			conn.Close()
			break
		}
		select {
		case err := <-served:
			panic(err)
		case <-time.After(time.Millisecond):
		}
	}
	// It listens before it has set up the plugin, and answers only afterwards.
	conn, err := grpc.NewClient("unix://"+d.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	if _, err := pb.NewPluginClient(conn).GetName(ctx, &pb.GetName_Request{}); err != nil {
		panic(err)
	}
}

// newFile is the name of a new database file, which is removed when the test ends.
func (d *destination) newFile(t tester) string {
	d.files++
	file := filepath.Join(d.folder, fmt.Sprintf("%d.db", d.files))
	t.Cleanup(func() {
		require.NoError(t, d.close())
		require.NoError(t, os.RemoveAll(file))
	})
	return file
}

// open makes a destination work with a spec.
func (d *destination) open(kind warehouse.Kind, spec string, log zerolog.Logger) error {
	if d.kind == kind && d.spec == spec {
		return nil
	}
	if err := d.close(); err != nil {
		return err
	}
	if d.kind != kind {
		d.stop()
		d.serve(kind)
	}
	d.spec = spec
	d.plugin.SetLogger(log)
	return d.plugin.Init(context.Background(), []byte(spec), plugin.NewClientOptions{})
}

// close closes the file that is open, if one is.
func (d *destination) close() error {
	if d.spec == "" {
		return nil
	}
	d.spec = ""
	return d.plugin.Close(context.Background())
}

// query opens the destination's file, for use runs with it.
func (w *world) query(use func(*sql.DB)) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.file+"?_pragma=busy_timeout(10000)")
	require.NoError(w.t, err)
	defer db.Close()
	use(db)
}

func (w *world) exec(statement string, values ...any) {
	w.t.Helper()
	w.query(func(db *sql.DB) {
		_, err := db.Exec(statement, values...)
		require.NoError(w.t, err)
	})
}

// keyIn is the SQL expression of a row's key in the form of [truth.Row.Key].
func keyIn(table string) string { return strings.Join(truth.Keys(table), " || '/' || ") }

// loseRows deletes the rows of some records of the account from the destination, given their numbers.
func (w *world) loseRows(table string, numbers ...int64) {
	w.t.Helper()
	for _, number := range numbers {
		w.exec("DELETE FROM pipedrive_"+table+" WHERE "+keyIn(table)+" = ?", w.accounts[0].Key(table, number))
	}
}

// state returns the checkpoints by key, of several the newest.
func (w *world) state() map[string]string {
	w.t.Helper()
	state := map[string]string{}
	w.query(func(db *sql.DB) {
		rows, err := db.Query("SELECT key, value FROM " + stateTable + " ORDER BY version")
		require.NoError(w.t, err)
		defer rows.Close()
		for rows.Next() {
			var key, value string
			require.NoError(w.t, rows.Scan(&key, &value))
			if !strings.HasPrefix(key, "lease,") && !strings.HasSuffix(key, ",list") {
				state[key] = value
			}
		}
		require.NoError(w.t, rows.Err())
	})
	return state
}

// positions returns each table's positions, by the keys of the state. It leaves out those of unfinished runs, which the
// next run trusts only if their rows arrived.
func (w *world) positions() map[string]string {
	w.t.Helper()
	positions := map[string]string{}
	for key, value := range w.state() {
		var checkpoint struct {
			Finished  bool
			Positions json.RawMessage `json:"marks"`
			Verified  json.RawMessage
		}
		require.NoError(w.t, json.Unmarshal([]byte(value), &checkpoint), value)
		positions[key] = string(checkpoint.Positions)
		if !checkpoint.Finished {
			positions[key] = string(checkpoint.Verified)
		}
	}
	return positions
}
