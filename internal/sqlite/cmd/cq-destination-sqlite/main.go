// Command cq-destination-sqlite serves the SQLite destination to CloudQuery.
package main

import (
	"context"
	"log"

	"github.com/cloudquery/plugin-sdk/v4/serve"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/memory"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
)

// memoryLimit is the soft limit of Go's runtime in bytes, unless GOMEMLIMIT sets another. SQLite's own memory is
// not part of it.
const memoryLimit = 40 << 20

func main() {
	memory.Limit(memoryLimit)
	if err := serve.Plugin(sqlite.Plugin()).Serve(context.Background()); err != nil {
		log.Fatalf("failed to serve plugin: %v", err)
	}
}
