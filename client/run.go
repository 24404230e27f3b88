package client

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Run is one sync. It learns what the scheduler keeps to itself: CloudQuery reports success although a
// table's resolver failed, and then removes from the destination what was not sent again.
type Run struct {
	mu     sync.Mutex
	errs   []error
	failed chan struct{} // closed with the first failure

	sent, resolved atomic.Int64 // rows that were read, and that became rows of the destination's tables

	began    time.Time // by this machine's clock
	accounts []*Account
	arrivals arrivals
	gone     []Gone

	maxTokens int64 // that the run may cost, 0 for no cap
	total     pipedrive.Meter
	why       error    // the first table was not read to its end
	unread    []string // tables that the budget did not allow to read to their ends
}

// NewRun returns a run in which nothing has failed yet, and which may cost maxTokens API tokens; 0 for any
// number.
func NewRun(maxTokens int64) *Run {
	return &Run{began: time.Now(), failed: make(chan struct{}), maxTokens: maxTokens}
}

// Tokens is how many API tokens the run has cost so far, over all accounts.
func (r *Run) Tokens() int64 { return r.total.Tokens() }

// stopped notes that a table was not read to its end, for want of budget.
func (r *Run) stopped(table string, a *Account, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.unread) == 0 {
		r.why = err
	}
	r.unread = append(r.unread, fmt.Sprintf("%s of account %s", table, a.id))
}

// Unread returns the tables that the budget did not allow to read to their ends, and why.
func (r *Run) Unread() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unread, r.why
}

// errStopped ends the reading of tables after another one failed.
var errStopped = errors.New("another table failed")

// Err returns what failed, each error with its table and account, or nil. It is called once the scheduler
// has ended.
func (r *Run) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if sent, resolved := r.sent.Load(), r.resolved.Load(); len(r.errs) == 0 && sent != resolved {
		return fmt.Errorf("%d rows were read and only %d sent on; the log says why", sent, resolved)
	}
	return errors.Join(r.errs...)
}

// fail keeps an error and ends the reading of all tables: the run can't succeed any more, and each
// further page would cost API tokens. Pages that were already read still go to the destination.
func (r *Run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.errs) == 0 {
		close(r.failed)
	}
	r.errs = append(r.errs, err)
}

// guard calls read for a table with a context that ends with the run's first failure. An error of
// read's, or a panic, fails the run.
func (r *Run) guard(ctx context.Context, a *Account, table string, read func(context.Context) error) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-r.failed:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if errors.Is(err, errStopped) {
			err = nil // the table that failed reports it
		}
		if err != nil {
			err = about(err, table, a.id)
			r.fail(err)
		}
	}()
	return read(ctx)
}

// about says in err which table of which account it stopped.
func about(err error, table, account string) error {
	var e *pipedrive.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("account %q: table %s was not read to its end: %w", account, table, err)
	}
	of := *e // several tables may have failed over the same list
	of.Account, of.Table = account, table
	return &of
}
