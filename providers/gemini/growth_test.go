package gemini

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/parley-llm/parley/internal/growthtest"
)

func TestRepliesOfAnySize(t *testing.T) {
	calls := growthtest.CallsOf(t, func(client *http.Client) (*Provider, error) {
		return New(Config{BaseURL: "http://localhost", APIKey: "12345678", HTTPClient: client})
	})
	growthtest.Check(t,
		growthtest.Operation{
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Call: calls.Chat,
			Reply: `{"candidates":[{"content":{"parts":[{"text":"TEXT"}]}}]}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"candidates":[{"content":{"parts":[{"text":"."}]},"finishReason":"STOP"}]}`),
		},
		growthtest.Operation{
			Name: "chat", Wire: reflect.TypeFor[chunk](), MediaType: "application/json", Call: calls.Chat,
			Reply: `{"candidates":[{"content":{"parts":[{"text":"TEXT"}]},"finishReason":"STOP"}]}`,
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: calls.ListModels,
			Reply: `{"models":[{"name":"m"}]}`,
		},
		growthtest.Operation{
			Name: "embeddings", Wire: reflect.TypeFor[embeddings](), MediaType: "application/json", Call: calls.Embed,
			Reply: `{"embeddings":[{"values":[1,2]}]}`,
		},
	)
}
