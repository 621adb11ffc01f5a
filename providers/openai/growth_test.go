package openai

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
		p, err := New(Config{BaseURL: "http://localhost/v1", APIKey: "sk-12345678", HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		return llm.New(p, "m")
	}
	chat := func(ctx context.Context, transport http.RoundTripper) {
		_, _ = open(transport).Generate(ctx, llm.Prompt("x"))
	}
	const details = `"reasoning_details":[{"type":"reasoning.text","text":"because it is so","index":0}]`
	growthtest.Check(t,
		growthtest.Operation{
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Frame: growthtest.SSE, Call: chat,
			Reply: `{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"TEXT",` + details + `,"tool_calls":[{"index":0,"function":{"name":"part"}}]}}]}`,
			End:   growthtest.SSE(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`) + growthtest.SSE("[DONE]"),
		},
		growthtest.Operation{
			Name: "chat", Wire: reflect.TypeFor[chunk](), MediaType: "application/json", Call: chat,
			Reply: `{"id":"1","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"TEXT",` + details + `}}]}`,
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Reply: `{"data":[{"id":"m"}]}`,
			Call: func(ctx context.Context, transport http.RoundTripper) { _, _ = open(transport).ListModels(ctx) },
		},
		growthtest.Operation{
			Name: "embeddings", Wire: reflect.TypeFor[embeddings](), MediaType: "application/json", Reply: `{"data":[{"index":0,"embedding":[1,2]}]}`,
			Call: func(ctx context.Context, transport http.RoundTripper) {
				_, _ = open(transport).Embed(ctx, &llm.EmbedRequest{Inputs: []string{"x"}})
			},
		},
	)
}
