package simulator_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is a page of either API, or an error.
type answer struct {
	status     int
	header     http.Header
	raw        string
	Success    bool             `json:"success"`
	Data       []map[string]any `json:"data"`
	Error      string           `json:"error"`
	Code       string           `json:"code"`
	Message    string           `json:"message"`
	Pagination page             `json:"pagination"`
	Additional struct {
		NextCursor *string `json:"next_cursor"`
		Pagination page    `json:"pagination"`
	} `json:"additional_data"`
}

type page struct {
	Start, Limit int
	More         bool `json:"more_items_in_collection"`
	Next         *int `json:"next_start"`
}

// get sends a request with the API token "token" and the Bearer token "jwt".
func get(t testing.TB, h http.Handler, target string, query ...string) answer {
	t.Helper()
	q := url.Values{}
	for i := 0; i < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	r := httptest.NewRequest(http.MethodGet, target+"?"+q.Encode(), nil)
	if strings.HasPrefix(target, "/v1/e/") {
		r.Header.Set("Authorization", "Bearer jwt")
	} else {
		r.Header.Set("x-api-token", "token")
	}
	return do(t, h, r)
}

func do(t testing.TB, h http.Handler, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && a.raw != "null" {
		_ = json.Unmarshal(w.Body.Bytes(), &a) // data is an object in some answers
	}
	return a
}

func ids(rows []map[string]any) []int {
	var list []int
	for _, r := range rows {
		list = append(list, int(r["id"].(float64)))
	}
	return list
}

var start = time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)

// small is a company with n deals whose update_time is a minute apart, and a server for it.
func small(n int, opts ...simulator.Option) (*simulator.Company, *simulator.Server) {
	c := simulator.NewCompany(42)
	c.SetNow(start)
	for i := range n {
		c.AddDeal(simulator.Deal{Title: fmt.Sprint("Deal ", i+1), AddTime: start, UpdateTime: new(start.Add(time.Duration(i) * time.Minute))})
	}
	opts = append([]simulator.Option{simulator.WithCompany("token", c), simulator.WithExportToken("jwt", c)}, opts...)
	return c, simulator.NewServer(opts...)
}

func TestV2_pagesByCursor(t *testing.T) {
	_, s := small(7)
	for _, order := range []struct {
		sort, direction string
		want            []int
	}{
		{"id", "asc", []int{1, 2, 3, 4, 5, 6, 7}},
		{"update_time", "desc", []int{7, 6, 5, 4, 3, 2, 1}},
		{"add_time", "asc", []int{1, 2, 3, 4, 5, 6, 7}},
		{"add_time", "desc", []int{7, 6, 5, 4, 3, 2, 1}},
	} {
		var got []int
		query := []string{"limit", "3", "sort_by", order.sort, "sort_direction", order.direction}
		for pages := 1; ; pages++ {
			a := get(t, s, "/api/v2/deals", query...)
			require.Equal(t, 200, a.status, a.raw)
			got = append(got, ids(a.Data)...)
			if a.Additional.NextCursor == nil {
				assert.Equal(t, 3, pages)
				break
			}
			query = append(query[:6:6], "cursor", *a.Additional.NextCursor)
		}
		assert.Equal(t, order.want, got, order)
	}
}

func TestV2_cursorStaysWhereItIsWhenRecordsComeAndGo(t *testing.T) {
	c, s := small(6)
	first := get(t, s, "/api/v2/deals", "limit", "2", "sort_by", "update_time")
	require.Equal(t, []int{1, 2}, ids(first.Data))
	c.AddDeal(simulator.Deal{UpdateTime: new(start.Add(-time.Hour))}) // before the cursor
	c.DeleteDeal(2)                                                   // the cursor's own record
	c.SetNow(start.Add(time.Hour))
	c.UpdateDeal(1, func(d *simulator.Deal) { d.Title = "again" }) // moves to the end
	second := get(t, s, "/api/v2/deals", "limit", "2", "sort_by", "update_time", "cursor", *first.Additional.NextCursor)
	assert.Equal(t, []int{3, 4}, ids(second.Data))
	third := get(t, s, "/api/v2/deals", "limit", "9", "sort_by", "update_time", "cursor", *second.Additional.NextCursor)
	assert.Equal(t, []int{5, 6, 1}, ids(third.Data))
}

func TestV2_updatedSinceIsInclusiveAndUpdatedUntilExclusive(t *testing.T) {
	_, s := small(5)
	for _, sort := range []string{"id", "update_time"} {
		a := get(t, s, "/api/v2/deals", "sort_by", sort, "updated_since", "2026-05-01T10:01:00Z", "updated_until", "2026-05-01T10:03:00Z")
		assert.Equal(t, []int{2, 3}, ids(a.Data), sort)
	}
}

