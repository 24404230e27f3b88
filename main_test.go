package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRun_helpListsEveryCommand: the SDK's help lists only its own commands.
func TestRun_helpListsEveryCommand(t *testing.T) {
	words := map[string][]string{
		"login": {
			"cq-source-pipedrive login", "-client-id", "-token-file", "-redirect-url", "-authorize-url", "-token-url", "PIPEDRIVE_CLIENT_SECRET",
		},
		"estimate": {"cq-source-pipedrive estimate", "-tokens", "spec.yml"},
	}
	require.Len(t, commands, len(words))
	for name, texts := range words {
		for _, arguments := range [][]string{{}, {"help"}, {"--help"}, {"-h"}, {"help", name}, {name, "--help"}, {name, "-h"}, {name, "-help"}} {
			var out bytes.Buffer
			require.NoError(t, run(arguments, &out), arguments)
			for _, text := range texts {
				require.Contains(t, out.String(), text, arguments)
			}
		}
	}
	var out bytes.Buffer
	require.NoError(t, run([]string{"serve", "--help"}, &out))
	require.Empty(t, out.String(), "the help of one command is about that command")
}
