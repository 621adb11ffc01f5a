package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/interop/redistest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
	_ "github.com/parley-llm/parley/providers/config/redis"
)

// Two machines with the same Redis server or cluster in their config files share their
// limits and breakers.
func TestConfigFilesOfAFleetShareStateInRedis(t *testing.T) {
	providers.Register("echo", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return llmtest.Always(llmtest.Echo()), nil }})
	providers.Register("broken", providers.Driver{New: func(providers.Config) (llm.Provider, error) {
		return llmtest.Always(llmtest.Error(&llm.Error{Kind: llm.Server, Message: "crashed"})), nil
	}})
	for name, store := range map[string]func(t *testing.T) string{
		"one server": func(t *testing.T) string { return "url: 'redis://" + redistest.Start(t).Addr + "'" },
		"a cluster": func(t *testing.T) string {
			nodes := redistest.Cluster(t)
			return "url: 'redis://" + nodes[0] + "?addr=" + strings.Join(nodes[1:], "&addr=") + "', settings: {cluster: true}"
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := "egress: [127.0.0.1]\nstores: {fleet: {kind: redis, " + store(t) + "}}\n"
			for _, state := range []struct {
				name, middleware string
				models           [2]string // of the two machines
				want             [2]llm.Kind
			}{
				{"limit", "rate_limit: {requests: 1, max_wait: 100ms, shared: {store: fleet, store_down: refuse}}",
					[2]string{"echo/m", "echo/m"}, [2]llm.Kind{"", llm.RateLimited}},
				{"breaker", "breaker: {failures: 1, shared: {store: fleet, store_down: refuse}}", // both models are llmtest/m
					[2]string{"broken/m", "echo/m"}, [2]llm.Kind{llm.Server, llm.Overloaded}},
				{"breaker of another scope", "breaker: {failures: 1, shared: {store: fleet, scope: east, store_down: refuse}}",
					[2]string{"echo/m", "echo/m"}, [2]llm.Kind{"", ""}},
			} {
				for machine, want := range state.want {
					path := filepath.Join(t.TempDir(), "parley.yaml")
					file := store + "models: {a: {model: " + state.models[machine] + ", middleware: [" + state.middleware + "]}}"
					if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
						t.Fatal(err)
					}
					cfg, err := config.Load(path, nil)
					if err != nil {
						t.Fatal(err)
					}
					defer cfg.Close()
					model, err := cfg.Model("")
					if err != nil {
						t.Fatal(err)
					}
					if _, err := model.Generate(t.Context(), llm.Prompt("hi")); llm.KindOf(err) != want {
						t.Errorf("%s: the call of machine %d ends with %v, want %q", state.name, machine+1, err, want)
					}
				}
			}
		})
	}
}