func TestV2_recordsWithoutUpdateTimeSortFirstAndAreNeverRecent(t *testing.T) {
	c, s := small(3)
	c.UpdateDeal(2, func(d *simulator.Deal) { d.UpdateTime = nil })
	a := get(t, s, "/api/v2/deals", "sort_by", "update_time", "limit", "1")
	assert.Equal(t, []int{2}, ids(a.Data))
	a = get(t, s, "/api/v2/deals", "sort_by", "update_time", "cursor", *a.Additional.NextCursor)
	assert.Equal(t, []int{1, 3}, ids(a.Data))
	a = get(t, s, "/api/v2/deals", "updated_since", "1970-01-01T00:00:00Z")
	assert.Equal(t, []int{1, 3}, ids(a.Data))
}

func TestV2_refusesLikeTheVendor(t *testing.T) {
	_, s := small(3)
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"field":"add_time","fieldValue":null,"sortDirection":"asc","id":1}`))
	for _, c := range []struct{ path, name, value string }{
		{"/api/v2/deals", "updated_since", "2026-05-01T10:01:00.000Z"},
		{"/api/v2/deals", "updated_since", "2026-05-01 10:01:00"},
		{"/api/v2/deals", "updated_until", "2026-05-01T10:01:00+00:00"},
		{"/api/v2/deals", "limit", "501"},
		{"/api/v2/deals", "limit", "0"},
		{"/api/v2/deals", "cursor", "nonsense"},
		{"/api/v2/deals", "cursor", other},
		{"/api/v2/deals", "start", "0"},
		{"/api/v2/deals", "sort_by", "title"},
		{"/api/v2/deals", "sort_direction", "up"},
		{"/api/v2/deals", "status", "open,gone"},
		{"/api/v2/deals", "include_fields", "notes_count,title"},
		{"/api/v2/deals", "custom_fields", "unknown"},
		{"/api/v2/deals", "filter_id", "1"},
		{"/api/v2/deals", "api_token", "token"},
		{"/api/v2/organizations", "include_fields", "doi_status"},
		{"/api/v2/pipelines", "updated_since", "2026-05-01T10:01:00Z"},
		{"/api/v2/stages", "include_fields", "name"},
		{"/v1/notes", "updated_since", "yesterday"},
		{"/v1/deals", "updated_since", "2026-05-01T10:01:00Z"},
	} {
		a := get(t, s, c.path, c.name, c.value)
		assert.Equal(t, 400, a.status, c)
		assert.False(t, a.Success)
		assert.NotEmpty(t, a.Error)
	}
	assert.Equal(t, "ERR_SCHEMA_VALIDATION_FAILED", get(t, s, "/api/v2/deals", "updated_since", "x").Code)
}

func TestV2_showsOptionalFieldsOnlyWhenAskedFor(t *testing.T) {
	c, s := small(0)
	c.AddPerson(simulator.Person{Name: "A"})
	plain := get(t, s, "/api/v2/persons").Data[0]
	assert.NotContains(t, plain, "notes_count")
	asked := get(t, s, "/api/v2/persons", "include_fields", "notes_count,doi_status").Data[0]
	assert.Contains(t, asked, "notes_count")
	assert.Contains(t, asked, "doi_status")
	assert.NotContains(t, asked, "files_count")
	assert.Contains(t, plain, "job_title")
	c.SetContactSync(false)
	assert.NotContains(t, get(t, s, "/api/v2/persons").Data[0], "job_title")
}

func TestPersons_ofACompanyWithoutTheMarketingApp(t *testing.T) {
	c, s := small(0)
	c.AddPerson(simulator.Person{Name: "A", MarketingStatus: new("subscribed"), DOIStatus: new("confirmed")})
	asked := []string{"include_fields", "notes_count,marketing_status,doi_status"}
	person := get(t, s, "/api/v2/persons", asked...).Data[0]
	assert.Equal(t, "subscribed", person["marketing_status"])
	assert.Equal(t, "confirmed", person["doi_status"])
	assert.Equal(t, "subscribed", get(t, s, "/v1/persons").Data[0]["marketing_status"])
	row := c.Truth("persons", simulator.TruthOptions{})[0]
	assert.Equal(t, []any{"subscribed", "confirmed"}, []any{row["marketing_status"], row["doi_status"]})

	c.SetMarketingApp(false)
	for _, include := range []string{"marketing_status", "doi_status", asked[1]} {
		a := get(t, s, "/api/v2/persons", "include_fields", include)
		assert.Equal(t, []any{400, "ERR_SCHEMA_VALIDATION_FAILED", false}, []any{a.status, a.Code, a.Success}, include)
		assert.Contains(t, a.Error, "marketing app")
	}
	assert.Contains(t, get(t, s, "/api/v2/persons", "include_fields", "notes_count").Data[0], "notes_count")
	assert.NotContains(t, get(t, s, "/v1/persons").Data[0], "marketing_status")
	for _, api := range []string{"v2", "v1", "export"} {
		row := c.Truth("persons", simulator.TruthOptions{API: api})[0]
		for _, column := range []string{"marketing_status", "doi_status"} {
			assert.Contains(t, row, column)
			assert.Nil(t, row[column], api)
		}
	}
	c.SetMarketingApp(true)
	assert.Equal(t, 200, get(t, s, "/api/v2/persons", asked...).status)
}

func TestV2_choosesCustomFields(t *testing.T) {
	c, s := small(0)
	c.AddField(simulator.Field{Entity: "deal", Key: "k1", Name: "One", Type: "int"})
	c.AddField(simulator.Field{Entity: "deal", Key: "k2", Name: "Two", Type: "monetary"})
	c.AddDeal(simulator.Deal{CustomFields: map[string]any{"k2": simulator.Money{Value: 2.5, Currency: "EUR"}}})
	all := get(t, s, "/api/v2/deals").Data[0]["custom_fields"]
	assert.Equal(t, map[string]any{"k1": nil, "k2": map[string]any{"value": 2.5, "currency": "EUR"}}, all)
	assert.Equal(t, map[string]any{"k1": nil}, get(t, s, "/api/v2/deals", "custom_fields", "k1").Data[0]["custom_fields"])
	old := get(t, s, "/v1/deals").Data[0]
	assert.Equal(t, 2.5, old["k2"])
	assert.Equal(t, "EUR", old["k2_currency"])
	fields := get(t, s, "/api/v2/dealFields", "limit", "500").Data
	assert.Equal(t, "k2", fields[len(fields)-1]["field_code"])
}

func TestV2_fieldsPageByCursor(t *testing.T) {
	_, s := small(0)
	want := get(t, s, "/api/v2/dealFields", "limit", "500").Data
	var got []map[string]any
	query := []string{"limit", "20"}
	for {
		a := get(t, s, "/api/v2/dealFields", query...)
		got = append(got, a.Data...)
		if a.Additional.NextCursor == nil {
			break
		}
		query = []string{"limit", "20", "cursor", *a.Additional.NextCursor}
	}
	assert.Equal(t, want, got)
}

func TestDeals_archivedAndDeletedOnesAreListedApart(t *testing.T) {
	c, s := small(5)
	c.DeleteDeal(1)
	c.Advance(29 * 24 * time.Hour)
	c.DeleteDeal(2)
	c.ArchiveDeal(3)
	list := func(path string, query ...string) []int { return ids(get(t, s, path, query...).Data) }
	assert.Equal(t, []int{4, 5}, list("/api/v2/deals"))
	assert.Equal(t, []int{1, 2}, list("/api/v2/deals", "status", "deleted"))
	assert.Equal(t, []int{1, 2, 4, 5}, list("/api/v2/deals", "status", "open,won,lost,deleted"))
	assert.Equal(t, []int{3}, list("/api/v2/deals/archived"))
	assert.Equal(t, []int{4, 5}, list("/v1/deals"))
	assert.Equal(t, []int{1, 2}, list("/v1/deals", "status", "deleted"))
	c.Advance(2 * 24 * time.Hour)
	assert.Equal(t, []int{2}, list("/api/v2/deals", "status", "deleted"))
}

func TestLists_leaveOutDeletedRecords(t *testing.T) {
	c, s := small(0)
	p := c.AddPipeline(simulator.Pipeline{Name: "P"})
	st := c.AddStage(simulator.Stage{Name: "S", PipelineID: p})
	person, org, note := c.AddPerson(simulator.Person{Name: "A"}), c.AddOrganization(simulator.Organization{Name: "O"}), c.AddNote(simulator.Note{Content: "n"})
	paths := []string{"/api/v2/persons", "/api/v2/organizations", "/v1/notes", "/api/v2/pipelines", "/api/v2/stages", "/v1/pipelines", "/v1/stages", "/v1/persons"}
	for _, path := range paths {
		assert.Len(t, get(t, s, path).Data, 1, path)
	}
	c.DeletePerson(person)
	c.DeleteOrganization(org)
	c.DeleteNote(note)
	c.DeletePipeline(p)
	for _, path := range paths {
		assert.Empty(t, get(t, s, path).Data, path)
	}
	assert.Contains(t, get(t, s, "/v1/notes").raw, `"data":null`)
	assert.Contains(t, get(t, s, "/api/v2/persons").raw, `"data":[]`)
	assert.NotZero(t, st)
}

func TestV1_pagesByOffset(t *testing.T) {
	c, s := small(0)
	for i := range 7 {
		c.AddNote(simulator.Note{Content: fmt.Sprint(i), AddTime: start.Add(time.Duration(-i) * time.Hour)})
	}
	var got []int
	next := 0
	for pages := 1; ; pages++ {
		a := get(t, s, "/v1/notes", "limit", "3", "start", fmt.Sprint(next), "sort", "update_time ASC")
		got = append(got, ids(a.Data)...)
		p := a.Additional.Pagination
		assert.Equal(t, next, p.Start)
		if !p.More {
			assert.Nil(t, p.Next)
			assert.NotContains(t, a.raw, "next_start")
			assert.Equal(t, 3, pages)
			break
		}
		next = *p.Next
	}
	assert.Equal(t, []int{7, 6, 5, 4, 3, 2, 1}, got)
	assert.Equal(t, []int{1, 2, 3}, ids(get(t, s, "/v1/notes", "sort", "add_time DESC", "updated_since", "2026-05-01T08:00:00Z").Data))
	assert.Equal(t, 500, get(t, s, "/v1/notes", "limit", "9999").Additional.Pagination.Limit)
}

func TestV1_usesItsOwnShapes(t *testing.T) {
	c, s := small(0)
	u := c.AddUser(simulator.User{Name: "Ülo", Email: "ylo@example.com", Activated: true})
	o := c.AddOrganization(simulator.Organization{Name: "Org", OwnerID: u})
	p := c.AddPerson(simulator.Person{Name: "Mari", OrgID: o, OwnerID: u, LabelIDs: []int64{3, 1}})
	pl := c.AddPipeline(simulator.Pipeline{Name: "Sales"})
	st := c.AddStage(simulator.Stage{Name: "In", PipelineID: pl, OrderNr: 4})
	c.AddDeal(simulator.Deal{Title: "D", PersonID: p, OrgID: o, OwnerID: u, CreatorUserID: u, PipelineID: pl, StageID: st, LabelIDs: []int64{2, 3}})
	n := c.AddNote(simulator.Note{Content: "<b>", UserID: u, OrgID: o})
	c.UpdateNote(n, func(n *simulator.Note) { n.UpdateTime = nil })

	deal := get(t, s, "/v1/deals").Data[0]
	assert.Equal(t, "Mari", deal["person_id"].(map[string]any)["name"])
	assert.Equal(t, float64(o), deal["org_id"].(map[string]any)["value"])
	assert.Equal(t, "ylo@example.com", deal["user_id"].(map[string]any)["email"])
	assert.Equal(t, "2026-05-01 10:00:00", deal["add_time"])
	assert.Equal(t, "3", deal["visible_to"])
	assert.Equal(t, "2,3", deal["label"])
	assert.Equal(t, 4.0, deal["stage_order_nr"])
	person := get(t, s, "/v1/persons").Data[0]
	assert.Equal(t, 3.0, person["label"])
	assert.Equal(t, true, person["active_flag"])
	assert.Equal(t, "Sales", get(t, s, "/v1/stages").Data[0]["pipeline_name"])
	note := get(t, s, "/v1/notes").Data[0]
	assert.Equal(t, "0000-00-00 00:00:00", note["update_time"])
	assert.Equal(t, map[string]any{"name": "Org"}, note["organization"])
	assert.Equal(t, "2026-05-01T10:00:00Z", get(t, s, "/api/v2/deals").Data[0]["add_time"])
}

func TestServer_knowsWhoAsks(t *testing.T) {
	_, s := small(1)
	r := httptest.NewRequest(http.MethodGet, "/api/v2/deals", nil)
	r.Header.Set("x-api-token", "wrong")
	a := do(t, s, r)
	assert.Equal(t, 401, a.status)
	assert.JSONEq(t, `{"success":false,"error":"unauthorized access","errorCode":401,"error_info":"Please check developers.pipedrive.com"}`, a.raw)
	s.SetAPIToken("token", nil)
	assert.Equal(t, 401, get(t, s, "/api/v2/deals").status)
}

func TestServer_answersUnknownPathsAndMethods(t *testing.T) {
	_, s := small(1)
	a := get(t, s, "/api/v2/notes")
	assert.Equal(t, 404, a.status)
	assert.Contains(t, a.header.Get("Content-Type"), "text/html")
	assert.Equal(t, 404, get(t, s, "/v1/nothing").status)
	r := httptest.NewRequest(http.MethodPost, "/api/v2/deals", nil)
	r.Header.Set("x-api-token", "token")
	assert.Equal(t, 405, do(t, s, r).status)
}

func TestServer_datesAnswersByTheCompanysClock(t *testing.T) {
	c, s := small(1)
	c.Advance(time.Hour)
	assert.Equal(t, "Fri, 01 May 2026 11:00:00 GMT", get(t, s, "/api/v2/deals").header.Get("Date"))
}

func TestServer_countsAndRemembersRequests(t *testing.T) {
	_, s := small(1)
	get(t, s, "/api/v2/deals", "limit", "5")
	get(t, s, "/api/v2/deals/archived")
	get(t, s, "/v1/notes")
	u := s.Usage()
	assert.Equal(t, int64(3), u.Requests)
	assert.Equal(t, int64(50), u.Tokens)
	assert.Equal(t, simulator.PathUsage{Requests: 1, Tokens: 20}, u.ByPath["/v1/notes"])
	assert.Equal(t, "5", s.Requests()[0].Query.Get("limit"))
	a := get(t, s, "/simulator/usage")
	var shown simulator.Usage
	require.NoError(t, json.Unmarshal([]byte(a.raw), &shown))
	assert.Equal(t, u, shown)
	s.ResetUsage()
	assert.Empty(t, s.Requests())
}

func TestExport_pagesAndRefuses(t *testing.T) {
	c, s := small(5)
	c.AddPipeline(simulator.Pipeline{Name: "P"})
	u := c.AddUser(simulator.User{Name: "U", Email: "u@example.com"})
	c.AddNote(simulator.Note{Content: "n", UserID: u, DealID: 1})
	a := get(t, s, "/v1/e/pipedrive/export/deals", "limit", "2", "start", "2")
	assert.Equal(t, "SUCCESS", a.Message)
	assert.Equal(t, []int{3, 4}, ids(a.Data))
	assert.Equal(t, page{2, 2, true, new(4)}, a.Pagination)
	a = get(t, s, "/v1/e/pipedrive/export/pipelines")
	assert.Len(t, a.Data, 1)
	assert.Equal(t, page{0, 100, false, nil}, a.Pagination)
	note := get(t, s, "/v1/e/pipedrive/export/notes").Data[0]
	assert.Equal(t, map[string]any{"title": "Deal 1", "id": 1.0}, note["deal"])
	assert.Equal(t, float64(u), note["user"].(map[string]any)["id"])

	a = get(t, s, "/v1/e/pipedrive/export/leads")
	assert.Equal(t, []any{400, "INVALID_TYPE"}, []any{a.status, a.Error})
	s.SetExportToken("jwt", nil)
	a = get(t, s, "/v1/e/pipedrive/export/deals")
	assert.Equal(t, []any{401, "TOKEN_INVALIDATED"}, []any{a.status, a.Error})
	a = do(t, s, httptest.NewRequest(http.MethodGet, "/v1/e/pipedrive/export/deals", nil))
	assert.Equal(t, []any{401, "TOKEN_NOT_FOUND"}, []any{a.status, a.Error})
	s.SetExportToken("jwt", c)
	s.AddFault(simulator.Fault{First: 1, Action: simulator.Status(500)})
	s.AddFault(simulator.Fault{At: []int{2}, Action: simulator.BurstLimit})
	a = get(t, s, "/v1/e/pipedrive/export/deals")
	assert.Equal(t, []any{502, "EXTERNAL_API_ERROR"}, []any{a.status, a.Error})
	a = get(t, s, "/v1/e/pipedrive/export/deals")
	assert.Equal(t, []any{429, "RATE_LIMIT_EXCEEDED"}, []any{a.status, a.Error})
}

func TestCompany_canChangeWhileItIsRead(t *testing.T) {
	c, s := small(50)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 25 {
				c.Advance(time.Second)
				c.AddDeal(simulator.Deal{Title: "new"})
				c.UpdateDeal(int64(1+j), func(d *simulator.Deal) { d.Title = fmt.Sprint(i) })
				get(t, s, "/api/v2/deals", "sort_by", "update_time", "limit", "5")
				get(t, s, "/v1/deals", "start", "3")
				c.Truth("deals", simulator.TruthOptions{})
			}
		})
	}
	group.Wait()
	assert.Len(t, get(t, s, "/api/v2/deals", "limit", "500").Data, 150)
}
