package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// configFor is how a program would be configured for a recorded server.
func configFor(name, base string) openai.Config {
	config := openai.Config{BaseURL: base, APIKey: testKey}
	switch {
	case strings.HasPrefix(name, "azure/"):
		config.Server, config.BaseURL = openai.Azure, strings.TrimSuffix(base, "/v1") // whose path the provider knows
	case strings.HasPrefix(name, "compat/groq"):
		config.Server = openai.Groq
	case strings.HasPrefix(name, "compat/llama-cpp"), strings.HasPrefix(name, "llamacpp/"):
		config.Server = openai.LlamaCpp
	case strings.HasPrefix(name, "compat/zai"):
		config.Quirks = &openai.Quirks{MaxTokensField: openai.MaxTokens, ReasoningField: openai.FieldReasoningContent}
	case strings.HasPrefix(name, "ollama/"):
		config.Quirks = &openai.Quirks{MaxTokensField: openai.MaxTokens}
	}
	return config
}

// replay is a server that gives a recorded reply and keeps the request.
type replay struct {
	*httptest.Server
	path, body string
}

func newReplay(t testing.TB, e openai.Exchange) *replay {
	t.Helper()
	r := &replay{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.path, r.body = req.Method+" "+req.URL.Path, string(body)
		for name, values := range e.Header {
			if name != "Content-Length" && name != "Transfer-Encoding" && name != "Keep-Alive" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(e.Status)
		io.WriteString(w, e.Body)
		if e.Unending {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// answerRead is what a reply says.
type answerRead struct {
	Text, Reasoning string
	Calls           []llm.ToolCall
	Finish          string // the server's word; "" if the reply stops without one
	Usage           map[string]int
	Error           string // the server's message, if it refuses
}

func TestRecordedChats(t *testing.T) {
	checked := 0
	for _, e := range openai.Exchanges(t) {
		if e.Path != "" && !strings.HasSuffix(e.Path, "/chat/completions") {
			continue
		}
		checked++
		t.Run(e.Name, func(t *testing.T) {
			server := newReplay(t, e)
			m := llm.New(provider(t, configFor(e.Name, server.URL+"/v1")), "m")
			req := llm.Prompt("hi")
			var recorded map[string]any
			if json.Valid([]byte(e.Request)) {
				recorded = fromJSON(t, e.Request).(map[string]any)
				if messages, _ := recorded["messages"].([]any); len(messages) > 0 {
					req = requestFrom(t, recorded)
					if name := at[string](recorded, "model"); name != "" {
						m = m.With(llm.WithName(name))
					}
				} else {
					recorded = nil // what no request of ours can be: only the reply is of use
				}
			}
			resp, err := m.Generate(t.Context(), req)
			checkReply(t, e, resp, err)
			if recorded != nil {
				equal(t, "path", server.path, "POST "+pathFor(e))
				sent := fromJSON(t, server.body).(map[string]any)
				if diff := cmp.Diff(meaning(t, recorded, recorded), meaning(t, sent, recorded)); diff != "" {
					t.Errorf("the request (-recorded +sent):\n%s", diff)
				}
			}
		})
	}
	t.Logf("%d recorded chats checked", checked)
	if checked == 0 {
		t.Error("there are no recorded chats")
	}
}

// pathFor is where a request of ours for a recorded one goes.
func pathFor(e openai.Exchange) string {
	if strings.HasPrefix(e.Name, "azure/") {
		return "/openai/v1/chat/completions"
	}
	return "/v1/chat/completions"
}

func checkReply(t *testing.T, e openai.Exchange, resp *llm.Response, err error) {
	t.Helper()
	want := readReply(t, e)
	if want.Error != "" {
		failure, ok := err.(*llm.Error)
		if !ok {
			t.Fatalf("the error is %v, want what the server says: %s", err, want.Error)
		}
		equal(t, "refusal", []any{failure.Status, failure.Message}, []any{e.Status, want.Error})
		return
	}
	if want.Finish == "" { // the reply stops before its end
		resp = wantError(t, err, llm.Incomplete).Partial
		err = nil
	}
	if err != nil {
		t.Fatal(err)
	}
	got := answerRead{
		Text: resp.Text(), Reasoning: resp.Reasoning(), Calls: resp.ToolCalls(), Finish: resp.RawFinishReason,
	}
	for name, tokens := range map[string]llm.Tokens{
		"input": resp.Usage.Input, "output": resp.Usage.Output, "cached": resp.Usage.CacheRead, "reasoning": resp.Usage.Reasoning,
	} {
		if tokens.IsKnown() {
			if got.Usage == nil {
				got.Usage = make(map[string]int)
			}
			got.Usage[name] = tokens.N
		}
	}
	equal(t, "what the reply says", got, want)
}

// readReply reads a recorded reply by itself: with maps, line by line.
func readReply(t testing.TB, e openai.Exchange) answerRead {
	t.Helper()
	if e.Status != 200 {
		return answerRead{Error: at[string](fromJSON(t, e.Body), "error", "message")}
	}
	var r answerRead
	if !strings.HasPrefix(strings.TrimSpace(e.Body), "data:") {
		r.take(fromJSON(t, e.Body), "message")
		return r
	}
	for line := range strings.Lines(e.Body) {
		data, isData := strings.CutPrefix(line, "data:")
		data = strings.TrimSpace(data)
		if isData && data != "[DONE]" && json.Valid([]byte(data)) {
			r.take(fromJSON(t, data), "delta")
		}
	}
	return r
}

// take adds what an object says; what its choice says is under that name.
func (r *answerRead) take(object any, name string) {
	for _, choice := range at[[]any](object, "choices") {
		r.Text += at[string](choice, name, "content")
		if reasoning := at[string](choice, name, "reasoning_content"); reasoning != "" {
			r.Reasoning += reasoning
		} else {
			r.Reasoning += at[string](choice, name, "reasoning")
		}
		for _, call := range at[[]any](choice, name, "tool_calls") {
			if id := at[string](call, "id"); id != "" {
				r.Calls = append(r.Calls, llm.ToolCall{ID: id, Name: at[string](call, "function", "name")})
			}
			r.Calls[len(r.Calls)-1].Arguments += at[string](call, "function", "arguments")
		}
		if finish := at[string](choice, "finish_reason"); finish != "" {
			r.Finish = finish
		}
	}
	for name, path := range map[string][]string{
		"input": {"prompt_tokens"}, "output": {"completion_tokens"},
		"cached":    {"prompt_tokens_details", "cached_tokens"},
		"reasoning": {"completion_tokens_details", "reasoning_tokens"},
	} {
		if n, err := at[json.Number](object, append([]string{"usage"}, path...)...).Int64(); err == nil {
			if r.Usage == nil {
				r.Usage = make(map[string]int)
			}
			r.Usage[name] = int(n)
		}
	}
}

// at returns what is at a path in decoded JSON, or zero.
func at[T any](v any, path ...string) T {
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	found, _ := v.(T)
	return found
}

func TestRecordedModelLists(t *testing.T) {
	checked := 0
	for _, e := range openai.Exchanges(t) {
		if !strings.HasSuffix(e.Path, "/models") {
			continue
		}
		checked++
		t.Run(e.Name, func(t *testing.T) {
			models, err := llm.New(provider(t, configFor(e.Name, newReplay(t, e).URL+"/v1")), "m").ListModels(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got, want []string
			for _, m := range models {
				got = append(got, m.Name+" "+m.OwnedBy)
			}
			for _, m := range at[[]any](fromJSON(t, e.Body), "data") {
				want = append(want, at[string](m, "id")+" "+at[string](m, "owned_by"))
			}
			equal(t, "models", got, want)
		})
	}
	t.Logf("%d recorded model lists checked", checked)
	if checked == 0 {
		t.Error("there are no recorded model lists")
	}
}

func TestRecordedAnswersCut(t *testing.T) {
	bodies, places := 0, 0
	for _, e := range openai.Exchanges(t) {
		if !strings.HasPrefix(e.Body, "data:") || len(e.Body) > 16<<10 {
			continue
		}
		bodies++
		cuts := offsets(e.Body, 20)
		places += 2 * len(cuts)
		t.Run(e.Name, func(t *testing.T) {
			for _, end := range []ending{cleanEnd, reset} {
				synctest.Test(t, func(t *testing.T) { cutAt(t, e.Body, end, cuts) })
			}
		})
	}
	t.Logf("%d recorded streams cut at %d places", bodies, places)
	if bodies == 0 {
		t.Error("there are no recorded streams")
	}
}
