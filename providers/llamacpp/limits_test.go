package llamacpp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/llamacpp"
)

func TestLimitsOfACompletion(t *testing.T) {
	whole := conformance.LlamaCppCompletion().Stream(llmtest.Text("Hello", strings.Repeat("long ", 2<<20), "!").Usage(1, 2))
	for name, test := range map[string]struct {
		wire   llmtest.HTTPReply
		limits llm.Limits
		kind   llm.Kind
		says   string
	}{
		"a line of 10 MB":            {whole, llm.Limits{}, "", ""},
		"a line beyond the limit":    {whole, llm.Limits{FrameBytes: 1 << 20}, llm.Protocol, "limit"},
		"a prompt that takes ages":   {whole.Stall(0), llm.Limits{FirstEvent: 20 * time.Millisecond}, llm.Timeout, "first part"},
		"a server that stalls":       {whole.Stall(len(piece)), llm.Limits{Idle: 20 * time.Millisecond}, llm.Timeout, "between two parts"},
		"an answer that takes hours": {whole.Stall(len(piece)), llm.Limits{Total: 20 * time.Millisecond}, llm.Timeout, "20ms"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := llmtest.NewServer(t, test.wire)
			p := provider(t, llamacpp.Config{
				Template: "plain", BaseURL: srv.URL, Limits: test.limits,
				HTTPClient: &http.Client{Transport: tokenizer{srv.Client().Transport}},
			})
			resp, err := llm.New(p, "m").Generate(t.Context(), llm.Prompt("x"))
			if test.kind != "" {
				wantError(t, err, test.kind, test.says)
			} else if err != nil || len(resp.Text()) != 10<<20+6 {
				t.Errorf("the answer fails: %v", err)
			}
		})
	}
}
