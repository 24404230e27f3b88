package pipedrive

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code is the kind of an [Error], in the words that users look up in the documentation. A Code is an error itself,
// so that errors.Is(err, pipedrive.MissingScope) works.
type Code string

// The codes, each with its situations.
const (
	// InvalidSpec: the plugin's spec is refused before anything is read.
	InvalidSpec Code = "INVALID_SPEC"
	// InvalidType: a table or an export type that does not exist was requested.
	InvalidType Code = "INVALID_TYPE"
	// TokenNotFound: there are no credentials, or an empty variable in their place.
	TokenNotFound Code = "TOKEN_NOT_FOUND"
	// TokenInvalidated: the API refuses the credentials, so that the account needs new ones.
	TokenInvalidated Code = "TOKEN_INVALIDATED"
	// MissingScope: the credentials are good, but their scope does not cover the request.
	MissingScope Code = "MISSING_SCOPE"
	// NotAvailable: the account's plan or the user's permissions do not cover a table that was requested by its
	// name.
	NotAvailable Code = "NOT_AVAILABLE"
	// RateLimitExceeded: the burst limit after all retries, the day's token budget, or Cloudflare's block.
	RateLimitExceeded Code = "RATE_LIMIT_EXCEEDED"
	// ExternalAPIError: any other error of the API, after the retries that could help.
	ExternalAPIError Code = "EXTERNAL_API_ERROR"
)

// Error makes a Code usable as the target of errors.Is.
func (c Code) Error() string { return string(c) }

// Error is a failure of a request, in terms that a user can act on. It never holds a credential.
type Error struct {
	Code    Code
	Account string // empty if there is only one
	Table   string // the table of the listing, empty outside of one
	Status  int    // HTTP status, 0 without a response
	Path    string // of the request, without its query
	Message string // the failure, the remedy and the API's own message
	// Reset is the remaining duration of a limit, counted from the creation of the error; 0 if unknown.
	Reset time.Duration
	// Daily is true if the day's budget is used up, so that nothing can be read before it resets.
	Daily bool
	// Absent is true if the account or its user does not have the requested data: it is not part of the plan, not
	// permitted, switched off or retired.
	Absent bool
	cause  error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Account != "" {
		fmt.Fprintf(&b, ": account %q", e.Account)
	}
	if e.Table != "" {
		fmt.Fprintf(&b, ": table %s", e.Table)
	}
	if e.Path != "" {
		fmt.Fprintf(&b, ": GET %s", e.Path)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	return b.String()
}

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

func (e *Error) Unwrap() error { return e.cause }

// Errorf returns an [Error] without a request, as for a refused spec or missing credentials.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the first [Error] in err's chain, or ExternalAPIError if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ExternalAPIError
}
