package client

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
)

// RunColumns are what is known of a run when it has ended well.
var RunColumns = []Column{
	{Name: "started_at", Key: true, Type: Timestamp, Description: "When the run began, by the clock of the machine that it ran on."},
	{Name: "ended_at", Type: Timestamp, Description: "When it had read everything."},
	{Name: "api_version", Type: Text, Description: "The API that it read: v2, v1 or export."},
	{Name: "tables", Type: JSON, Description: "The tables that it was asked for: a list of their names."},
	{Name: "rows", Type: Int, Description: "Rows that it sent for the account."},
	{Name: "requests", Type: Int, Description: "Requests that it made to the account, repeated ones included."},
	{Name: "api_tokens", Type: Int, Description: "API tokens that these cost."},
	{Name: "retries", Type: Int, Description: "Requests among them that repeated one that had failed."},
}

// summarize sends the rows of a table of runs: one for each account.
func (r *Run) summarize(ctx context.Context, of *Table, tables []*Table, options plugin.SyncOptions, out chan<- message.SyncMessage) error {
	var names []string
	for _, t := range tables {
		names = append(names, t.Name())
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	for _, a := range r.accounts {
		s := newSink(of, of.Schema(), a.id, options.DeterministicCQID, out)
		err := s.add(ctx, []*Row{{values: []value{
			momentValue(r.began), momentValue(time.Now()), textValue(a.api.Name), textValue(string(list)),
			countValue(a.rows.Load()), countValue(a.meter.Requests()), countValue(a.meter.Tokens()), countValue(a.meter.Retries()),
		}}})
		if err := cmp.Or(err, s.flush(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// Summarize sends the rows of the tables that are about the run itself.
func (r *Run) Summarize(ctx context.Context, tables []*Table, options plugin.SyncOptions, out chan<- message.SyncMessage) error {
	for _, t := range tables {
		if t.Runs {
			if err := r.summarize(ctx, t, tables, options, out); err != nil {
				return err
			}
		}
	}
	return nil
}
