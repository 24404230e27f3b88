package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// pair is a table of an account.
type pair struct {
	table   *table.Table
	account *Account
}

// pairs returns a shard's pairs, in reading order. Shards that begin at different times must cut the same whole at the
// same places. So the whole includes the tables that accounts lack, and tables that are not due are left out only
// afterwards. A history goes with its table.
func (r *Run) pairs(tables []*table.Table, shard *plugin.Shard) []pair {
	var pairs []pair
	for _, t := range tables {
		if t.Runs || t.Of != nil {
			continue
		}
		for _, a := range r.accounts {
			pairs = append(pairs, pair{t, a})
		}
	}
	pairs = slices.DeleteFunc(sharded(pairs, shard), func(p pair) bool { return r.notDue[p.table.Records] })
	for _, t := range tables {
		for _, p := range slices.Clone(pairs) {
			if t.Of != nil && t.Of.Records == p.table.Records {
				pairs = append(pairs, pair{t, p.account})
			}
		}
	}
	return pairs
}

// sharded returns a shard's part of a whole, cut as the SDK's scheduler cuts it.
func sharded[T any](whole []T, shard *plugin.Shard) []T {
	if shard == nil || len(whole) == 0 {
		return whole
	}
	size := (len(whole) + int(shard.Total) - 1) / int(shard.Total)
	first := min(len(whole), size*int(shard.Num-1))
	return whole[first:min(len(whole), first+size)]
}

