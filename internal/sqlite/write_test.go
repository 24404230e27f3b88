package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"
)

// stateTable has the columns in which the SDK keeps a source's state.
func stateTable() *schema.Table {
	return &schema.Table{Name: "state", Columns: schema.ColumnList{
		{Name: "key", Type: arrow.BinaryTypes.String, PrimaryKey: true},
		{Name: "value", Type: arrow.BinaryTypes.String},
		{Name: "version", Type: arrow.PrimitiveTypes.Uint64},
	}}
}

func TestWrite_keepsOneRowPerKey(t *testing.T) {
	client := newClient(t, newFile(t))
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table),
		rows(t, table, deal("a", syncedAt, 1, "old"), deal("a", syncedAt, 2, "other"), deal("a", syncedAt, 1, "newer")),
		rows(t, table, deal("a", syncedAt, 1, "newest"))))
	require.Equal(t, "newest,other", query(t, client, `SELECT group_concat(title ORDER BY id) FROM deals`))

	next := rows(t, table, deal("a", syncedAt, 2, "replaced"))
	require.NoError(t, write(t.Context(), client, next))
	require.Equal(t, "newest,replaced", query(t, client, `SELECT group_concat(title ORDER BY id) FROM deals`))
}

func TestWrite_appendsWithoutAKey(t *testing.T) {
	client := newClient(t, newFile(t))
	table := &schema.Table{Name: "log", Columns: schema.ColumnList{{Name: "line", Type: arrow.BinaryTypes.String}}}
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, []any{"a"}, []any{"a"}), rows(t, table, []any{"a"})))
	require.Equal(t, "3", query(t, client, `SELECT count(*) FROM log`))
}

func TestWrite_writesARowLargerThanABatchOnce(t *testing.T) {
	client := newClientWith(t, Spec{Path: newFile(t), BatchSize: defaultBatchSize, BatchSizeBytes: 1000})
	table := &schema.Table{Name: "log", Columns: schema.ColumnList{{Name: "line", Type: arrow.BinaryTypes.String}}}
	small, large := "s", strings.Repeat("x", 2000)
	require.NoError(t, write(t.Context(), client, migration(table),
		rows(t, table, []any{small}),
		rows(t, table, []any{large}, []any{large}, []any{large}),
		rows(t, table, []any{small})))
	require.Equal(t, "1,2000,2000,2000,1", query(t, client, `SELECT group_concat(length(line) ORDER BY rowid) FROM log`))
}

func TestWrite_boundsABatchByItsBytes(t *testing.T) {
	client := newClientWith(t, Spec{Path: newFile(t), BatchSize: defaultBatchSize, BatchSizeBytes: 5000})
	table := &schema.Table{Name: "log", Columns: schema.ColumnList{{Name: "line", Type: arrow.BinaryTypes.String, NotNull: true}}}
	line := []any{strings.Repeat("x", 1000)}
	insert := [][]any{line, line, line, line, line, line, line, {nil}} // the last one fails its batch
	require.ErrorContains(t, write(t.Context(), client, migration(table), rows(t, table, insert...)), "NOT NULL")
	require.Equal(t, "5", query(t, client, `SELECT count(*) FROM log`), "of some 900 bytes each on average")
}

func TestWrite_upsertsATableOfKeysOnly(t *testing.T) {
	client := newClient(t, newFile(t))
	table := &schema.Table{Name: "links", Columns: schema.ColumnList{{Name: "id", Type: arrow.PrimitiveTypes.Int64, PrimaryKey: true}}}
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, []any{1}, []any{1})))
	require.Equal(t, "1", query(t, client, `SELECT count(*) FROM links`))
}

