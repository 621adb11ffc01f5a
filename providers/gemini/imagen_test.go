package gemini_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/gemini"
)

const imagen = "imagen-4.0-generate-001"

// drawing returns an Imagen model on a server that sends this reply.
func drawing(t testing.TB, server gemini.Server, reply llmtest.HTTPReply) (*llm.Model, *llmtest.Server) {
	t.Helper()
	srv := llmtest.NewServer(t, reply)
	return llm.New(provider(t, gemini.Config{Server: server, BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key}), imagen), srv
}

func TestImagen(t *testing.T) {
	req := &llm.Request{
		Messages: []llm.Message{llm.System("In pencil."), llm.User("A llama")}, Temperature: new(0.5), FrequencyPenalty: new(0.5),
		ReasoningEffort: llm.EffortNone, Tools: []llm.Tool{{Name: "f"}}, ToolChoice: llm.ToolChoice{Mode: llm.ToolNone}, // which lose nothing
		Options: options(gemini.Options{Extra: map[string]any{"parameters": map[string]any{"aspectRatio": "16:9"}}}),
	}
	for server, path := range map[gemini.Server]string{
		gemini.Gemini: "/v1beta/models/" + imagen + ":predict", gemini.Vertex: "/v1beta1/publishers/google/models/" + imagen + ":predict",
	} {
		t.Run(string(server), func(t *testing.T) {
			m, srv := drawing(t, server, llmtest.JSON(200, `{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"aGk="},{"mimeType":"image/png","gcsUri":"gs://b/2"}]}`))
			resp, err := m.Generate(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the answer", resp.Messages, []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{
				llm.Image{MediaType: "image/png", Data: []byte("hi")}, llm.Image{MediaType: "image/png", URL: "gs://b/2"},
			}}})
			equal(t, "the finish reason", resp.FinishReason, llm.FinishStop)
			var lost []string
			for _, w := range resp.Warnings {
				lost = append(lost, w.Setting)
			}
			equal(t, "the settings that there are warnings of", lost, []string{"Temperature", "FrequencyPenalty"})
			equal(t, "the place", srv.Requests()[0].Path, path)
			equal(t, "the request", fromJSON(t, string(srv.Requests()[0].Body)), fromJSON(t,
				`{"instances":[{"prompt":"In pencil.\n\nA llama"}],"parameters":{"sampleCount":1,"includeRaiReason":true,"aspectRatio":"16:9"}}`))
		})
	}
}

func TestImagenWithoutImages(t *testing.T) {
	for name, tt := range map[string]struct {
		reply llmtest.HTTPReply
		kind  llm.Kind
		says  string
	}{
		"withheld":      {llmtest.JSON(200, `{"predictions":[{"raiFilteredReason":"It is unsafe."}]}`), llm.ContentFilter, "It is unsafe."},
		"none":          {llmtest.JSON(200, `{}`), llm.Protocol, "no images"},
		"an error":      {llmtest.JSON(200, `{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}`), llm.RateLimited, "slow down"},
		"half of it":    {llmtest.JSON(200, `{"predictions":[{"mime`), llm.Incomplete, "truncated"},
		"a web page":    {llmtest.WebPage(), llm.Protocol, "text/html"},
		"a broken line": {llmtest.JSON(200, `{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"aGk="}]}`).CutReset(40), llm.Incomplete, "connection closed"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := drawing(t, gemini.Vertex, tt.reply)
			_, err := m.Generate(t.Context(), llm.Prompt("x"))
			wantError(t, err, tt.kind, tt.says)
		})
	}
}

func TestImagenInvalidRequests(t *testing.T) {
	p := provider(t, gemini.Config{BaseURL: "http://127.0.0.1:1", APIKey: key})
	for name, tt := range map[string]struct {
		change func(*llm.Request)
		kind   llm.Kind
		says   string
	}{
		"a conversation": {func(r *llm.Request) { r.Messages = append(r.Messages, llm.Assistant("x"), llm.User("y")) }, llm.InvalidRequest, "remove the assistant and tool messages"},
		"a picture":      {func(r *llm.Request) { r.Messages = []llm.Message{llm.User("x", llm.Image{URL: "gs://b/f"})} }, llm.InvalidRequest, "use exactly one text in each message"},
		"tools":          {func(r *llm.Request) { r.Tools, r.FailOnUnsupported = []llm.Tool{{Name: "f"}}, true }, llm.Unsupported, "Tools"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := llm.New(p, imagen).Generate(t.Context(), with(tt.change))
			wantError(t, err, tt.kind, tt.says)
		})
	}
	for _, server := range []gemini.Server{gemini.Gemini, gemini.Vertex} {
		_, err := llm.New(provider(t, gemini.Config{Server: server, APIKey: key}), imagen).Generate(t.Context(), llm.Prompt("x"))
		wantError(t, err, llm.Retired, "gemini-3.1-flash-image")
	}
}
