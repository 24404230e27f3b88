// Package client reads Pipedrive accounts. An [Account] has an HTTP client and look-ups; a [Run] reads the tables of
// several accounts within a budget. One loop, in read.go, reads a table of an account page by page, and a sink sends
// its rows. Package plan selects the records of a run, and package progress is its memory.
package client

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/redact"
)

// Account is one Pipedrive account in one run.
type Account struct {
	id       string // value of the account_id column
	api      table.API
	client   *pipedrive.Client
	oauth    *pipedrive.OAuth // nil for other ways to connect
	me       jsontext.Value   // the log-in's record
	scopes   []string         // that the user has granted; empty if unknown
	query    pipedrive.Query
	archived bool            // whether archived records are wanted
	meter    pipedrive.Meter // of all requests of the account
	rows     atomic.Int64    // that were sent
	most     int             // requests that may be under way; 0 for as many as are useful
	readers  atomic.Int64    // windows and units under way
	notLast  atomic.Int64    // lists under way that are not the last ones of their tables
	lookups  lookups
	absent   absences
	columns  map[string]map[string]string // of custom fields, by type of record and hash
	run      *Run
	logger   zerolog.Logger

	lastReadings map[string]progress.FullReading // of tables without a checkpoint, by their records
	whole        []*reading                      // of these tables in this run

	recheckEvery time.Duration // interval of readings of children whose parents did not change; 0 for never
	listsEvery   time.Duration // interval of readings of set-up tables; 0 for every run

	verify      bool          // whether the run reads rows again that are missing at the destination
	verifyEvery time.Duration // interval of read-backs of a table with few changes
	refresh     time.Duration // interval of full refreshes; 0 for never
	lookback    time.Duration // span before a checkpoint that is read again
	startTime   string        // start_time as the user wrote it
	start       time.Time     // start_time as a moment; zero for none
	began       time.Time     // when the run began, by the API's clock

	verification progress.Verification

	customFields spec.CustomFields // their form; a checkpoint belongs to one form
}

var _ schema.ClientMeta = (*Account)(nil)

// ID tells accounts apart in logs, metrics and shards.
func (a *Account) ID() string { return "account:" + a.id }

// accountsAtOnce is the number of accounts that log in side by side, or that read their lists of fields and probes side
// by side.
const accountsAtOnce = 10

// Connect logs in to the accounts that the spec names, for 2 API tokens each. It reads no records, so a refused
// credential ends a run before anything happens at the destination. An export endpoint has no log-in: there it reads
// one record of one table.
//
// With on_account_error: skip, an account that can't be connected is left out, and skipped gives the reason. It is an
// error only if no account is left.
func Connect(
	ctx context.Context, s *spec.Spec, tables []*table.Table, userAgent string, run *Run, logger zerolog.Logger,
) (accounts []*Account, skipped, err error) {
	connections := s.Connections()
	connected := make([]*Account, len(connections))
	errs := make([]error, len(connections))
	var group errgroup.Group
	group.SetLimit(accountsAtOnce)
	for i, c := range connections {
		group.Go(func() error {
			connected[i], errs[i] = connect(ctx, s, c, tables, userAgent, run, logger)
			return nil
		})
	}
	_ = group.Wait() // the errors are kept apart
	for _, a := range connected {
		if a != nil {
			accounts = append(accounts, a)
		}
	}
	skipped = errors.Join(errs...)
	if err = sameTwice(accounts); err == nil && (s.OnAccountError == "fail" || len(accounts) == 0) {
		err = skipped
	}
	if err != nil {
		for _, a := range accounts {
			a.Close()
		}
		return nil, nil, err
	}
	run.accounts, run.partial, run.secrets = accounts, skipped != nil, s.Secrets()
	return accounts, skipped, nil
}

// sameTwice refuses credentials that lead to one account twice: its rows and its checkpoints would come twice.
func sameTwice(accounts []*Account) error {
	seen := map[string]bool{}
	for _, a := range accounts {
		if seen[a.id] {
			return pipedrive.Errorf(pipedrive.InvalidSpec, "spec.accounts: two of them lead to the same Pipedrive account, %s", a.id)
		}
		seen[a.id] = true
	}
	return nil
}

func connect(
	ctx context.Context, s *spec.Spec, c spec.Account, tables []*table.Table, userAgent string, run *Run, logger zerolog.Logger,
) (*Account, error) {
	if c.Name != "" {
		logger = logger.With().Str("account", c.Name).Logger()
	}
	a := &Account{
		query:       pipedrive.Query{Limit: s.PageSize, Deleted: s.Deleted},
		archived:    s.Archived,
		run:         run,
		logger:      logger,
		lookback:    s.Lookback.Duration(),
		verify:      s.Verify,
		verifyEvery: s.VerifyEvery.Duration(),
		refresh:     s.FullRefreshEvery.Duration(),
		most:        s.Concurrency,

		customFields: s.CustomFields,
		listsEvery:   s.ListsEvery.Duration(),
		recheckEvery: s.OpenDealsEvery.Duration(),
		lastReadings: map[string]progress.FullReading{},
	}
	a.meter.Whole = &run.total
	config := pipedrive.Config{
		BaseURL:              c.APIURL,
		URLKey:               "api_url",
		Account:              c.Name,
		UserAgent:            userAgent,
		Timeout:              s.Timeout.Duration(),
		MaxRetries:           s.MaxRetries,
		Concurrency:          s.Concurrency,
		MaxRequestsPerSecond: s.MaxRequestsPerSecond,
		Transport:            run.machine.Transport,
		Logger:               logger,
	}
	var err error
	switch {
	case c.Export != nil:
		err = a.connectExport(ctx, config, c.Export, tables)
	case c.OAuth != nil:
		err = a.connectOAuth(ctx, config, c.Connection, s.Secrets())
	default:
		config.Authorizer = pipedrive.APIToken(c.APIToken)
		err = a.connectAPI(ctx, config, c.Connection)
	}
	if err != nil {
		a.Close()
		var e *pipedrive.Error
		if errors.As(err, &e) && e.Account == "" {
			e.Account = c.Name
		}
		return nil, err
	}
	a.setClock(s)
	return a, nil
}

