package plugin

import (
	"context"
	"errors"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// Estimate returns the expected cost of syncs with a spec, by account. state is true if they have backend_options. An
// account's estimate costs at most the given number of API tokens. It reads no state and writes nothing.
func Estimate(
	ctx context.Context, logger zerolog.Logger, raw []byte, options plugin.TableOptions, state bool, tokens int64,
) (estimates []client.Estimate, err error) {
	s, err := spec.Parse(raw)
	if err != nil {
		return nil, err
	}
	defer func() { err = s.Secrets().Error(err) }()
	wanted, named, err := (&Client{spec: s}).selected(options)
	if err != nil {
		return nil, err
	}
	run := client.NewRun(0)
	accounts, skipped, err := client.Connect(ctx, s, tables.All(), userAgent(), run, s.Secrets().Logger(logger))
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		defer a.Close()
	}
	estimates, err = run.Estimate(ctx, wanted, named, s, state, tokens)
	return estimates, errors.Join(err, skipped)
}
