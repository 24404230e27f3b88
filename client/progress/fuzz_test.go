package progress

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// kept is a state client with one value for every key.
type kept string

func (k kept) GetKey(context.Context, string) (string, error) { return string(k), nil }
func (kept) SetKey(context.Context, string, string) error     { return nil }
func (kept) Flush(context.Context) error                      { return nil }
func (kept) Close() error                                     { return nil }

// FuzzState: no value of the state makes a run panic, and an accepted value can be verified.
func FuzzState(f *testing.F) {
	for _, value := range []string{
		`{"version":1,"marks":{"/v1/notes":{"changed":"2026-01-02T03:04:05Z","complete":true}},"finished":true,"sent":[{"to":1767323045,"rows":2,"hash":"00000000000000ff"}],"least":2}`,
		`{"version":1,"marks":{}}`,
		`{"version":2,"marks":{}}`,
		`{"version":1,"marks":null}`,
		`{"version":1,"marks":{"a":{"ends":99}}}`,
		`{"version":1,"marks":{},"least":4611686018427387904}`,
		`{"version":1,"marks":{},"rest":{"rows":9223372036854775807},"sent":[{"rows":1}]}`,
		`{"version":1,"marks":{},"least":-1,"read_rows":-1}`,
		`{`,
		``,
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c, err := NewState(kept(value), nil, "state").loadCheckpoint(context.Background(), "key")
		if err != nil {
			return
		}
		require.NotNil(t, c.Positions)
		require.LessOrEqual(t, c.Version, StateVersion)
		require.NotNil(t, c.trusted().Positions)
		require.Less(t, cap(newReadBack(c, at(0)).versions), 2*mostRows)
	})
}
