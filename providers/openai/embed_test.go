package openai_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func TestEmbeddingsAreOrderedByTheirIndex(t *testing.T) {
	m := model(t, openai.Config{}, says(200, "application/json", `{"object":"list","model":"e-1","data":[
		{"object":"embedding","index":2,"embedding":[5,6]}, {"object":"embedding","index":0,"embedding":[1,-2.5]},
		{"object":"embedding","index":1,"embedding":[1e-7,4]}],"usage":{"prompt_tokens":9,"total_tokens":9}}`))
	got, err := m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "answer", got, &llm.EmbedResponse{
		Vectors: [][]float32{{1, -2.5}, {1e-7, 4}, {5, 6}}, Model: "e-1", Usage: llm.Usage{Input: llm.Known(9)},
	})
}

func TestVectorsOfOtherDimensionsThanAskedFor(t *testing.T) {
	m := model(t, openai.Config{}, says(200, "application/json", `{"model":"e-1","data":[{"index":0,"embedding":[1,2,3]}]}`))
	got, err := m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}, Dimensions: 2})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "answer", got, &llm.EmbedResponse{
		Vectors: [][]float32{{1, 2, 3}}, Model: "e-1",
		Warnings: []llm.Warning{{Code: llm.WarnUnsupported, Setting: "Dimensions", Message: "the vectors have 3 dimensions, not the 2 asked for"}},
	})
	_, err = m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}, Dimensions: 2, FailOnUnsupported: true})
	wantError(t, err, llm.Unsupported, "Dimensions", "3 dimensions")
}

func TestEmbeddingRequests(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  llm.EmbedRequest
		want string
	}{
		{"plain", llm.EmbedRequest{Inputs: []string{"a", "<b>"}}, `{"model":"m","input":["a","<b>"],"encoding_format":"float"}`},
		{"dimensions", llm.EmbedRequest{Inputs: []string{"a"}, Dimensions: 256}, `{"model":"m","input":["a"],"encoding_format":"float","dimensions":256}`},
		{
			"options", llm.EmbedRequest{Inputs: []string{""}, Options: []llm.Options{openai.Options{User: "u", Extra: map[string]any{"reasoning": "low"}, EmbedExtra: map[string]any{"input_type": "query"}}}},
			`{"model":"m","input":[""],"encoding_format":"float","user":"u","input_type":"query"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := model(t, openai.Config{}, func(w http.ResponseWriter, r *http.Request) {
				data, _ := io.ReadAll(r.Body)
				equal(t, "body", fromJSON(t, string(data)), fromJSON(t, tt.want))
				says(200, "application/json", `{"data":[`+strings.Repeat(`{"embedding":[1]},`, len(tt.req.Inputs)-1)+`{"embedding":[1]}]}`)(w, r)
			})
			if _, err := m.Embed(t.Context(), &tt.req); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestEmbeddingsThatAreNotWhole(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		kind       llm.Kind
		want       string
	}{
		{"one missing", `{"data":[{"index":0,"embedding":[1]}]}`, llm.Protocol, "no vector for input 1"},
		{"one twice", `{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}`, llm.Protocol, "no vector for input 1"},
		{"one empty", `{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[]}]}`, llm.Protocol, "no vector for input 1"},
		{"one out of range", `{"data":[{"index":-1,"embedding":[1]},{"index":2,"embedding":[2]}]}`, llm.Protocol, "no vector for input 0"},
		{"none", `{"data":[]}`, llm.Protocol, "no vector for input 0"},
		{"an empty object", `{}`, llm.Protocol, "no vector for input 0"},
		{"an error", `{"error":{"message":"m","code":"insufficient_quota"}}`, llm.Quota, "m"},
		{"a text", `no`, llm.Protocol, "cannot decode the reply"},
		{"cut", `{"data":[{"index":0,"emb`, llm.Incomplete, "is truncated"},
		{"nothing", ``, llm.Incomplete, "is truncated"},
		{"a web page", `<html></html>`, llm.Protocol, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := model(t, openai.Config{}, says(200, "application/json", tt.body)).Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b"}})
			e := wantError(t, err, tt.kind, tt.want)
			equal(t, "op", e.Op, llm.OpEmbed)
		})
	}
}

