package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator/openapi"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// ask is one request.
type ask struct{ path, query string }

// served are endpoints and queries beyond the plugin's own listings, which [asks] adds.
var served = []ask{
	{"/api/v2/deals", ""},
	{"/api/v2/deals", "limit=500&sort_by=update_time&sort_direction=asc&updated_since=2022-01-01T00:00:00Z&updated_until=2026-01-01T00:00:00Z"},
	{"/api/v2/persons", ""},
	{"/api/v2/pipelines", "sort_by=update_time&sort_direction=desc"},
	{"/api/v2/stages", "sort_by=order_nr"},
	{"/api/v2/dealFields", "limit=500&include_fields=ui_visibility,important_fields,required_fields"},
	{"/api/v2/personFields", "limit=500&include_fields=ui_visibility"},
	{"/api/v2/organizationFields", "limit=500"},
	{"/v1/notes", "limit=500&sort=update_time+ASC&updated_since=2022-01-01T00:00:00Z"},
	{"/v1/notes", "start=100&limit=100"},
	{"/v1/noteFields", ""},
	{"/v1/users/me", ""},
	{"/v1/organizationFields", "start=2&limit=10"},
	{"/v1/stages", "limit=10"},
	{"/api/v2/activities", "limit=500&sort_by=due_date&updated_since=2022-01-01T00:00:00Z&updated_until=2026-01-01T00:00:00Z&include_fields=attendees"},
	{"/api/v2/activities", "ids=1,2,3"},
	{"/api/v2/activityFields", "include_fields=ui_visibility"},
	{"/api/v2/deals/products", "deal_ids=" + numbers(100) + "&limit=500&sort_by=order_nr&sort_direction=desc"},
	{"/api/v2/deals/installments", "deal_ids=" + strings.ReplaceAll(numbers(100), ",", "&deal_ids=") + "&limit=500&sort_by=billing_date"},
	{"/api/v2/phases", "board_id=2"},
	{"/api/v2/productFields", "include_fields=ui_visibility"},
	{"/api/v2/products", "limit=500&sort_by=update_time&sort_direction=desc&updated_since=2022-01-01T00:00:00Z"},
	{"/api/v2/projects", "status=deleted,open"},
	{"/v1/files", "limit=100&sort=update_time+DESC"},
	{"/v1/goals/find", "expected_outcome.tracking_metric=sum"},
	{"/v1/leads", "limit=500&sort=update_time+ASC&updated_since=2022-01-01T00:00:00Z"},
	{"/v1/leads/archived", "start=10&limit=10&sort=update_time+DESC"},
}

// numbers are the whole numbers from 1 to n, joined by commas.
func numbers(n int) string {
	var texts []string
	for i := range n {
		texts = append(texts, strconv.Itoa(i+1))
	}
	return strings.Join(texts, ",")
}

// asks are all requests to validate: those in served, and the first pages of the plugin's listings as declared, so
// that a listing with a name that the vendor lacks fails here.
func asks(c *simulator.Company) []ask {
	all := slices.Clone(served)
	for _, api := range []table.API{table.V2, table.V1} {
		for _, list := range tables.Lists() {
			for _, l := range list.Listings(api) {
				if l.Parent.Batch > 0 {
					l = l.Of(parents(c, list, l.Parent.Batch))
					for param := range l.Parent.Columns {
						l = l.With(param, "2026-01-01")
					}
				}
				for _, q := range listingQueries(l) {
					// Both APIs read notes from the same list.
					if a := (ask{l.Path, q.Encode()}); !slices.Contains(all, a) {
						all = append(all, a)
					}
				}
			}
		}
	}
	for _, path := range simulator.Paths() {
		if !slices.ContainsFunc(all, func(a ask) bool { return simulator.Declared(a.path) == path }) {
			all = append(all, ask{path, ""})
		}
	}
	return all
}

// parents are up to n parents that have children in a table.
func parents(c *simulator.Company, of *table.Table, n int) (parents []pipedrive.Key) {
	for _, row := range c.Truth(of.Records, simulator.TruthOptions{}) {
		number, _ := row[of.Parent.Column].(int64)
		text, _ := row[of.Parent.Column].(string)
		if key := (pipedrive.Key{Number: number, Text: text}); len(parents) < n && !slices.Contains(parents, key) {
			parents = append(parents, key)
		}
	}
	return parents
}