// Check finds the tables of a shard that the accounts lack, before anything of them is read. A core table that is
// lacking is an error, and so is a named one; named has their records. The other tables are left out of the run, and
// one warning per account lists them with the reasons. If they were announced, CloudQuery would take them for empty and
// remove their rows.
//
// It reads the lists of the tables' probes, which the run does not read again. A table that an account's API lacks is
// never an error: of several accounts, maybe only some have an API with the table.
func (r *Run) Check(ctx context.Context, tables []*table.Table, named map[string]bool, shard *plugin.Shard) error {
	r.named = named
	wanted := map[*Account][]*table.Table{}
	for _, p := range r.pairs(tables, shard) {
		wanted[p.account] = append(wanted[p.account], p.table)
	}
	// Every shard announces the columns of custom fields, and so has to know which accounts have them.
	withFields := slices.DeleteFunc(slices.Clone(tables), func(t *table.Table) bool { return !t.HasCustomFields() })
	group, probing := errgroup.WithContext(ctx)
	group.SetLimit(accountsAtOnce)
	for _, a := range r.accounts {
		group.Go(func() error {
			probes := a.probes(slices.Concat(wanted[a], withFields), named)
			if err := a.probe(probing, wanted[a], probes); err != nil {
				return err
			}
			return a.probeFields(probing, wanted[a])
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var errs []error
	for _, a := range r.accounts {
		errs = append(errs, a.leaveOut(wanted[a], named))
	}
	return errors.Join(errs...)
}

// Available returns the tables that are due and that some account has. A table counts as there until an account is
// known to lack it.
func (r *Run) Available(tables []*table.Table) []*table.Table {
	return slices.DeleteFunc(slices.Clone(tables), func(t *table.Table) bool {
		return r.notDue[t.Records] || !slices.ContainsFunc(r.accounts, func(a *Account) bool { return a.lacks(t) == nil })
	})
}

// probe reads, side by side, the lists that show which tables the account has. The look-ups keep them for the tables
// that are read from them.
func (a *Account) probe(ctx context.Context, tables, probes []*table.Table) error {
	refusals := make([]error, len(probes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.atOnce())
	for i, probe := range probes {
		list := a.lookups.list(probe)
		list.probed = slices.ContainsFunc(tables, func(t *table.Table) bool { return t.Records == probe.Records })
		list.shared = list.shared || list.probed
		group.Go(func() error {
			_, err := list.load(ctx, a, &a.meter)
			if err == nil {
				return nil
			}
			if refusals[i] = refusal(err, probe.Gate); refusals[i] == nil {
				return about(err, probe, a.id)
			}
			return nil
		})
	}
	err := group.Wait()
	a.refusals = map[string]error{}
	for i, probe := range probes {
		a.refusals[probe.Records] = refusals[i]
	}
	return err
}

// probeFields reads the lists of fields that only a table of fields needs, and that an account may refuse. The look-ups
// keep them.
func (a *Account) probeFields(ctx context.Context, tables []*table.Table) error {
	for _, t := range tables {
		for _, d := range t.Describes {
			read := func(t *table.Table) bool {
				return t.Fields != nil && t.Fields.Records == d.Fields.Records && t.HasCustomFields() && a.lacks(t) == nil
			}
			if a.lacksFields(d.Of, d.Fields) != nil || slices.ContainsFunc(tables, read) {
				continue
			}
			if _, err := a.lookups.list(d.Fields).load(ctx, a, &a.meter); err != nil {
				if a.refusals[d.Fields.Records] = refusal(err, d.Of.Gate); a.refusals[d.Fields.Records] == nil {
					return about(err, t, a.id)
				}
			}
		}
	}
	return nil
}

// refusal returns an error that means that the account lacks a list, which may be behind a gate; nil for any other
// error.
func refusal(err error, g *table.Gate) error {
	e, ok := errors.AsType[*pipedrive.Error](err)
	if !ok {
		return nil
	}
	shut := *e
	shut.Account = ""
	shut.Absent = saysAbsent(e, g)
	if !shut.Absent && e.Code != pipedrive.MissingScope {
		return nil
	}
	return &shut
}

// saysAbsent reports whether an answer means that the account lacks a list, which may be behind a gate.
func saysAbsent(e *pipedrive.Error, g *table.Gate) bool {
	return e.Absent || g != nil && g.AnyNotFound && e.Status == http.StatusNotFound
}

// probes returns the tables whose lists show which tables the account has. It leaves out a probe if all tables behind
// it are named: their own readings show the same, without a further request.
func (a *Account) probes(tables []*table.Table, named map[string]bool) []*table.Table {
	var probes []*table.Table
	for _, t := range tables {
		probe := t.Probe()
		if probe == nil || a.lacks(t) != nil || named[t.Records] && probe.Records != t.Records {
			continue
		}
		if !slices.ContainsFunc(probes, func(p *table.Table) bool { return p.Records == probe.Records }) {
			probes = append(probes, probe)
		}
	}
	return probes
}

// lacks returns the reason why the account lacks a table; nil if it has the table or that is unknown.
func (a *Account) lacks(t *table.Table) error {
	err := a.lacking(t.On(a.api), a.listings(t), t)
	if err == nil && t.Parent != nil {
		err = a.lacks(t.Parent.Table)
	}
	return err
}

// lacksFields returns the reason why the account lacks a list of the fields of a table's records; nil if it has the
// list or that is unknown.
func (a *Account) lacksFields(of, fields *table.Table) error {
	listings := fields.Listings(a.api)
	return cmp.Or(a.lacking(len(listings) > 0, listings, of), a.refusals[fields.Records])
}

// keepsRows reports whether the destination may have rows from a time when the account had a table, or a list of fields
// that it describes, which it lacks now. Without a state, every table that the account lacks may have such rows.
func (a *Account) keepsRows(t *table.Table) bool {
	last, known := a.lastReadings[t.Records], a.run.state != nil
	if a.lacks(t) != nil {
		return !known || last.Rows > 0
	}
	return slices.ContainsFunc(t.Describes, func(d table.Described) bool {
		return a.lacksFields(d.Of, d.Fields) != nil && (!known || slices.Contains(last.Described, d.Fields.Records))
	})
}

// lacking returns the reason why the account lacks listings of a table, or of its fields.
func (a *Account) lacking(on bool, listings []pipedrive.Listing, of *table.Table) error {
	if !on {
		message := "API " + string(a.api) + " does not have it"
		if a.api == table.Export {
			message = "an export endpoint does not have it"
		}
		return pipedrive.Errorf(pipedrive.NotAvailable, "%s", message)
	}
	for _, l := range listings {
		if !a.covers(l) {
			return &pipedrive.Error{
				Code: pipedrive.MissingScope, Path: l.Path,
				Message: fmt.Sprintf("the app was granted %s, the table needs %s; "+
					"add it to the app's scopes in Pipedrive's Developer Hub and connect the account again",
					strings.Join(a.scopes, " "), strings.Join(l.Scopes, " or ")),
			}
		}
	}
	if probe := of.Probe(); probe != nil {
		return a.refusals[probe.Records]
	}
	return nil
}

// covers reports whether the user's consent covers a listing; true if that is unknown.
func (a *Account) covers(l pipedrive.Listing) bool {
	return len(a.scopes) == 0 || len(l.Scopes) == 0 ||
		slices.ContainsFunc(l.Scopes, func(scope string) bool { return slices.Contains(a.scopes, scope) })
}

// leaveOut lists the tables that the account lacks and the reasons in one warning. It returns the errors of those that
// can't be left out.
func (a *Account) leaveOut(tables []*table.Table, named map[string]bool) error {
	var errs []error
	var names, reasons []string
	without := map[string][]string{} // names by reason
	out := func(name string, err error, t *table.Table) {
		if err == nil {
			return
		}
		reason := explained(err, t).Error()
		if without[reason] == nil {
			reasons = append(reasons, reason)
		}
		names, without[reason] = append(names, name), append(without[reason], name)
	}
	for _, t := range tables {
		err := a.lacks(t)
		if err != nil && t.On(a.api) && (t.Core || named[t.Records]) {
			errs = append(errs, about(err, t, a.id))
			continue
		}
		out(t.Name(), err, t)
		if err != nil {
			continue
		}
		for _, d := range t.Describes {
			out(t.Name()+" of "+d.Of.Records, a.lacksFields(d.Of, d.Fields), d.Of)
		}
	}
	for i, reason := range reasons {
		reasons[i] = strings.Join(without[reason], ", ") + ": " + reason
	}
	if len(errs) == 0 && len(names) > 0 {
		a.logger.Warn().Str("account_id", a.id).Strs("tables", names).Strs("why", reasons).
			Msg("the account does not have these tables; a sync leaves them out")
	}
	return errors.Join(errs...)
}

// explained adds the table's words to the error that stopped it. A refusal because the account lacks the table gets a
// code of its own. Every account has the core tables, so there such an answer is an error like others.
func explained(err error, t *table.Table) error {
	e, ok := errors.AsType[*pipedrive.Error](err)
	if !ok || t.Core || !saysAbsent(e, t.Gate) {
		return err
	}
	of := *e
	of.Code, of.Absent = pipedrive.NotAvailable, false
	needs, leftOutBy := "the account's plan or the user's permissions do not cover the table", "skip_tables"
	if t.Gate != nil {
		needs = "the table needs " + t.Gate.Needs + ", which the account or its user does not have"
	}
	if t.Gate != nil || t.OnRequest || t.Probe() != nil {
		leftOutBy = "a wildcard"
	}
	of.Message = fmt.Sprintf("%s; %s leaves it out: %s", needs, leftOutBy, e.Message)
	return &of
}
