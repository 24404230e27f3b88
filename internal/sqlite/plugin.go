// Package sqlite is a CloudQuery destination that keeps tables in one SQLite file. It needs no C compiler and no
// server, so it suits local syncs and tests. It can also keep a source's state.
package sqlite

import (
	"context"
	_ "embed"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
)

// Version is set by the linker in released builds.
var Version = "development"

//go:embed spec.schema.json
var specSchema string

// Plugin returns the destination for the CloudQuery SDK to serve.
func Plugin() *plugin.Plugin {
	return plugin.NewPlugin("sqlite", Version, New,
		plugin.WithKind(string(plugin.KindDestination)),
		plugin.WithJSONSchema(specSchema),
		plugin.WithConnectionTester(testConnection),
	)
}

// testConnection checks that the file can be opened and locked for writing. It creates a missing file, like a sync.
func testConnection(ctx context.Context, _ zerolog.Logger, specJSON []byte) error {
	spec, err := parseSpec(specJSON)
	if err != nil {
		return plugin.NewTestConnError("INVALID_SPEC", err)
	}
	client, err := Open(ctx, spec)
	if err != nil {
		return plugin.NewTestConnError("CONNECTION_FAILED", err)
	}
	if err := client.Close(ctx); err != nil {
		return plugin.NewTestConnError("CONNECTION_FAILED", err)
	}
	return nil
}
