package spec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

func TestJSONSchema_isCurrent(t *testing.T) {
	want, err := spec.GenerateJSONSchema(".", tables.Versioned())
	require.NoError(t, err)
	require.Equal(t, string(want), spec.JSONSchema, "run `make gen`")
}
