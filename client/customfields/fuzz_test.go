package customfields

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

var columnPattern = regexp.MustCompile(`^[a-z_][a-z\d_]*$`)

// FuzzColumnNames: whatever the names of fields, CloudQuery and PostgreSQL accept the names of their columns, and those
// of one account differ.
func FuzzColumnNames(f *testing.F) {
	f.Add("Budget", "budget")
	f.Add("", "名前")
	f.Add(strings.Repeat("x", 100), strings.Repeat("x", 101))
	f.Add("a\x00b", "a b")
	f.Add("1", "ß")
	f.Fuzz(func(t *testing.T, a, b string) {
		fields := []*Field{
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
