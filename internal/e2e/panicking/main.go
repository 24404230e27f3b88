// Command panicking is the plugin with a bug: it panics while it reads the second page of persons. Tests sync with it
// to prove that no panic goes unnoticed.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/cloudquery/plugin-sdk/v4/serve"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

type panicking struct{ http.RoundTripper }

func (p panicking) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/api/v2/persons" && r.URL.Query().Has("cursor") {
		panic("a bug in the middle of a table")
	}
	return p.RoundTripper.RoundTrip(r)
}

func main() {
	http.DefaultTransport = panicking{http.DefaultTransport}
	if err := serve.Plugin(plugin.Plugin()).Serve(context.Background()); err != nil {
		log.Fatalf("failed to serve plugin: %v", err)
	}
}
