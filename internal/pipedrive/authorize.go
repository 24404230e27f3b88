package pipedrive

import (
	"net/http"
	"strings"
)

// Authorizer adds an account's credentials to its requests.
type Authorizer interface {
	// Authorize adds the credentials to a request.
	Authorize(*http.Request) error
	// Renew reports whether there are other credentials than the refused ones.
	Renew(refused *http.Request) (bool, error)
	// Remedy says in a few words how to replace refused credentials.
	Remedy() string
}

// APITokenPlace says where a user finds the token.
const APITokenPlace = "the token is in Pipedrive under Personal preferences → API"

// APIToken is a user's personal token, from Pipedrive's "Personal preferences → API". It goes into a
// header and never into the URL ([Pipedrive: authentication]).
//
// [Pipedrive: authentication]: https://pipedrive.readme.io/docs/core-api-concepts-authentication
type APIToken string

// Authorize sets the x-api-token header.
func (t APIToken) Authorize(r *http.Request) error {
	r.Header.Set("X-Api-Token", strings.TrimSpace(string(t)))
	return nil
}

// Renew finds no other token: there is only one.
func (APIToken) Renew(*http.Request) (bool, error) { return false, nil }

// Remedy says where the valid token is.
func (APIToken) Remedy() string { return APITokenPlace }

// String hides the token from anything that prints it.
func (APIToken) String() string { return "[api token]" }

// GoString hides the token from %#v.
func (APIToken) GoString() string { return "[api token]" }

// BearerToken is the token of an export endpoint.
type BearerToken string

// Authorize sets the Authorization header.
func (t BearerToken) Authorize(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(t)))
	return nil
}

// Renew finds no other token: there is only one.
func (BearerToken) Renew(*http.Request) (bool, error) { return false, nil }

// Remedy names the key of the token.
func (BearerToken) Remedy() string { return "export.token needs a new one" }

// String hides the token from anything that prints it.
func (BearerToken) String() string { return "[bearer token]" }

// GoString hides the token from %#v.
func (BearerToken) GoString() string { return "[bearer token]" }
