package pipedrive

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzEnvelope: no body makes the decoder panic, and an accepted body has as many records as the standard library
// finds in data.
func FuzzEnvelope(f *testing.F) {
	for _, body := range []string{
		`{"success":true,"data":[{"id":1},{"id":2}],"additional_data":{"next_cursor":"x"}}`,
		`{"success":true,"data":null,"additional_data":{"pagination":{"more_items_in_collection":true,"next_start":2}}}`,
		`{"success":false,"error":"no","error_info":"really"}`,
		`{"data":[{"id":1}],"data":[]}`,
		`{"data":[{"id":1}`,
		`<html>`,
		``,
		"{\"data\":[\"\xff\"]}",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		page, err := decodeEnvelope(strings.NewReader(body), Listing{NullIsEmpty: true, Data: "goals"}, func(jsontext.Value) (struct{}, error) {
			return struct{}{}, nil
		})
		if err != nil {
			return
		}
		var plain map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &plain) != nil {
			return // lenient: broken characters
		}
		var records []json.RawMessage
		if raw, ok := plain["data"]; ok && json.Unmarshal(raw, &records) == nil && len(records) != len(page.records) {
			t.Fatalf("%d records of %d from %q", len(page.records), len(records), strings.ToValidUTF8(body, "?"))
		}
	})
}
