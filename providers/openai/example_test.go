package openai_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	vendor "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/openai"
)

func ExampleNew() {
	p, err := openai.New(openai.Config{APIKey: llm.Secret(os.Getenv("OPENAI_API_KEY"))})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	model := llm.New(p, "gpt-4o-mini")
	for text, err := range model.Stream(context.Background(), llm.Prompt("Why is the sky blue?")).Text() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(text)
	}
}

// The model's name is the deployment's. The token source is Entra's, from
// azidentity for one; a resource's key goes into APIKey instead.
func ExampleNew_azure() {
	p, err := openai.New(openai.Config{
		Server:          openai.Azure,
		BaseURL:         "https://acme.openai.azure.com",
		AzureAPIVersion: "2024-10-21", // none is Azure's v1 API
		TokenSource:     func(ctx context.Context) (string, error) { return "a token", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	fmt.Println(llm.New(p, "my-deployment"))
	// Output: azure/my-deployment
}

// Any server of the dialect is reached by its base URL.
func ExampleNew_compatible() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"Hello "}}]}`+"\n\n")
		io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"there."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}`+"\n\n")
		io.WriteString(w, "data: [DONE]\n\n")
	}))
	defer server.Close()

	p, err := openai.New(openai.Config{
		Name:    "house", // in errors and model names
		BaseURL: server.URL + "/v1",
		Quirks:  &openai.Quirks{MaxTokensField: openai.MaxTokens, AcceptsTopK: true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	resp, err := llm.New(p, "llama-3.2-1b").Generate(context.Background(), llm.Prompt("Say hello."))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Text())
	fmt.Println(resp.Usage)
	// Output:
	// Hello there.
	// 9 in, 3 out
}

// The hook reaches every field of the vendor's request, and Extra those that
// the vendor's type does not have yet.
func ExampleOptions_hook() {
	req := llm.Prompt("What happened today?")
	req.Options = []llm.Options{openai.Options{
		Hook: func(r *vendor.ChatCompletionRequest) {
			r.ServiceTier = vendor.ServiceTierFlex
		},
		Extra: map[string]any{"web_search_options": map[string]any{}},
	}}
	fmt.Println(req.Validate())
	// Output: <nil>
}

// Importing the package registers its servers: openai, azure, groq, vllm and
// the rest.
func Example_open() {
	model, err := providers.Config{BaseURL: "http://10.0.0.7:8000/v1"}.Open("vllm/meta-llama/Llama-3.2-1B")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	fmt.Println(model.Provider().Name(), model.Name())
	// Output: vllm meta-llama/Llama-3.2-1B
}
