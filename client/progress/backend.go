package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Backend is the destination that keeps the state. It is usually also the one that gets the rows, so that tables can
// be read back from it.
type Backend struct {
	conn   *grpc.ClientConn
	client pb.PluginClient
	free   chan struct{} // holds one token, since a destination serves one read at a time
}

// maxMessage is the largest size of a message from the backend, in bytes.
const maxMessage = 100 << 20

// NewBackend connects to the destination at a gRPC address.
func NewBackend(address string) (*Backend, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, err
	}
	b := &Backend{conn: conn, client: pb.NewPluginClient(conn), free: make(chan struct{}, 1)}
	b.free <- struct{}{}
	return b, nil
}

// Close closes the connection.
func (b *Backend) Close() error { return b.conn.Close() }

// errAbsent is the error for a table that the backend does not have.
var errAbsent = errors.New("the backend has no such table")

// missingColumnError is the error for a column that a table of the backend does not have.
type missingColumnError struct {
	column string
	err    error // of the destination; nil if it reported none
}

func (e *missingColumnError) Error() string {
	return fmt.Sprintf("the backend's table has no column %s: %v", e.column, e.err)
}

// readTimeout is the longest wait for the next message of a read, and the longest time that a read continues after the
// end of its run. A whole read has no time limit, since it takes time for each row.
const readTimeout = 5 * time.Minute

// verifyColumns are the columns that verification needs. In this order: the account, the sync time, the columns that
// identify a record, the column that the table is incremental on, if it has one, and the column of the parent, if the
// primary key does not have it.
func verifyColumns(t *table.Table) schema.ColumnList {
	columns := schema.ColumnList{{Name: table.AccountColumn, Type: arrow.BinaryTypes.String}, schema.CqSyncTimeColumn}
	for _, i := range t.Identity() {
		columns = append(columns, t.SchemaColumn(i))
	}
	if i := t.Time(); i >= 0 {
		columns = append(columns, t.SchemaColumn(i))
	}
	if i := parentColumn(t); i >= 0 && !t.Columns[i].Key {
		columns = append(columns, t.SchemaColumn(i))
	}
	for i := range columns {
		columns[i] = schema.Column{Name: columns[i].Name, Type: columns[i].Type}
	}
	return columns
}

// parentColumn is the index of the column that names the parent of a child; -1 for none.
func parentColumn(t *table.Table) int {
	if t.Parent == nil {
		return -1
	}
	return t.Column(t.Parent.Column)
}

// removedColumn returns the column that marks removed rows; none if the table lacks it.
func removedColumn(t *table.Table) schema.ColumnList {
	i := t.Column(table.RemovedColumn)
	if i < 0 {
		return nil
	}
	return schema.ColumnList{{Name: table.RemovedColumn, Type: t.SchemaColumn(i).Type}}
}

// stored is a row at the destination.
type stored struct {
	account string
	version version
	key     []table.Value // identifies the record in the account; valid only during the call
	parent  key           // of a child; 0 for none
	removed int64         // time of the record's removal, in microseconds since 1970; 0 for a present record
}

