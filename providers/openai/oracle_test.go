package openai_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	vendor "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// wireRequest is a request as a server receives it.
type wireRequest struct {
	Method, URL string
	Header      map[string]string
	Body        any
}

// recordRequests returns a client that records requests and sends nothing.
func recordRequests(t testing.TB) (*http.Client, *[]wireRequest) {
	var all []wireRequest
	return &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		got := wireRequest{Method: r.Method, URL: r.URL.String(), Header: make(map[string]string)}
		for _, name := range []string{"Accept", "Content-Type", "Authorization", "Api-Key", "Openai-Organization"} {
			got.Header[name] = r.Header.Get(name)
		}
		if r.Body != nil {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if len(data) > 0 {
				got.Body = fromJSON(t, string(data))
			}
		}
		all = append(all, got)
		return nil, errors.New("recorded")
	})}, &all
}

// oracleServers are the servers that go-openai's client knows as well.
func oracleServers() map[string]struct {
	ours   openai.Config
	theirs vendor.ClientConfig
} {
	type pair = struct {
		ours   openai.Config
		theirs vendor.ClientConfig
	}
	all := map[string]pair{
		"OpenAI": {openai.Config{Organization: "org-1"}, vendor.DefaultConfig(testKey)},
		"another server": {
			openai.Config{BaseURL: "http://127.0.0.1:8000/a%2Fb/v1/", Organization: "org-1"}, vendor.DefaultConfig(testKey),
		},
		"Azure by deployments": {
			openai.Config{Server: openai.Azure, BaseURL: "https://acme.openai.azure.com", AzureAPIVersion: "2025-01-01-preview", Organization: "org-1"},
			vendor.DefaultAzureConfig(testKey, "https://acme.openai.azure.com"),
		},
	}
	for name, p := range all {
		p.theirs.OrgID = "org-1"
		if p.ours.BaseURL != "" {
			p.theirs.BaseURL = p.ours.BaseURL
		}
		if p.ours.Server == openai.Azure {
			p.theirs.APIVersion = p.ours.AzureAPIVersion
			p.theirs.AzureModelMapperFunc = func(model string) string { return url.PathEscape(model) }
		}
		all[name] = p
	}
	return all
}

