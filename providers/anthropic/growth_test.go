package anthropic

import (
	"context"
	"net/http"
	"reflect"
	"testing"

	"github.com/parley-llm/parley/internal/growthtest"
	"github.com/parley-llm/parley/llm"
)

func TestRepliesOfAnySize(t *testing.T) {
	open := func(transport http.RoundTripper) *llm.Model {
		p, err := New(Config{BaseURL: "http://localhost", APIKey: "12345678", HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		return llm.New(p, "m")
	}
	chat := func(ctx context.Context, transport http.RoundTripper) {
		_, _ = open(transport).Generate(ctx, llm.Prompt("x"))
	}
	models := func(ctx context.Context, transport http.RoundTripper) { _, _ = open(transport).ListModels(ctx) }
	growthtest.Check(t,
		growthtest.Operation{
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Call: chat,
			Reply: `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`) + growthtest.SSE(`{"type":"message_stop"}`),
		},
		growthtest.Operation{
			Name: "start", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Call: chat,
			Reply: `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"TEXT"}}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`) + growthtest.SSE(`{"type":"message_stop"}`),
		},
		growthtest.Operation{
			Name: "chat", Wire: reflect.TypeFor[chunk](), MediaType: "application/json", Call: chat,
			Reply: `{"type":"message","id":"1","content":[{"type":"text","text":"TEXT"}],"stop_reason":"end_turn"}`,
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: models,
			Reply: `{"data":[{"id":"m"}]}`,
		},
	)
}