// listingQueries are a listing's query and, if the listing has a deleted status, the query with recently deleted
// records.
func listingQueries(l pipedrive.Listing) []url.Values {
	q := url.Values{}
	maps.Copy(q, l.Sort)
	maps.Copy(q, l.Filter)
	if l.Paging.Bounded() {
		q.Set("limit", strconv.Itoa(l.Most()))
	}
	if include := slices.Concat(l.Include, l.IncludeOptional); len(include) > 0 {
		q.Set("include_fields", strings.Join(include, ","))
	}
	if l.DeletedStatus == "" {
		return []url.Values{q}
	}
	deleted := maps.Clone(q)
	deleted.Set("status", l.DeletedStatus)
	return []url.Values{q, deleted}
}

// included is the include_fields of the plugin's listing at a path of v2.
func included(path string) string {
	for _, list := range tables.Lists() {
		for _, l := range list.Listings(table.V2) {
			if l.Path == path {
				return strings.Join(slices.Concat(l.Include, l.IncludeOptional), ",")
			}
		}
	}
	return ""
}

// commaLists are the parameters that the vendor's files declare as one value
// of an enum and describe as a comma-separated list of them.
var commaLists = []struct {
	path *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`^/api/v2/`), "include_fields"},
	{regexp.MustCompile(`^/api/v2/deals(/archived)?$`), "status"},
}

