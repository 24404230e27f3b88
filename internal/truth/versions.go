package truth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// Versioned are the tables whose records may have a history.
var Versioned = tables.Versioned()

// Version is a version of a record in the form of a history.
type Version struct{ ID, ValidFrom string }

// Seen is a log of the versions of records that a simulated Pipedrive has sent, by table. It comes from the answers
// alone.
type Seen struct {
	mu       sync.Mutex
	versions map[string]map[Version]bool
}

// Note notes the versions in an answer. It is a hook of [simulator.WithAnswerHook].
func (s *Seen) Note(r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range Versioned {
		if !slices.Contains(Paths[name], r.URL.Path) {
			continue
		}
		var answer struct {
			Data []struct {
				ID         any `json:"id"`
				UpdateTime any `json:"update_time"`
				AddTime    any `json:"add_time"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			panic(fmt.Sprintf("truth: the answer of %s is no list: %v", r.URL.Path, err))
		}
		if s.versions == nil {
			s.versions = map[string]map[Version]bool{}
		}
		if s.versions[name] == nil {
			s.versions[name] = map[Version]bool{}
		}
		for _, record := range answer.Data {
			s.versions[name][Version{fmt.Sprint(record.ID), validFrom(record.UpdateTime, record.AddTime)}] = true
		}
	}
}

// Take returns the versions of a table's records that were seen since the last call.
func (s *Seen) Take(name string) map[Version]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.versions[name]
	delete(s.versions, name)
	return seen
}

// ValidFrom is the moment from which the version of a row of [simulator.Company.Truth] holds.
func ValidFrom(row map[string]any) string { return validFrom(row["update_time"], row["add_time"]) }

// validFrom is the first existing one of some times, in SQLite's form.
func validFrom(times ...any) string {
	for _, at := range times {
		if text, ok := at.(string); ok {
			parsed, err := time.Parse(time.RFC3339, text)
			if err != nil {
				parsed, err = time.Parse(time.DateTime, text)
			}
			if err != nil {
				panic(err)
			}
			at = parsed
		}
		if at, ok := at.(time.Time); ok {
			if at.Nanosecond() != 0 {
				return at.UTC().Format(time.DateTime + ".000000")
			}
			return at.UTC().Format(time.DateTime)
		}
	}
	return "1970-01-01 00:00:00"
}

// Version is the version in a row of a history.
func (r Row) Version() Version { return Version{r["id"].Text, r[table.ValidFromColumn].Text} }
