package customfields

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// listed is an account's list of fields, each with its name and type. A field's hash is made of its name, not of its place.
func listed(account string, fields ...[2]string) Listed {
	l := Listed{Account: account}
	for _, f := range fields {
		row := table.NewRow(make([]table.Value, len(Columns))...)
		row.Set(Code, table.TextValue(hashOf(account+f[0])))
		row.Set(FieldName, table.TextValue(f[0]))
		row.Set(FieldType, table.TextValue(f[1]))
		l.Fields = append(l.Fields, row)
	}
	return l
}

// hashOf is a text of up to 20 bytes in the form of a hash.
func hashOf(text string) string { return fmt.Sprintf("%040x", text) }

// addresses are n fields with 11 columns each.
func addresses(n int) [][2]string {
	var fields [][2]string
	for i := range n {
		fields = append(fields, [2]string{fmt.Sprintf("place %d", i), "address"})
	}
	return fields
}

// add adds lists to names that were stored and loaded, as by the next run.
func add(t *testing.T, before *Names, lists ...Listed) *Names {
	t.Helper()
	names := &Names{}
	if before != nil {
		stored, err := json.Marshal(before)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(stored, names))
		require.True(t, names.Complete())
	}
	names.Add(lists, before != nil)
	require.LessOrEqual(t, len(names.Columns()), MaxColumns)
	return names
}

// columnOf is the column of an account's field, by its name.
func columnOf(n *Names, account, name string) string { return n.Of(account)[hashOf(account+name)] }

func TestNames_surplus(t *testing.T) {
	lastOfAll := append(addresses(81), [2]string{"number", "double"}, [2]string{"too wide", "address"}, [2]string{"money", "monetary"})
	names := add(t, nil, listed("a", lastOfAll...)) // 891 columns, 1, no room for 11, 2
	require.Equal(t, []string{"too wide"}, names.WithoutColumn())
	require.Equal(t, "cf_money", columnOf(names, "a", "money"), "a field behind it is small enough")
	require.Empty(t, columnOf(names, "a", "too wide"))
	require.Len(t, names.Columns(), 894)

	t.Run("the order of the list changes", func(t *testing.T) {
		reversed := slices.Clone(lastOfAll)
		slices.Reverse(reversed)
		next := add(t, names, listed("a", reversed...))
		require.Equal(t, []string{"too wide"}, next.WithoutColumn(), "each field keeps its column")
		require.Equal(t, names.Of("a"), next.Of("a"))
	})
	t.Run("another field is deleted", func(t *testing.T) {
		next := add(t, names, listed("a", lastOfAll[1:]...))
		require.Equal(t, []string{"too wide"}, next.WithoutColumn(), "the destination still has the deleted field's columns")
		require.Len(t, next.Columns(), 894)
	})
	t.Run("a new field", func(t *testing.T) {
		next := add(t, names, listed("a", append([][2]string{{"new", "double"}, {"wide too", "address"}}, lastOfAll...)...))
		require.Equal(t, "cf_new", columnOf(next, "a", "new"))
		require.Equal(t, []string{"wide too", "too wide"}, next.WithoutColumn())
		require.True(t, next.Columns()[table.Index(next.Columns(), "cf_new")].Fresh["a"])
	})
	t.Run("an account is left out", func(t *testing.T) {
		away := add(t, names, listed("b", [2]string{"other", "double"}))
		require.Empty(t, away.WithoutColumn(), "no account of this run has such a field")
		back := add(t, away, listed("a", lastOfAll...))
		require.Equal(t, []string{"too wide"}, back.WithoutColumn())
	})
}

// TestNames_surplusGetsColumn: records may have had values of the field all along, so its column is not one of a new
// field.
func TestNames_surplusGetsColumn(t *testing.T) {
	names := add(t, nil, listed("a", append(addresses(81), [2]string{"too wide", "address"})...))
	require.Empty(t, columnOf(names, "a", "too wide"))
	names.Fields = names.Fields[1:] // as with a greater limit, in a later release
	names = add(t, names, listed("a", append(addresses(81), [2]string{"too wide", "address"})[1:]...))
	require.Empty(t, names.WithoutColumn())
	require.Empty(t, names.Surplus)
	c := names.Columns()[table.Index(names.Columns(), "cf_too_wide")]
	require.False(t, c.Fresh["a"])
	require.Contains(t, c.ByAccount, "a")
}

// TestNames_surplusOfAccounts: accounts get columns in turn, in any order of accounts, and a shared column takes room
// once.
func TestNames_surplusOfAccounts(t *testing.T) {
	a := listed("a", append(addresses(40), [2]string{"a only", "address"}, [2]string{"a last", "address"})...)
	b := listed("b", append(addresses(40), [2]string{"b only", "address"})...)
	for i := range 45 {
		a.Fields = append(a.Fields, listed("a", [2]string{fmt.Sprint("a", i), "address"}).Fields...)
		b.Fields = append(b.Fields, listed("b", [2]string{fmt.Sprint("b", i), "address"}).Fields...)
	}
	names := add(t, nil, a, b)
	require.Equal(t, "cf_place_39", columnOf(names, "a", "place 39"))
	require.Equal(t, "cf_place_39", columnOf(names, "b", "place 39"))
	require.Len(t, names.Columns(), 81*11)
	// 40 shared ones, 21 of account a's own and 20 of b's: a has one more in front.
	require.Equal(t, "cf_a18", columnOf(names, "a", "a18"))
	require.Empty(t, columnOf(names, "a", "a19"))
	require.Equal(t, "cf_b18", columnOf(names, "b", "b18"))
	require.Empty(t, columnOf(names, "b", "b19"))
	require.Equal(t, names, add(t, nil, b, a))

	joins := add(t, names, a, b, listed("c", [2]string{"place 1", "address"}, [2]string{"c", "address"}))
	require.Equal(t, "cf_place_1", columnOf(joins, "c", "place 1"))
	require.Empty(t, columnOf(joins, "c", "c"))
}

func TestNames_complete(t *testing.T) {
	hash := hashOf("x")
	for complete, names := range map[bool][]Names{
		true: {{}, {Fields: []*Field{{Hash: hash, Kind: "text", Column: "cf_x"}}, Surplus: []*Field{{Hash: hash, Kind: "text"}}}},
		false: {
			{Fields: []*Field{nil}},
			{Fields: []*Field{{Hash: hash, Kind: "text"}}},
			{Fields: []*Field{{Hash: "x", Kind: "text", Column: "cf_x"}}},
			{Surplus: []*Field{nil}},
			{Surplus: []*Field{{Hash: hash}}},
			{Surplus: []*Field{{Hash: hash, Kind: "text", Column: "cf_x"}}},
		},
	} {
		for _, n := range names {
			require.Equal(t, complete, n.Complete(), "%+v", n)
		}
	}
}
