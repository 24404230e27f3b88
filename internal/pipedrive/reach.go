package pipedrive

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// patience is how long attempts go on to reach a host that has never answered. The attempts end between 1.05
// and 3.15 s after the first one, by the waits of [newBackOff].
const patience = time.Second

// unanswered is about a request without an answer, which may get one when it is sent again, unless the
// host can't prove who it is. A host that was never reached is given up soon, since its address, which the
// user wrote under key, is probably wrong.
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

// unreachable reports whether there was no connection, or one to something that does not speak TLS.
func unreachable(err error) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == "dial"
}
