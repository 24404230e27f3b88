package client

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// kept is a state client that has one value for every key.
type kept string

func (k kept) GetKey(context.Context, string) (string, error) { return string(k), nil }
func (kept) SetKey(context.Context, string, string) error     { return nil }
func (kept) Flush(context.Context) error                      { return nil }
func (kept) Close() error                                     { return nil }

// FuzzState: no value of the state makes a run panic; one that is accepted can be verified.
func FuzzState(f *testing.F) {
	for _, value := range []string{
		`{"version":1,"marks":{"/v1/notes":{"changed":"2026-01-02T03:04:05Z","complete":true}},"finished":true,"sent":[{"to":1767323045,"rows":2,"hash":"00000000000000ff"}],"least":2}`,
		`{"version":1,"marks":{}}`,
		`{"version":2,"marks":{}}`,
		`{"version":1,"marks":null}`,
		`{"version":1,"marks":{"a":{"ends":99}}}`,
		`{`,
		``,
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c, err := NewState(kept(value), nil, "state").loadCursor(context.Background(), "key")
		if err != nil {
			return
		}
		require.NotNil(t, c.Marks)
		require.LessOrEqual(t, c.Version, stateVersion)
		require.NotNil(t, c.trusted().Marks)
	})
}

var columnPattern = regexp.MustCompile(`^[a-z_][a-z\d_]*$`)

// FuzzColumnNames: whatever fields are called, their columns have names that CloudQuery and PostgreSQL take, and
// those of one account are told apart.
func FuzzColumnNames(f *testing.F) {
	f.Add("Budget", "budget")
	f.Add("", "名前")
	f.Add(strings.Repeat("x", 100), strings.Repeat("x", 101))
	f.Add("a\x00b", "a b")
	f.Add("1", "ß")
	f.Fuzz(func(t *testing.T, a, b string) {
		fields := []*customField{
			{Account: "1", Hash: strings.Repeat("a", table.HashLength), Kind: "text", Name: a},
			{Account: "1", Hash: strings.Repeat("b", table.HashLength), Kind: "text", Name: b},
		}
		nameColumns(nil, fields)
		for _, f := range fields {
			require.Regexp(t, columnPattern, f.Column)
			require.LessOrEqual(t, len(f.Column), maxName)
		}
		require.NotEqual(t, fields[0].Column, fields[1].Column)
	})
}
