// Command cq-source-pipedrive is a CloudQuery source plugin for Pipedrive. `cq-source-pipedrive login`
// connects an OAuth app.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"

	"github.com/cloudquery/plugin-sdk/v4/serve"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/login"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

// memoryLimit is the soft limit of Go's runtime in bytes, unless GOMEMLIMIT sets another. Near it the garbage
// collector works harder, but a run that needs more gets more.
const memoryLimit = 44 << 20

func main() {
	log.SetFlags(0)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatalf("cq-source-pipedrive: %v", err)
	}
}

// run runs the command `login` or one of the SDK's commands, whose help does not mention login.
func run(arguments []string, out io.Writer) error {
	first := ""
	if len(arguments) > 0 {
		first = arguments[0]
	}
	switch {
	case first == "login":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		if err := login.Run(ctx, arguments[1:], out); !errors.Is(err, flag.ErrHelp) {
			return err
		}
		return nil // the help is printed
	case slices.Equal(arguments, []string{"help", "login"}):
		login.Help(out)
		return nil
	}
	if err := serve.Plugin(plugin.Plugin(), serve.WithArgs(arguments...)).Serve(context.Background()); err != nil {
		return err
	}
	if len(arguments) == 0 || (len(arguments) == 1 && slices.Contains([]string{"help", "--help", "-h"}, first)) {
		fmt.Fprint(out, "\nThe command login:\n\n")
		login.Help(out)
	}
	return nil
}