// TestRequestsEqualThoseOfGoOpenAI compares requests with those that go-openai's client
// makes for the same input: method, URL, headers and the meaning of the body.
func TestRequestsEqualThoseOfGoOpenAI(t *testing.T) {
	const name = "gpt 4.1/eu"
	seed := 42
	schema := json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}`)
	theirs := vendor.ChatCompletionRequest{
		Model: name,
		Messages: []vendor.ChatCompletionMessage{
			{Role: "system", Content: "Be brief."},
			{Role: "user", Name: "ann", MultiContent: []vendor.ChatMessagePart{
				{Type: "text", Text: "What is <this>?"},
				{Type: "image_url", ImageURL: &vendor.ChatMessageImageURL{URL: "https://x.test/a.png", Detail: "high"}},
				{Type: "image_url", ImageURL: &vendor.ChatMessageImageURL{URL: "data:image/png;base64,iVBORw0KGgo="}},
			}},
			{Role: "assistant", Content: "Let me look.", ToolCalls: []vendor.ToolCall{
				{ID: "c1", Type: "function", Function: vendor.FunctionCall{Name: "f", Arguments: `{"a":1}`}},
			}},
			{Role: "tool", ToolCallID: "c1", Content: "a city"},
		},
		MaxCompletionTokens: 100, Temperature: 0.7, TopP: 0.95, PresencePenalty: -1.5, FrequencyPenalty: 0.25, Seed: &seed,
		Stop: []string{"\n"}, LogProbs: true, TopLogProbs: 3, ReasoningEffort: "low",
		Tools: []vendor.Tool{{Type: "function", Function: &vendor.FunctionDefinition{
			Name: "f", Description: "finds", Parameters: schema, Strict: true,
		}}},
		ToolChoice:        vendor.ToolChoice{Type: "function", Function: vendor.ToolFunction{Name: "f"}},
		ParallelToolCalls: false,
		ResponseFormat: &vendor.ChatCompletionResponseFormat{
			Type:       "json_schema",
			JSONSchema: &vendor.ChatCompletionResponseFormatJSONSchema{Name: "city", Description: "a city", Schema: schema, Strict: true},
		},
		User: "u", SafetyIdentifier: "s", ServiceTier: "flex", Verbosity: "low", Store: true, Metadata: map[string]string{"k": "v"},
		LogitBias: map[string]int{"50256": -100}, Prediction: &vendor.Prediction{Type: "content", Content: "x"},
		ChatTemplateKwargs: map[string]any{"enable_thinking": false},
	}
	ours := llm.Request{
		Messages: []llm.Message{
			llm.System("Be brief."),
			{Role: llm.RoleUser, Name: "ann", Parts: []llm.Part{
				llm.Text{Text: "What is <this>?"}, llm.Image{URL: "https://x.test/a.png", Quality: "high"}, llm.Image{Data: png},
			}},
			llm.Assistant("Let me look.", llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a":1}`}),
			llm.ToolResults(llm.ToolResult{CallID: "c1", Content: "a city"}),
		},
		MaxTokens: 100, Temperature: new(0.7), TopP: new(0.95), PresencePenalty: new(-1.5), FrequencyPenalty: new(0.25), Seed: new(int64(42)),
		Stop: []string{"\n"}, Logprobs: true, TopLogprobs: 3, ReasoningEffort: llm.EffortLow,
		Tools:      []llm.Tool{{Name: "f", Description: "finds", Parameters: schema, Strict: new(true)}},
		ToolChoice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}, ParallelToolCalls: new(false),
		Format: &llm.Format{Name: "city", Description: "a city", Schema: schema, Strict: new(true)},
		Options: []llm.Options{openai.Options{
			User: "u", SafetyIdentifier: "s", ServiceTier: "flex", Verbosity: "low", Store: new(true), Metadata: map[string]string{"k": "v"},
			LogitBias: map[string]int{"50256": -100}, Prediction: "x", ChatTemplateKwargs: map[string]any{"enable_thinking": false},
		}},
	}
	for where, server := range oracleServers() {
		t.Run(where, func(t *testing.T) {
			theirClient, want := recordRequests(t)
			server.theirs.HTTPClient = theirClient
			client := vendor.NewClientWithConfig(server.theirs)
			streamed := theirs
			streamed.Stream, streamed.StreamOptions = true, &vendor.StreamOptions{IncludeUsage: true}
			_, errStream := client.CreateChatCompletionStream(t.Context(), streamed)
			_, errChat := client.CreateChatCompletion(t.Context(), theirs)
			_, errEmbed := client.CreateEmbeddings(t.Context(), vendor.EmbeddingRequest{
				Model: name, Input: []string{"a", "b"}, EncodingFormat: "float", Dimensions: 256, User: "u",
			})
			_, errList := client.ListModels(t.Context())

			ourClient, got := recordRequests(t)
			server.ours.HTTPClient = ourClient
			m := llm.New(provider(t, server.ours), name)
			whole := ours
			whole.NonStreaming = true
			_, err1 := m.Generate(t.Context(), &ours)
			_, err2 := m.Generate(t.Context(), &whole)
			_, err3 := m.Embed(t.Context(), &llm.EmbedRequest{
				Inputs: []string{"a", "b"}, Dimensions: 256, Options: []llm.Options{openai.Options{User: "u"}},
			})
			_, err4 := m.ListModels(t.Context())
			for i, err := range []error{errStream, errChat, errEmbed, errList, err1, err2, err3, err4} {
				if err == nil {
					t.Fatalf("call %d succeeded without a server", i)
				}
			}
			if len(*want) != 4 || len(*got) != 4 {
				t.Fatalf("go-openai sent %d requests and the provider %d, want 4 of both", len(*want), len(*got))
			}
			for i, call := range []string{"streamed chat", "chat", "embeddings", "models"} {
				theirs := (*want)[i]
				if body, ok := theirs.Body.(map[string]any); ok && body["stream"] == false {
					delete(body, "stream") // the default
				}
				equal(t, call, (*got)[i], theirs)
			}
		})
	}
}
