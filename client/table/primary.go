package table

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// readPrimary reads the value of the first element of a list that is marked as primary, else of the first element.
func readPrimary(v jsontext.Value) (Value, error) {
	if v.Kind() != '[' {
		return Value{}, ErrShape
	}
	var chosen jsontext.Value
	begun, marked := false, false
	for element := range scan.Elements(v) {
		var value, primary jsontext.Value
		switch element[0] {
		case '{':
			value, primary = contact(element)
		case 'n':
		default:
			return Value{}, ErrShape
		}
		on, err := readBool(primary)
		if is := err == nil && on.Number == 1; !begun || is && !marked {
			chosen, marked = value, is
		}
		begun = true
	}
	if chosen == nil || chosen[0] == 'n' {
		return Value{}, nil
	}
	return readText(chosen)
}

// contact returns two members of an element; nil for one that it does not have.
func contact(element jsontext.Value) (value, primary jsontext.Value) {
	for name, v := range scan.Members(element) {
		switch string(unquote(name)) {
		case "value":
			value = v
		case "primary":
			primary = v
		}
	}
	return value, primary
}
