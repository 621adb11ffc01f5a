package ollama_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestEmbeddings(t *testing.T) {
	p := serve(t, says(200, "application/json", `{"model":"m:latest","embeddings":[[0.5,-0.25],[1,0]],"total_duration":36140236,"prompt_eval_count":12}`))
	got, err := llm.New(p, "m").Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the embeddings", got, &llm.EmbedResponse{
		Vectors: [][]float32{{0.5, -0.25}, {1, 0}}, Model: "m:latest", Usage: llm.Usage{Input: llm.Known(12)},
	})
}

func TestEmbeddingsThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		kind   llm.Kind
		says   string
	}{
		"an unknown model":   {404, `{"error":"model 'm' not found"}`, llm.NotFound, "ollama pull m"},
		"overflow":           {400, `{"error":"the input length exceeds the context length"}`, llm.ContextLength, ""},
		"overflow, cut":      {400, `{"error":"input exceeds maximum context length and cannot be truncated further"}`, llm.ContextLength, ""},
		"no support":         {501, `{"error":"this model does not support embeddings"}`, llm.Unsupported, ""},
		"a vector missing":   {200, `{"model":"m","embeddings":[[1]]}`, llm.Protocol, "1 vectors for 2 inputs"},
		"a vector empty":     {200, `{"model":"m","embeddings":[[1],[]]}`, llm.Protocol, "no vector for input 1"},
		"an error on 200":    {200, `{"error":"boom"}`, llm.Server, "boom"},
		"a reply cut":        {200, `{"model":"m","embeddings":[[1],`, llm.Incomplete, ""},
		"a reply of a proxy": {200, `OK`, llm.Protocol, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := llm.New(serve(t, says(test.status, "application/json", test.body)), "m").
				Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b"}})
			wantError(t, err, test.kind, test.says)
		})
	}
}

func TestModelsAreListed(t *testing.T) {
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method+r.URL.Path != "GET/api/tags" {
			t.Errorf("the request is %s %s, want GET /api/tags", r.Method, r.URL.Path)
		}
		says(200, "application/json", `{"models":[
			{"name":"llama3.2:1b","model":"llama3.2:1b","modified_at":"2026-11-23T16:44:40.5Z","size":1321098329,"digest":"ba",
			 "details":{"parent_model":"","format":"gguf","family":"llama","families":["llama"],"parameter_size":"1.2B","quantization_level":"Q8_0"}},
			{"name":"tiny:latest","modified_at":"2026-11-23T17:44:40+01:00","size":5,"details":{"quantization_level":"unknown"}}]}`)(w, r)
	})
	got, err := llm.New(p, "").ListModels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 16, 44, 40, 0, time.UTC)
	equal(t, "the models", got, []llm.ModelInfo{
		{
			Provider: "ollama", Name: "llama3.2:1b", Created: at.Add(500 * time.Millisecond),
			Family: "llama", Parameters: "1.2B", Quantization: "Q8_0", Bytes: 1321098329,
		},
		{Provider: "ollama", Name: "tiny:latest", Created: at, Bytes: 5},
	})
}

func TestVersion(t *testing.T) {
	got, err := serve(t, says(200, "application/json", `{"version":"0.24.0"}`)).Version(t.Context())
	if got != "0.24.0" || err != nil {
		t.Errorf("the version is %q, error %v, want 0.24.0", got, err)
	}
	_, err = serve(t, says(200, "application/json", `{}`)).Version(t.Context())
	wantError(t, err, llm.Protocol, "no version")
	_, err = serve(t, says(404, "text/plain", `404 page not found`)).Version(t.Context())
	wantError(t, err, llm.NotFound, "base URL")
}

func TestModelIsShown(t *testing.T) {
	var asked any
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = fromJSON(t, string(data))
		says(200, "application/json", `{"license":"MIT","modelfile":"FROM x","parameters":"num_ctx 512\nstop \"zzz\"","template":"{{ .Prompt }}",
			"system":"You are tiny.","details":{"family":"gemma3","parameter_size":"4B","quantization_level":"Q4_K_M"},
			"model_info":{"general.architecture":"gemma3","gemma3.context_length":131072,"tokenizer.ggml.tokens":null},
			"capabilities":["completion","vision","audio","tools","thinking","insert"],"modified_at":"2026-11-23T16:44:40Z"}`)(w, r)
	})
	got, err := p.Show(t.Context(), "gemma")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the request", asked, fromJSON(t, `{"model":"gemma"}`))
	equal(t, "the model", got, &ollama.ModelDetails{
		Info: llm.ModelInfo{
			Provider: "ollama", Name: "gemma", ContextWindow: 131072, Created: time.Date(2026, 11, 23, 16, 44, 40, 0, time.UTC),
			Family: "gemma3", Parameters: "4B", Quantization: "Q4_K_M",
			Input: []llm.Modality{llm.ModalityText, llm.ModalityImage, llm.ModalityAudio}, Output: []llm.Modality{llm.ModalityText},
			Capabilities: []llm.Capability{llm.CanStream, llm.CanFollowJSON, llm.CanUseTools, llm.CanReason},
		},
		Capabilities: []string{"completion", "vision", "audio", "tools", "thinking", "insert"},
		Template:     "{{ .Prompt }}", System: "You are tiny.", Settings: "num_ctx 512\nstop \"zzz\"", License: "MIT",
		Metadata: map[string]any{"general.architecture": "gemma3", "gemma3.context_length": 131072.0, "tokenizer.ggml.tokens": nil},
	})

	p = serve(t, says(200, "application/json", `{"capabilities":["embedding"],"model_info":{}}`))
	if got, err = p.Show(t.Context(), "e"); err != nil {
		t.Fatal(err)
	}
	equal(t, "an embedding model", got.Info, llm.ModelInfo{
		Provider: "ollama", Name: "e", Input: []llm.Modality{llm.ModalityText}, Output: []llm.Modality{llm.ModalityEmbedding},
	})

	_, err = serve(t, says(404, "application/json", `{"error":"model 'nope' not found"}`)).Show(t.Context(), "nope")
	wantError(t, err, llm.NotFound, "ollama pull nope")
}

func TestOwnMethodsCheckTheirArguments(t *testing.T) {
	p := unreachable(t)
	var none context.Context
	_, err := p.Show(none, "m")
	wantError(t, err, llm.InvalidRequest, "context is nil")
	_, err = p.Show(t.Context(), "")
	wantError(t, err, llm.InvalidRequest, "the model name is empty")
	_, err = p.Version(none)
	wantError(t, err, llm.InvalidRequest, "context is nil")
	for _, err := range p.Pull(t.Context(), "") {
		wantError(t, err, llm.InvalidRequest, "the model name is empty")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = serve(t, says(200, "application/json", `{"version":"1"}`)).Version(canceled)
	wantError(t, err, llm.Canceled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error %v does not match context.Canceled", err)
	}
}
