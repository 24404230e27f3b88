package plugin

import (
	"context"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// TestConnection logs in as a sync would, for 2 API tokens an account. Its codes are those of [pipedrive.Code].
func TestConnection(ctx context.Context, logger zerolog.Logger, raw []byte) error {
	s, err := spec.Parse(raw)
	if err != nil {
		return testError(err)
	}
	accounts, skipped, err := client.Connect(ctx, s, tables.All(), userAgent(), client.NewRun(0), s.Secrets().Logger(logger))
	if err != nil {
		return testError(s.Secrets().Error(err))
	}
	for _, a := range accounts {
		a.Close()
	}
	if skipped != nil {
		return testError(s.Secrets().Error(skipped))
	}
	return nil
}

func testError(err error) error {
	return plugin.NewTestConnError(string(pipedrive.CodeOf(err)), err)
}
