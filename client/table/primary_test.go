package table

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// FuzzPrimary: the value is that of the elements as the JSON library decodes them.
func FuzzPrimary(f *testing.F) {
	for _, list := range []string{
		`[{"value":"a","primary":false},{"value":"b","primary":"1"},{"value":"c","primary":true}]`,
		`[ { "primary" : 0 , "value" : "a\"]}" } , null , { } ]`,
		`[null,{"value":{"value":"x"},"primary":true}]`,
		`[{"value":"a"},7]`,
		`[{"value":"a","value":null,"primary":[]}]`,
		"[{\"\\u0076alue\":\"\xff\"}]",
		`[]`, `{}`, `"a"`,
	} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		v, err := jsontext.NewDecoder(strings.NewReader(list), pipedrive.Lenient...).ReadValue()
		if err != nil || v.Kind() == 'n' {
			return
		}
		want, failed := primaryByLibrary(v)
		got, err := readPrimary(v)
		require.Equal(t, failed, err, list)
		require.Equal(t, want, got, list)
	})
}

func primaryByLibrary(v jsontext.Value) (Value, error) {
	var elements []struct {
		Value   jsontext.Value `json:"value"`
		Primary jsontext.Value `json:"primary"`
	}
	if err := json.Unmarshal(v, &elements, lenient); err != nil {
		return Value{}, ErrShape
	}
	for i := range elements {
		if primary, err := readBool(elements[i].Primary); err == nil && primary.Number == 1 {
			elements = elements[i:]
			break
		}
	}
	if len(elements) == 0 || elements[0].Value == nil || elements[0].Value.Kind() == 'n' {
		return Value{}, nil
	}
	return readText(elements[0].Value)
}
