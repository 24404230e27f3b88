// Package estimate prints the expected cost of syncs before the first one runs.
package estimate

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/rs/zerolog"

	source "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

// defaultTokens is the default cap of the cost of an account's estimate, in API tokens.
const defaultTokens = 150

// Run is the command `estimate`. It reads the configuration files of a sync and prints the expected cost of each account's
// first run and of a quiet one to out, for a bounded number of API tokens. It writes nothing else. Its errors have the codes
// of a sync's.
func Run(ctx context.Context, arguments []string, out io.Writer) error {
	var tokens int64
	flags := newFlags(&tokens, out)
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("name the configuration of a sync: cq-source-pipedrive estimate spec.yml")
	}
	configs, err := read(flags.Args())
	if err != nil {
		return err
	}
	for i, c := range configs {
		if i > 0 {
			fmt.Fprintln(out)
		}
		estimates, err := source.Estimate(ctx, zerolog.Nop(), c.spec, c.tables, c.state, tokens)
		for _, e := range estimates {
			write(out, e, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Help prints the command's usage.
func Help(out io.Writer) {
	var tokens int64
	newFlags(&tokens, out).Usage()
}

func newFlags(tokens *int64, out io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("cq-source-pipedrive estimate", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Int64Var(tokens, "tokens", defaultTokens, "greatest cost of an account's estimate, in API tokens; more make it more accurate")
	flags.Usage = func() {
		fmt.Fprint(out, `Estimate the requests, API tokens and time of the first sync and of one in which nothing changed, by table.

Usage:
  cq-source-pipedrive estimate [flags] spec.yml…

Flags:
`)
		flags.PrintDefaults()
	}
	return flags
}
