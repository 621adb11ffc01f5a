package interop

import (
	"testing"

	palmapi "cloud.google.com/go/ai/generativelanguage/apiv1beta2"
	"cloud.google.com/go/ai/generativelanguage/apiv1beta2/generativelanguagepb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/palm"
	"github.com/parley-llm/parley/providers/palm/palmtest"
)

// Google's client of the PaLM API must work with the server of palmtest, and its requests
// must equal the provider's.

func TestPaLMServerIsWhatGooglesClientExpects(t *testing.T) {
	const text = "Because: it is."
	server := palmtest.New(t,
		palmtest.Answer{Text: text, Sources: []palmtest.Source{{URI: "https://a.example", Start: 0, End: 7}}},
		palmtest.Answer{Text: text, Sources: []palmtest.Source{{URI: "https://a.example", Start: 0, End: 7}}},
		palmtest.Answer{Filter: "SAFETY"},
	)
	client, err := palmapi.NewDiscussRESTClient(t.Context(), option.WithEndpoint(server.URL), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	theirs := googleChat()
	got, err := client.GenerateMessage(t.Context(), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Candidates) != 1 || got.Candidates[0].Content != text || got.Candidates[0].Author != "1" || len(got.Messages) != 3 ||
		got.Candidates[0].CitationMetadata.CitationSources[0].GetUri() != "https://a.example" {
		t.Errorf("Google's client returns %v", got)
	}

	m := paLMModel(t, server, "chat-bison-001")
	ours := ourChat()
	resp, err := m.Generate(t.Context(), ours)
	if err != nil || resp.Text() != text || len(resp.Sources) != 1 || resp.Sources[0].URL != "https://a.example" {
		t.Errorf("the provider returns %+v, %v", resp, err)
	}
	requests := server.Requests()
	equalRequests(t, "chat", requests[0], requests[1])

	filtered, err := client.GenerateMessage(t.Context(), theirs)
	if err != nil || len(filtered.Candidates) != 0 || filtered.Filters[0].Reason != generativelanguagepb.ContentFilter_SAFETY {
		t.Errorf("for a withheld answer, Google's client returns %v, %v", filtered, err)
	}

	count, err := client.CountMessageTokens(t.Context(), &generativelanguagepb.CountMessageTokensRequest{Model: theirs.Model, Prompt: theirs.Prompt})
	if err != nil {
		t.Fatal(err)
	}
	counted, err := m.CountTokens(t.Context(), ours)
	if err != nil || counted.Tokens != int(count.TokenCount) {
		t.Errorf("the counts are %+v (%v) and %d", counted, err, count.TokenCount)
	}
	requests = server.Requests()
	equalRequests(t, "count", requests[3], requests[4])

	theirs.Temperature = new(float32(1.5))
	if _, err := client.GenerateMessage(t.Context(), theirs); err == nil {
		t.Error("Google's client gets no error for a setting out of range")
	}
}

// googleChat returns a chat as a request of Google's client.
func googleChat() *generativelanguagepb.GenerateMessageRequest {
	prompt := &generativelanguagepb.MessagePrompt{
		Context: "Be brief.",
		Examples: []*generativelanguagepb.Example{{
			Input: &generativelanguagepb.Message{Content: "2+2"}, Output: &generativelanguagepb.Message{Content: "4"},
		}},
		Messages: []*generativelanguagepb.Message{{Author: "0", Content: "Hi"}, {Author: "1", Content: "Hello."}, {Author: "0", Content: "Why?"}},
	}
	return &generativelanguagepb.GenerateMessageRequest{
		Model: "models/chat-bison-001", Prompt: prompt,
		Temperature: new(float32(0.5)), TopP: new(float32(0.75)), TopK: new(int32(40)), CandidateCount: new(int32(1)),
	}
}

// ourChat returns the same chat as a request of this library.
func ourChat() *llm.Request {
	return &llm.Request{
		Messages: []llm.Message{
			llm.System("Be brief."), llm.User("Hi"), llm.Assistant("Hello."), llm.User("Why?"),
		},
		Temperature: new(0.5), TopP: new(0.75), TopK: new(40),
		Options: []llm.Options{palm.Options{Examples: []palm.Example{{Input: "2+2", Output: "4"}}}},
	}
}

func TestPaLMTextIsWhatGooglesClientExpects(t *testing.T) {
	server := palmtest.New(t, palmtest.Answer{Text: " a time"}, palmtest.Answer{Text: " a time"})
	client, err := palmapi.NewTextRESTClient(t.Context(), option.WithEndpoint(server.URL), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got, err := client.GenerateText(t.Context(), &generativelanguagepb.GenerateTextRequest{
		Model: "models/text-bison-001", Prompt: &generativelanguagepb.TextPrompt{Text: "Once upon"},
		CandidateCount: new(int32(1)), MaxOutputTokens: new(int32(8)), StopSequences: []string{"."},
	})
	if err != nil || len(got.Candidates) != 1 || got.Candidates[0].Output != " a time" {
		t.Errorf("Google's client returns %v, %v", got, err)
	}
	req := llm.Prompt("Once upon")
	req.MaxTokens, req.Stop = 8, []string{"."}
	resp, err := paLMModel(t, server, "text-bison-001").Generate(t.Context(), req)
	if err != nil || resp.Text() != " a time" {
		t.Errorf("the provider returns %+v, %v", resp, err)
	}
	requests := server.Requests()
	equalRequests(t, "text", requests[0], requests[1])
}

func paLMModel(t *testing.T, server *palmtest.Server, name string) *llm.Model {
	t.Helper()
	p, err := palm.New(palm.Config{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return llm.New(p, name)
}

// equalRequests compares a request of Google's client with a request of the provider.
func equalRequests(t *testing.T, what string, google, ours palmtest.Request) {
	t.Helper()
	google.Body = without(google.Body, "model") // it is also in the path
	if diff := cmp.Diff([]any{google.Path, google.Body}, []any{ours.Path, ours.Body}); diff != "" {
		t.Errorf("the request for a %s (-Google's +ours):\n%s", what, diff)
	}
}

func without(body map[string]any, name string) map[string]any {
	delete(body, name)
	return body
}
