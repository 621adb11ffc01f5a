package llama_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/llama/kernel"
)

// countdown is a context that is canceled after its error has been asked for some times.
type countdown struct {
	context.Context
	left     atomic.Int64
	canceled atomic.Int64 // the processor time then
}

func (c *countdown) Err() error {
	left := c.left.Add(-1)
	if left > 0 {
		return nil
	}
	if left == 0 {
		used, _ := cputime.Used()
		c.canceled.Store(int64(used))
	}
	return context.Canceled
}

// The test measures processor time, because other programs use the machine as well.
func TestAPromptStopsSoonAfterItIsCanceled(t *testing.T) {
	model := small
	model.Type, model.Layers, model.Width, model.Heads, model.FeedForward = gguf.Q8_0, 1, 1024, 16, 4096
	plain := kernel.Go // the slowest
	m := load(t, model.File(), llama.Options{Threads: 1, Level: &plain})
	for _, after := range []int64{1, 8} {
		ctx := &countdown{Context: t.Context()}
		ctx.left.Store(after)
		s := m.NewSession(0)
		_, err := s.Prompt(ctx, text(128, m.Vocabulary()), nil)
		used, _ := cputime.Used()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("canceled after %d checks: %v", after, err)
		}
		if took := used - time.Duration(ctx.canceled.Load()); took > 50*time.Millisecond {
			t.Errorf("canceled after %d checks, Prompt returned %v later", after, took)
		}
		if len(s.Tokens()) != 0 {
			t.Errorf("canceled after %d checks, the session has %d tokens", after, len(s.Tokens()))
		}
	}
}
