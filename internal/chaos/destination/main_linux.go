// Command destination is the destination of the chaos tests: the SQLite destination, or the double of an official one.
// It reports each step of its work to the test. The test may make it lose a batch, fail, run out of disk, or die on the
// spot.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/serve"
	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

func main() {
	signal.Ignore(syscall.SIGXFSZ) // so that only the write errors of a full disk remain
	name := os.Getenv("CHAOS_DESTINATION")
	open := warehouse.Kind(name).NewClient
	if name == "sqlite" {
		open = sqlite.New
	}
	p := plugin.NewPlugin(name, "development", interfering(open), plugin.WithKind(string(plugin.KindDestination)))
	if err := serve.Plugin(p).Serve(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// client is a destination with interference.
type client struct {
	plugin.Client
	batchRows int64
}

// interfering is a destination's constructor, given that of one without interference.
func interfering(open plugin.NewClientFunc) plugin.NewClientFunc {
	return func(ctx context.Context, logger zerolog.Logger, raw []byte, options plugin.NewClientOptions) (plugin.Client, error) {
		var spec struct {
			BatchSize int64 `json:"batch_size"`
		}
		if err := json.Unmarshal(raw, &spec); err != nil {
			return nil, err
		}
		inner, err := open(ctx, logger, raw, options)
		return &client{inner, spec.BatchSize}, err
	}
}

// Write forwards messages, rows in batches of batch_size. If it is to fail, unwritten messages are lost.
func (c *client) Write(ctx context.Context, messages <-chan message.WriteMessage) error {
	s := stream{batchRows: c.batchRows, passed: make(chan message.WriteMessage), carries: "nothing"}
	inner, cancel := context.WithCancel(ctx)
	written := make(chan error, 1)
	go func() {
		defer cancel() // so that no sender waits
		written <- c.Client.Write(inner, s.passed)
	}()
	err := s.pass(inner, messages)
	if err != nil {
		cancel()
	}
	close(s.passed)
	if err := errors.Join(err, <-written); err != nil {
		return err
	}
	return tell(ctx, "written "+s.carries)
}

// Read reads a table, unless it is to fail.
func (c *client) Read(ctx context.Context, table *schema.Table, records chan<- arrow.RecordBatch) error {
	if err := tell(ctx, "read of "+table.Name); err != nil {
		return err
	}
	return c.Client.Read(ctx, table, records)
}

// stream forwards the messages of one stream, which carries rows, or a source's state, or nothing.
type stream struct {
	batchRows int64
	passed    chan message.WriteMessage
	carries   string
}

func (s *stream) pass(ctx context.Context, messages <-chan message.WriteMessage) error {
	for m := range messages {
		var err error
		switch m := m.(type) {
		case *message.WriteInsert:
			err = s.batches(ctx, m)
		case *message.WriteMigrateTable:
			if strings.HasPrefix(m.Table.Name, "pipedrive_") {
				s.carries = "rows"
			}
			err = s.send(ctx, m)
		default:
			err = s.send(ctx, m)
		}
		if err != nil {
			return err
		}
	}
	return tell(ctx, "end of "+s.carries)
}

// batches forwards the rows of a message in batches, except those that are to be lost.
func (s *stream) batches(ctx context.Context, m *message.WriteInsert) error {
	table := m.GetTable().Name
	if !strings.HasPrefix(table, "pipedrive_") {
		s.carries = "state"
	}
	for from := int64(0); from < m.Record.NumRows(); from += s.batchRows {
		err := tell(ctx, "batch of "+table)
		if errors.Is(err, errDrop) {
			continue
		}
		if err != nil {
			return err
		}
		batch := m.Record.NewSlice(from, min(from+s.batchRows, m.Record.NumRows()))
		if err := s.send(ctx, &message.WriteInsert{Record: batch}); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) send(ctx context.Context, m message.WriteMessage) error {
	select {
	case s.passed <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var (
	errDrop = errors.New("drop the batch")
	errFail = errors.New("the destination fails")
)

// tell reports the next or the last step to the test, and follows its instruction.
func tell(ctx context.Context, moment string) error {
	address := os.Getenv("CHAOS_URL") + "?" + url.Values{"moment": {moment}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case string(said) == "drop":
		return errDrop
	case string(said) == "fail":
		return errFail
	case string(said) == "full disk":
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{}) // makes every write to a file fail
	}
	return nil
}
