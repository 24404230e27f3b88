package sqlite

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/stretchr/testify/require"
)

// TestPlugin_passesTheWriterSuite runs the SDK's tests of a destination and skips none. Two migrations of the suite
// are declared unsafe: a column that changes its type, and a primary key that moves to _cq_id.
func TestPlugin_passesTheWriterSuite(t *testing.T) {
	p := Plugin()
	spec, err := json.Marshal(Spec{
		Path:      filepath.Join(t.TempDir(), "suite.db"),
		BatchSize: defaultBatchSize, BatchSizeBytes: defaultBatchSizeBytes,
	})
	require.NoError(t, err)
	require.NoError(t, p.Init(t.Context(), spec, plugin.NewClientOptions{}))
	t.Cleanup(func() { require.NoError(t, p.Close(t.Context())) })

	plugin.TestWriterSuiteRunner(t, p, plugin.WriterTestSuiteTests{
		SafeMigrations: plugin.SafeMigrations{
			AddColumn:              true,
			AddColumnNotNull:       true,
			RemoveColumn:           true,
			RemoveColumnNotNull:    true,
			RemoveUniqueConstraint: true,
			ChangeColumn:           false,
			MovePKToCQOnly:         false,
		},
	})
}
