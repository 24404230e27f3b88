package plugin

import (
	"context"
	"errors"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// TestConnection logs in like a sync, for 2 API tokens per account. It also checks which tables the accounts lack, for
// the cost of the lists that show it. Its codes are those of [pipedrive.Code].
func TestConnection(ctx context.Context, logger zerolog.Logger, raw []byte) error {
	s, err := spec.Parse(raw)
	if err != nil {
		return testError(err)
	}
	logger = s.Secrets().Logger(logger)
	run := client.NewRun(0)
	accounts, skipped, err := client.Connect(ctx, s, tables.All(), userAgent(), run, logger)
	for _, a := range accounts {
		defer a.Close()
	}
	if err = errors.Join(err, skipped); err == nil {
		err = testTables(ctx, s, run, logger)
	}
	if err != nil {
		return testError(s.Secrets().Error(err))
	}
	return nil
}

// testTables logs the tables that a sync of all tables would leave out, with the reasons. CloudQuery does not pass
// on the wanted tables, so a missing one is not an error.
func testTables(ctx context.Context, s *spec.Spec, run *client.Run, logger zerolog.Logger) error {
	all, _, err := (&Client{spec: s}).selected(plugin.TableOptions{Tables: []string{"*"}})
	if err != nil {
		return err
	}
	err = run.Check(ctx, all, nil, nil, false)
	if errors.Is(err, pipedrive.MissingScope) {
		logger.Warn().Err(err).Msg("a sync of these tables would fail")
		return nil
	}
	return err
}

func testError(err error) error {
	return plugin.NewTestConnError(string(pipedrive.CodeOf(err)), err)
}
