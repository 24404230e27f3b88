package pipedrive

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// FuzzEnvelope: no body makes the decoder panic, and an accepted body has as many records as the standard library
// finds in data. A body that comes byte by byte is read like any other one.
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
		l := Listing{NullIsEmpty: true, Data: "goals"}
		page, err := envelopeOf(strings.NewReader(body), l, decodeText)
		slowly, failed := envelopeOf(iotest.OneByteReader(strings.NewReader(body)), l, decodeText)
		require.Equal(t, page, slowly)
		require.Equal(t, err, failed)
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