func TestModelLists(t *testing.T) {
	created := time.Unix(1700000000, 0).UTC()
	for _, tt := range []struct {
		server openai.Server
		name   string
		body   string
		want   []llm.ModelInfo
	}{
		{openai.OpenAI, "OpenAI", `{"object":"list","data":[{"id":"gpt-4o","object":"model","created":1700000000,"owned_by":"system"},{"id":"o1"}]}`,
			[]llm.ModelInfo{{Provider: "openai", Name: "gpt-4o", OwnedBy: "system", Created: created}, {Provider: "openai", Name: "o1"}}},
		{openai.Together, "Together's bare list", `[{"id":"meta-llama/Llama-3","object":"model","created":1700000000,"type":"chat","display_name":"Llama 3","organization":"Meta","context_length":8192}]`,
			[]llm.ModelInfo{{Provider: "together", Name: "meta-llama/Llama-3", DisplayName: "Llama 3", ContextWindow: 8192, Created: created}}},
		{openai.VLLM, "vLLM", `{"object":"list","data":[{"id":"m","created":1700000000,"owned_by":"vllm","root":"/models/m","max_model_len":4096,"permission":[{"id":"p"}]}]}`,
			[]llm.ModelInfo{{Provider: "vllm", Name: "m", OwnedBy: "vllm", ContextWindow: 4096, Created: created}}},
		{openai.LlamaCpp, "llama.cpp", `{"models":[{"name":"x"}],"object":"list","data":[{"id":"tiny.gguf","object":"model","created":1700000000,"owned_by":"llamacpp","meta":{"vocab_type":1,"n_ctx_train":2048,"n_params":9,"size":1048576}}]}`,
			[]llm.ModelInfo{{Provider: "llama.cpp", Name: "tiny.gguf", OwnedBy: "llamacpp", ContextWindow: 2048, Bytes: 1 << 20, Created: created}}},
		{openai.OpenRouter, "OpenRouter", `{"data":[{"id":"a/b","name":"A: B","created":1700000000,"context_length":131072,"pricing":{"prompt":"0.1"},"top_provider":{"max_completion_tokens":16384}}]}`,
			[]llm.ModelInfo{{Provider: "openrouter", Name: "a/b", DisplayName: "A: B", ContextWindow: 131072, MaxOutput: 16384, Created: created}}},
		{openai.Groq, "Groq", `{"data":[{"id":"l","created":1700000000,"owned_by":"Meta","active":true,"context_window":8192,"max_completion_tokens":1024}]}`,
			[]llm.ModelInfo{{Provider: "groq", Name: "l", OwnedBy: "Meta", ContextWindow: 8192, MaxOutput: 1024, Created: created}}},
		{openai.OpenAI, "none", `{"object":"list","data":[]}`, []llm.ModelInfo{}},
		{openai.OpenAI, "null, as Ollama has it for none", `{"object":"list","data":null}`, []llm.ModelInfo{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := model(t, openai.Config{Server: tt.server}, says(200, "application/json", tt.body)).ListModels(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "models", got, tt.want)
		})
	}
}

func TestRepliesThatAreNoModelList(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		kind       llm.Kind
		want       string
	}{
		{"an error", `{"error":{"message":"m","code":"invalid_api_key"}}`, llm.Auth, "m"},
		{"an empty object", `{}`, llm.Protocol, "no list of models"},
		{"a list of something else", `{"data":[7]}`, llm.Protocol, "cannot decode the reply"},
		{"cut", `{"data":[{"id":"gpt-`, llm.Incomplete, "is truncated"},
		{"text", `ok`, llm.Protocol, "cannot decode the reply"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := model(t, openai.Config{}, says(200, "application/json", tt.body)).ListModels(t.Context())
			e := wantError(t, err, tt.kind, tt.want)
			equal(t, "op", e.Op, llm.OpListModels)
		})
	}
}

// embedder answers requests for embeddings as OpenAI does: each vector is the number in its
// text. It rejects requests above its limit.
func embedder(t *testing.T, limit int, sizes func(int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Input []string }
		data, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(data, &body); err != nil {
			t.Error(err)
		}
		sizes(len(body.Input))
		if len(body.Input) > limit {
			says(400, "application/json", `{"error":{"message":"'input' is too long","type":"invalid_request_error"}}`)(w, r)
			return
		}
		var list []string
		for i, text := range body.Input {
			list = append(list, fmt.Sprintf(`{"index":%d,"embedding":[%s]}`, i, text))
		}
		slices.Reverse(list)
		says(200, "application/json", fmt.Sprintf(`{"model":"e","data":[%s],"usage":{"prompt_tokens":%d,"total_tokens":%d}}`, strings.Join(list, ","), len(list), len(list)))(w, r)
	}
}

func TestFiveThousandTextsWorkEverywhere(t *testing.T) {
	texts := make([]string, 5000)
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	for server, limit := range map[openai.Server]int{
		openai.OpenAI: 2048, openai.Azure: 2048, openai.DashScope: 10, openai.ZAI: 64, openai.GeminiOpenAI: 100, openai.Cloudflare: 100, openai.Mistral: 5000, openai.VLLM: 2048,
	} {
		t.Run(string(server), func(t *testing.T) {
			config := openai.Config{Server: server}
			if server == openai.Cloudflare {
				config.BaseURL = "https://server.test/v1"
			}
			got, err := model(t, config, embedder(t, limit, func(int) {})).Embed(t.Context(), &llm.EmbedRequest{Inputs: texts})
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got.Vectors {
				if len(v) != 1 || v[0] != float32(i) {
					t.Fatalf("vector %d is %v", i, v)
				}
			}
			equal(t, "vectors, usage", []any{len(got.Vectors), got.Usage.Input}, []any{5000, llm.Known(5000)})
		})
	}
}

// The number of tokens is a limit as well, and the quirks can set both.
func TestLimitsOfEmbeddings(t *testing.T) {
	var lock sync.Mutex
	for name, tt := range map[string]struct {
		config openai.Config
		texts  []string
		want   []int
	}{
		"OpenAI's tokens": {openai.Config{}, slices.Repeat([]string{"0" + strings.Repeat(" ", 50_000)}, 25), []int{11, 11, 3}},
		"the quirks":      {openai.Config{Quirks: &openai.Quirks{EmbedInputs: 2}}, []string{"1", "2", "3"}, []int{2, 1}},
		"their tokens":    {openai.Config{Quirks: &openai.Quirks{EmbedTokens: 2}}, []string{"1", "2", "3"}, []int{2, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var sizes []int
			m := model(t, tt.config, embedder(t, 2048, func(n int) { lock.Lock(); defer lock.Unlock(); sizes = append(sizes, n) }))
			if _, err := m.Embed(t.Context(), &llm.EmbedRequest{Inputs: tt.texts}); err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(sizes, func(a, b int) int { return b - a })
			equal(t, "sizes", sizes, tt.want)
		})
	}
	_, err := openai.New(openai.Config{APIKey: testKey, Quirks: &openai.Quirks{EmbedInputs: -1}})
	wantError(t, err, llm.InvalidRequest, "EmbedInputs or EmbedTokens is negative")
}
