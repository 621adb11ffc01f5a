package anthropic_test

import (
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/anthropic"
)

func TestAbandonedStreamsReleaseResources(t *testing.T) {
	endless := providertest.Endless(eventType, event(delta(textDelta(" round"))))
	providertest.LeaveEarly(t, endless, func(baseURL string) providertest.Closing {
		return provider(t, anthropic.Config{BaseURL: baseURL, APIKey: key})
	})
}

func TestConnectionIsUsedAgainAfterAWholeAnswer(t *testing.T) {
	srv := llmtest.NewLoopbackServer(t)
	srv.Handle(func(*llmtest.Request) llmtest.HTTPReply {
		return conformance.Anthropic().Stream(llmtest.Text("a", "b").Usage(1, 2))
	})
	p := provider(t, anthropic.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key})
	for range 20 {
		if _, err := ask(t, p, llm.Prompt("hi")); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "the number of connections for 20 calls", srv.Opened(), 1)
}
