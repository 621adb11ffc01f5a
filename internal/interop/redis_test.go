package interop

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/internal/interop/redistest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/storetest"
	"github.com/parley-llm/parley/llm/redisstore"
)

func TestStoreInRealRedis(t *testing.T) {
	server := redistest.Start(t)
	storetest.Run(t, func(t *testing.T) middleware.Store {
		client := redis.NewClient(&redis.Options{Addr: server.Addr})
		t.Cleanup(func() { client.Close() })
		return redisstore.New(client)
	})
}

func TestStoreInRedisCluster(t *testing.T) {
	nodes := redistest.Cluster(t)
	storetest.Run(t, func(t *testing.T) middleware.Store {
		client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes})
		t.Cleanup(func() { client.Close() })
		return redisstore.New(client)
	})
}
