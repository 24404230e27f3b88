package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// Client writes to one SQLite file and reads from it. Its methods are safe for concurrent use: if a source keeps its
// state beside its rows, CloudQuery calls them concurrently.
type Client struct {
	plugin.UnimplementedSource

	// writes has a single connection, since SQLite has one writer at a time. The wait for the connection is fair and
	// ends with the context; a wait for SQLite's lock is neither.
	writes *sql.DB
	// reads sees the last committed state. Thanks to the write-ahead log, readers and the writer do not wait for each
	// other.
	reads *sql.DB

	spec Spec
}

var _ plugin.Client = (*Client)(nil)

var errNotConnected = errors.New("the sqlite plugin was started without a connection")

// New creates the client for the SDK.
func New(ctx context.Context, _ zerolog.Logger, specJSON []byte, options plugin.NewClientOptions) (plugin.Client, error) {
	if options.NoConnection {
		return &Client{}, nil
	}
	spec, err := parseSpec(specJSON)
	if err != nil {
		return nil, err
	}
	return Open(ctx, spec)
}

// Open opens the file and creates it if it is missing. It takes the write lock for a moment, so that a read-only file
// is an error at once.
func Open(ctx context.Context, spec Spec) (*Client, error) {
	c := &Client{spec: spec}
	var err error
	if c.writes, err = sql.Open("sqlite", writeDSN(spec.Path)); err != nil {
		return nil, fmt.Errorf("open %s: %w", spec.Path, err)
	}
	c.writes.SetMaxOpenConns(1)
	if c.reads, err = sql.Open("sqlite", readDSN(spec.Path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", spec.Path, err), c.writes.Close())
	}
	c.reads.SetMaxOpenConns(4)
	if err := c.probe(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", spec.Path, err), c.Close(ctx))
	}
	return c, nil
}

func (c *Client) probe(ctx context.Context) error {
	tx, err := c.writes.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return tx.Rollback()
}

// Close closes the file. Readers close first: the last connection merges the write-ahead log into the file, which a
// reader can't do.
func (c *Client) Close(context.Context) error {
	if c.writes == nil {
		return nil
	}
	return errors.Join(c.reads.Close(), c.writes.Close())
}

// lockWait is the time, in milliseconds, that a statement waits for another process to release its lock on the file.
const lockWait = "60000"

func writeDSN(path string) string {
	return dsn(path, url.Values{
		"_busy_timeout": {lockWait},
		"_journal_mode": {"WAL"},
		// With NORMAL in WAL mode, a power cut can lose the last commits, but the file stays consistent. The next sync
		// repeats the lost rows.
		"_synchronous": {"NORMAL"},
		// A transaction that begins as a reader may fail to become a writer.
		"_txlock": {"immediate"},
		// Pages of 8 KiB need half as many writes as SQLite's default of 4 KiB. Larger pages would make small changes
		// expensive. An existing file keeps its page size. A larger cache saves no measurable time, since the system
		// caches the file too.
		"_pragma": {"page_size(8192)", "cache_size(-8192)"},
	})
}

func readDSN(path string) string {
	return dsn(path, url.Values{
		"_busy_timeout": {lockWait},
		"mode":          {"ro"},
	})
}

// dsn returns a path as a URI. The path may contain any character.
func dsn(path string, parameters url.Values) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive: file:///C:/...
	}
	// By default SQLite reads the quoted name of a missing column as a text.
	parameters.Set("_dqs", "0")
	uri := url.URL{Scheme: "file", Path: path, RawQuery: parameters.Encode()}
	return uri.String()
}

// InTransaction runs do in one write transaction. tables are named in errors outside of do.
func (c *Client) InTransaction(ctx context.Context, tables []string, do func(*sql.Tx) error) error {
	tx, err := c.writes.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction for %s: %w", strings.Join(tables, ", "), err)
	}
	if err := do(tx); err != nil {
		// SQLite itself rolls back if the disk is full, and database/sql does if the context ends. The error of a
		// second rollback has no meaning.
		_ = tx.Rollback()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("commit to %s: %w", strings.Join(tables, ", "), err)
	}
	return nil
}

// tablesOf returns the names of the messages' tables.
func tablesOf[M message.WriteMessage](messages []M) []string {
	names := make([]string, len(messages))
	for i, m := range messages {
		names[i] = m.GetTable().Name
	}
	return names
}

// Quote returns a name as an SQL identifier.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteAll returns names as a list of SQL identifiers.
func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Quote(name)
	}
	return strings.Join(quoted, ", ")
}