func TestWrite_rollsBackAFailedBatchAndReturnsTheError(t *testing.T) {
	path := newFile(t)
	client := newClientWith(t, Spec{Path: path, BatchSize: 2, BatchSizeBytes: defaultBatchSizeBytes})
	table := dealsTable()
	missingKey := []any{"a", syncedAt, cqID(4), nil, nil, 4, "no account"}
	err := write(t.Context(), client, migration(table), rows(t, table,
		deal("a", syncedAt, 1, "kept"), deal("a", syncedAt, 2, "kept"), // the first batch
		deal("a", syncedAt, 3, "rolled back"), missingKey)) // the second
	require.ErrorContains(t, err, "deals")
	require.ErrorContains(t, err, "NOT NULL constraint failed: deals.account_id")
	require.Equal(t, "1,2", query(t, client, `SELECT group_concat(id) FROM deals`))

	require.NoError(t, write(t.Context(), client, rows(t, table, deal("a", syncedAt, 3, "again"))), "the client goes on")
}

func TestWrite_reportsAMissingTable(t *testing.T) {
	client := newClient(t, newFile(t))
	require.ErrorContains(t, write(t.Context(), client, rows(t, dealsTable(), deal("a", syncedAt, 1, ""))), "no such table: deals")
}

func TestWrite_reportsAFullDisk(t *testing.T) {
	client := newClient(t, newFile(t))
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, deal("a", syncedAt, 1, "kept"))))
	_, err := client.writes.ExecContext(t.Context(), "PRAGMA max_page_count = 10")
	require.NoError(t, err)

	err = write(t.Context(), client, rows(t, table, deal("a", syncedAt, 2, strings.Repeat("x", 100_000))))
	require.ErrorContains(t, err, "deals")
	require.ErrorContains(t, err, "database or disk is full")
	require.Equal(t, "kept", query(t, client, `SELECT group_concat(title) FROM deals`))

	_, err = client.writes.ExecContext(t.Context(), "PRAGMA max_page_count = 1000")
	require.NoError(t, err)
	require.NoError(t, write(t.Context(), client, rows(t, table, deal("a", syncedAt, 2, "room again"))), "the client goes on")
}

func TestWrite_keepsWholeBatchesWhenCancelled(t *testing.T) {
	client := newClientWith(t, Spec{Path: newFile(t), BatchSize: 2, BatchSizeBytes: defaultBatchSizeBytes})
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table)))

	ctx, cancel := context.WithCancel(t.Context())
	stream := make(chan message.WriteMessage)
	done := make(chan error, 1)
	go func() { done <- client.Write(ctx, stream) }()
	for id := range 5 {
		stream <- rows(t, table, deal("a", syncedAt, id, "")) // the last one waits for its batch to fill
	}
	cancel()
	close(stream)
	require.ErrorIs(t, <-done, context.Canceled)
	require.Contains(t, []string{"0,1", "0,1,2,3"}, query(t, client, `SELECT group_concat(id) FROM deals`),
		"the second batch may have been on its way")
	require.NoError(t, write(t.Context(), client, rows(t, table, deal("a", syncedAt, 4, ""))), "the client goes on")
}

func TestWrite_collectsABatchWhileTheLastOneIsWritten(t *testing.T) {
	client := newClientWith(t, Spec{Path: newFile(t), BatchSize: 2, BatchSizeBytes: defaultBatchSizeBytes})
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table)))
	stream := make(chan message.WriteMessage)
	done := make(chan error, 1)
	go func() { done <- client.Write(t.Context(), stream) }()
	require.NoError(t, client.InTransaction(t.Context(), nil, func(*sql.Tx) error { // so the first batch has to wait
		for id := range 4 {
			select {
			case stream <- rows(t, table, deal("a", syncedAt, id, "")):
			case <-time.After(time.Minute):
				require.FailNow(t, "it does not take the second batch")
			}
		}
		return nil
	}))
	close(stream)
	require.NoError(t, <-done)
	require.Equal(t, "0,1,2,3", query(t, client, `SELECT group_concat(id) FROM deals`))
}