// reserve waits until no other read of the backend is under way. The backend answers a concurrent read with an error.
func (b *Backend) reserve(ctx context.Context) (release func(), err error) {
	select {
	case <-b.free:
		return func() { b.free <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// read calls each for every row of a table, in no particular order. It requests the columns of more too, and returns a
// [missingColumnError] if the table lacks one. Of these columns it uses only [table.RemovedColumn]: a row with a value
// there gets the time gone. The memory that it takes is bounded by one message.
func (b *Backend) read(ctx context.Context, t *table.Table, more schema.ColumnList, each func(stored)) error {
	release, err := b.reserve(ctx)
	if err != nil {
		return err
	}
	defer release()
	ctx, came, cancel := reading(ctx, t.Name())
	defer cancel()
	needed := verifyColumns(t)
	columns := &schema.Table{Name: t.Name(), Columns: slices.Concat(needed, more)}
	request, err := pb.SchemaToBytes(columns.ToArrowSchema())
	if err != nil {
		return err
	}
	names := newNamesakes(len(needed), more)
	stream, err := b.client.Read(ctx, &pb.Read_Request{Table: request})
	for err == nil {
		var page *pb.Read_Response
		if page, err = stream.Recv(); err == nil {
			came()
			err = eachStored(page.Record, t, columns.Columns.Index(table.RemovedColumn), each, names)
		}
	}
	lacking := func(c schema.Column) bool { return lacksColumn(err, c.Name) }
	switch i := slices.IndexFunc(more, lacking); {
	case errors.Is(err, io.EOF):
		return names.err()
	case isAbsent(err, t.Name()):
		return fmt.Errorf("%w: %w", errAbsent, err)
	case i >= 0:
		return &missingColumnError{more[i].Name, err}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// reading returns the context of a read of a table. It ends readTimeout after the beginning, or after the last call of
// came.
//
// If the run fails, the read continues for up to readTimeout: a destination finishes an abandoned read anyway, and
// serves no other one until then.
func reading(run context.Context, table string) (ctx context.Context, came, end func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(run))
	silent := time.AfterFunc(readTimeout, func() {
		cancel(fmt.Errorf("the backend sent nothing of %s for %v", table, readTimeout))
	})
	wait := context.AfterFunc(run, func() {
		_ = pause(ctx, readTimeout) // ends early with the read
		cancel(context.Cause(run))
	})
	return ctx, func() { silent.Reset(readTimeout) }, func() {
		wait()
		silent.Stop()
		cancel(nil)
	}
}

// hasTable reports whether the backend has a table. It reads all rows, since a destination logs an abandoned read as
// an error.
func (b *Backend) hasTable(ctx context.Context, t *table.Table) bool {
	return b.read(ctx, t, nil, func(stored) {}) == nil
}

// isAbsent reports whether a destination's error means that a table does not exist. Each database has its own words
// for it, and no destination uses a gRPC code. The message has to name the table, because a missing database or role
// is a different error.
func isAbsent(err error, table string) bool {
	const quotes = "[`'\"\\[\\]]*"
	name := quotes + `(?:[^\s,;()]*[.:])?` + quotes + regexp.QuoteMeta(table) + `\b` + quotes
	words := `(?i)no such table:? ` + name +
		`|(?:relation|table|object|view)(?: or view)?(?: with name)? ` + name +
		` (?:does not exist|doesn't exist|was not found|not found)` +
		`|not found: table ` + name +
		`|unknown table(?: expression identifier)? ` + name +
		`|invalid object name ` + name
	return regexp.MustCompile(words).MatchString(err.Error())
}

// lacksColumn reports whether a destination's error means that a column does not exist. SQLite reads the quoted name
// of a missing column as a text, and then fails to convert the text to the column's type.
func lacksColumn(err error, column string) bool {
	name := "[`'\"\\[]*(?:[\\w`\"]+\\.)?[`'\"]*" + regexp.QuoteMeta(column) + "\\b"
	words := `(?i)(?:no such column|unknown column|column|invalid column name|unrecognized name|invalid identifier` +
		`|unknown expression identifier|unknown identifier)(?: with name)?:? ` + name +
		`.*|(?:converting|parsing|parse|convert).*["(]` + regexp.QuoteMeta(column) + `"`
	found := regexp.MustCompile(words).FindString(err.Error())
	return found != "" && !strings.Contains(strings.ToLower(found), "permission denied")
}

// namesakes finds text columns whose value is the column's own name in every row.
type namesakes struct {
	first   int               // index of the first column in a record batch
	columns schema.ColumnList // read in addition to verifyColumns
	other   []bool            // by column: whether it had a different value
	rows    int64
}

func newNamesakes(first int, columns schema.ColumnList) *namesakes {
	return &namesakes{first: first, columns: columns, other: make([]bool, len(columns))}
}

func (n *namesakes) add(batch arrow.RecordBatch) {
	n.rows += batch.NumRows()
	for i, c := range n.columns {
		texts, ok := batch.Column(n.first + i).(*array.String)
		for row := 0; !n.other[i] && row < int(batch.NumRows()); row++ {
			n.other[i] = !ok || texts.IsNull(row) || texts.Value(row) != c.Name
		}
	}
}

// err returns a [missingColumnError] for such a column: SQLite answers like that if the column does not exist.
func (n *namesakes) err() error {
	if i := slices.Index(n.other, false); i >= 0 && n.rows > 0 {
		return &missingColumnError{column: n.columns[i].Name}
	}
	return nil
}

// eachStored calls each for every row of an Arrow stream with a table's [verifyColumns]. removed is the index of
// [table.RemovedColumn]; -1 for none.
func eachStored(record []byte, t *table.Table, removed int, each func(stored), names *namesakes) error {
	r, err := ipc.NewReader(bytes.NewReader(record))
	if err != nil {
		return err
	}
	defer r.Release()
	for r.Next() {
		if err := eachOf(r.RecordBatch(), t, removed, each); err != nil {
			return err
		}
		names.add(r.RecordBatch())
	}
	return r.Err()
}

func eachOf(batch arrow.RecordBatch, t *table.Table, removed int, each func(stored)) error {
	accounts, ok := batch.Column(0).(*array.String)
	if !ok {
		return fmt.Errorf("the backend sends %v for %s", batch.Column(0).DataType(), table.AccountColumn)
	}
	synced, err := microseconds(batch.Column(1))
	if err != nil {
		return err
	}
	columns := t.Identity()
	changed, marked := func(int) (int64, bool) { return 0, false }, func(int) (int64, bool) { return 0, false }
	if t.Time() >= 0 {
		if changed, err = microseconds(batch.Column(2 + len(columns))); err != nil {
			return err
		}
	}
	if removed >= 0 {
		if marked, err = microseconds(batch.Column(removed)); err != nil {
			return err
		}
	}
	parent, err := parentIn(batch, t)
	if err != nil {
		return err
	}
	key := make([]table.Value, len(columns))
	for i := range int(batch.NumRows()) {
		for j, c := range columns {
			if key[j], err = keyValue(batch.Column(2+j), i); err != nil {
				return fmt.Errorf("%w for %s", err, t.Columns[c].Name)
			}
		}
		row := stored{account: accounts.Value(i), version: version{key: keyOf(table.KeyOf(key)), at: never}, key: key}
		if at, ok := changed(i); ok {
			row.version.at = time.UnixMicro(at).Unix()
		}
		if at, ok := marked(i); ok {
			row.version.at, row.removed = gone, at
		}
		row.version.sync, _ = synced(i)
		row.parent = parent(i)
		each(row)
	}
	return nil
}

// parentIn returns a function that returns the parent of a row; 0 for none.
func parentIn(batch arrow.RecordBatch, t *table.Table) (func(i int) key, error) {
	none := func(int) key { return 0 }
	at := parentColumn(t)
	if at < 0 || batch.NumRows() == 0 {
		return none, nil
	}
	column := slices.Index(t.Key(), at)
	if column < 0 {
		column = len(verifyColumns(t)) - 3
	}
	parents := batch.Column(2 + column)
	if _, err := keyValue(parents, 0); err != nil {
		return none, fmt.Errorf("%w for %s", err, t.Parent.Column)
	}
	return func(i int) key {
		if parents.IsNull(i) {
			return 0
		}
		v, _ := keyValue(parents, i)
		return keyOf(table.KeyOf([]table.Value{v}))
	}, nil
}

// keyValue returns a value of a column of the primary key.
func keyValue(column arrow.Array, i int) (table.Value, error) {
	switch c := column.(type) {
	case *array.Int64:
		return table.IntValue(c.Value(i)), nil
	case *array.String:
		return table.TextValue(c.Value(i)), nil
	}
	return table.Value{}, fmt.Errorf("the backend sends %v", column.DataType())
}

// microseconds returns a function that reads a column of timestamps, in microseconds since 1970; false for NULL.
func microseconds(column arrow.Array) (func(int) (int64, bool), error) {
	times, ok := column.(*array.Timestamp)
	of, typed := column.DataType().(*arrow.TimestampType)
	if !ok || !typed {
		return nil, fmt.Errorf("the backend sends %v for a timestamp", column.DataType())
	}
	return func(i int) (int64, bool) {
		if times.IsNull(i) {
			return 0, false
		}
		return times.Value(i).ToTime(of.Unit).UnixMicro(), true
	}, nil
}

// columnOf returns a column of values, and releases the builder.
func columnOf[T any, B interface {
	array.Builder
	Append(value T)
}](b B, values ...T) arrow.Array {
	defer b.Release()
	for _, v := range values {
		b.Append(v)
	}
	return b.NewArray()
}
