package table

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// readPrimary reads the value of the first element of a list that is marked as primary, else of the first element.
func readPrimary(v jsontext.Value) (Value, error) {
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
