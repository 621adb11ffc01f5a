package ollama_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// FuzzReply gives the provider whatever body as a stream. It must not panic, and
// may make an answer of it only if a line says done:true; then the text is what
// encoding/json reads from the lines before.
func FuzzReply(f *testing.F) {
	f.Add(own.reply)
	f.Add(text("a") + "\n" + text("b") + "\n" + text("c") + "\n" + strings.Replace(text("d"), "content", "Content", 1) + "\n" + done)
	f.Add(text("a") + "\n" + `{"error":"boom"}` + "\n")
	f.Add(text("a") + "\n" + text("a") + "\n" + text("b") + "\n" + `{"message":null,"done":true}`)
	f.Add(`{"model":"m","message":{"content":"\ud83e\udd99"},"done":true,"logprobs":[{"bytes":[1]}]}`)
	f.Add(`{"model":"m","message":{"role":"assistant","content":"a"},"done":true,"done_reason":"stop","prompt_eval_count":9,"prompt_eval_cached_count":0,"eval_count":2}`)
	f.Add("null\n[]\n\"x\"\n")
	var body string
	p := provider(f, configWith(handled(func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusOK, "application/x-ndjson", body)(w, r)
	})))
	f.Fuzz(func(t *testing.T, fuzzed string) {
		body = fuzzed
		resp, err := ask(t, p, llm.Prompt("hi"))
		if err != nil {
			if _, ok := errors.AsType[*llm.Error](err); !ok {
				t.Errorf("the error %v is not an *llm.Error", err)
			}
			return
		}
		want, isDone := byLines(fuzzed)
		if !isDone {
			t.Fatal("an answer was made of a stream without done:true")
		}
		got := lineReading{resp.Text(), resp.Reasoning(), resp.Model, resp.RawFinishReason, resp.Usage.Input, resp.Usage.CacheRead}
		if resp.RawFinishReason == "load" || resp.RawFinishReason == "unload" {
			got.Input, got.Cached = want.Input, want.Cached // nothing was asked of the model
		}
		equal(t, "the answer", got, want)
	})
}

// lineReading is what a stream says, as encoding/json alone reads it.
type lineReading struct {
	Text, Thinking, Model, Reason string
	Input, Cached                 llm.Tokens
}

// byLines reads a stream's lines up to the value that says done:true, if there is one. A line
// can hold several values: some proxies remove line breaks.
func byLines(body string) (got lineReading, done bool) {
	begun := false
	for l := range strings.Lines(body) {
		for values := json.NewDecoder(strings.NewReader(l)); ; {
			var line struct {
				Model   string `json:"model"`
				Message struct {
					Content  string `json:"content"`
					Thinking string `json:"thinking"`
				} `json:"message"`
				Done   bool   `json:"done"`
				Reason string `json:"done_reason"`
				Prompt *int   `json:"prompt_eval_count"`
				Cached *int   `json:"prompt_eval_cached_count"`
			}
			if err := values.Decode(&line); err == io.EOF {
				break
			} else if err != nil {
				return got, false
			}
			if !begun { // the first value says who answers
				got.Model, begun = line.Model, true
			}
			got.Text += line.Message.Content
			got.Thinking += line.Message.Thinking
			if line.Done {
				got.Reason = line.Reason
				if line.Prompt != nil {
					got.Input = llm.Known(*line.Prompt)
				}
				if line.Cached != nil {
					got.Cached = llm.Known(*line.Cached)
				}
				return got, true
			}
		}
	}
	return got, false
}

// FuzzHost gives OLLAMA_HOST whatever value: it is refused, or makes a model.
func FuzzHost(f *testing.F) {
	for _, value := range []string{"", ":1", "[::1%eth0]:2", "https://a/b", "0.0.0.0", "a@b", "::", "http://[::]", `"x"`} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		model, err := providers.Config{Getenv: environment{"OLLAMA_HOST": value}.get}.Open("ollama/m")
		if err != nil {
			wantError(t, err, llm.InvalidRequest)
			return
		}
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	})
}