func TestWrite_endsWithAFailedBatch(t *testing.T) {
	client := newClientWith(t, Spec{Path: newFile(t), BatchSize: 1, BatchSizeBytes: defaultBatchSizeBytes})
	stream := make(chan message.WriteMessage, 1)
	stream <- rows(t, dealsTable(), deal("a", syncedAt, 1, ""))
	require.ErrorContains(t, client.Write(t.Context(), stream), "no such table: deals", "although more messages could come")
}

func TestTransaction_endsWithTheContext(t *testing.T) {
	client := newClient(t, newFile(t))
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table)))
	ctx, cancel := context.WithCancel(t.Context())
	err := client.InTransaction(ctx, []string{"deals"}, func(tx *sql.Tx) error {
		prepared := statements{}
		for id := 0; ; id++ { // until the transaction notices
			if err := prepared.insert(ctx, tx, table, rows(t, table, deal("a", syncedAt, id, "")).Record); err != nil {
				return err
			}
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "0", query(t, client, `SELECT count(*) FROM deals`))
}

func TestClient_keepsRowsWhenReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%20é.db")
	table := dealsTable()
	for id := range 3 {
		client := newClient(t, path)
		require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, deal("a", syncedAt, id, ""))))
		require.NoError(t, client.Close(t.Context()))
		require.NoFileExists(t, path+"-wal", "closing folds the log into the file")
	}
	require.FileExists(t, path)
	require.Equal(t, "0,1,2", query(t, newClient(t, path), `SELECT group_concat(id) FROM deals`))
}

func TestOpen_makesADurableFile(t *testing.T) {
	path := newFile(t)
	for range 2 { // also of a file that is there
		client := newClient(t, path)
		for pragma, want := range map[string]string{"page_size": "8192", "journal_mode": "wal", "synchronous": "1"} {
			var found string
			require.NoError(t, client.writes.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&found))
			require.Equal(t, want, found, pragma)
		}
		require.NoError(t, client.Close(t.Context()))
	}
}

func TestRead_isNotBlockedByAWriteInProgress(t *testing.T) {
	client := newClient(t, newFile(t))
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, deal("a", syncedAt, 1, ""))))
	require.NoError(t, client.InTransaction(t.Context(), nil, func(tx *sql.Tx) error {
		if err := (statements{}).insert(t.Context(), tx, table, rows(t, table, deal("a", syncedAt, 2, "")).Record); err != nil {
			return err
		}
		records, err := readAll(t.Context(), client, table)
		require.Len(t, records, 1)
		require.EqualValues(t, 1, records[0].NumRows(), "what is not committed is not seen")
		return err
	}))
}

// A source's state has its own streams while the stream of the rows stays open.
func TestWrite_servesStateWhileRowsFlow(t *testing.T) {
	const streams, recordsPerStream = 4, 50
	client := newClientWith(t, Spec{Path: newFile(t), BatchSize: 3, BatchSizeBytes: defaultBatchSizeBytes})
	deals, state := dealsTable(), stateTable()
	require.NoError(t, write(t.Context(), client, migration(deals)))

	var flow sync.WaitGroup
	for stream := range streams {
		flow.Go(func() {
			messages := make(chan message.WriteMessage)
			done := make(chan error, 1)
			go func() { done <- client.Write(t.Context(), messages) }()
			for i := range recordsPerStream {
				messages <- rows(t, deals, deal("a", syncedAt, stream*recordsPerStream+i, ""))
				key, value := fmt.Sprint("cursor-", stream), fmt.Sprint(i)
				if err := write(t.Context(), client, migration(state), rows(t, state, []any{key, value, "18446744073709551615"})); err != nil {
					t.Error(err)
				}
				if _, err := readAll(t.Context(), client, state); err != nil {
					t.Error(err)
				}
			}
			close(messages)
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	flow.Wait()
	require.Equal(t, fmt.Sprint(streams*recordsPerStream), query(t, client, `SELECT count(*) FROM deals`))
	require.Equal(t, "49,49,49,49", query(t, client, `SELECT group_concat(value) FROM state`))
	require.Equal(t, "18446744073709551615", query(t, client, `SELECT max(version) FROM state`))
}
