package progress

import (
	"context"
	"fmt"

	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Removal is a method to remove rows of deleted records from the destination.
type Removal int

// The methods.
const (
	// ByKey deletes each row by its key.
	ByKey Removal = iota
	// Stale lets CloudQuery remove the rows that a full refresh did not send again, in the write mode
	// overwrite-delete-stale. If that would remove other rows too, or did not remove these, they are marked.
	Stale
	// StaleOnly is Stale without marks: such rows stay.
	StaleOnly
	// Marked sends each row once more, with only its key and the time of its removal.
	Marked
)

// String describes the method in the log.
func (r Removal) String() string {
	switch r {
	case ByKey:
		return "deleted by their keys"
	case Stale:
		return "removed by CloudQuery in the write mode overwrite-delete-stale, else marked in _removed_at"
	case StaleOnly:
		return "removed by CloudQuery in the write mode overwrite-delete-stale, else kept"
	default:
		return "marked in _removed_at"
	}
}

// Official destinations that differ from most others, as of August 2026.
var (
	deletesByKey = map[string]bool{"sqlite": true, "postgresql": true, "clickhouse": true}
	onlyAppends  = map[string]bool{"bigquery": true}
)

// RemovalAt returns the method for a destination, given the name of its plugin and the spec's removed_rows.
func RemovalAt(destination string, removed spec.RemovedRows) (Removal, error) {
	switch {
	case removed == spec.Mark:
		return Marked, nil
	case deletesByKey[destination]:
		return ByKey, nil
	case onlyAppends[destination] && removed == spec.Delete:
		return 0, pipedrive.Errorf(pipedrive.InvalidSpec,
			"spec.removed_rows: the destination %s deletes no rows; write auto or mark", destination)
	case onlyAppends[destination]:
		return Marked, nil
	case removed == spec.Delete:
		return StaleOnly, nil
	}
	return Stale, nil
}

// UpsertsBatches reports whether a destination may write a batch of rows in one statement. Such a statement requires
// rows with different keys: of two versions of a record, Snowflake inserts both or refuses the batch, and DuckDB keeps
// the first.
func UpsertsBatches(destination string) bool {
	return !deletesByKey[destination] && !onlyAppends[destination]
}

// Name asks the backend for the name of its plugin, like "postgresql".
func (b *Backend) Name(ctx context.Context) (string, error) {
	answer, err := b.client.GetName(ctx, &pb.GetName_Request{})
	if err != nil {
		return "", fmt.Errorf("the backend did not report its name: %w", err)
	}
	return answer.GetName(), nil
}
