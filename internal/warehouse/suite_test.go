package warehouse

import (
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestKinds_passTheWriterSuite runs the SDK's own tests of a destination, and skips as much as the official plugin's
// tests. Migrations in place follow the SQLite destination.
func TestKinds_passTheWriterSuite(t *testing.T) {
	migrations := plugin.SafeMigrations{
		AddColumn: true, AddColumnNotNull: true, RemoveColumn: true, RemoveColumnNotNull: true, RemoveUniqueConstraint: true,
	}
	keyless := migrations
	keyless.MovePKToCQOnly = true
	for kind, skipped := range map[Kind]plugin.WriterTestSuiteTests{
		BigQuery: {SkipUpsert: true, SkipMigrate: true, SkipDeleteStale: true, SkipDeleteRecord: true},
		Snowflake: {
			SkipDeleteRecord: true, SafeMigrations: keyless, SkipSpecificWriteTests: plugin.WriteTests{DuplicatePK: true},
		},
		DuckDB: {
			SkipDeleteRecord: true, SafeMigrations: migrations, SkipSpecificWriteTests: plugin.WriteTests{DuplicatePK: true},
		},
		PostgreSQL: {SafeMigrations: migrations},
	} {
		t.Run(string(kind), func(t *testing.T) {
			if testing.Short() && kind != DuckDB {
				t.Skip("long")
			}
			p := newPlugin(t, kind, Spec{BatchSize: 7})
			plugin.TestWriterSuiteRunner(t, p, skipped, plugin.WithTestDataOptions(schema.TestSourceOptions{TimePrecision: time.Microsecond}))
		})
	}
}