// mostApart is the difference between this machine's clock and the API's from which the log mentions it.
const mostApart = time.Minute

// setClock sets the beginning of the run by the API's clock, which also sets update_time, or by this machine's clock if
// that is behind. A position that is too late loses changes for good. One that is too early only brings records again.
// So no single clock can move a position ahead of the time.
func (a *Account) setClock(s *spec.Spec) {
	now := a.run.machine.Now()
	if server, known := a.client.ServerTime(); known {
		if apart := server.Sub(now); apart.Abs() > mostApart {
			a.logger.Warn().Dur("apart_ms", apart.Abs()).Time("pipedrive", server).Time("this_machine", now).
				Msg("this machine's clock and Pipedrive's disagree; changes count as read only up to the earlier of the two")
		}
		if server.Before(now) {
			now = server
		}
	}
	a.began = now.UTC().Truncate(time.Second)
	if s.StartTime != nil {
		a.startTime = s.StartTimeText()
		a.start = s.StartTime.AsTime(now).UTC().Truncate(time.Second)
	}
}

func (a *Account) connectAPI(ctx context.Context, config pipedrive.Config, s spec.Connection) error {
	a.api = table.API(s.APIVersion)
	a.client = pipedrive.New(config)
	me, err := a.client.Me(ctx, &a.meter)
	if err != nil {
		return err
	}
	a.id, a.me = me.AccountID(), me.Record
	a.logger.Info().Str("account_id", a.id).Str("company", me.CompanyName).Msg("connected to Pipedrive")
	return nil
}

// connectOAuth goes to the host that the token response names, unless the spec names one.
func (a *Account) connectOAuth(ctx context.Context, config pipedrive.Config, s spec.Connection, secrets *redact.Secrets) error {
	oauth, err := pipedrive.NewOAuth(pipedrive.OAuthConfig{
		ClientID:     s.OAuth.ClientID,
		ClientSecret: s.OAuth.ClientSecret,
		RefreshToken: s.OAuth.RefreshToken,
		TokenFile:    s.OAuth.TokenFile,
		TokenURL:     s.OAuth.TokenURL,
		Timeout:      config.Timeout,
		Secrets:      secrets,
		Logger:       config.Logger,
	})
	if err != nil {
		return err
	}
	a.oauth = oauth
	grant, err := oauth.Login(ctx, config.MaxRetries)
	if err != nil {
		return err
	}
	a.scopes = grant.Scopes
	if config.BaseURL == "" {
		config.BaseURL = cmp.Or(grant.APIDomain, spec.DefaultAPIURL)
		if err := spec.CheckURL("api_domain of the token response", config.BaseURL); err != nil {
			return err
		}
	}
	config.Authorizer = oauth
	return a.connectAPI(ctx, config, s)
}

// connectExport requests one record of a table that is always read in full. An export endpoint has nothing cheaper.
func (a *Account) connectExport(ctx context.Context, config pipedrive.Config, s *spec.Export, tables []*table.Table) error {
	config.BaseURL, config.URLKey = s.URL, "export.url"
	config.Authorizer = pipedrive.BearerToken(s.Token)
	a.api = table.Export
	a.client = pipedrive.New(config)
	a.id = s.AccountID
	i := slices.IndexFunc(tables, func(t *table.Table) bool { return !t.Incremental && len(t.Export) > 0 })
	if i < 0 {
		return nil
	}
	decoder := table.NewDecoder(tables[i].Columns, a.sources(tables[i]))
	q := pipedrive.Query{Limit: 1, MayBeEmpty: true}
	for _, err := range pipedrive.Pages(ctx, a.client, tables[i].Export[0], q, &a.meter, decoder.Record) {
		return err
	}
	return nil
}

// atOnce is the number of requests that the account may usefully have under way at once.
func (a *Account) atOnce() int {
	if a.most > 0 {
		return a.most
	}
	return a.client.Useful()
}

// Close gives the account's connections back, and keeps its refresh token for the next run.
func (a *Account) Close() {
	if a.oauth != nil {
		a.oauth.Close()
	}
	if a.client != nil {
		a.client.CloseIdleConnections()
	}
}

// listings returns the listings of a table's records, in reading order.
func (a *Account) listings(t *table.Table) []pipedrive.Listing {
	var wanted []pipedrive.Listing
	for _, l := range t.Listings(a.api) {
		if (!l.Archived || a.archived) && (!l.Deleted || a.query.Deleted) {
			wanted = append(wanted, l)
		}
	}
	return wanted
}

// pages reads a listing page by page. The log-in's record takes no request.
func (a *Account) pages(
	ctx context.Context, l pipedrive.Listing, q pipedrive.Query, m *pipedrive.Meter, decode pipedrive.Decode[*table.Row],
) iter.Seq2[[]*table.Row, error] {
	if !l.LogIn {
		return pipedrive.Pages(ctx, a.client, l, q, m, decode)
	}
	return func(yield func([]*table.Row, error) bool) {
		row, _, err := decode(a.me)
		if err != nil {
			yield(nil, err)
			return
		}
		yield([]*table.Row{row}, nil)
	}
}

// sources returns the function that gives the account's source of a column.
func (a *Account) sources(t *table.Table) func(table.Column) table.Source {
	form := t.Form(a.api)
	return func(c table.Column) table.Source { return c.SourceFor(a.id, form) }
}
