// Package schedules checks docs/schedules and the Dockerfile with the tools and types of their readers:
// actionlint, Kubernetes' API, Python, BuildKit. It is a separate module because of their many dependencies.
package schedules

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
	"github.com/rhysd/actionlint"
	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const folder = "../../docs/schedules/"

func TestGitHubActions_theWorkflowIsValid(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	require.NoError(t, err)
	content := read(t, folder+"github-actions/pipedrive.yml")
	found, err := linter.Lint(".github/workflows/pipedrive.yml", content, nil)
	require.NoError(t, err)
	require.Empty(t, found)

	broken := strings.Replace(string(content), "matrix.shard", "matrix.chard", 1)
	found, err = linter.Lint(".github/workflows/pipedrive.yml", []byte(broken), nil)
	require.NoError(t, err)
	require.NotEmpty(t, found)
}

func TestGitHubActions_theRepositorysOwnWorkflowsAreValid(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	require.NoError(t, err)
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		found, err := linter.Lint(file, read(t, file), nil)
		require.NoError(t, err)
		require.Empty(t, found, file)
	}
}

func TestKubernetes_theManifestIsACronJob(t *testing.T) {
	var job batchv1.CronJob
	require.NoError(t, yaml.UnmarshalStrict(read(t, folder+"kubernetes/cronjob.yml"), &job))
	require.Equal(t, batchv1.SchemeGroupVersion.WithKind("CronJob"), job.GroupVersionKind())
	_, err := cron.ParseStandard(job.Spec.Schedule) // Kubernetes' own parser
	require.NoError(t, err)
	require.Equal(t, batchv1.ForbidConcurrent, job.Spec.ConcurrencyPolicy)

	shards := job.Spec.JobTemplate.Spec
	require.Equal(t, batchv1.IndexedCompletion, *shards.CompletionMode)
	pod := shards.Template.Spec
	require.Contains(t, pod.Containers[0].Env, corev1.EnvVar{Name: "SHARDS", Value: strconv.Itoa(int(*shards.Completions))})

	mounted := map[string]bool{}
	for _, v := range pod.Volumes {
		mounted[v.Name] = true
	}
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		for _, m := range c.VolumeMounts {
			require.True(t, mounted[m.Name], "%s mounts %s", c.Name, m.Name)
		}
	}
}

// runWithoutAirflow runs the DAG's file with stand-ins for Airflow's classes, and prints the tasks' commands.
const runWithoutAirflow = `
import contextlib, runpy, sys, types
class BashOperator:
    def __init__(self, *, task_id, bash_command, env, append_env):
        print(task_id + ": " + bash_command)
@contextlib.contextmanager
def DAG(*, dag_id, schedule, start_date, catchup, max_active_runs, max_active_tasks, dagrun_timeout, default_args):
    print(f"{dag_id}: {max_active_runs} run at once")
    yield
for name, member in {"airflow.sdk": DAG, "airflow.providers.standard.operators.bash": BashOperator}.items():
    parts = name.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[:i+1]), types.ModuleType(parts[i]))
    setattr(sys.modules[name], member.__name__, member)
runpy.run_path(sys.argv[1])
`

func TestAirflow_theDAGHasATaskForEachShard(t *testing.T) {
	run := exec.Command("python3", "-c", runWithoutAirflow, folder+"airflow/pipedrive_sync.py")
	run.Stderr = os.Stderr
	got, err := run.Output()
	require.NoError(t, err)
	require.Equal(t, `pipedrive_sync: 1 run at once
shard_1: sh /opt/airflow/dags/config/sync.sh snowflake 1/2
shard_2: sh /opt/airflow/dags/config/sync.sh snowflake 2/2
`, string(got))
}

// emptyImages replace base images, which need a network.
type emptyImages struct{}

func (emptyImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, "", []byte(`{}`), nil
}

// options are the options of a build of the Dockerfile without its base images.
func options(content []byte) dockerfile2llb.ConvertOpt {
	file := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", content)
	file.Definition = &llb.Definition{}
	return dockerfile2llb.ConvertOpt{MetaResolver: emptyImages{}, SourceMap: file}
}

// The findings of `docker build --check`.
func TestDockerfile_passesTheBuildChecks(t *testing.T) {
	content := read(t, "../../Dockerfile")
	found, err := dockerfile2llb.DockerfileLint(t.Context(), content, options(content))
	require.NoError(t, err)
	require.Nil(t, found.Error)
	require.Empty(t, found.Warnings)

	broken := []byte(strings.Replace(string(content), "AS build", "as build", 1))
	found, err = dockerfile2llb.DockerfileLint(t.Context(), broken, options(broken))
	require.NoError(t, err)
	require.NotEmpty(t, found.Warnings)
}

// The CLI replaces the arguments of an image that it starts itself, and relies on the entry point.
func TestDockerfile_servesAsAUserWithoutRights(t *testing.T) {
	content := read(t, "../../Dockerfile")
	built, err := dockerfile2llb.Dockerfile2LLB(t.Context(), content, options(content))
	require.NoError(t, err)
	image := built.Image.Config
	require.Equal(t, []string{"/cq-source-pipedrive"}, image.Entrypoint)
	require.Equal(t, []string{"serve", "--address", "[::]:7777"}, image.Cmd)
	require.Equal(t, "65532:65532", image.User)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
