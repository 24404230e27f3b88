package simulator_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func TestTruth_ofHandMadeRecords(t *testing.T) {
	c, _ := small(0)
	u := c.AddUser(simulator.User{Name: "Ülo", Email: "ylo@example.com"})
	pl := c.AddPipeline(simulator.Pipeline{Name: "Sales", URLTitle: "sales"})
	st := c.AddStage(simulator.Stage{Name: "In", PipelineID: pl, OrderNr: 4, DealProbability: 30})
	c.AddField(simulator.Field{Entity: "deal", Key: "k", Name: "Big", Type: "int"})
	d := c.AddDeal(simulator.Deal{
		Title: "D", OwnerID: u, PipelineID: pl, StageID: st, Value: 1.5, Probability: new(50.0), LabelIDs: []int64{2, 3},
		CustomFields: map[string]any{"k": int64(1<<53 + 1)}, LocalWonDate: new(simulator.Date("2026-05-02")),
	})
	row := c.Truth("deals", simulator.TruthOptions{})[0]
	for column, want := range map[string]any{
		"account_id": "42", "id": d, "title": "D", "value": 1.5, "currency": "EUR", "status": "open", "stage_order_nr": int64(4),
		"person_id": nil, "owner_name": "Ülo", "owner_email": "ylo@example.com", "add_time": start, "update_time": start,
		"close_time": nil, "probability": 50.0, "label_ids": json.RawMessage("[2,3]"), "local_won_date": simulator.Date("2026-05-02"),
		"is_archived": false, "lost_reason": nil, "smart_bcc_email": "company42+deal1@pipedrivemail.com",
		"custom_fields": json.RawMessage(`{"k":9007199254740993}`),
	} {
		assert.Equal(t, want, row[column], column)
	}
	stage := c.Truth("stages", simulator.TruthOptions{})[0]
	assert.Equal(t, 30.0, stage["deal_probability"])
	assert.Equal(t, "Sales", stage["pipeline_name"])
	assert.Nil(t, c.Truth("pipelines", simulator.TruthOptions{})[0]["url_title"])
	old := simulator.TruthOptions{API: "v1"}
	assert.Equal(t, "sales", c.Truth("pipelines", old)[0]["url_title"])
	assert.Nil(t, c.Truth("deals", old)[0]["local_won_date"])
	assert.NotContains(t, c.Truth("deals", simulator.TruthOptions{API: "export"})[0], "custom_fields")

	c.DeleteStage(st)
	assert.Nil(t, c.Truth("deals", simulator.TruthOptions{})[0]["stage_order_nr"])
	assert.Equal(t, int64(4), c.Truth("deals", old)[0]["stage_order_nr"])
}

func TestTruth_choosesDeals(t *testing.T) {
	c, _ := small(4)
	c.DeleteDeal(1)
	c.Advance(31 * 24 * time.Hour)
	c.DeleteDeal(2)
	c.ArchiveDeal(3)
	for _, want := range []struct {
		opts simulator.TruthOptions
		ids  []int64
	}{
		{simulator.TruthOptions{}, []int64{4}},
		{simulator.TruthOptions{Deleted: true}, []int64{2, 4}},
		{simulator.TruthOptions{Archived: true}, []int64{3, 4}},
		{simulator.TruthOptions{Deleted: true, Archived: true}, []int64{2, 3, 4}},
		{simulator.TruthOptions{Deleted: true, Archived: true, API: "v1"}, []int64{2, 4}},
		{simulator.TruthOptions{Deleted: true, Archived: true, API: "export"}, []int64{4}},
	} {
		var got []int64
		for _, row := range c.Truth("deals", want.opts) {
			got = append(got, row["id"].(int64))
		}
		assert.Equal(t, want.ids, got, want.opts)
	}
}

// The encoder and Truth give the same values in all columns that have the name of their field.
func TestTruth_agreesWithTheAnswers(t *testing.T) {
	c := simulator.Generate(simulator.Config{Seed: 3, Persons: 300, Organizations: 200, Deals: 400, Notes: 300})
	s := simulator.NewServer(simulator.WithCompany("token", c))
	for _, table := range []struct {
		name, path string
	}{
		{"deals", "/api/v2/deals"},
		{"persons", "/api/v2/persons"},
		{"organizations", "/api/v2/organizations"},
		{"pipelines", "/api/v2/pipelines"},
		{"stages", "/api/v2/stages"},
	} {
		query := []string{"limit", "500"}
		if include := included(table.path); include != "" {
			query = append(query, "include_fields", include)
		}
		a := get(t, s, table.path, query...)
		require.Nil(t, a.Additional.NextCursor)
		rows := c.Truth(table.name, simulator.TruthOptions{})
		require.Len(t, a.Data, len(rows), table.name)
		for i, row := range rows {
			for column, want := range row {
				if got, ok := a.Data[i][column]; ok && column != "address" {
					if list, ok := got.([]any); ok && len(list) == 0 {
						got = nil
					}
					require.Equal(t, plainJSON(t, want), got, "%s %v %s", table.name, row["id"], column)
				}
			}
		}
	}
}

// plainJSON converts a value of Truth to the form of a JSON decoder.
func plainJSON(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	var plain any
	require.NoError(t, json.Unmarshal(b, &plain))
	return plain
}
