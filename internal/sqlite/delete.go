package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
)

// deleteStale deletes the rows of a source that its current sync did not send.
func (c *Client) deleteStale(ctx context.Context, messages message.WriteDeleteStales) error {
	return c.InTransaction(ctx, tablesOf(messages), func(tx *sql.Tx) error {
		for _, m := range messages {
			if _, err := tx.ExecContext(ctx, deleteStaleSQL(m.TableName), m.SourceName, staleBefore(m.SyncTime)); err != nil {
				return fmt.Errorf("delete stale rows of %s: %w", m.TableName, err)
			}
		}
		return nil
	})
}

func deleteStaleSQL(table string) string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s = ? AND %s < ?",
		Quote(table), Quote(schema.CqSourceNameColumn.Name), Quote(schema.CqSyncTimeColumn.Name))
}

// staleBefore truncates the time to microseconds, the precision of _cq_sync_time. Otherwise the sync's own rows would
// be older than the sync.
func staleBefore(syncTime time.Time) string {
	return formatTimestamp(syncTime.Truncate(time.Microsecond))
}

// deleteRecords deletes the rows that match the messages' predicates, and their descendants in the related tables.
func (c *Client) deleteRecords(ctx context.Context, messages message.WriteDeleteRecords) error {
	return c.InTransaction(ctx, tablesOf(messages), func(tx *sql.Tx) error {
		for _, m := range messages {
			if err := deleteRecord(ctx, tx, m.DeleteRecord); err != nil {
				return fmt.Errorf("delete rows of %s: %w", m.TableName, err)
			}
		}
		return nil
	})
}

// deleteRecord deletes the farthest descendants first, because a row is found through its parent. Relations list
// parents before their children.
func deleteRecord(ctx context.Context, tx *sql.Tx, m message.DeleteRecord) error {
	condition, values, err := where(m.WhereClause)
	if err != nil {
		return err
	}
	conditions := map[string]string{m.TableName: condition}
	deletions := []string{deleteSQL(m.TableName, condition)}
	for _, relation := range m.TableRelations {
		parent, ok := conditions[relation.ParentTable]
		if !ok {
			return fmt.Errorf("relation %s: its parent %s is neither the table nor an earlier relation",
				relation.TableName, relation.ParentTable)
		}
		condition := fmt.Sprintf("%s IN (SELECT %s FROM %s WHERE %s)",
			Quote(schema.CqParentIDColumn.Name), Quote(schema.CqIDColumn.Name), Quote(relation.ParentTable), parent)
		conditions[relation.TableName] = condition
		deletions = append(deletions, deleteSQL(relation.TableName, condition))
	}
	for _, deletion := range slices.Backward(deletions) {
		if _, err := tx.ExecContext(ctx, deletion, values...); err != nil {
			return err
		}
	}
	return nil
}

func deleteSQL(table, condition string) string {
	return "DELETE FROM " + Quote(table) + " WHERE " + condition
}

// where returns predicate groups as a condition. All groups must hold; within a group, all or any of the predicates.
// No groups match every row.
func where(groups message.PredicateGroups) (condition string, values []any, err error) {
	var conjuncts []string
	for _, group := range groups {
		var terms []string
		for _, predicate := range group.Predicates {
			// The SDK's own messages have "eq", those over gRPC "EQ".
			if !strings.EqualFold(predicate.Operator, "eq") {
				return "", nil, fmt.Errorf("column %s: unknown operator %q", predicate.Column, predicate.Operator)
			}
			value, err := predicateValue(predicate)
			if err != nil {
				return "", nil, fmt.Errorf("column %s: %w", predicate.Column, err)
			}
			terms = append(terms, Quote(predicate.Column)+" = ?")
			values = append(values, value)
		}
		if len(terms) == 0 {
			continue
		}
		operator := strings.ToUpper(group.GroupingType)
		if operator != "AND" && operator != "OR" {
			return "", nil, fmt.Errorf("unknown grouping %q", group.GroupingType)
		}
		conjuncts = append(conjuncts, "("+strings.Join(terms, " "+operator+" ")+")")
	}
	if len(conjuncts) == 0 {
		return "TRUE", nil, nil
	}
	return strings.Join(conjuncts, " AND "), values, nil
}

// predicateValue is the first value of the predicate's record.
func predicateValue(predicate message.Predicate) (any, error) {
	if predicate.Record == nil || predicate.Record.NumCols() == 0 || predicate.Record.NumRows() == 0 {
		return nil, errors.New("the predicate has no value")
	}
	column := predicate.Record.Column(0)
	if column.IsNull(0) {
		return nil, nil
	}
	return typeOf(column.DataType()).bind(column)(0)
}
