package llama_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/llama/kernel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// prompt returns a copy of the logits after ids.
func prompt(t testing.TB, s *llama.Session, ids []int) []float32 {
	t.Helper()
	logits, err := s.Prompt(t.Context(), ids, nil)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(logits)
}

// tolerance is how far logits may be apart that are computed in different orders. A sum that
// is rounded in another way can move an 8-bit activation to the next step, and these narrow
// models have few of them to average over.
const tolerance = 0.15

// The batch kernels and those for one token add up in different orders.
func TestABatchAgreesWithItsTokensOneByOne(t *testing.T) {
	for _, level := range kernel.Levels() {
		for _, typ := range gguf.Types() {
			t.Run(fmt.Sprint(level, " ", typ), func(t *testing.T) {
				m := load(t, fileOf(typ), llama.Options{Threads: 2, Level: &level})
				ids := text(14, m.Vocabulary())
				batch := prompt(t, m.NewSession(0), ids)
				s := m.NewSession(0)
				single := prompt(t, s, ids[:1])
				for _, id := range ids[1:] {
					logits, err := s.Next(t.Context(), id)
					if err != nil {
						t.Fatal(err)
					}
					single = logits
				}
				if d := distance(batch, single); d > tolerance {
					t.Errorf("logits differ by %g", d)
				}
			})
		}
	}
}

func TestLevelsAgree(t *testing.T) {
	for _, typ := range gguf.Types() {
		t.Run(typ.String(), func(t *testing.T) {
			file := fileOf(typ)
			var want []float32
			for _, level := range kernel.Levels() {
				m := load(t, file, llama.Options{Threads: 2, Level: &level})
				got := prompt(t, m.NewSession(0), text(70, m.Vocabulary()))
				if want == nil {
					want = got
				}
				if d := distance(got, want); d > tolerance {
					t.Errorf("%s: logits differ from those of plain Go by %g", level, d)
				}
			}
		})
	}
}

func TestThreadsDoNotChangeTheResult(t *testing.T) {
	for _, typ := range []gguf.Type{gguf.F32, gguf.Q8_0, gguf.Q4K} {
		model := small
		model.Type = typ
		file := model.File()
		var want []float32
		for _, threads := range []int{1, 2, 5} {
			m := load(t, file, llama.Options{Threads: threads})
			s := m.NewSession(0)
			got := prompt(t, s, text(150, m.Vocabulary()))
			next, err := s.Next(t.Context(), 5)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, next...); want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: logits of %d threads differ from those of one", typ, threads)
			}
		}
	}
}

func TestACommonPrefixIsReused(t *testing.T) {
	m := load(t, small.File(), llama.Options{Threads: 2})
	ids := text(600, m.Vocabulary())
	s := m.NewSession(0)
	prompt(t, s, ids)
	for _, test := range []struct {
		name   string
		ids    []int
		reused int
	}{
		{"the same again", ids, 599},
		{"a longer one", append(slices.Clone(ids), 1, 2, 3), 600},
		{"one that parts", append(slices.Clone(ids[:300]), text(10, 50)...), 300},
		{"one that is shorter", ids[:200], 199},
		{"another one", []int{319, 318}, 0},
	} {
		got := prompt(t, s, test.ids)
		if s.Reused() != test.reused {
			t.Errorf("%s: %d tokens were reused, want %d", test.name, s.Reused(), test.reused)
		}
		if !slices.Equal(s.Tokens(), test.ids) {
			t.Errorf("%s: the session has other tokens", test.name)
		}
		if d := distance(got, prompt(t, m.NewSession(0), test.ids)); d > 0.02 {
			t.Errorf("%s: logits differ from those of a new session by %g", test.name, d)
		}
	}
}

func TestMemoryGrowsWithTheTokens(t *testing.T) {
	m := load(t, small.File(), llama.Options{})
	s := m.NewSession(4096)
	if s.Bytes() != 0 {
		t.Errorf("an empty session has %d bytes", s.Bytes())
	}
	prompt(t, s, text(300, m.Vocabulary()))
	if want := 512 * m.BytesPerToken(); s.Bytes() != want {
		t.Errorf("300 tokens have %d bytes, want %d", s.Bytes(), want)
	}
	s.Reset()
	if s.Bytes() != 0 || len(s.Tokens()) != 0 {
		t.Errorf("after Reset the session has %d bytes and %d tokens", s.Bytes(), len(s.Tokens()))
	}
}

func TestACanceledPromptKeepsCompletedBatches(t *testing.T) {
	m := load(t, small.File(), llama.Options{Threads: 2})
	ids := text(500, m.Vocabulary())
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	s := m.NewSession(0)
	var done []int
	_, err := s.Prompt(ctx, ids, func(n, total int) {
		if total != 500 {
			t.Errorf("total is %d, want 500", total)
		}
		if done = append(done, n); n == 256 {
			cancel(cause)
		}
	})
	if !errors.Is(err, cause) || !slices.Equal(done, []int{128, 256}) {
		t.Errorf("Prompt = %v after %d tokens, want %v after 128 and 256", err, done, cause)
	}
	if _, err := s.Next(ctx, 1); !errors.Is(err, cause) {
		t.Errorf("Next = %v, want %v", err, cause)
	}
	got := prompt(t, s, ids)
	if s.Reused() != 256 {
		t.Errorf("%d tokens were reused, want 256", s.Reused())
	}
	if !slices.Equal(got, prompt(t, m.NewSession(0), ids)) {
		t.Error("logits differ from those of a new session")
	}
}

func TestSequencesThatCannotBeComputedAreErrors(t *testing.T) {
	m := load(t, small.File(), llama.Options{})
	s := m.NewSession(4)
	var overflow *llama.ContextError
	if _, err := s.Prompt(t.Context(), text(5, 9), nil); !errors.As(err, &overflow) || overflow.Tokens != 5 || overflow.Limit != 4 {
		t.Errorf("a prompt of 5 tokens for a window of 4: %v", err)
	}
	for _, ids := range [][]int{nil, {1, 320}, {-1}} {
		if _, err := s.Prompt(t.Context(), ids, nil); err == nil || errors.As(err, &overflow) {
			t.Errorf("Prompt(%d) = %v, want an error", ids, err)
		}
	}
	prompt(t, s, text(4, 9))
	if _, err := s.Next(t.Context(), 1); !errors.As(err, &overflow) || overflow.Tokens != 5 {
		t.Errorf("Next in a full window: %v", err)
	}
}

func TestSessionsMayBeUsedAtTheSameTime(t *testing.T) {
	m := load(t, small.File(), llama.Options{Threads: 3})
	want, _ := greedy(t, m.NewSession(0), text(70, 300), 20)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s := m.NewSession(0)
			for range 2 {
				if got, _ := greedy(t, s, text(70, 300), 20); !slices.Equal(got, want) {
					t.Errorf("ids %d, want %d", got, want)
				}
				s.Reset()
			}
		})
	}
	all.Wait()
}
