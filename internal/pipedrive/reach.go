package pipedrive

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// patience is the duration of attempts to reach a host that has never answered. By the waits of [newBackOff], they end
// between 1.05 and 3.15 s after the first one.
const patience = time.Second

// unanswered classifies a request without an answer. Another attempt may help, unless the host can't prove its
// identity. A host that was never reached is given up soon, since its address, the value of key in the spec, is
// probably wrong.
func unanswered(e *Error, address, key string, reached bool) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e); ok {
		return e
	}
	if reached || !unreachable(e) {
		return transient(e)
	}
	e.Message = fmt.Sprintf("no connection to %s; is %s right?", address, key)
	return transientError{error: e, within: patience}
}

// unreachable reports whether there was no connection, or one to a host that does not speak TLS.
func unreachable(err error) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == "dial"
}
