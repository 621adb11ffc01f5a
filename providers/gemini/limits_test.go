package gemini_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/gemini"
)

func TestTimeLimits(t *testing.T) {
	body := sse(parts(text("Hello")), stopped)
	whole := llmtest.HTTP(200, "text/event-stream", body)
	first := len(sse(parts(text("Hello"))))
	for name, tt := range map[string]struct {
		wire   llmtest.HTTPReply
		limits llm.Limits
		text   string // that has arrived
		says   string
	}{
		"a model that thinks for ages": {whole.Stall(0), llm.Limits{FirstEvent: time.Minute}, "", "first part"},
		"a server that stalls":         {whole.Stall(first), llm.Limits{Idle: time.Minute}, "Hello", "between two parts"},
		"an answer that takes hours":   {whole.Stall(first), llm.Limits{Idle: 2 * time.Hour, Total: time.Hour}, "Hello", "1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := llmtest.NewServer(t, tt.wire)
				p := provider(t, gemini.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key, Limits: tt.limits})
				resp, err := ask(t, p, llm.Prompt("hi"))
				wantError(t, err, llm.Timeout, tt.says)
				equal(t, "the text that had arrived", partial(resp, err).Text(), tt.text)
			})
		})
	}
}
