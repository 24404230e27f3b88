package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
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
// It reads the lists of the tables' probes, which the run does not read again. If a sync follows, it also reads the
// lists of fields for custom columns and tables of fields. A table that an account's API lacks is never an error: of
// several accounts, maybe only some have an API with the table.
func (r *Run) Check(ctx context.Context, tables []*table.Table, named map[string]bool, shard *plugin.Shard, syncs bool) error {
	r.named = named
	wanted := map[*Account][]*table.Table{}
	for _, p := range r.pairs(tables, shard) {
		wanted[p.account] = append(wanted[p.account], p.table)
	}
	// Every shard announces the columns of custom fields, and so has to know which accounts have them.
	withFields := slices.DeleteFunc(slices.Clone(tables), func(t *table.Table) bool { return !t.HasCustomFields() })
	due := r.Available(tables)
	group, probing := errgroup.WithContext(ctx)
	group.SetLimit(accountsAtOnce)
	for _, a := range r.accounts {
		group.Go(func() error {
			probes := a.probes(slices.Concat(wanted[a], withFields), named)
			return a.probe(probing, wanted[a], probes, a.fieldLists(due, wanted[a], syncs))
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

// probe reads, side by side, the lists that show which tables the account has, and lists of fields. A list of fields
// waits for the probe of its table. The look-ups keep all of them.
func (a *Account) probe(ctx context.Context, tables, probes []*table.Table, fields []fieldList) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.atOnce())
	for _, probe := range probes {
		list := a.lookups.list(probe)
		list.probed = slices.ContainsFunc(tables, probe.Same)
		list.shared = list.shared || list.probed
	}
	behind := map[string][]fieldList{} // lists of fields, by the records of their tables' probes
	for _, f := range fields {
		if probe := f.of.Probe(); probe != nil && slices.ContainsFunc(probes, probe.Same) {
			behind[probe.Records] = append(behind[probe.Records], f)
			continue
		}
		group.Go(func() error { return a.readFields(ctx, f) })
	}
	for _, probe := range probes {
		group.Go(func() error {
			_, err := a.lookups.list(probe).load(ctx, a, &a.meter)
			if err != nil && !a.absent.note(probe, err, probe.Gate) {
				return about(err, probe, a.id)
			}
			for _, f := range behind[probe.Records] {
				if err := a.readFields(ctx, f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// fieldList is a list of fields that is read before the first row.
type fieldList struct {
	of, fields *table.Table
	by         *table.Table // the table that needs the list
	required   bool         // whether a refusal is an error
}

// fieldLists are the lists of fields that a sync of some wanted tables reads before the first row: those of the tables of
// fields, and those for the custom columns of all tables that are due. If only a table of fields needs a list, nothing
// else shows whether the account has it. Without a sync they are these lists.
func (a *Account) fieldLists(due, wanted []*table.Table, syncs bool) (lists []fieldList) {
	for _, t := range wanted {
		for _, d := range t.Describes {
			required := slices.ContainsFunc(wanted, func(t *table.Table) bool {
				return t.HasCustomFields() && t.Fields.Same(d.Fields) && a.lacks(t) == nil
			})
			if syncs || !required {
				lists = append(lists, fieldList{d.Of, d.Fields, t, required})
			}
		}
	}
	if !syncs || a.customFields != spec.Columns {
		return lists
	}
	for _, t := range withCustomFields(due) {
		i := slices.IndexFunc(lists, func(l fieldList) bool { return l.fields.Same(t.Fields) })
		switch {
		case i < 0:
			lists = append(lists, fieldList{t, t.Fields, t, true})
		case lists[i].required && lists[i].by.Describes != nil:
			lists[i].by = t
		}
	}
	return lists
}

// readFields reads a list of fields, unless the account is known to lack it.
func (a *Account) readFields(ctx context.Context, f fieldList) error {
	if a.lacksFields(f.of, f.fields) != nil {
		return nil
	}
	_, err := a.lookups.list(f.fields).load(ctx, a, &a.meter)
	if err == nil || !f.required && a.absent.note(f.fields, err, f.of.Gate) {
		return nil
	}
	return about(err, f.by, a.id)
}

// absences are the lists that an account lacks, of probes and of fields, with the reasons.
type absences struct {
	mu  sync.Mutex
	why map[string]error // by the list's records
}

// of returns the reason why the account lacks a list; nil if it has the list or that is unknown.
func (l *absences) of(list *table.Table) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why[list.Records]
}

// note notes an error if it means that the account lacks a list, which may be behind a gate, and reports whether it
// does.
func (l *absences) note(list *table.Table, err error, g *table.Gate) bool {
	if err = refusal(err, g); err == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.why = map[string]error{}
	}
	l.why[list.Records] = err
	return true
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
		if !slices.ContainsFunc(probes, probe.Same) {
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
	return cmp.Or(a.lacking(len(listings) > 0, listings, of), a.absent.of(fields))
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
		return a.absent.of(probe)
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
