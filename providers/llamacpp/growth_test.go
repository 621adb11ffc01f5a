package llamacpp

import (
	"context"
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
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Call: calls.Chat,
			Reply: `{"content":"TEXT"}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"content":".","stop":true}`),
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: calls.ListModels,
			Reply: `{"data":[{"id":"m"}]}`,
		},
		growthtest.Operation{
			Name: "slots", Wire: reflect.TypeFor[[]Slot](), MediaType: "application/json", Call: func(ctx context.Context, transport http.RoundTripper) {
				_, _ = calls.Provider(transport).Slots(ctx)
			},
			Reply: `[{"id":1}]`,
		},
	)
}
