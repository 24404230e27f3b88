// Command cq-destination-sqlite serves the SQLite destination to CloudQuery.
package main

import (
	"context"
	"log"

	"github.com/cloudquery/plugin-sdk/v4/serve"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
)

func main() {
	if err := serve.Plugin(sqlite.Plugin()).Serve(context.Background()); err != nil {
		log.Fatalf("failed to serve plugin: %v", err)
	}
}
