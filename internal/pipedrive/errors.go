package pipedrive

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure an [Error] is, in the words that users look up in the documentation.
// A Code is an error itself, so that errors.Is(err, pipedrive.MissingScope) works.
type Code string

// The codes, each with the situations that it stands for.
const (
	// InvalidSpec: the plugin's spec is refused before anything is read.
	InvalidSpec Code = "INVALID_SPEC"
	// InvalidType: a table or an export type that does not exist was asked for.
	InvalidType Code = "INVALID_TYPE"
	// TokenNotFound: there are no credentials, or an empty variable in their place.
	TokenNotFound Code = "TOKEN_NOT_FOUND"
	// TokenInvalidated: the API refuses the credentials; the account must be connected again.
	TokenInvalidated Code = "TOKEN_INVALIDATED"
	// MissingScope: the credentials are good, but their scope does not cover the request.
	MissingScope Code = "MISSING_SCOPE"
	// NotAvailable: the account's plan or the user's permissions do not cover a table that was asked for by its name.
	NotAvailable Code = "NOT_AVAILABLE"
	// RateLimitExceeded: the burst limit after all retries, the day's token budget, or Cloudflare's block.
	RateLimitExceeded Code = "RATE_LIMIT_EXCEEDED"
	// ExternalAPIError: any other error of the API, after the retries that could have helped.
	ExternalAPIError Code = "EXTERNAL_API_ERROR"
)

// Error makes a Code usable as the target of errors.Is.
func (c Code) Error() string { return string(c) }

// Error is a failure of a request, in terms that a user can act upon. It never holds a credential.
type Error struct {
	Code    Code
	Account string // which account, empty where there is only one
	Table   string // which listing was being read, empty outside of one
	Status  int    // HTTP status, 0 where there was no response
	Path    string // path of the request, without its query
	Message string // what happened and what to do, the API's own message included
	// Reset is how long a limit lasts from when the error was made, 0 where that is unknown.
	Reset time.Duration
	// Daily is true where the day's budget is used up, so that nothing can be read before it resets.
	Daily bool
	// Absent is true where the account or its user does not have what was asked for: it is no part of the plan, not
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

// Errorf returns an [Error] without a request: a refused spec, missing credentials.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the first [Error] in err's chain, or ExternalAPIError where there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ExternalAPIError
}
