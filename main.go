// Command cq-source-pipedrive is a CloudQuery source plugin for Pipedrive. `cq-source-pipedrive login`
// connects an OAuth app.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/cloudquery/plugin-sdk/v4/serve"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/login"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatalf("cq-source-pipedrive: %v", err)
	}
}

func run() error {
	if len(os.Args) > 1 && os.Args[1] == "login" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		return login.Run(ctx, os.Args[2:], os.Stdout)
	}
	return serve.Plugin(plugin.Plugin()).Serve(context.Background())
}
