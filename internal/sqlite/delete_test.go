package sqlite

import (
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"
)

func TestDeleteStale_comparesMicroseconds(t *testing.T) {
	for name, syncTime := range map[string]time.Time{
		"a whole second":       syncedAt,
		"a fraction":           syncedAt.Add(500 * time.Millisecond),
		"a microsecond":        syncedAt.Add(time.Microsecond),
		"with nanoseconds too": syncedAt.Add(time.Microsecond + 999),
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, newFile(t))
			table := dealsTable()
			require.NoError(t, write(t.Context(), client, migration(table), rows(t, table,
				deal("a", syncTime.Add(-time.Hour), 1, ""),
				deal("a", syncTime.Add(-time.Microsecond), 2, ""),
				deal("a", syncTime, 3, ""),
				deal("a", syncTime.Add(time.Microsecond), 4, ""),
				deal("b", syncTime.Add(-time.Hour), 5, ""),
			)))
			require.NoError(t, write(t.Context(), client,
				&message.WriteDeleteStale{TableName: "deals", SourceName: "a", SyncTime: syncTime}))
			require.Equal(t, "3,4,5", query(t, client, `SELECT group_concat(id ORDER BY id) FROM deals`))
		})
	}
}

func TestDeleteStale_reportsWhatIsMissing(t *testing.T) {
	client := newClient(t, newFile(t))
	stale := &message.WriteDeleteStale{TableName: "deals", SourceName: "a", SyncTime: syncedAt}
	require.ErrorContains(t, write(t.Context(), client, stale), "no such table: deals")

	table := &schema.Table{Name: "deals", Columns: schema.ColumnList{{Name: "id", Type: arrow.PrimitiveTypes.Int64}}}
	require.ErrorContains(t, write(t.Context(), client, migration(table), stale), `no such column: "_cq_source_name"`)
}

// equals is a predicate on a column of dealsTable.
func equals(t *testing.T, column string, value any) message.Predicate {
	t.Helper()
	table := &schema.Table{Name: "deals", Columns: schema.ColumnList{{Name: column, Type: dealsTable().Column(column).Type}}}
	return message.Predicate{Operator: "EQ", Column: column, Record: rows(t, table, []any{value}).Record}
}

func TestDeleteRecord_combinesPredicates(t *testing.T) {
	group := func(grouping string, predicates ...message.Predicate) message.PredicateGroup {
		return message.PredicateGroup{GroupingType: grouping, Predicates: predicates}
	}
	for name, test := range map[string]struct {
		groups message.PredicateGroups
		left   string
	}{
		"everything":       {nil, ""},
		"an empty group":   {message.PredicateGroups{group("AND")}, ""},
		"and":              {message.PredicateGroups{group("AND", equals(t, "id", 1), equals(t, "title", "x"))}, "2,3,4"},
		"and, not both":    {message.PredicateGroups{group("AND", equals(t, "id", 1), equals(t, "title", "y"))}, "1,2,3,4"},
		"or":               {message.PredicateGroups{group("OR", equals(t, "id", 1), equals(t, "title", "y"))}, "2,4"},
		"groups":           {message.PredicateGroups{group("OR", equals(t, "id", 1), equals(t, "id", 2)), group("AND", equals(t, "title", "x"))}, "3,4"},
		"a null is no key": {message.PredicateGroups{group("AND", equals(t, "title", nil))}, "1,2,3,4"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, newFile(t))
			table := dealsTable()
			require.NoError(t, write(t.Context(), client, migration(table), rows(t, table,
				deal("a", syncedAt, 1, "x"), deal("a", syncedAt, 2, "x"), deal("a", syncedAt, 3, "y"), deal("a", syncedAt, 4, "z")),
				&message.WriteDeleteRecord{DeleteRecord: message.DeleteRecord{TableName: "deals", WhereClause: test.groups}}))
			require.Equal(t, test.left, query(t, client, `SELECT coalesce(group_concat(id ORDER BY id), '') FROM deals`))
		})
	}
}

func TestDeleteRecord_followsRelations(t *testing.T) {
	client := newClient(t, newFile(t))
	deals, products, prices := dealsTable(), dealsTable(), dealsTable()
	products.Name, prices.Name = "products", "prices"
	child := func(id, parent int) []any {
		row := deal("a", syncedAt, id, "")
		row[3] = cqID(parent)
		return row
	}
	require.NoError(t, write(t.Context(), client, migration(deals), migration(products), migration(prices),
		rows(t, deals, deal("a", syncedAt, 1, ""), deal("a", syncedAt, 2, "")),
		rows(t, products, child(11, 1), child(12, 2)),
		rows(t, prices, child(21, 11), child(22, 12)),
		&message.WriteDeleteRecord{DeleteRecord: message.DeleteRecord{
			TableName:      "deals",
			WhereClause:    message.PredicateGroups{{GroupingType: "AND", Predicates: message.Predicates{equals(t, "id", 1)}}},
			TableRelations: message.TableRelations{{TableName: "products", ParentTable: "deals"}, {TableName: "prices", ParentTable: "products"}},
		}}))
	require.Equal(t, "2 12 22", query(t, client,
		`SELECT (SELECT group_concat(id) FROM deals) || ' ' || (SELECT group_concat(id) FROM products) || ' ' || (SELECT group_concat(id) FROM prices)`))
}

func TestDeleteRecord_refusesWhatItDoesNotKnow(t *testing.T) {
	client := newClient(t, newFile(t))
	require.NoError(t, write(t.Context(), client, migration(dealsTable())))
	like := equals(t, "id", 1)
	like.Operator = "LIKE"
	for want, record := range map[string]message.DeleteRecord{
		`unknown operator "LIKE"`: {WhereClause: message.PredicateGroups{{GroupingType: "AND", Predicates: message.Predicates{like}}}},
		`unknown grouping "XOR"`:  {WhereClause: message.PredicateGroups{{GroupingType: "XOR", Predicates: message.Predicates{equals(t, "id", 1)}}}},
		`its parent ghosts`:       {TableRelations: message.TableRelations{{TableName: "deals", ParentTable: "ghosts"}}},
		`has no value`:            {WhereClause: message.PredicateGroups{{GroupingType: "AND", Predicates: message.Predicates{{Operator: "eq", Column: "id"}}}}},
	} {
		record.TableName = "deals"
		require.ErrorContains(t, write(t.Context(), client, &message.WriteDeleteRecord{DeleteRecord: record}), want)
	}
}
