package client

import (
	"encoding/json"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
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

// Summaries are the rows of a table of runs that was asked for beside other tables: one for each account.
func (r *Run) Summaries(of *Table, tables []*Table) ([]message.SyncMessage, error) {
	var names []string
	for _, t := range tables {
		names = append(names, t.Name())
	}
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	var messages []message.SyncMessage
	rows := newResolver(of.Schema(nil))
	for _, a := range r.accounts {
		row := rows.row(a, []value{
			momentValue(r.began), momentValue(time.Now()), textValue(a.api.Name), textValue(string(list)),
			countValue(a.rows.Load()), countValue(a.meter.Requests()), countValue(a.meter.Tokens()), countValue(a.meter.Retries()),
		})
		if err := row.CalculateCQID(false); err != nil {
			return nil, err
		}
		messages = append(messages, &message.SyncInsert{Record: row.GetValues().ToArrowRecord(rows.table.ToArrowSchema())})
	}
	return messages, nil
}
