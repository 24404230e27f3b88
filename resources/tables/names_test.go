package tables

import (
	"crypto/sha1" //nolint:gosec // Pipedrive's hash for the keys of fields
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/customfields"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// snowflakeReserved are the words that Snowflake reserves or takes as names in some places only
// (https://docs.snowflake.com/en/sql-reference/reserved-keywords). CloudQuery's Snowflake destination writes names of columns
// without quotes, as in "$1:name::TEXT as name" and "primary key (a,b)".
const snowflakeReserved = `account all alter and any as between by case cast check column connect connection constraint create
	cross current current_date current_time current_timestamp current_user database delete distinct drop else exists false
	following for from full grant group gscluster having ilike in increment inner insert intersect into is issue join lateral
	left like localtime localtimestamp minus natural not null of on or order organization qualify regexp revoke right rlike
	row rows sample schema select set some start table tablesample then to trigger true try_cast union unique update using
	values view when whenever where with`

// bigQueryPrefixes may not begin the name of a column in BigQuery, in either case
// (https://cloud.google.com/bigquery/docs/schemas#column_names).
var bigQueryPrefixes = []string{"_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier"}

// added are the columns of each table besides its declared ones: CloudQuery's and the account's.
var added = []string{"_cq_id", "_cq_parent_id", "_cq_source_name", "_cq_sync_time", "_cq_sync_group_id", table.AccountColumn}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

func TestNames_tables(t *testing.T) {
	for _, of := range All() {
		require.Regexp(t, plainName, of.Name())
		// Destinations name the primary key after the table, also after a history table.
		require.LessOrEqual(t, len(of.Name()+"_history"+"_cqpk"), table.MaxName, of.Name())
	}
}

func TestNames_columns(t *testing.T) {
	var reserved []string
	for _, of := range All() {
		seen := map[string]bool{}
		for _, name := range append(names(of.Columns), added...) {
			require.Regexp(t, plainName, name, of.Name())
			require.LessOrEqual(t, len(name), table.MaxName, "%s.%s", of.Name(), name)
			require.False(t, seen[name], "%s has two columns %s", of.Name(), name)
			require.False(t, strings.HasPrefix(name, customfields.Prefix), "%s.%s has the prefix of custom fields", of.Name(), name)
			seen[name] = true
			for _, prefix := range bigQueryPrefixes {
				require.False(t, strings.HasPrefix(name, prefix), "%s.%s", of.Name(), name)
			}
			if slices.Contains(strings.Fields(snowflakeReserved), name) {
				reserved = append(reserved, of.Name()+"."+name)
			}
		}
		require.LessOrEqual(t, len(of.Columns)+len(added)+customfields.MaxColumns, table.MaxColumns, of.Name())
	}
	require.Empty(t, reserved)
}

func names(columns []table.Column) []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return names
}

// scripts are the letters in the names of fields.
var scripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew, unicode.Devanagari, unicode.Thai, unicode.Han,
	unicode.Hiragana, unicode.Hangul, unicode.Armenian, unicode.Georgian, unicode.Punct, unicode.Symbol, unicode.Nd, unicode.White_Space,
}

// fieldName draws the name of a field: in one script, of any characters, or similar to another column's.
func fieldName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringOf(rapid.RuneFrom(nil, scripts...)),
		rapid.String(),
		rapid.StringN(60, 300, -1),
		rapid.Custom(func(t *rapid.T) string {
			name := rapid.SampledFrom([]string{"Budget", "BUDGET", "budget", "Straße", "STRASSE", "ROWS", "_cq_id", "_removed_at", "_TABLE_", "title"}).Draw(t, "word")
			return name + rapid.SampledFrom([]string{"", " currency", " until", "_timezone_id", " text", " monetary 00000000"}).Draw(t, "ending")
		}),
	)
}

// fieldTypes are types with one column, with several, and with so many that few fields fill a table.
var fieldTypes = []string{"varchar", "double", "enum", "set", "monetary", "daterange", "timerange", "address", "of later times"}

// account is an account whose fields change from run to run.
type account struct {
	id     string
	fields []*table.Row
	hashes int
}

