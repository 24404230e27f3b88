package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

var everything = simulator.TruthOptions{Deleted: true, Archived: true}

// A row has the values that the record stores; the answer has them in the API's forms.
func TestKind_aLeadAsItIsStoredShownAndTold(t *testing.T) {
	c, s := small(0)
	c.AddField(simulator.Field{Entity: "deal", Key: "abc", Name: "Budget", Type: "monetary"})
	c.AddField(simulator.Field{Entity: "deal", Key: "def", Name: "Unset", Type: "varchar"})
	at := time.Date(2026, 5, 1, 10, 11, 12, 345_000_000, time.UTC)
	c.AddRecord("leads", map[string]any{
		"title": "L", "value": 1.5, "currency": "EUR", "visible_to": int64(3), "label_ids": []string{"one", "two"}, "add_time": at,
		"owner_id": int64(1), "custom_fields": map[string]any{"abc": simulator.Money{Value: 7, Currency: "USD"}},
	})
	shown := get(t, s, "/v1/leads", "limit", "1").Data[0]
	for name, want := range map[string]any{
		"title": "L", "value": map[string]any{"amount": 1.5, "currency": "EUR"}, "visible_to": "3", "label_ids": []any{"one", "two"},
		"add_time": "2026-05-01T10:11:12.345Z", "abc": 7.0, "abc_currency": "USD", "person_id": nil, "is_archived": false,
	} {
		assert.Equal(t, want, shown[name], name)
	}
	assert.NotContains(t, shown, "def", "a custom field that is not set is left out")
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`, shown["id"])
	row := c.Truth("leads", everything)[0]
	for column, want := range map[string]any{
		"account_id": "42", "id": shown["id"], "title": "L", "value": 1.5, "currency": "EUR", "visible_to": int64(3), "add_time": at,
		"label_ids": json.RawMessage(`["one","two"]`), "person_id": nil, "owner_email": "admin@company42.example",
		"custom_fields": json.RawMessage(`{"abc":{"currency":"USD","value":7}}`),
	} {
		assert.Equal(t, want, row[column], column)
	}
}

func TestKind_changesArchivingAndRemoval(t *testing.T) {
	c, s := small(0)
	n := c.AddRecord("leads", map[string]any{"title": "before"})
	ids := func(path string) (found []any) {
		for _, r := range get(t, s, path).Data {
			found = append(found, r["title"])
		}
		return found
	}
	c.Advance(time.Minute)
	c.UpdateRecord("leads", n, map[string]any{"title": "after"})
	row := c.Truth("leads", everything)[0]
	assert.Equal(t, []any{"after", c.Now()}, []any{row["title"], row["update_time"]})
	assert.Equal(t, []any{"after"}, ids("/v1/leads"))
	c.ArchiveRecord("leads", n, true)
	assert.Empty(t, ids("/v1/leads"))
	assert.Equal(t, []any{"after"}, ids("/v1/leads/archived"))
	assert.Empty(t, c.Truth("leads", simulator.TruthOptions{}))
	c.RemoveRecord("leads", n)
	assert.Empty(t, ids("/v1/leads/archived"))
	assert.Empty(t, c.Truth("leads", everything))

	p := c.AddRecord("projects", map[string]any{"title": "P"})
	c.RemoveRecord("projects", p)
	assert.Empty(t, get(t, s, "/api/v2/projects").Data)
	assert.Equal(t, "deleted", get(t, s, "/api/v2/projects", "status", "open,deleted").Data[0]["status"])
	assert.Equal(t, "deleted", c.Truth("projects", everything)[0]["status"])
	assert.Empty(t, c.Truth("projects", simulator.TruthOptions{}))
}

// A new child belongs to an existing parent, and disappears with it.
func TestKind_childrenGoWithTheirParent(t *testing.T) {
	c := simulator.NewCompany(1)
	s := simulator.NewServer(simulator.WithCompany("token", c))
	phases := func(board int64) int {
		return len(get(t, s, "/api/v2/phases", "board_id", fmt.Sprint(board)).Data)
	}
	c.AddRecord("project_phases", map[string]any{"name": "of none"})
	assert.Empty(t, c.Truth("project_phases", everything))
	first := c.AddRecord("project_boards", map[string]any{"name": "A"})
	second := c.AddRecord("project_boards", map[string]any{"name": "B"})
	c.RemoveRecord("project_boards", first)
	c.AddRecord("project_phases", map[string]any{"name": "of the second"})
	assert.Equal(t, second, c.Truth("project_phases", everything)[0]["board_id"])
	assert.Equal(t, 1, phases(second))
	c.RemoveRecord("project_boards", second)
	assert.Empty(t, c.Truth("project_phases", everything))
	assert.Zero(t, phases(second))
}

// All lists of a kind together have each row of the table once.
func TestKind_listsHaveTheRowsOfTheTable(t *testing.T) {
	c := simulator.Generate(simulator.Config{Seed: 4, Persons: 40, Organizations: 20, Deals: 90, Notes: 60})
	s := simulator.NewServer(simulator.WithCompany("token", c))
	for kind, asks := range map[string][]string{
		"activities": {"/api/v2/activities"}, "activity_types": {"/v1/activityTypes"}, "leads": {"/v1/leads", "/v1/leads/archived"},
		"lead_labels": {"/v1/leadLabels"}, "lead_sources": {"/v1/leadSources"}, "products": {"/api/v2/products"}, "roles": {"/v1/roles"},
		"permission_sets": {"/v1/permissionSets"}, "filters": {"/v1/filters"}, "currencies": {"/v1/currencies"}, "files": {"/v1/files"},
		"goals":    {"/v1/goals/find?expected_outcome.tracking_metric=quantity", "/v1/goals/find?expected_outcome.tracking_metric=sum"},
		"projects": {"/api/v2/projects?status=open,completed,canceled,deleted", "/api/v2/projects/archived?status=open,completed,canceled,deleted"},
		"tasks":    {"/api/v2/tasks"}, "project_boards": {"/api/v2/boards"}, "project_phases": {"/api/v2/phases?board_id=1", "/api/v2/phases?board_id=2"},
		"project_templates": {"/api/v2/projectTemplates"}, "deal_products": {"/api/v2/deals/products?deal_ids=" + numbers(90)},
		"deal_installments": {"/api/v2/deals/installments?deal_ids=" + numbers(90)},
		"note_comments":     perParent("/v1/notes/%d/comments", 60), "users": {"/v1/users"},
	} {
		keys := map[any]int{}
		for _, ask := range asks {
			for _, r := range all(t, s, ask) {
				for _, name := range []string{"id", "uuid", "name"} {
					if r[name] != nil {
						keys[r[name]]++
						break
					}
				}
			}
		}
		rows := c.Truth(kind, everything)
		assert.NotEmpty(t, rows, kind)
		assert.Len(t, keys, len(rows), kind)
		for key, times := range keys {
			assert.Equal(t, 1, times, "%s %v", kind, key)
		}
	}
}

func perParent(format string, n int) (paths []string) {
	for i := range n {
		paths = append(paths, fmt.Sprintf(format, i+1))
	}
	return paths
}

// all reads all pages of a list, by the paging that its answers announce.
func all(t *testing.T, s *simulator.Server, address string) (records []map[string]any) {
	t.Helper()
	path, query, _ := strings.Cut(address, "?")
	var params []string
	for p := range strings.SplitSeq(query, "&") {
		if name, value, ok := strings.Cut(p, "="); ok {
			params = append(params, name, value)
		}
	}
	next := []string{}
	for {
		a := get(t, s, path, append(next, params...)...)
		require.Equal(t, http.StatusOK, a.status, "%s: %s", address, a.raw)
		var body struct {
			Data       json.RawMessage
			Additional struct {
				Cursor     *string `json:"next_cursor"`
				Flat       *int    `json:"next_start"`
				Pagination struct {
					Start *int `json:"next_start"`
				}
			} `json:"additional_data"`
		}
		require.NoError(t, json.Unmarshal([]byte(a.raw), &body))
		var page []map[string]any
		if json.Unmarshal(body.Data, &page) != nil {
			var within map[string][]map[string]any
			require.NoError(t, json.Unmarshal(body.Data, &within))
			page = within["goals"]
		}
		records = append(records, page...)
		switch {
		case body.Additional.Cursor != nil:
			next = []string{"cursor", *body.Additional.Cursor}
		case body.Additional.Flat != nil:
			next = []string{"start", fmt.Sprint(*body.Additional.Flat)}
		case body.Additional.Pagination.Start != nil:
			next = []string{"start", fmt.Sprint(*body.Additional.Pagination.Start)}
		default:
			return records
		}
	}
}

// Paths that an account lacks are refused and cost nothing, until they are given back.
func TestKind_gates(t *testing.T) {
	c, s := small(0)
	for _, gate := range []struct {
		name, path string
		status     int
	}{
		{"projects", "/api/v2/boards", 402},
		{"projects", "/api/v2/projectFields", 403},
		{"projects", "/api/v2/tasks", 404},
		{"admin", "/v1/roles", 403},
		{"admin", "/v1/permissionSets", 403},
	} {
		assert.Equal(t, http.StatusOK, get(t, s, gate.path).status, gate.path)
		c.Refuse(gate.name, gate.status)
		s.ResetUsage()
		assert.Equal(t, gate.status, get(t, s, gate.path).status, gate.path)
		assert.Zero(t, s.Usage().Tokens)
		assert.Equal(t, http.StatusOK, get(t, s, "/v1/currencies").status)
		c.Refuse(gate.name, 0)
	}
}

// The account itself is a row, as its token's owner sees it.
func TestTruth_ofTheCompanyAndItsUsers(t *testing.T) {
	c, s := small(0)
	c.AddUser(simulator.User{Name: "Ülo", Email: "ylo@example.com"})
	row := c.Truth("company", everything)[0]
	for column, want := range map[string]any{
		"account_id": "42", "company_domain": "company42", "user_email": "admin@company42.example", "default_currency": "EUR", "language_code": "en",
	} {
		assert.Equal(t, want, row[column], column)
	}
	shown, users := get(t, s, "/v1/users").Data, c.Truth("users", everything)
	require.Len(t, shown, len(users))
	for i, u := range users {
		for column, want := range u {
			if got, ok := shown[i][column]; ok && column != "last_login" && column != "created" && column != "modified" {
				assert.Equal(t, plainJSON(t, want), got, column)
			}
		}
	}
	assert.Equal(t, []any{"Ülo", nil, false}, []any{users[1]["name"], users[1]["last_login"], users[1]["is_you"]})
}

func TestKind_refusesUnknownParameters(t *testing.T) {
	c, s := small(0)
	for range 150 {
		c.AddRecord("files", nil)
	}
	assert.Len(t, get(t, s, "/v1/files", "limit", "500").Data, 100, "the largest page of files")
	for _, refused := range [][]string{
		{"/api/v2/activities", "type", "call"},
		{"/api/v2/products", "updated_until", "2026-01-01T00:00:00Z"},
		{"/api/v2/products", "include_fields", "x"},
		{"/v1/leads/archived", "updated_since", "2026-01-01T00:00:00Z"},
		{"/api/v2/deals/products"},
		{"/api/v2/deals/products", "deal_ids", numbers(101)},
		{"/api/v2/phases"},
		{"/api/v2/boards", "limit", "5"},
		{"/api/v2/tasks", "sort_by", "id"},
		{"/v1/files", "sort", "add_time ASC"},
	} {
		assert.Equal(t, http.StatusBadRequest, get(t, s, refused[0], refused[1:]...).status, refused)
	}
}

// Without a filter the list has only the goals of the token's owner.
func TestKind_goalsOfOthersNeedAFilter(t *testing.T) {
	c, s := small(0)
	mine := c.AddRecord("goals", map[string]any{"owner_id": int64(1), "expected_tracking_metric": "sum"})
	c.AddRecord("goals", map[string]any{"owner_id": int64(9), "expected_tracking_metric": "sum"})
	assert.Equal(t, int64(1), mine)
	assert.Len(t, all(t, s, "/v1/goals/find"), 1)
	assert.Len(t, all(t, s, "/v1/goals/find?expected_outcome.tracking_metric=sum"), 2)
	assert.Empty(t, all(t, s, "/v1/goals/find?expected_outcome.tracking_metric=quantity"))
}

// A company's records do not depend on the kinds that were requested before.
func TestKind_drawnTheSameWhenever(t *testing.T) {
	cfg := simulator.Config{Seed: 4, Persons: 40, Organizations: 20, Deals: 90, Notes: 60, Records: map[string]int{"files": 7}}
	one, other := simulator.Generate(cfg), simulator.Generate(cfg)
	other.Advance(time.Hour)
	kinds := simulator.Kinds()
	for i := range kinds {
		other.Truth(kinds[len(kinds)-1-i], everything)
	}
	for _, kind := range kinds {
		assert.Equal(t, one.Truth(kind, everything), other.Truth(kind, everything), kind)
	}
	assert.Len(t, one.Truth("files", everything), 7)
}
