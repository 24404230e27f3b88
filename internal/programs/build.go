// Package programs builds the programs for tests of whole syncs.
package programs

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Main runs the tests of a package that is two folders below the module's, and returns their exit code. First it
// builds the CloudQuery CLI, the plugin and other packages of this module into a folder, whose name it stores in
// *folder. Each program has the name of its package's folder. With -short nothing is built; see [Need].
func Main(m *testing.M, folder *string, packages ...string) int {
	flag.Parse()
	if testing.Short() {
		return m.Run()
	}
	built, err := os.MkdirTemp("", "programs")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(built)
	*folder = built
	if err := buildAll(built, packages); err != nil {
		log.Print(err)
		return 1
	}
	return m.Run()
}

// Need skips a test that runs programs if -short is set.
func Need(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short no programs are built")
	}
}

func buildAll(folder string, packages []string) error {
	if err := build("../tools", folder+"/cloudquery", "github.com/cloudquery/cloudquery/cli/v6"); err != nil {
		return err
	}
	if err := build("../..", folder+"/cq-source-pipedrive", "."); err != nil {
		return err
	}
	for _, p := range packages {
		if err := build("../..", filepath.Join(folder, filepath.Base(p)), p); err != nil {
			return err
		}
	}
	return nil
}

// build uses the flags of `make demo` for tests, so that the two share compiled packages in the cache, and those of
// `make programs` for benchmarks.
func build(module, program, pkg string) error {
	build := exec.CommandContext(context.Background(),
		"go", "build", "-trimpath", "-ldflags=-s -w", "-gcflags="+optimization(), "-o", program, pkg)
	build.Dir = module
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", pkg, err, out)
	}
	return nil
}

func optimization() string {
	if flag.Lookup("test.bench").Value.String() != "" {
		return ""
	}
	return "all=-N -l"
}
