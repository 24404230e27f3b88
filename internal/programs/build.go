// Package programs builds what whole syncs are tested with.
package programs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build builds the CloudQuery CLI, the plugin and other packages of this module into a folder. Each program has
// the name of its package's folder. It is called by the tests of a package that is two folders below the
// module's.
func Build(folder string, packages ...string) error {
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

// build builds like `make demo`, so that one finds what the other has compiled in the cache.
func build(module, program, pkg string) error {
	build := exec.CommandContext(context.Background(),
		"go", "build", "-trimpath", "-ldflags=-s -w", "-gcflags=all=-N -l", "-o", program, pkg)
	build.Dir = module
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", pkg, err, out)
	}
	return nil
}
