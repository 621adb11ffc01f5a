package anthropic

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
			Reply: `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`) + growthtest.SSE(`{"type":"message_stop"}`),
		},
		growthtest.Operation{
			Name: "start", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Call: calls.Chat,
			Reply: `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"TEXT"}}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`) + growthtest.SSE(`{"type":"message_stop"}`),
		},
		growthtest.Operation{
			Name: "chat", Wire: reflect.TypeFor[chunk](), MediaType: "application/json", Call: calls.Chat,
			Reply: `{"type":"message","id":"1","content":[{"type":"text","text":"TEXT"}],"stop_reason":"end_turn"}`,
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: calls.ListModels,
			Reply: `{"data":[{"id":"m"}]}`,
		},
	)
}
