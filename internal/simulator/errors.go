package simulator

import (
	"fmt"
	"net/http"
)

// contactInfo is the error_info of most error bodies [Pipedrive: responses].
const contactInfo = "Please check developers.pipedrive.com"

// refusal is an error answer of the API.
type refusal struct {
	status int
	msg    string
	code   string // v2's machine-readable code; "" leaves it out
}

func (r *refusal) Error() string { return r.msg }

// invalid refuses a query parameter as v2's validation does.
func invalid(format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, args...), "ERR_SCHEMA_VALIDATION_FAILED"}
}

// notSimulated refuses a feature that the vendor offers and the simulator lacks, so that a test which relies on it
// fails instead of reading wrong rows.
func notSimulated(what string) *refusal {
	return &refusal{http.StatusBadRequest, what + " is not simulated", ""}
}

// body is the application's error body [Pipedrive: responses].
func (r *refusal) body() object {
	o := object{{"success", false}, {"error", r.msg}, {"error_info", contactInfo}, {"data", nil}, {"additional_data", nil}}
	if r.code != "" {
		o = append(o, member{"code", r.code})
	}
	return o
}

// gatewayBody is the body of errors that come from the gateway, not from the application: 401, 403, 429.
func gatewayBody(status int, msg string) object {
	return object{{"success", false}, {"error", msg}, {"errorCode", status}, {"error_info", contactInfo}}
}

// statusBodies are the messages of statuses that the vendor documents
// [Pipedrive: HTTP status codes].
var statusBodies = map[int]string{
	http.StatusBadRequest:      "Bad request",
	http.StatusPaymentRequired: "Required suites missing",
	http.StatusForbidden:       "Scope and URL mismatch",
	http.StatusNotFound:        "Not found",
	http.StatusGone:            "Deal has been deleted",
}

// statusMessage is the message of an error with the given status.
func statusMessage(status int) string {
	if msg, ok := statusBodies[status]; ok {
		return msg
	}
	return http.StatusText(status)
}
