package ollama

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/parley-llm/parley/internal/growthtest"
)

func TestRepliesOfAnySize(t *testing.T) {
	calls := growthtest.CallsOf(t, func(client *http.Client) (*Provider, error) {
		return New(Config{BaseURL: "http://localhost", HTTPClient: client})
	})
	growthtest.Check(t,
		growthtest.Operation{
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "application/x-ndjson", Call: calls.Chat,
			Reply: `{"model":"m","message":{"content":"TEXT"}}`,
			Frame: growthtest.Line, End: growthtest.Line(`{"message":{"content":"."},"done":true,"done_reason":"stop"}`),
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: calls.ListModels,
			Reply: `{"models":[{"name":"m"}]}`,
		},
		growthtest.Operation{
			Name: "embeddings", Wire: reflect.TypeFor[embeddings](), MediaType: "application/json", Call: calls.Embed,
			Reply: `{"embeddings":[[1,2]]}`,
		},
	)
}
