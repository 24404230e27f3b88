// Package warehouse has doubles of CloudQuery's official destinations, for tests. A double has the name of the official
// plugin and treats messages like that plugin and its database, but keeps its tables in a SQLite file. It uses the
// SDK's own writers, so the order of batches and the errors that are only logged are real.
package warehouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/configtype"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/writers"
	"github.com/cloudquery/plugin-sdk/v4/writers/batchwriter"
	"github.com/cloudquery/plugin-sdk/v4/writers/mixedbatchwriter"
	"github.com/rs/zerolog"
)

// Kind is an official destination, by its name.
type Kind string

// The destinations that have doubles.
const (
	BigQuery   Kind = "bigquery"
	Snowflake  Kind = "snowflake"
	DuckDB     Kind = "duckdb"
	PostgreSQL Kind = "postgresql"
)

// Spec is the spec of a double.
type Spec struct {
	// Path is the SQLite file. It is created if it does not exist.
	Path string `json:"path"`
	// BatchSize, BatchSizeBytes and BatchTimeout bound the batches of the writer, in rows, in bytes by Arrow's count,
	// and in time. The defaults are those of the official plugin.
	BatchSize      int64               `json:"batch_size"`
	BatchSizeBytes int64               `json:"batch_size_bytes"`
	BatchTimeout   configtype.Duration `json:"batch_timeout"`
	// Fail has the numbers of each table's batches with rows that fail, counted from 1.
	Fail map[string][]int `json:"fail"`
}

// double is a kind's own part: its defaults, its errors for missing tables and columns, and its writer.
type double struct {
	rows    int64
	bytes   int64
	timeout time.Duration
	absent  string // the format of the error for a table
	lacking string // the format of the error for a column
	writer  func(*store, Spec, zerolog.Logger) (writer, error)
}

var doubles = map[Kind]double{
	BigQuery: {
		rows: 10_000, bytes: 5 << 20, timeout: 10 * time.Second,
		absent:  "googleapi: Error 404: Not found: Table project:dataset.%s was not found in location EU, notFound",
		lacking: "googleapi: Error 400: Unrecognized name: %s at [1:8], invalidQuery",
		writer:  tableByTable(func(s *store) batchwriter.Client { return bigQuery{store: s} }),
	},
	Snowflake: {
		rows: 5000, bytes: 20 << 20, timeout: 20 * time.Second,
		absent:  "002003 (42S02): SQL compilation error:\nObject '%s' does not exist or not authorized.",
		lacking: "000904 (42000): SQL compilation error: error line 1 at position 7\ninvalid identifier '\"%s\"'",
		writer:  tableByTable(func(s *store) batchwriter.Client { return snowflake{store: s} }),
	},
	DuckDB: {
		rows: 1000, bytes: 4 << 20, timeout: 20 * time.Second,
		absent:  "Catalog Error: Table with name %s does not exist!\nDid you mean \"pg_enum\"?",
		lacking: "Binder Error: Referenced column \"%s\" not found in FROM clause!",
		writer:  tableByTable(func(s *store) batchwriter.Client { return duckDB{store: s} }),
	},
	PostgreSQL: {
		rows: 10_000, bytes: 100_000_000, timeout: time.Minute,
		absent:  "ERROR: relation \"%s\" does not exist (SQLSTATE 42P01)",
		lacking: "ERROR: column \"%s\" does not exist (SQLSTATE 42703)",
		writer: func(s *store, spec Spec, log zerolog.Logger) (writer, error) {
			w, err := mixedbatchwriter.New(postgreSQL{s}, mixedbatchwriter.WithLogger(log), mixedbatchwriter.WithBatchSize(spec.BatchSize),
				mixedbatchwriter.WithBatchSizeBytes(spec.BatchSizeBytes), mixedbatchwriter.WithBatchTimeout(spec.BatchTimeout.Duration()))
			return inOrder{w}, err
		},
	},
}

// Kinds are all kinds, in alphabetical order.
func Kinds() []Kind { return slices.Sorted(maps.Keys(doubles)) }

// writer is one of the SDK's writers, with the additions of the official plugins.
type writer interface {
	writers.Writer
	Close(ctx context.Context) error
}

// flushing is the writer with a batch for each table. It only logs errors of batches with rows.
type flushing struct{ *batchwriter.BatchWriter }

func (w flushing) Write(ctx context.Context, messages <-chan message.WriteMessage) error {
	if err := w.BatchWriter.Write(ctx, messages); err != nil {
		return fmt.Errorf("failed to write: %w", err)
	}
	if err := w.Flush(ctx); err != nil {
		return fmt.Errorf("failed to flush: %w", err)
	}
	return nil
}

func tableByTable(client func(*store) batchwriter.Client) func(*store, Spec, zerolog.Logger) (writer, error) {
	return func(s *store, spec Spec, log zerolog.Logger) (writer, error) {
		w, err := batchwriter.New(client(s), batchwriter.WithLogger(log), batchwriter.WithBatchSize(spec.BatchSize),
			batchwriter.WithBatchSizeBytes(spec.BatchSizeBytes), batchwriter.WithBatchTimeout(spec.BatchTimeout.Duration()))
		return flushing{w}, err
	}
}

// inOrder is the writer whose batches have rows of all tables, in the order of the messages. A failed batch ends it.
type inOrder struct {
	*mixedbatchwriter.MixedBatchWriter
}

func (inOrder) Close(context.Context) error { return nil }

// Plugin returns the double in the form that the SDK serves.
func (k Kind) Plugin() *plugin.Plugin {
	return plugin.NewPlugin(string(k), "double", k.NewClient,
		plugin.WithKind(string(plugin.KindDestination)), plugin.WithTeam("cloudquery"))
}

// client is a running double.
type client struct {
	plugin.UnimplementedSource
	writer
	*store
}

var errNotConnected = errors.New("the double was started without a connection")

// NewClient is the SDK's constructor of a running double.
func (k Kind) NewClient(ctx context.Context, log zerolog.Logger, raw []byte, options plugin.NewClientOptions) (plugin.Client, error) {
	if options.NoConnection {
		return &client{}, nil
	}
	of, ok := doubles[k]
	if !ok {
		return nil, fmt.Errorf("there is no double of %s", k)
	}
	spec := Spec{BatchSize: of.rows, BatchSizeBytes: of.bytes, BatchTimeout: configtype.NewDuration(of.timeout)}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&spec); err != nil {
		return nil, fmt.Errorf("spec of the double: %w", err)
	}
	s, err := openStore(ctx, k, spec)
	if err != nil {
		return nil, err
	}
	w, err := of.writer(s, spec, log)
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return &client{writer: w, store: s}, nil
}

// Write forwards the messages to the kind's writer.
func (c *client) Write(ctx context.Context, messages <-chan message.WriteMessage) error {
	if c.store == nil {
		return errNotConnected
	}
	return c.writer.Write(ctx, messages)
}

// Close writes the remaining batches, and closes the file.
func (c *client) Close(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	return errors.Join(c.writer.Close(ctx), c.store.Close(ctx))
}
