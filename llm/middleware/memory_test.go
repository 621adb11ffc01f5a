package middleware_test

import (
	"testing"

	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/storetest"
)

func TestMemoryIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) middleware.Store { return middleware.NewMemory(0) })
}
