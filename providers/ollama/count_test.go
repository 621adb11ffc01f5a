package ollama_test

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// wordsVocabulary is a vocabulary of SentencePiece's kind with a few whole
// words, as /api/show has it when it is verbose.
const wordsVocabulary = `{"model_info":{"general.architecture":"llama",
	"tokenizer.ggml.model":"llama","tokenizer.ggml.pre":"default",
	"tokenizer.ggml.tokens":["<unk>","<s>","</s>","▁","a","b","▁a","▁b","ab","▁ab","<end>"],
	"tokenizer.ggml.scores":[0,0,0,-9,-9,-9,-1,-2,-3,-4,0],
	"tokenizer.ggml.token_type":[2,3,3,1,1,1,1,1,1,1,3],
	"tokenizer.ggml.bos_token_id":1,"tokenizer.ggml.eos_token_id":2,"tokenizer.ggml.unknown_token_id":0,
	"tokenizer.ggml.add_bos_token":true,"tokenizer.ggml.add_eos_token":false,"tokenizer.ggml.add_space_prefix":true},
	"modified_at":"2026-11-23T16:44:40Z"}`

// counting is a server that renders every request as the same prompt.
type counting struct {
	prompt string
	images int
	info   string // reply to /api/show when it is verbose

	mu    sync.Mutex
	asked []string // paths, with what is special about the request
	body  any      // of the last chat
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	var request struct {
		Verbose bool `json:"verbose"`
	}
	json.Unmarshal(data, &request)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.URL.Path == "/api/show" && request.Verbose:
		c.asked = append(c.asked, "show all")
		says(200, "application/json", c.info)(w, r)
	case r.URL.Path == "/api/show":
		c.asked = append(c.asked, "show")
		says(200, "application/json", `{"model_info":{"tokenizer.ggml.tokens":null},"modified_at":"2026-11-23T16:44:40Z"}`)(w, r)
	default:
		c.asked = append(c.asked, "render")
		json.Unmarshal(data, &c.body)
		reply, _ := json.Marshal(map[string]any{
			"model": "m", "message": map[string]any{"role": "", "content": ""}, "done": false,
			"_debug_info": map[string]any{"rendered_template": c.prompt, "image_count": c.images},
		})
		says(200, "application/json", string(reply))(w, r)
	}
}

func TestTokensAreCountedInTheRenderedPrompt(t *testing.T) {
	for _, tt := range []struct {
		name, prompt string
		images       int
		want         llm.TokenCount
	}{
		{"text", "ab a", 0, llm.TokenCount{ // <s> ▁ab ▁a
			Tokens: 3, Exact: true, Source: "the prompt rendered by Ollama, with the model's vocabulary",
		}},
		{"control tokens", "ab<end>", 0, llm.TokenCount{ // <s> ▁ab <end>
			Tokens: 3, Exact: true, Source: "the prompt rendered by Ollama, with the model's vocabulary",
		}},
		{"an image", "a", 1, llm.TokenCount{ // <s> ▁a, and who knows
			Tokens: 2, Source: "the prompt rendered by Ollama, with the model's vocabulary; without images",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := &counting{prompt: tt.prompt, images: tt.images, info: wordsVocabulary}
			model := llm.New(serve(t, server.ServeHTTP), "m")
			got, err := model.CountTokens(t.Context(), llm.Prompt("hi"))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the count", *got, tt.want)
			equal(t, "what the server renders", server.body, fromJSON(t,
				`{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":false,"truncate":false,"_debug_render_only":true}`))
			if _, err := model.CountTokens(t.Context(), llm.Prompt("hi")); err != nil {
				t.Fatal(err)
			}
			equal(t, "what the server was asked in two counts", server.asked,
				[]string{"show", "show all", "render", "show", "render"})
		})
	}
}

func TestTokensThatCannotBeCountedAreAnError(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		kind    llm.Kind
		says    string
	}{
		{"an unknown model", says(404, "application/json", `{"error":"model 'm' not found"}`), llm.NotFound, "ollama pull m"},
		{"a vocabulary that is not shown", (&counting{info: `{"model_info":{"tokenizer.ggml.tokens":null}}`}).ServeHTTP, llm.Unsupported, "vocabulary"},
		{"a server that does not render", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/show" {
				says(200, "application/json", wordsVocabulary)(w, r)
				return
			}
			says(200, "application/json", `{"model":"m","message":{"role":"assistant","content":"hi"},"done":true}`)(w, r)
		}, llm.Unsupported, "cannot render prompts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := llm.New(serve(t, tt.handler), "m").CountTokens(t.Context(), llm.Prompt("hi"))
			wantError(t, err, tt.kind, "ollama/m", tt.says)
		})
	}
}
