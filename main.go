// Command cq-source-pipedrive is a CloudQuery source plugin for Pipedrive. `cq-source-pipedrive login`
// connects an OAuth app, and `cq-source-pipedrive estimate` prints the expected cost of syncs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/signal"
	"slices"

	"github.com/cloudquery/plugin-sdk/v4/serve"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/estimate"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/login"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/memory"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

// memoryLimit is the soft limit of Go's runtime in bytes, unless GOMEMLIMIT sets another. Near it the garbage
// collector works harder. A run that needs more gets more.
const memoryLimit = 44 << 20

func main() {
	log.SetFlags(0)
	memory.Limit(memoryLimit)
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatalf("cq-source-pipedrive: %v", err)
	}
}

// command is a command besides the SDK's, whose help does not mention it.
type command struct {
	run  func(ctx context.Context, arguments []string, out io.Writer) error
	help func(out io.Writer)
}

var commands = map[string]command{"estimate": {estimate.Run, estimate.Help}, "login": {login.Run, login.Help}}

// run runs one of the commands or one of the SDK's.
func run(arguments []string, out io.Writer) error {
	first, second := "", ""
	if len(arguments) > 0 {
		first = arguments[0]
	}
	if len(arguments) == 2 {
		second = arguments[1]
	}
	if c, ok := commands[first]; ok {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		if err := c.run(ctx, arguments[1:], out); !errors.Is(err, flag.ErrHelp) {
			return err
		}
		return nil // the help is printed
	}
	if c, ok := commands[second]; ok && first == "help" {
		c.help(out)
		return nil
	}
	if err := serve.Plugin(plugin.Plugin(), serve.WithArgs(arguments...)).Serve(context.Background()); err != nil {
		return err
	}
	if len(arguments) == 0 || (len(arguments) == 1 && slices.Contains([]string{"help", "--help", "-h"}, first)) {
		for _, name := range slices.Sorted(maps.Keys(commands)) {
			fmt.Fprintf(out, "\nThe command %s:\n\n", name)
			commands[name].help(out)
		}
	}
	return nil
}
