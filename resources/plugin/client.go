package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cloudquery/plugin-sdk/v4/glob"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/state"
	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/nearest"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// Client is the plugin with a spec.
type Client struct {
	plugin.UnimplementedDestination
	machine client.Machine
	logger  zerolog.Logger
	options plugin.NewClientOptions
	spec    *spec.Spec // nil without a connection
}

var _ plugin.Client = (*Client)(nil)

// Configure reads the spec. Without a connection, as for listing tables or building a package, there may be none.
func Configure(ctx context.Context, logger zerolog.Logger, raw []byte, options plugin.NewClientOptions) (plugin.Client, error) {
	return configureOn(client.ThisMachine)(ctx, logger, raw, options)
}

// configureOn returns Configure for a machine.
func configureOn(machine client.Machine) plugin.NewClientFunc {
	return func(_ context.Context, logger zerolog.Logger, raw []byte, options plugin.NewClientOptions) (plugin.Client, error) {
		c := &Client{machine: machine, logger: logger.With().Str("module", Name).Logger(), options: options}
		if options.NoConnection {
			return c, nil
		}
		var err error
		if c.spec, err = spec.Parse(raw); err != nil {
			return nil, err
		}
		c.logger = c.spec.Secrets().Logger(c.logger)
		return c, nil
	}
}

// Close has nothing to release: a sync closes everything that it opened.
func (*Client) Close(context.Context) error { return nil }

// Tables returns the requested tables.
func (c *Client) Tables(_ context.Context, options plugin.TableOptions) (schema.Tables, error) {
	wanted, _, err := c.selected(options)
	return schemasOf(wanted), err
}

// selected returns the declarations of the requested tables, and which of them are named. Without a connection the
// wildcards include tables on request, since a list of tables should show them.
func (c *Client) selected(options plugin.TableOptions) (wanted []*table.Table, named map[string]bool, err error) {
	declared := slices.Concat(tables.All(), tables.Histories())
	if c.spec != nil && c.spec.CustomFields == spec.Off {
		declared = table.WithoutCustomFields(declared)
	}
	wanted, named, err = choose(slices.Clone(declared), options, c.spec == nil)
	if c.spec != nil && err == nil {
		wanted, err = withHistories(wanted, declared, c.spec.History, options)
	}
	return wanted, named, err
}

// withHistories returns the wanted tables with the histories of the types of record that the spec names, unless they
// are to be skipped.
func withHistories(wanted, declared []*table.Table, of []string, options plugin.TableOptions) ([]*table.Table, error) {
	wanted = slices.DeleteFunc(wanted, func(t *table.Table) bool { return t.Of != nil })
	for _, t := range declared {
		if t.Of == nil {
			continue
		}
		asked := slices.Contains(of, t.Of.Records)
		switch name := t.Name(); {
		case !asked && slices.Contains(options.Tables, name):
			return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "tables: %s needs history: [%s] in the plugin's spec", name, t.Of.Records)
		case !asked:
		case !slices.ContainsFunc(wanted, func(w *table.Table) bool { return w.Records == t.Of.Records }):
			return nil, pipedrive.Errorf(pipedrive.InvalidSpec,
				"spec.history: %s: tables or skip_tables leaves out %s", t.Of.Records, t.Of.Name())
		case !slices.ContainsFunc(options.SkipTables, func(entry string) bool { return glob.Glob(entry, name) }):
			wanted = append(wanted, t)
		}
	}
	return wanted, nil
}

// choose returns the requested tables, and by their records those that are named by an entry other than the
// wildcards for all tables. These wildcards include tables on request only if all is true.
func choose(declared []*table.Table, options plugin.TableOptions, all bool) (wanted []*table.Table, named map[string]bool, err error) {
	schemas := schemasOf(declared)
	chosen, err := schemas.FilterDfs(options.Tables, options.SkipTables, options.SkipDependentTables)
	if err != nil {
		names := schemas.TableNames()
		return nil, nil, pipedrive.Errorf(pipedrive.InvalidType, "%v%s; the tables are %v", err, nearestTable(err, names), names)
	}
	named = map[string]bool{}
	for _, t := range declared {
		named[t.Records] = slices.ContainsFunc(options.Tables, func(entry string) bool {
			return entry != "*" && entry != Name+"_*" && glob.Glob(entry, t.Name())
		})
	}
	return slices.DeleteFunc(declared, func(t *table.Table) bool {
		return chosen.Get(t.Name()) == nil || t.OnRequest && !all && !named[t.Records]
	}), named, nil
}

// nearestTable suggests the nearest table name.
func nearestTable(err error, names []string) string {
	var unknown *schema.PatternMatchError
	if !errors.As(err, &unknown) {
		return ""
	}
	return nearest.Hint(unknown.Pattern, Name+"_", names)
}

// schemasOf are tables in CloudQuery's form.
func schemasOf(declared []*table.Table) schema.Tables {
	var schemas schema.Tables
	for _, t := range declared {
		schemas = append(schemas, t.Schema())
	}
	return schemas
}

