package palm

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
			Name: "chat", Wire: reflect.TypeFor[generated](), MediaType: "application/json", Call: calls.Chat,
			Reply: `{"candidates":[{"content":"TEXT"}]}`,
		},
	)
}