// allowed are the intended differences from the vendor's files. Each applies to requests with a matching path and
// to errors with a matching JSON pointer (for parameters: name) and reason.
var allowed = []*difference{
	allow(`^/api/v2/`, `^/additional_data/next_cursor$`, `not nullable`, "the last page has null [Pipedrive: pagination]"),
	allow(`^/api/v2/(deals|persons|organizations|pipelines|stages)`, `^/data/\d+/update_time$`, `not nullable`, "old records have none"),
	allow(`^/api/v2/deals`, `^/data/\d+/(person_id|org_id|owner_id|stage_change_time|won_time|lost_time|expected_close_date)$`, `not nullable`, "null on live open deals; a deal need not have contacts"),
	allow(`^/api/v2/(persons|organizations)`, `^/data/\d+/(last_name|owner_id|org_id|picture_id|address|postal_address|notes|birthday|job_title)$`, `not nullable`, "not everybody has them"),
	allow(`^/api/v2/(persons|organizations)`, `^/data/\d+/(address|postal_address)/(country|admin_area_level_1|admin_area_level_2|locality|sublocality|route|street_number|subpremise|postal_code)$`, `not nullable`, "parts of an address may be unknown"),
	allow(`^/v1/notes$`, `^/data/\d+/(deal|lead_id|deal_id|last_update_user_id|org_id|organization|person|person_id|project_id|project|task_id|task)$`, `not nullable`, "a note is on one or a few of these"),
	allow(`^/v1/[a-zA-Z]+Fields$`, `^/data/\d+/(add_time|update_time)$`, `date-time`, "the example has v1's own form, without T and zone"),
	allow(`^/v1/[a-zA-Z]+Fields$`, `^/data/\d+/field_type$`, `not one of the allowed values`, "the schema names two sets of types at once, and its example has one that is in just one of them"),
	allow(`^/v1/notes$`, `^/data/\d+/user/icon_url$`, `not nullable`, "nullable in /users"),
	allow(`^/v1/noteFields$`, `^/data/\d+/options$`, `not nullable`, "other v1 fields lists have null for no options"),
	allow(`^/v1/(deals|persons|organizations|pipelines|stages)$`, `^/data/\d+/(update_time|rotten_days)$`, `not nullable`, "as in v2"),
	allow(`^/v1/deals$`, `^/data/\d+/(user_id|person_id|org_id|stage_change_time|won_time|first_won_time|lost_time|expected_close_date|last_incoming_mail_time|last_outgoing_mail_time|label|person_name|org_name|owner_name|next_activity_date|next_activity_time)$`, `not nullable`, "as in v2"),
	allow(`^/v1/(deals|persons)$`, `^/data/\d+/org_id/(address|owner_id)$`, `not nullable`, "as in the organization itself"),
	allow(`^/v1/deals$`, `^/data/\d+/person_id/owner_id$`, `not nullable`, "as in the person itself"),
	allow(`^/v1/(persons|organizations)$`, `^/data/\d+/(owner_id|org_id|picture_id|label|last_name|org_name|owner_name|last_incoming_mail_time|last_outgoing_mail_time|address(_[a-z_0-9]+)?)$`, `not nullable`, "as in v2"),
	allow(`^/v1/(persons|organizations)$`, `^/data/\d+/owner_id/has_pic$`, `must be an integer`, "a boolean on deals, a number here: the vendor's files disagree with themselves"),
	allow(`^/api/v2/activities$`, `^/data/\d+/(update_time|deal_id|lead_id|person_id|org_id|project_id|owner_id|due_date|busy|marked_as_done_time|priority|location(/[a-z_0-9]+)?|attendees/\d+/(person_id|user_id)|conference_meeting_[a-z]+|public_description|note)$`, `not nullable`, "an activity has few of these"),
	allow(`^/api/v2/products$`, `^/data/\d+/(update_time|owner_id|code|description)$`, `not nullable`, "old records and short ones have none"),
	allow(`^/api/v2/deals/products$`, `^/data/\d+/(update_time|product_id)$`, `not nullable`, "null once the product is deleted for more than 30 days"),
	allow(`^/api/v2/deals/installments$`, `^deal_ids$`, `an invalid integer`, "the live API takes a list with commas, as /deals/products does; seen by Airbyte's authors"),
	allow(`^/api/v2/projects(/archived)?$`, `^/data/\d+/(update_time|owner_id|description|start_date|end_date)$`, `not nullable`, "a project need not have them"),
	allow(`^/api/v2/projectTemplates$`, `^/data/\d+/description$`, `not nullable`, "null on /tasks"),
	allow(`^/v1/activityTypes$`, `^/data/\d+/(add_time|update_time)$`, `date-time`, "the example has v1's own form, without T and zone"),
	allow(`^/v1/leads(/archived)?$`, `^sort$`, `not one of the allowed values`, "the schema names the fields, the live API takes a direction behind them"),
	allow(`^/v1/deals/\d+/mailMessages$`, `^/data/\d+/data/(template_id|mail_tracking_status)$`, `not nullable`, "few messages have one"),
	allow(`^/v1/mailbox/mailThreads$`, `^/data/\d+/(last_message_timestamp|last_message_received_timestamp|update_time)$`, `not nullable`, "null in the example for mail that was not sent"),
	allow(`^/v1/goals/[0-9a-f]+/results$`, `^/data/progress$`, `must be an integer`, "money has decimals; Fivetran's authors saw them"),
	allow(`^/v1/callLogs$`, `^/data/\d+/(activity_id|subject|from_phone_number|person_id|org_id|deal_id|lead_id|note)$`, `not nullable`, "a call is about some of these"),
	allow(`^/v1/files$`, `^/data/\d+/([a-z]+_id|update_time)$`, `not nullable`, "a file is on one or a few of these"),
	allow(`^/v1/goals/find$`, `^/data/goals/\d+/(type/params/[a-z_]+|duration/end)$`, `not nullable`, "null is for all, and for no end"),
	allow(`^/v1/(deals|persons|organizations)/\d+/changelog$`, `^/additional_data/next_cursor$`, `not nullable`, "the last page has null, says the description"),
	allow(`^/v1/notes/\d+/comments$`, `^/data/\d+/updater_id$`, `not nullable`, "nobody has changed it"),
}

// missing are properties that the vendor's schemas declare and the simulator
// leaves out.
var missing = map[string]string{
	"next_activity_subject": "no table has it", "next_activity_type": "no table has it",
	"next_activity_duration": "no table has it", "next_activity_note": "no table has it",
	"person": "of participants: no table has it", "related_item_data": "no table has it",
	"source_lead_id": "only with include_fields", "is_subfield": "only on subfields", "options_deleted": "only where options were deleted",
	"subfields": "only on composite fields", "ui_visibility": "only with include_fields", "important_fields": "only with include_fields",
	"required_fields": "only with include_fields", "attendees": "only with include_fields",
}

