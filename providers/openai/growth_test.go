package openai

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/parley-llm/parley/internal/growthtest"
)

func TestRepliesOfAnySize(t *testing.T) {
	calls := growthtest.CallsOf(t, func(client *http.Client) (*Provider, error) {
		return New(Config{BaseURL: "http://localhost/v1", APIKey: "sk-12345678", HTTPClient: client})
	})
	const details = `"reasoning_details":[{"type":"reasoning.text","text":"because it is so","index":0}]`
	growthtest.Check(t,
		growthtest.Operation{
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Frame: growthtest.SSE, Call: calls.Chat,
			Reply: `{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"TEXT",` + details + `,"tool_calls":[{"index":0,"function":{"name":"part"}}]}}]}`,
			End:   growthtest.SSE(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`) + growthtest.SSE("[DONE]"),
		},
		growthtest.Operation{
			Name: "chat", Wire: reflect.TypeFor[chunk](), MediaType: "application/json", Call: calls.Chat,
			Reply: `{"id":"1","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"TEXT",` + details + `}}]}`,
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Reply: `{"data":[{"id":"m"}]}`,
			Call: calls.ListModels,
		},
		growthtest.Operation{
			Name: "embeddings", Wire: reflect.TypeFor[embeddings](), MediaType: "application/json", Reply: `{"data":[{"index":0,"embedding":[1,2]}]}`,
			Call: calls.Embed,
		},
	)
}
