package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRun_helpTellsOfEveryCommand: the SDK's help lists only its own commands.
func TestRun_helpTellsOfEveryCommand(t *testing.T) {
	for _, arguments := range [][]string{{}, {"help"}, {"--help"}, {"-h"}, {"help", "login"}, {"login", "--help"}, {"login", "-h"}, {"login", "-help"}} {
		var out bytes.Buffer
		require.NoError(t, run(arguments, &out), arguments)
		for _, text := range []string{"cq-source-pipedrive login", "-client-id", "-token-file", "-redirect-url", "-authorize-url", "-token-url", "PIPEDRIVE_CLIENT_SECRET"} {
			require.Contains(t, out.String(), text, arguments)
		}
	}
	var out bytes.Buffer
	require.NoError(t, run([]string{"serve", "--help"}, &out))
	require.Empty(t, out.String(), "the help of one command is about that command")
}
