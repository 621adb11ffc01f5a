package llama_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/tinyllama"
	"github.com/parley-llm/parley/llm/tokens"
)

// answer generates at most n tokens of text, as a provider does.
func answer(t *testing.T, m *llama.Model, e *tokens.Encoding, text string, settings llama.Sampling, stops []string, n int) string {
	t.Helper()
	sampler, stopper := llama.NewSampler(settings), llama.NewStopper(stops)
	end, _ := e.EOS()
	s := m.NewSession(0)
	var b strings.Builder
	ids := e.EncodePrompt(text)
	logits, err := s.Prompt(t.Context(), ids, nil)
	before := ids[len(ids)-1]
	for range n {
		if err != nil {
			t.Fatal(err)
		}
		id, ok := sampler.Sample(logits, nil)
		if !ok {
			t.Fatal("no token was selected")
		}
		if id == end {
			break
		}
		sampler.Accept(id)
		// A token's text depends on whether it is the first one.
		first, firstErr := e.Decode([]int{before})
		both, bothErr := e.Decode([]int{before, id})
		if err := errors.Join(firstErr, bothErr); err != nil {
			t.Fatal(err)
		}
		out, stopped := stopper.Add(both[len(first):])
		if b.WriteString(out); stopped {
			return b.String()
		}
		before = id
		logits, err = s.Next(t.Context(), id)
	}
	return b.String() + stopper.Rest()
}

func TestScriptedModelsSayTheirScript(t *testing.T) {
	for _, model := range tinyllama.Ready() {
		if model.Says == "" {
			continue
		}
		t.Run(model.Name, func(t *testing.T) {
			file, err := model.File()
			if err != nil {
				t.Fatal(err)
			}
			e, err := tokens.Read(model.Name, bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			m := load(t, file, llama.Options{})
			for _, settings := range []llama.Sampling{{}, {Temperature: 0.5, TopP: 0.9, MinP: 0.1}, {Temperature: 0.7, TopK: 1}} {
				got := answer(t, m, e, "Hello\n", settings, nil, 40)
				if !strings.HasPrefix(got, model.Says) {
					t.Errorf("%+v: the model says %q, want %q", settings, got, model.Says)
				}
			}
			stop := model.Says[len(model.Says)/2:][:3]
			want, _, _ := strings.Cut(model.Says, stop)
			if got := answer(t, m, e, "Hello\n", llama.Sampling{}, []string{stop}, 40); got != want {
				t.Errorf("with the stop string %q the model says %q, want %q", stop, got, want)
			}
		})
	}
}
