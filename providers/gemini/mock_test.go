package gemini_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/gemini"
)

// These tests use the replies with which Google tests its clients for mobile programs.

// wantOfMock lists the expected result of each failure reply: an error of this kind, or a
// success with this finish reason.
var wantOfMock = map[string]struct {
	kind   llm.Kind
	finish llm.FinishReason
}{
	"googleai/streaming-failure-prompt-blocked-safety.txt":             {kind: llm.ContentFilter},
	"googleai/unary-failure-api-key.txt":                               {kind: llm.Auth},
	"googleai/unary-failure-finish-reason-safety.txt":                  {finish: llm.FinishContentFilter},
	"googleai/unary-failure-only-prompt-feedback.json":                 {kind: llm.ContentFilter},
	"googleai/unary-failure-unknown-model.json":                        {kind: llm.NotFound},
	"googleai/unary-failure-with-message-no-content.json":              {finish: llm.FinishOther},
	"vertexai/streaming-failure-api-key.txt":                           {kind: llm.Auth},
	"vertexai/streaming-failure-empty-content.txt":                     {kind: llm.Incomplete},
	"vertexai/streaming-failure-error-mid-stream.txt":                  {kind: llm.Server},
	"vertexai/streaming-failure-invalid-json.txt":                      {kind: llm.Protocol},
	"vertexai/streaming-failure-recitation-no-content.txt":             {finish: llm.FinishContentFilter},
	"vertexai/streaming-failure-unknown-model.txt":                     {kind: llm.NotFound},
	"vertexai/unary-failure-finish-reason-safety-no-content.json":      {finish: llm.FinishContentFilter},
	"vertexai/unary-failure-finish-reason-safety.json":                 {finish: llm.FinishContentFilter},
	"vertexai/unary-failure-generate-images-base64-some-filtered.json": {finish: llm.FinishContentFilter},
	"vertexai/unary-failure-generate-images-gcs-some-filtered.json":    {finish: llm.FinishContentFilter},
	"vertexai/unary-failure-iam-permission-denied.json":                {kind: llm.Permission},
	"vertexai/unary-failure-invalid-context-cache-id.json":             {kind: llm.InvalidRequest},
	"vertexai/unary-failure-invalid-response.json":                     {kind: llm.Protocol},
	"vertexai/unary-failure-malformed-content.json":                    {kind: llm.Incomplete},
	"vertexai/unary-failure-model-not-found.json":                      {kind: llm.NotFound},
	"vertexai/unary-failure-prompt-blocked-safety-with-message.json":   {kind: llm.ContentFilter},
	"vertexai/unary-failure-quota-exceeded.json":                       {kind: llm.RateLimited},
	"vertexai/unary-failure-unknown-enum-finish-reason.json":           {finish: llm.FinishOther},
	"vertexai/unary-failure-unknown-model.json":                        {kind: llm.NotFound},
}

// mock is one of the replies.
type mock struct{ name, body string }

func mocks(t testing.TB) (all []mock) {
	t.Helper()
	root := providertest.Conformance(t, "gemini-mock")
	files, err := filepath.Glob(filepath.Join(root, "*", "*-*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no replies in %s (%v)", root, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, mock{filepath.ToSlash(name), string(data)})
	}
	return all
}

func (m *mock) streamed() bool { return strings.Contains(m.name, "/streaming-") }

// wire returns the HTTP reply. An error has the status that it names.
func (m *mock) wire() llmtest.HTTPReply {
	var refusal struct {
		Error struct{ Code int }
	}
	switch {
	case json.Unmarshal([]byte(m.body), &refusal) == nil && refusal.Error.Code != 0:
		return llmtest.JSON(refusal.Error.Code, m.body)
	case m.streamed():
		return llmtest.HTTP(http.StatusOK, "text/event-stream", m.body)
	}
	return llmtest.JSON(http.StatusOK, m.body)
}

func (m *mock) model(t testing.TB) *llm.Model {
	srv := llmtest.NewServer(t, m.wire())
	config := gemini.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key}
	if strings.HasPrefix(m.name, "vertexai/") {
		config.Server, config.Project, config.Location = gemini.Vertex, "p", "us-central1"
	}
	name := model
	if strings.Contains(m.name, "generate-images") {
		name = "imagen-4.0-generate-001"
	}
	return llm.New(provider(t, config), name)
}

func TestMockReplies(t *testing.T) {
	all := mocks(t)
	seen := make(map[string]bool)
	for _, m := range all {
		seen[m.name] = true
		t.Run(m.name, func(t *testing.T) {
			if m.name == "vertexai/unary-success-total-tokens.json" {
				n, err := m.model(t).CountTokens(t.Context(), with(func(r *llm.Request) { r.Options = options(gemini.Options{CountBy: gemini.CountRemote}) }))
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "the count", n, &llm.TokenCount{Tokens: 6, Exact: true, Source: "Vertex AI's countTokens"})
				return
			}
			resp, err := m.model(t).Generate(t.Context(), with(func(r *llm.Request) { r.NonStreaming = !m.streamed() }))
			want, isFailure := wantOfMock[m.name]
			if isFailure != strings.Contains(m.name, "-failure-") {
				t.Fatalf("wantOfMock has no entry for this failure")
			}
			equal(t, "the kind of the error", llm.KindOf(err), want.kind)
			said := readReply(m.body)
			if want.kind != "" {
				if !strings.Contains(err.Error(), strings.Join(strings.Fields(said.Failure), " ")) {
					t.Errorf("the error does not contain the reason of the server, %q: %v", said.Failure, err)
				}
				if got := partial(resp, err).Text(); said.Failure == "" && got != said.Text {
					t.Errorf("the text before the error is %q, want %q", got, said.Text)
				}
				return
			}
			if want.finish != "" {
				equal(t, "the finish reason", resp.FinishReason, want.finish)
			} else if resp.FinishReason != llm.FinishStop && resp.FinishReason != llm.FinishToolCalls {
				t.Errorf("the finish reason is %q, of a reply that succeeds", resp.FinishReason)
			}
			checkReading(t, resp, said)
		})
	}
	for name := range wantOfMock {
		if !seen[name] {
			t.Errorf("there is no reply %s", name)
		}
	}
	t.Logf("%d replies", len(all))
}