// undeclared are properties that the simulator sends and the vendor's schemas lack. Properties named by
// include_fields are declared by that parameter and need not be here.
var undeclared = []*difference{
	allow(`^/api/v2/(persons|organizations)$`, `^/data/(address|postal_address)/formatted_address$`, "", "in the migration guide, and a subfield of the address in the example of /organizationFields"),
	allow(`^/api/v2/organizations$`, `^/data/picture_id$`, "", "in the migration guide"),
	allow(`^/api/v2/(person|organization|product|activity|project)Fields$`, `^/data/description$`, "", "declared on /dealFields, and in the example of /personFields"),
	allow(`^/api/v2/activities$`, `^/data/(outcome|private)$`, "", "in Airbyte's schema, seen by its authors"),
	allow(`^/api/v2/deals/installments$`, `^/additional_data(/next_cursor)?$`, "", "the list takes a cursor"),
	allow(`^/api/v2/deals/\d+/discounts$`, `^/additional_data$`, "", "null, as in other lists that come in one response"),
	allow(`^/v1/roles$`, `^/data/description$`, "", "in Airbyte's schema, seen by its authors"),
	allow(`^/v1/goals/find$`, `^/data/goals/type/params/stage_id$`, "", "a parameter of the request"),
	allow(`^/v1/goals/find$`, `^/data/goals/expected_outcome/currency_id$`, "", "a parameter of the request"),
	allow(`^/v1/leads/archived$`, `^/additional_data/next_start$`, "", "in other lists"),
	allow(`^/v1/(deals|persons|organizations|leads|leads/archived)$`, `^/data/[0-9a-f]{40}(_[a-z0-9_]+)?$`, "", "custom fields and their parts stand at the record's root, each account has its own [Pipedrive: custom fields]"),
}

// difference is one entry of allowed or undeclared.
type difference struct {
	path, at    *regexp.Regexp
	reason, why string
	used        bool
}

func allow(path, at, reason, why string) *difference {
	return &difference{path: regexp.MustCompile(path), at: regexp.MustCompile(at), reason: reason, why: why}
}

func isAllowed(differences []*difference, path, at, reason string) bool {
	for _, d := range differences {
		if strings.Contains(reason, d.reason) && d.at.MatchString(at) && d.path.MatchString(path) {
			d.used = true
			return true
		}
	}
	return false
}

func TestServer_answersAsTheVendorsFilesSay(t *testing.T) {
	c := simulator.Generate(simulator.Config{Seed: 7, Persons: 600, Organizations: 300, Deals: 800, Notes: 600})
	s := simulator.NewServer(simulator.WithCompany("token", c))
	for _, e := range asks(c) {
		t.Run(e.path+"?"+e.query, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, e.path+"?"+e.query, nil)
			r.Header.Set("x-api-token", "token")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			require.True(t, json.Valid(w.Body.Bytes()))
			validate(t, description(t, e.path), r, w)
		})
	}
	for _, d := range slices.Concat(allowed, undeclared) {
		if !d.used {
			t.Errorf("this difference never occurs: %s %s: %s (%s)", d.path, d.at, d.reason, d.why)
		}
	}
}

// descriptions are the reduced files by name.
var descriptions = map[string]*openapi3.T{}

// description is the reduced file that describes a path.
func description(t *testing.T, path string) *openapi3.T {
	t.Helper()
	file := openapi.FileOf(path)
	if descriptions[file] == nil {
		content, err := openapi.Reduced(file)
		require.NoError(t, err)
		descriptions[file], err = openapi3.NewLoader().LoadFromData(content)
		require.NoError(t, err)
	}
	return descriptions[file]
}

