package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/interop/redistest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	_ "github.com/parley-llm/parley/llm/middleware/register"
	_ "github.com/parley-llm/parley/llm/redisstore/register"
	"github.com/parley-llm/parley/providers"
)

// Two machines whose config files name the same Redis, alone or a cluster, share a limit.
func TestConfigFilesOfAFleetShareALimitInRedis(t *testing.T) {
	providers.Register("echo", func(providers.Config) (llm.Provider, error) { return llmtest.Always(llmtest.Echo()), nil })
	for name, store := range map[string]func(t *testing.T) string{
		"one server": func(t *testing.T) string { return "url: 'redis://" + redistest.Start(t).Addr + "'" },
		"a cluster": func(t *testing.T) string {
			nodes := redistest.Cluster(t)
			return "url: 'redis://" + nodes[0] + "?addr=" + strings.Join(nodes[1:], "&addr=") + "', settings: {cluster: true}"
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := "egress: [127.0.0.1]\nstores: {fleet: {kind: redis, " + store(t) + "}}\n" +
				"models: {a: {model: echo/m, middleware: [rate_limit: {requests: 1, max_wait: 100ms, shared: {store: fleet, store_down: refuse}}]}}"
			path := filepath.Join(t.TempDir(), "parley.yaml")
			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			for machine, want := range []llm.Kind{"", llm.RateLimited} {
				setup, err := providers.Load(path)
				if err != nil {
					t.Fatal(err)
				}
				defer setup.Close()
				model, err := setup.Model("")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := model.Generate(t.Context(), llm.Ask("hi")); llm.KindOf(err) != want {
					t.Errorf("the call of machine %d ends with %v, want %q", machine+1, err, want)
				}
			}
		})
	}
}
