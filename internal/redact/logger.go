package redact

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/rs/zerolog"
)

// Logger returns a logger that hides all secrets, also those that are added later, and forwards its lines to
// another logger. That one adds its own fields and hooks.
func (s *Secrets) Logger(to zerolog.Logger) zerolog.Logger {
	return zerolog.New(relay{secrets: s, to: to}).Level(to.GetLevel())
}

// relay parses the lines of one logger and logs them with another.
type relay struct {
	secrets *Secrets
	to      zerolog.Logger
}

// Write satisfies [zerolog.New], which calls WriteLevel.
func (r relay) Write(line []byte) (int, error) { return r.WriteLevel(zerolog.NoLevel, line) }

// WriteLevel logs a line of the given level.
func (r relay) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	fields, err := parse(line)
	if err != nil {
		return 0, err
	}
	message := ""
	event := r.to.WithLevel(level)
	for _, f := range fields {
		switch f.name {
		case zerolog.LevelFieldName: // the other logger sets its own
		case zerolog.MessageFieldName:
			message = fmt.Sprint(r.clean(f.value))
		default:
			event = event.Interface(f.name, r.clean(f.value))
		}
	}
	event.Msg(message)
	return len(line), nil
}

// clean returns a value with all secrets hidden in its texts.
func (r relay) clean(value any) any {
	switch v := value.(type) {
	case string:
		return r.secrets.String(v)
	case []any:
		for i := range v {
			v[i] = r.clean(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = r.clean(v[key])
		}
	}
	return value
}

type field struct {
	name  string
	value any
}

// parse returns a line's fields in their order.
func parse(line []byte) ([]field, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if _, err := d.Token(); err != nil { // the opening brace
		return nil, err
	}
	var fields []field
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		f := field{name: fmt.Sprint(name)}
		if err := d.Decode(&f.value); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}