// The files in the repository are those that `make gen` derives from the vendor's.
func TestOpenAPI_isUpToDate(t *testing.T) {
	dir := os.Getenv("OPENAPI_DIR")
	if dir == "" {
		t.Skip("OPENAPI_DIR names no folder with the vendor's files")
	}
	for _, file := range openapi.Files {
		content, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		want, err := openapi.Reduce(file, content, simulator.Paths())
		require.NoError(t, err)
		got, err := openapi.Reduced(file)
		require.NoError(t, err)
		if !bytes.Equal(want, got) {
			t.Errorf("internal/simulator/openapi/%s is out of date: run make gen with OPENAPI_DIR=%s", file, dir)
		}
	}
}

// TestZoo_hasEveryType: every field_type that the vendor's file allows is in the zoo.
func TestZoo_hasEveryType(t *testing.T) {
	doc := description(t, "/api/v2/dealFields")
	page := doc.Paths.Value("/dealFields").Get.Responses.Value("200").Value.Content.Get("application/json").Schema.Value
	kinds := page.Properties["data"].Value.Items.Value.Properties["field_type"].Value.Enum
	require.NotEmpty(t, kinds)
	var have []any
	for _, f := range simulator.Zoo().Fields("deal") {
		if f.Custom {
			have = append(have, f.Type)
		}
	}
	require.Subset(t, have, kinds)
}

func validate(t *testing.T, doc *openapi3.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	path := openapi.In(simulator.Declared(r.URL.Path))
	item := doc.Paths.Value(path)
	require.NotNil(t, item, "the vendor's file has no %s", path)
	for name := range r.URL.Query() {
		require.NotNil(t, item.Get.Parameters.GetByInAndName("query", name), "the vendor has no parameter %s", name)
	}
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, IncludeResponseStatus: true,
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, QueryParams: splitLists(t, item.Get.Parameters, r.URL), Options: options,
		PathParams: map[string]string{"id": "1"},
		Route:      &routers.Route{Spec: doc, Path: path, PathItem: item, Method: http.MethodGet, Operation: item.Get},
	}
	report(t, r.URL.Path, openapi3filter.ValidateRequest(context.Background(), input))
	response := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(), Options: options,
	}
	response.SetBodyBytes(w.Body.Bytes())
	report(t, r.URL.Path, openapi3filter.ValidateResponse(context.Background(), response))
	answer := item.Get.Responses.Value("200").Value.Content.Get("application/json")
	checkNames(t, r.URL, answer, w.Body.Bytes())
}

// splitLists validates each element of the query's comma lists and returns the query with only the first of them,
// since the vendor's schemas of these parameters describe a single value.
func splitLists(t *testing.T, parameters openapi3.Parameters, u *url.URL) url.Values {
	t.Helper()
	q := u.Query()
	for _, l := range commaLists {
		if !q.Has(l.name) || !l.path.MatchString(u.Path) {
			continue
		}
		schema := parameters.GetByInAndName("query", l.name).Schema.Value
		require.NotEmpty(t, schema.Enum, "%s has no enum to check against", l.name)
		elements := strings.Split(q.Get(l.name), ",")
		for _, e := range elements {
			if err := schema.VisitJSON(e); err != nil {
				t.Errorf("%s: the vendor has no %q", l.name, e)
			}
		}
		q.Set(l.name, elements[0])
	}
	return q
}

// index is an array's index in a JSON pointer.
var index = regexp.MustCompile(`/\d+\b`)

// report fails the test for each error that isn't an allowed difference. It reports errors that differ only in
// their record once: a page has thousands of them.
func report(t *testing.T, path string, err error) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range flatten(err) {
		var at, reason string
		if schema := (*openapi3.SchemaError)(nil); errors.As(e, &schema) {
			at, reason = "/"+strings.Join(schema.JSONPointer(), "/"), schema.Reason
		} else {
			// Not for schema errors: their text contains the whole schema.
			reason = e.Error()
		}
		if parameter := (*openapi3filter.RequestError)(nil); errors.As(e, &parameter) && parameter.Parameter != nil {
			at = parameter.Parameter.Name
		}
		general := index.ReplaceAllString(at, "/N") + ": " + reason
		if seen[general] {
			continue
		}
		seen[general] = true
		if !isAllowed(allowed, path, at, reason) {
			t.Errorf("%s: %s", at, reason)
		}
	}
}

