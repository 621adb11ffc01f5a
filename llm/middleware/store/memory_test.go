package store_test

import (
	"testing"

	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/llm/middleware/store/storetest"
)

func TestMemoryIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return &store.Memory{} })
}
