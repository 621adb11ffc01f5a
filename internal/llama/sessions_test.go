package llama_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/parley-llm/parley/internal/llama"
)

// acquire gets a session and computes ids.
func acquire(t testing.TB, p *llama.Sessions, ids []int) *llama.Session {
	t.Helper()
	s, err := p.Acquire(t.Context(), ids, len(ids))
	if err != nil {
		t.Fatal(err)
	}
	prompt(t, s, ids)
	return s
}

func TestAConversationComputesOnlyItsNewTokens(t *testing.T) {
	m := load(t, small.File(), llama.Options{})
	p := llama.NewSessions(m, 0, 0)
	conversations := [][]int{text(50, 300), text(60, 310)}
	for turn := range 5 {
		for i := range conversations {
			before := len(conversations[i])
			if turn > 0 {
				conversations[i] = append(conversations[i], text(7+turn, 300)...)
			}
			s := acquire(t, p, conversations[i])
			if turn > 0 && s.Reused() != before {
				t.Errorf("turn %d of conversation %d: %d tokens were reused, want %d", turn, i, s.Reused(), before)
			}
			p.Release(s)
		}
	}
}

func TestIdleSessionsAreDroppedWhenMemoryIsShort(t *testing.T) {
	m := load(t, small.File(), llama.Options{})
	block := 256 * m.BytesPerToken()
	p := llama.NewSessions(m, 4096, 2*block)
	a, b, c := text(20, 300), text(21, 301), text(22, 302)
	for _, ids := range [][]int{a, b, c} {
		p.Release(acquire(t, p, ids))
	}
	s := acquire(t, p, b)
	if s.Reused() != len(b)-1 {
		t.Errorf("%d tokens of the second conversation were reused, want %d", s.Reused(), len(b)-1)
	}
	p.Release(s)
	if s = acquire(t, p, a); s.Reused() != 0 {
		t.Errorf("%d tokens of the first conversation were reused, want none", s.Reused())
	}
	p.Release(s)
}

func TestAcquireWaitsForMemory(t *testing.T) {
	m := load(t, small.File(), llama.Options{Threads: 1})
	p := llama.NewSessions(m, 4096, 256*m.BytesPerToken())
	var tooLarge *llama.MemoryError
	if _, err := p.Acquire(t.Context(), nil, 257); !errors.As(err, &tooLarge) || tooLarge.Tokens != 257 {
		t.Errorf("Acquire of 257 tokens = %v, want a MemoryError", err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := llama.NewSessions(m, 4096, 256*m.BytesPerToken())
		first, err := p.Acquire(t.Context(), nil, 256)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		got := make([]error, 2)
		waiting.Go(func() { _, got[0] = p.Acquire(ctx, nil, 1) })
		synctest.Wait()
		cancel()
		waiting.Wait()
		waiting.Go(func() { _, got[1] = p.Acquire(t.Context(), nil, 1) })
		synctest.Wait()
		p.Release(first)
		waiting.Wait()
		if !errors.Is(got[0], context.Canceled) || got[1] != nil {
			t.Errorf("Acquire = %v and %v, want a cancellation and success", got[0], got[1])
		}
	})
}

func TestAnEmbeddingIsTheMeanOfTheTokens(t *testing.T) {
	m := load(t, small.File(), llama.Options{})
	ids := text(140, m.Vocabulary())
	embed := func(ids []int) []float32 {
		v, err := m.NewSession(0).Embed(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	long, short := embed(ids), embed(ids[:139])
	// The last token's state is the difference. Its logits are those of a prompt.
	if len(long) != m.Width() {
		t.Fatalf("an embedding has %d values, want %d", len(long), m.Width())
	}
	var difference float64
	for i := range long {
		difference = max(difference, math.Abs(float64(long[i]-short[i])))
	}
	if difference == 0 || difference > 1 {
		t.Errorf("embeddings of a text and its beginning differ by %g", difference)
	}
	if !slices.Equal(long, embed(ids)) {
		t.Error("the embedding of one text differs between calls")
	}
	if _, err := m.NewSession(0).Embed(t.Context(), nil); err == nil {
		t.Error("an empty text has an embedding")
	}
	var overflow *llama.ContextError
	if _, err := m.NewSession(100).Embed(t.Context(), ids); !errors.As(err, &overflow) {
		t.Errorf("Embed of 140 tokens in a window of 100: %v", err)
	}
}
