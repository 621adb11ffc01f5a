package redisstore_test

import (
	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/redisstore"
)

func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()

	limit := &middleware.RateLimit{
		Requests: 500, // per minute, for all machines together
		Shared:   middleware.Shared{Store: redisstore.New(client), StoreDown: middleware.Refuse},
	}
	model := llmtest.New().Model(llm.WithMiddleware(limit)) // or a real one
	_ = model
}
