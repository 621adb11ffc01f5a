package interop

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/internal/interop/redistest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/llm/middleware/store/storetest"
	"github.com/parley-llm/parley/llm/redisstore"
)

func TestStoreInRealRedis(t *testing.T) {
	server := redistest.Start(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		client := redis.NewClient(&redis.Options{Addr: server.Addr})
		t.Cleanup(func() { client.Close() })
		return redisstore.New(client)
	})
}

func TestStoreInRedisCluster(t *testing.T) {
	nodes := redistest.Cluster(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes})
		t.Cleanup(func() { client.Close() })
		return redisstore.New(client)
	})
}

// A Redis server that does not answer must delay neither a call that is over nor later
// calls.
func TestRedisThatHangsDoesNotHangCalls(t *testing.T) {
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true})
	defer client.Close()
	shared := middleware.Shared{Store: redisstore.New(client)}
	chain := &middleware.Chain{
		Budget:  &middleware.Budget{PerDay: 1, Shared: shared, Prices: func(string, string) (llm.Prices, bool) { return llm.Prices{Input: 1}, true }},
		Breaker: &middleware.Breaker{Shared: shared}, RateLimit: &middleware.RateLimit{Tokens: 1e6, Shared: shared},
	}
	model := llmtest.Always(llmtest.Text("Hello").Usage(1, 1)).Model(llm.WithMiddleware(chain))
	thaw := func() {}
	defer func() { thaw() }()
	for n, what := range []string{"the call during which it begins to hang", "the call after that"} {
		begun := time.Now()
		for text, err := range model.Stream(t.Context(), llm.Prompt("Hi")).Text() {
			if err != nil || text != "Hello" {
				t.Errorf("%s: %q, %v", what, text, err)
			}
			if n == 0 {
				thaw = server.Freeze()
			}
		}
		// Each of three layers detects the failure separately, in two seconds.
		if took := time.Since(begun); took > 8*time.Second {
			t.Errorf("%s took %v", what, took)
		} else {
			t.Logf("%s took %v", what, took)
		}
	}
}
