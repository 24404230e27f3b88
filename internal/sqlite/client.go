package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// Client writes to and reads from one SQLite file. Its methods are safe for concurrent use: CloudQuery calls them
// concurrently when a source keeps its state beside its rows.
type Client struct {
	plugin.UnimplementedSource

	// writes holds a single connection, since SQLite allows one writer at a time. Queueing for the connection
	// honours the context and is fair; queueing for SQLite's lock is neither.
	writes *sql.DB
	// reads sees the last committed state and, because of the write-ahead log,
	// neither waits for a writer nor makes one wait.
	reads *sql.DB

	spec Spec
}

var _ plugin.Client = (*Client)(nil)

var errNotConnected = errors.New("the sqlite plugin was started without a connection")

// New is the SDK's constructor of the client.
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

// Open opens the file, creating it if needed, and takes the write lock for a moment, so that a read-only file is
// reported now.
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

// Close closes the file. It closes the reading side first: the last connection merges the write-ahead log into the
// file, which a reader cannot do.
func (c *Client) Close(context.Context) error {
	if c.writes == nil {
		return nil
	}
	return errors.Join(c.reads.Close(), c.writes.Close())
}

// lockWait is how long, in milliseconds, a statement waits for another process
// that holds a lock on the file.
const lockWait = "60000"

func writeDSN(path string) string {
	return dsn(path, url.Values{
		"_busy_timeout": {lockWait},
		"_journal_mode": {"WAL"},
		// In WAL mode a commit that NORMAL has not synced yet can be lost in a
		// power cut, but the file stays consistent; the next sync repeats it.
		"_synchronous": {"NORMAL"},
		// A transaction that begins as a reader may fail to become a writer.
		"_txlock": {"immediate"},
		// Pages of 8 KiB take half the writes of SQLite's 4; larger ones would make a small change write much. A file
		// keeps the size that it has. A cache of more than these KiB saves no measurable time, since the system
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

// dsn renders the path as a URI. A name may contain any character.
func dsn(path string, parameters url.Values) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive: file:///C:/...
	}
	// Without this, SQLite reads a quoted name of a missing column as text.
	parameters.Set("_dqs", "0")
	uri := url.URL{Scheme: "file", Path: path, RawQuery: parameters.Encode()}
	return uri.String()
}

// InTransaction runs do in one write transaction. tables are the tables concerned, for errors outside of do.
func (c *Client) InTransaction(ctx context.Context, tables []string, do func(*sql.Tx) error) error {
	tx, err := c.writes.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction for %s: %w", strings.Join(tables, ", "), err)
	}
	if err := do(tx); err != nil {
		// SQLite rolls back on its own when the disk is full, and so does database/sql when the context is done. A
		// second rollback then fails without meaning.
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

// Quote renders a name as an SQL identifier.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteAll renders names as a list of SQL identifiers.
func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Quote(name)
	}
	return strings.Join(quoted, ", ")
}
