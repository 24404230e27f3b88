package e2e

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	sdk "github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/serve"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

// TestPackage_worksInTheCLI packages the plugin for this machine's system, as `make package` does for all, and
// uses the package. It builds without optimization, like the other programs here.
func TestPackage_worksInTheCLI(t *testing.T) {
	t.Parallel()
	const version = "v1.2.3"
	s := newSetup(t, small())
	dist := filepath.Join(s.dir, "dist")
	target := sdk.BuildTarget{OS: runtime.GOOS, Arch: runtime.GOARCH, Env: []string{"GOFLAGS='-gcflags=all=-N -l'"}}
	require.NoError(t, serve.Plugin(
		plugin.Plugin(sdk.WithBuildTargets([]sdk.BuildTarget{target})),
		serve.WithArgs("package", "-m", "new", "-D", dist, version, "../.."),
	).Serve(t.Context()))

	var manifest serve.PackageJSON
	raw, err := os.ReadFile(filepath.Join(dist, "package.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &manifest))
	require.Equal(t, []any{"cq-source-pipedrive", "pipedrive", sdk.KindSource, version},
		[]any{manifest.Team, manifest.Name, manifest.Kind, manifest.Version})
	require.FileExists(t, filepath.Join(dist, "tables.json"))
	require.FileExists(t, filepath.Join(dist, "spec_json_schema.json"))
	require.FileExists(t, filepath.Join(dist, "docs", "configuration.md"))

	s.source = "packaged"
	program := filepath.Join(s.dir, s.source)
	unpack(t, filepath.Join(dist, manifest.SupportedTargets[0].Path), program)
	out, err := exec.Command(program, "--version").Output()
	require.NoError(t, err)
	require.Equal(t, "pipedrive version "+version+"\n", string(out))

	for _, command := range [][]string{
		{"validate-config"}, {"migrate"}, {"tables", "--format", "markdown", "--output-dir", filepath.Join(s.dir, "tables")}, {"sync"},
	} {
		o := s.run(command[0], command[1:]...)
		require.Zero(t, o.exit, o.output)
	}
	require.FileExists(t, filepath.Join(s.dir, "tables", "pipedrive", "pipedrive_deals.md"))
	s.requireTruth(everything, records...)
	s.sourceOnly = true
	o := s.run("test-connection")
	require.Zero(t, o.exit, o.output)
	for _, r := range s.simulator.Requests() {
		require.Contains(t, r.Header.Get("User-Agent"), "cq-source-pipedrive/"+version+" ")
	}
}

// unpack writes the only file of an archive to path.
func unpack(t *testing.T, archive, path string) {
	t.Helper()
	files, err := zip.OpenReader(archive)
	require.NoError(t, err)
	defer files.Close()
	require.Len(t, files.File, 1)
	packed, err := files.File[0].Open()
	require.NoError(t, err)
	program, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	require.NoError(t, err)
	_, err = io.Copy(program, packed)
	require.NoError(t, err)
	require.NoError(t, program.Close())
}