// change adds fields to the account, renames some, gives some another type, and deletes some.
func (a *account) change(t *rapid.T) {
	a.fields = slices.DeleteFunc(a.fields, func(*table.Row) bool { return rapid.IntRange(0, 9).Draw(t, "deleted") == 0 })
	for _, f := range a.fields {
		switch rapid.IntRange(0, 9).Draw(t, "change") {
		case 0:
			f.Set(customfields.FieldName, table.TextValue(fieldName().Draw(t, "new name")))
		case 1:
			f.Set(customfields.FieldType, table.TextValue(rapid.SampledFrom(fieldTypes).Draw(t, "new type")))
		}
	}
	for range rapid.IntRange(0, 9).Draw(t, "fields") {
		a.add(fieldName().Draw(t, "name"), rapid.SampledFrom(fieldTypes).Draw(t, "type"))
	}
	for i := range rapid.SampledFrom([]int{0, 0, 30, 50}).Draw(t, "addresses") {
		a.add(fmt.Sprint("Place ", a.id, i), "address")
	}
}

func (a *account) add(name, fieldType string) {
	a.hashes++
	f := table.NewRow(make([]table.Value, len(customfields.Columns))...)
	f.Set(customfields.Code, table.TextValue(fmt.Sprintf("%x", sha1.Sum(fmt.Append(nil, a.id, a.hashes)))))
	f.Set(customfields.FieldName, table.TextValue(name))
	f.Set(customfields.FieldType, table.TextValue(fieldType))
	a.fields = append(a.fields, f)
}

// TestNames_customFields: fields have arbitrary names. Their columns have names that each destination accepts, that
// differ from all others of the table in more than case, and that stay. Their number is within the limit.
func TestNames_customFields(t *testing.T) {
	others := slices.Clone(added)
	for _, of := range All() {
		others = append(others, names(of.Columns)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		accounts := []*account{{id: "1"}, {id: "22"}}
		stored, had := []byte(`{}`), map[string]map[string]string{}
		for run := range rapid.IntRange(1, 4).Draw(t, "runs") {
			var kept customfields.Names
			require.NoError(t, json.Unmarshal(stored, &kept))
			require.True(t, kept.Complete())
			var lists []customfields.Listed
			for _, a := range accounts {
				a.change(t)
				lists = append(lists, customfields.Listed{Account: a.id, Fields: a.fields})
			}
			kept.Add(lists, run > 0)
			requireNames(t, names(kept.Columns()), others)
			for _, a := range accounts {
				had[a.id] = requireKept(t, had[a.id], kept.Of(a.id), a)
			}
			var err error
			stored, err = json.Marshal(kept)
			require.NoError(t, err)
		}
	})
}

func requireNames(t *rapid.T, columns, others []string) {
	seen := map[string]bool{}
	for _, name := range others {
		seen[strings.ToUpper(name)] = true
	}
	for _, name := range columns {
		require.Regexp(t, plainName, name)
		require.True(t, strings.HasPrefix(name, customfields.Prefix), "%s: no reserved word begins so", name)
		require.LessOrEqual(t, len(name), table.MaxName)
		require.False(t, seen[strings.ToUpper(name)], name)
		seen[strings.ToUpper(name)] = true
	}
	require.LessOrEqual(t, len(columns), customfields.MaxColumns)
}

// requireKept returns the columns of an account's fields, by hash and type, that existed before and still do.
func requireKept(t *rapid.T, had, has map[string]string, a *account) map[string]string {
	had = maps.Clone(had)
	if had == nil {
		had = map[string]string{}
	}
	owners := map[string]string{}
	for _, f := range a.fields {
		hash, fieldType := f.Value(customfields.Code).Text, f.Value(customfields.FieldType).Text
		column := has[hash]
		if before := had[hash+fieldType]; before != "" {
			require.Equal(t, before, column)
		}
		if column != "" {
			require.Empty(t, owners[column], "of two fields of an account")
			owners[column], had[hash+fieldType] = hash, column
		}
	}
	return had
}

// TestNames_reserved: no reserved word begins like the column of a custom field.
func TestNames_reserved(t *testing.T) {
	for _, word := range append(strings.Fields(snowflakeReserved), bigQueryPrefixes...) {
		require.False(t, strings.HasPrefix(word, customfields.Prefix), word)
	}
}
