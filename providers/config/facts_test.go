package config_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/config"
)

// knownModel is a file with every fact about its model.
const knownModel = `models:
  m:
    model: echo/m
    info: {max_output: 100, input: [text], output: [text], capabilities: [], STATUS}
`

func TestRequestsAreHeldToWhatIsKnownOfTheirModel(t *testing.T) {
	image := llm.User("what is this?", llm.Image{Data: []byte("x"), MediaType: "image/png"})
	for _, test := range []struct {
		name, status string
		req          llm.Request
		want         []string
	}{
		{"all is well", "status: current", llm.Request{}, nil},
		{"too long an answer", "status: current", llm.Request{MaxTokens: 101}, []string{"MaxTokens: m answers with at most 100 tokens, and the request asks for 101"}},
		{"tools", "status: current", llm.Request{Tools: []llm.Tool{{Name: "f"}}}, []string{"Tools: m is not known to use tools"}},
		{"a schema", "status: current", llm.Request{Format: &llm.Format{Schema: []byte("{}")}}, []string{"Format: m is not known to follow a JSON schema"}},
		{"JSON without a schema", "status: current", llm.Request{Format: &llm.Format{}}, nil},
		{"reasoning", "status: current", llm.Request{ReasoningEffort: llm.EffortHigh}, []string{"ReasoningEffort: m is not known to reason"}},
		{"no reasoning", "status: current", llm.Request{ReasoningEffort: llm.EffortNone}, nil},
		{"images", "status: current", llm.Request{Messages: []llm.Message{image, image}}, []string{"Messages: m is not known to accept image"}},
		{"a deprecated model", "status: deprecated, retires: 2027-01-14, successor: n", llm.Request{}, []string{"m is deprecated and ends on 2027-01-14: use n"}},
		{"a retired model", "status: retired, successor: n", llm.Request{}, []string{"m is retired: use n"}},
		{"an embedding model", "status: current, output: [embedding]", llm.Request{}, []string{"m makes embeddings and does not chat"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := strings.Replace(knownModel, "STATUS", test.status, 1)
			if strings.Contains(test.status, "output:") {
				file = strings.Replace(file, "output: [text], ", "", 1)
			}
			cfg := load(t, file, nil)
			model, err := cfg.Model("m")
			if err != nil {
				t.Fatal(err)
			}
			req := test.req
			if req.Messages == nil {
				req.Messages = llm.Prompt("hi").Messages
			}
			resp, err := model.Generate(t.Context(), &req)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range resp.Warnings {
				got = append(got, w.String())
			}
			equal(t, "warnings", got, test.want)
			equal(t, "text", resp.Text(), "m at ")

			lastCall = nil
			req.FailOnUnsupported = true
			_, err = model.Generate(t.Context(), &req)
			if test.want == nil {
				equal(t, "error in strict mode", err, error(nil))
				return
			}
			_, message, found := strings.Cut(test.want[0], ": ")
			if !found || strings.HasPrefix(test.want[0], "m ") {
				message = test.want[0]
			}
			if err == nil || !strings.HasSuffix(err.Error(), message) {
				t.Errorf("the error in strict mode is %v, want %s", err, message)
			}
			if lastCall != nil {
				t.Error("the call was sent all the same")
			}
		})
	}
}

func TestModelThatIsGoneNamesItsSuccessor(t *testing.T) {
	gone = llmtest.New(llmtest.Error(&llm.Error{Kind: llm.NotFound, Status: 404, Message: "no such model"}))
	cfg := load(t, "models: {m: {model: gone/m, info: {status: retired, retires: 2026-10-23, successor: n}}}", nil)
	model, err := cfg.Model("m")
	if err != nil {
		t.Fatal(err)
	}
	_, err = model.Generate(t.Context(), llm.Prompt("hi"))
	if !errors.Is(err, llm.Retired) || !errors.Is(err, llm.NotFound) || !strings.Contains(err.Error(), "m is retired since 2026-10-23: use n") {
		t.Errorf("the error is %v", err)
	}
}

var gone llm.Provider = llmtest.New()

// BenchmarkChecked measures a call with and without a check that finds nothing.
func BenchmarkChecked(b *testing.B) {
	for name, info := range map[string]string{"unknown model": "", "known model": ", info: {max_output: 100, input: [text], output: [text], capabilities: [tools]}"} {
		b.Run(name, func(b *testing.B) {
			cfg, err := config.Load(write(b, "models: {m: {model: echo/m"+info+"}}"), variables(nil))
			if err != nil {
				b.Fatal(err)
			}
			defer cfg.Close()
			model, err := cfg.Model("m")
			if err != nil {
				b.Fatal(err)
			}
			req := llm.Prompt("hi")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := model.Generate(context.Background(), req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