// flatten lists the errors in err. One about a parameter stays whole, because only it knows the parameter's name.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	multi, ok := err.(openapi3.MultiError) //nolint:errorlint // errors.As looks into a MultiError's elements
	if !ok {
		if parameter := (*openapi3filter.RequestError)(nil); errors.As(err, &parameter) && parameter.Parameter != nil {
			return []error{err}
		}
		if !errors.As(err, &multi) {
			return []error{err}
		}
	}
	var all []error
	for _, e := range multi {
		all = append(all, flatten(e)...)
	}
	return all
}

// checkNames fails the test for two kinds of properties: declared ones (by the schema of a record or by
// include_fields) that the first record lacks, and properties of the answer that neither of these nor the vendor's
// example has.
func checkNames(t *testing.T, u *url.URL, described *openapi3.MediaType, body []byte) {
	t.Helper()
	schema, exemplary := described.Schema.Value, namesIn(described.Example, "")
	var asked []string
	if u.Query().Has("include_fields") {
		asked = strings.Split(u.Query().Get("include_fields"), ",")
	}
	var answer map[string]any
	require.NoError(t, json.Unmarshal(body, &answer))
	for _, at := range undeclaredIn([]*openapi3.Schema{schema}, answer, "") {
		name, ofRecord := strings.CutPrefix(at, "/data/")
		if ofRecord && slices.Contains(asked, name) || slices.Contains(exemplary, at) || isAllowed(undeclared, u.Path, at, "") {
			continue
		}
		t.Errorf("the vendor doesn't declare %s, the answer has it", at)
	}

	data := properties(schema)["data"]
	if data == nil || data.Value.Items == nil {
		return
	}
	records := answer["data"].([]any)
	require.NotEmpty(t, records)
	first := records[0].(map[string]any)
	for name := range properties(data.Value.Items.Value) {
		if _, ok := first[name]; !ok && missing[name] == "" {
			t.Errorf("the vendor declares %s, the answer doesn't have it", name)
		}
	}
	for _, name := range asked {
		assert.Contains(t, first, name, "include_fields asks for it")
	}
}

// namesIn lists the properties in a value, as JSON pointers without the indexes
// of arrays.
func namesIn(value any, at string) (names []string) {
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			names = append(names, namesIn(v, at)...)
		}
	case map[string]any:
		for name, v := range value {
			names = append(append(names, at+"/"+name), namesIn(v, at+"/"+name)...)
		}
	}
	return names
}

func properties(s *openapi3.Schema) openapi3.Schemas {
	all := openapi3.Schemas{}
	maps.Copy(all, s.Properties)
	for _, part := range s.AllOf {
		maps.Copy(all, properties(part.Value))
	}
	return all
}

// undeclaredIn lists the properties of a value that no schema declares, each once, as a JSON pointer without the
// indexes of arrays. If an object's schema names no properties, the object may have any.
func undeclaredIn(schemas []*openapi3.Schema, value any, at string) []string {
	var names []string
	schemas = parts(schemas)
	switch value := value.(type) {
	case []any:
		var items []*openapi3.Schema
		for _, s := range schemas {
			if s.Items != nil {
				items = append(items, s.Items.Value)
			}
		}
		for _, v := range value {
			names = append(names, undeclaredIn(items, v, at)...)
		}
	case map[string]any:
		declared := map[string][]*openapi3.Schema{}
		for _, s := range schemas {
			for name, p := range s.Properties {
				declared[name] = append(declared[name], p.Value)
			}
		}
		if len(declared) == 0 {
			return nil
		}
		for name, v := range value {
			if declared[name] == nil {
				names = append(names, at+"/"+name)
				continue
			}
			names = append(names, undeclaredIn(declared[name], v, at+"/"+name)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// parts are the schemas with all of their components.
func parts(schemas []*openapi3.Schema) []*openapi3.Schema {
	var all []*openapi3.Schema
	for _, s := range schemas {
		all = append(all, s)
		for _, refs := range []openapi3.SchemaRefs{s.AllOf, s.OneOf, s.AnyOf} {
			for _, ref := range refs {
				all = append(all, parts([]*openapi3.Schema{ref.Value})...)
			}
		}
	}
	return all
}