// Sync reads the tables and sends their rows. It fails if any table could not be read in full: otherwise
// CloudQuery would remove the rows that were not sent again.
func (c *Client) Sync(ctx context.Context, options plugin.SyncOptions, res chan<- message.SyncMessage) (err error) {
	if c.spec == nil {
		return errors.New("the plugin was started without a connection")
	}
	defer func() { err = c.spec.Secrets().Error(err) }()
	wanted, named, err := c.selected(plugin.TableOptions{
		Tables: options.Tables, SkipTables: options.SkipTables, SkipDependentTables: options.SkipDependentTables,
	})
	if err != nil {
		return err
	}
	run := client.NewRunOn(c.machine, c.spec.MaxTokens)
	accounts, skipped, err := client.Connect(ctx, c.spec, tables.All(), userAgent(), run, c.logger)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		defer a.Close()
	}
	ctx, checkpoints, closeState, err := c.connectState(ctx, run, wanted, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeState()) }()
	if skipped != nil {
		c.logger.Error().Err(skipped).Msg("accounts are left out of this sync")
	}
	err = run.CheckDue(ctx, wanted, options.Shard, c.logger)
	if err == nil {
		err = run.Check(ctx, wanted, named, options.Shard, true)
	}
	if err == nil {
		err = c.read(ctx, run, wanted, options, checkpoints, skipped, res)
	}
	if err != nil {
		if err := run.KeepFailure(ctx, wanted, options, err); err != nil {
			c.logger.Warn().Err(err).Msg("the table of runs will not have this run")
		}
	}
	return err
}

// read reads the tables and ends the run.
func (c *Client) read(
	ctx context.Context, run *client.Run, wanted []*table.Table, options plugin.SyncOptions, checkpoints *progress.State, skipped error,
	res chan<- message.SyncMessage,
) error {
	if c.spec.CustomFields == spec.Columns {
		var err error
		if wanted, err = run.AddCustomFields(ctx, wanted, checkpoints); err != nil {
			return err
		}
	}
	if err := cmp.Or(run.Read(ctx, wanted, options, res), c.mayEnd(run, checkpoints, skipped)); err != nil {
		return err
	}
	if err := run.Summarize(ctx, wanted, options, checkpoints, res); err != nil {
		return err
	}
	return c.finish(ctx, run, checkpoints, options, res)
}

// connectState takes the lease of the run's tables and then connects to the backend of the checkpoints; the
// results are nil if there is none. The returned context ends when the lease is lost.
func (c *Client) connectState(
	ctx context.Context, run *client.Run, wanted []*table.Table, options plugin.SyncOptions,
) (held context.Context, checkpoints *progress.State, closeState func() error, err error) {
	at := options.BackendOptions
	if at == nil {
		return ctx, nil, func() error { return nil }, nil
	}
	backend, err := progress.NewBackend(at.Connection)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := run.UseRemoval(ctx, backend, c.spec, c.logger); err != nil {
		return nil, nil, nil, errors.Join(err, backend.Close())
	}
	if err := run.Lease(ctx, backend, at.TableName, wanted, options.Shard, c.logger); err != nil {
		return nil, nil, nil, errors.Join(err, backend.Close())
	}
	connected, err := state.NewConnectedClient(ctx, at) // reads the state of the run before
	held, end := run.HoldLease(ctx)
	if err != nil {
		err = fmt.Errorf("the state backend of backend_options can't be reached: %w", err)
		return nil, nil, nil, errors.Join(err, end(), backend.Close())
	}
	checkpoints = progress.NewState(connected, backend, at.TableName)
	run.UseState(checkpoints)
	return held, checkpoints, func() error { return errors.Join(end(), connected.Close(), backend.Close()) }, nil
}

// mayEnd returns an error if the run can't succeed although every table of every connected account did.
func (c *Client) mayEnd(run *client.Run, checkpoints *progress.State, skipped error) error {
	if skipped != nil && checkpoints == nil {
		return fmt.Errorf("accounts were left out, and without backend_options their rows would now be removed: %w", skipped)
	}
	unread, why := run.Unread()
	if needs := run.Needs(); len(unread) > 0 && needs > 0 && !checkpoints.Moved() {
		return fmt.Errorf("max_tokens is too low for a first step, so no run makes progress; raise it to %d at least: %w", needs, why)
	}
	return nil
}

// finish ends a successful run.
func (c *Client) finish(
	ctx context.Context, run *client.Run, checkpoints *progress.State, options plugin.SyncOptions, res chan<- message.SyncMessage,
) error {
	unread, why := run.Unread()
	if len(unread) > 0 {
		c.logger.Warn().Err(why).Strs("tables", unread).
			Msg("the budget of API tokens ends this sync early; the next one continues from here")
	}
	c.logger.Info().Int64("api_tokens", run.Tokens()).Msg("read from Pipedrive")
	if checkpoints == nil {
		return nil
	}
	if err := run.CheckLease(ctx); err != nil {
		return err
	}
	if err := run.Remove(ctx, options, res); err != nil {
		return err
	}
	return run.Finish(ctx)
}
