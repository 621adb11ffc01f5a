package palm

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
	growthtest.Check(t,
		growthtest.Operation{
			Name: "chat", Wire: reflect.TypeFor[generated](), MediaType: "application/json", Call: chat,
			Reply: `{"candidates":[{"content":"TEXT"}]}`,
		},
	)
}
