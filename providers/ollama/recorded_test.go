package ollama_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

// These tests replay exchanges with a real Ollama 0.24 that were recorded in
// plain HTTP: NAME.req, NAME.hdr and NAME.body in a folder.

// exchange is a request and the reply to it, as they were sent.
type exchange struct {
	name      string
	path      string // of the API; empty if it was not recorded
	request   string // the body
	status    int
	mediaType string
	reply     string
}

func (e *exchange) handler() http.HandlerFunc { return says(e.status, e.mediaType, e.reply) }

// recordings returns the recorded exchanges with one path of the API.
func recordings(t testing.TB, path string) []exchange {
	t.Helper()
	var all []exchange
	for _, name := range providertest.Recordings(t, "ollama/*.body") {
		e := readExchange(t, name)
		switch {
		case e.path == path:
		case e.path == "" && path == "/api/chat" && strings.HasPrefix(e.reply, `{"model"`): // an answer whose request was not kept
		default:
			continue
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		t.Fatalf("there are no recordings of %s", path)
	}
	return all
}

func readExchange(t testing.TB, name string) exchange {
	t.Helper()
	recorded := providertest.Recording(t, name)
	e := exchange{
		name: path.Base(name), path: recorded.Path, request: recorded.Request,
		status: recorded.Status, mediaType: recorded.Header.Get("Content-Type"), reply: recorded.Body,
	}
	switch {
	case recorded.Header == nil:
		e.mediaType = "application/x-ndjson"
	case e.path == "" && strings.HasPrefix(e.mediaType, "text/event-stream"):
		e.path = "/v1/chat/completions"
	}
	return e
}

// reading is what a reply says, read line by line with nothing of the library.
type reading struct {
	Text, Thinking string
	Calls          []string // name and arguments
	Reason         string
	Usage          llm.Usage
	Logprobs       int
	Done           bool
	Failed         bool // it says so, by an error
}

func readReply(body string) (got reading) {
	for decoder := json.NewDecoder(strings.NewReader(body)); ; {
		var line struct {
			Message struct {
				Content, Thinking string
				ToolCalls         []struct {
					ID       string
					Function struct {
						Name      string
						Arguments json.RawMessage
					}
				} `json:"tool_calls"`
			}
			Done       bool
			DoneReason string `json:"done_reason"`
			Prompt     int    `json:"prompt_eval_count"`
			Answer     int    `json:"eval_count"`
			Logprobs   []any
			Error      any
		}
		if err := decoder.Decode(&line); err != nil {
			return got // the end, or a cut
		}
		if line.Error != nil {
			got.Failed = true
			return got
		}
		got.Text += line.Message.Content
		got.Thinking += line.Message.Thinking
		got.Logprobs += len(line.Logprobs)
		for _, call := range line.Message.ToolCalls {
			got.Calls = append(got.Calls, call.ID+" "+call.Function.Name+" "+string(call.Function.Arguments))
		}
		if line.Done {
			got.Done, got.Reason = true, line.DoneReason
			got.Usage = llm.Usage{Input: llm.Known(line.Prompt), Output: llm.Known(line.Answer)}
			return got
		}
	}
}

// readingOf is the same of what the library made of the reply.
func readingOf(resp *llm.Response, err error) (got reading) {
	got.Failed = err != nil && !errors.Is(err, llm.Incomplete)
	if resp == nil {
		return got
	}
	got.Text, got.Thinking = resp.Text(), resp.Reasoning()
	for _, call := range append(resp.ToolCalls(), resp.IncompleteCalls...) {
		got.Calls = append(got.Calls, call.ID+" "+call.Name+" "+call.Arguments)
	}
	got.Logprobs = len(resp.Logprobs)
	got.Done, got.Reason, got.Usage = err == nil, resp.RawFinishReason, resp.Usage
	return got
}

// wantKind says what the exchanges are that are no answers. An answer cut by
// the client or by the repeat guard shows in the reading.
var wantKind = map[string]llm.Kind{
	"err-json":                     llm.InvalidRequest,
	"err-json2":                    llm.InvalidRequest,
	"err-model":                    llm.NotFound,
	"err-model-show":               llm.NotFound,
	"err-nomodel":                  llm.InvalidRequest,
	"err-opt":                      llm.InvalidRequest,
	"err-type":                     llm.InvalidRequest,
	"err-405":                      llm.InvalidRequest,
	"format-bad":                   llm.InvalidRequest,
	"format-bad-stream":            llm.InvalidRequest,
	"keepalive-bad":                llm.InvalidRequest,
	"midstream-crash":              llm.Server,
	"midstream-crash-nostream":     llm.Server,
	"overflow-chat-notrunc":        llm.ContextLength,
	"overflow-chat-notrunc-stream": llm.ContextLength,
	"overflow-history-notrunc":     llm.ContextLength,
	"think-unsupported":            llm.Unsupported,
	"tool-unsupported":             llm.Unsupported,
}

func unstreamed(e *exchange) bool { return strings.HasPrefix(e.mediaType, "application/json") }

func TestRecordedChatsAreRead(t *testing.T) {
	for _, e := range recordings(t, "/api/chat") {
		t.Run(e.name, func(t *testing.T) {
			resp, err := ask(t, serve(t, e.handler()), with(func(r *llm.Request) { r.NonStreaming = unstreamed(&e) }))
			if failure, ok := errors.AsType[*llm.Error](err); ok {
				resp = failure.Partial
			}
			want := readReply(e.reply)
			want.Failed = want.Failed || e.status != http.StatusOK
			equal(t, "the answer", readingOf(resp, err), want)

			kind := wantKind[e.name]
			if kind == "" && !want.Done {
				kind = llm.Incomplete
			}
			equal(t, "the kind of the error", llm.KindOf(err), kind)
			if want.Done && len(want.Calls) > 0 {
				equal(t, "the finish reason", resp.FinishReason, llm.FinishToolCalls)
			}
		})
	}
}

func TestRecordedEmbeddingsAreRead(t *testing.T) {
	for _, e := range recordings(t, "/api/embed") {
		t.Run(e.name, func(t *testing.T) {
			var want struct {
				Model      string
				Embeddings [][]float32
				Prompt     int `json:"prompt_eval_count"`
			}
			if err := json.Unmarshal([]byte(e.reply), &want); err != nil {
				t.Fatal(err)
			}
			got, err := llm.New(serve(t, e.handler()), "m").Embed(t.Context(), &llm.EmbedRequest{Inputs: make([]string, len(want.Embeddings))})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the embeddings", got, &llm.EmbedResponse{
				Vectors: want.Embeddings, Model: want.Model, Usage: llm.Usage{Input: llm.Known(want.Prompt)},
			})
		})
	}
}

func TestRecordedModelListsAreRead(t *testing.T) {
	for _, e := range recordings(t, "/api/tags") {
		t.Run(e.name, func(t *testing.T) {
			got, err := llm.New(serve(t, e.handler()), "").ListModels(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			reply := fromJSON(t, e.reply).(map[string]any)["models"].([]any)
			equal(t, "the number of models", len(got), len(reply))
			for i, m := range reply {
				m := m.(map[string]any)
				details := m["details"].(map[string]any)
				quantization, _ := details["quantization_level"].(string)
				if quantization == "unknown" {
					quantization = ""
				}
				equal(t, "the model", []any{got[i].Name, got[i].Family, got[i].Parameters, got[i].Quantization, float64(got[i].Bytes), got[i].Created.Format("2006-01-02T15:04:05.999999999Z07:00")},
					[]any{m["name"], details["family"], details["parameter_size"], quantization, m["size"], m["modified_at"]})
			}
		})
	}
}

func TestRecordedVersionsAreRead(t *testing.T) {
	for _, e := range recordings(t, "/api/version") {
		got, err := serve(t, e.handler()).Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the version", got, fromJSON(t, e.reply).(map[string]any)["version"].(string))
	}
}

func TestRecordedModelsAreShown(t *testing.T) {
	for _, e := range recordings(t, "/api/show") {
		t.Run(e.name, func(t *testing.T) {
			got, err := serve(t, e.handler()).Show(t.Context(), "m")
			equal(t, "the kind of the error", llm.KindOf(err), wantKind[e.name])
			if err != nil {
				return
			}
			reply := fromJSON(t, e.reply).(map[string]any)
			info := reply["model_info"].(map[string]any)
			settings, _ := reply["parameters"].(string)
			equal(t, "the model", []any{float64(got.Info.ContextWindow), got.Template, got.Settings, got.Metadata},
				[]any{info["llama.context_length"], reply["template"], settings, info})
			equal(t, "its capabilities", strings.Join(got.Capabilities, " "), strings.Trim(strings.ReplaceAll(mustJSON(t, reply["capabilities"]), `","`, " "), `[]"`))
		})
	}
}

func TestRecordedPullsAreRead(t *testing.T) {
	for _, e := range recordings(t, "/api/pull") {
		t.Run(e.name, func(t *testing.T) {
			steps, err := pull(t, serve(t, e.handler()))
			wantError(t, err, llm.Network, "connection refused") // of the server to the registry
			equal(t, "the steps", steps, []ollama.PullProgress{{Status: "pulling manifest"}})
		})
	}
}

// TestRecordedRequestsAreSentAlike rebuilds what each recorded request means as
// a request of the library, and compares what that sends with the recording.
func TestRecordedRequestsAreSentAlike(t *testing.T) {
	compared := 0
	for _, e := range recordings(t, "/api/chat") {
		var recorded map[string]any
		if err := json.Unmarshal([]byte(e.request), &recorded); err != nil || recorded["model"] == nil {
			t.Logf("%s: not a request that the library can make: %.60q", e.name, e.request)
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			req := rebuild(t, recorded)
			if req.Messages[0].Role == "wizard" {
				t.Skip("the library has no such role, and refuses the request")
			}
			// What the server takes absent members for.
			setDefault(recorded, "stream", true)
			setDefault(recorded, "truncate", true)
			sent := sentChat(t, req).(map[string]any)
			sent["model"] = recorded["model"] // the test's model has another name
			equal(t, "the request's body", any(sent), any(recorded))
		})
		compared++
	}
	for _, e := range recordings(t, "/api/embed") {
		recorded := fromJSON(t, e.request).(map[string]any)
		var inputs []string
		for _, input := range recorded["input"].([]any) {
			inputs = append(inputs, input.(string))
		}
		setDefault(recorded, "truncate", true)
		_, sent, _ := sent(t, ollama.Config{}, embeds(&llm.EmbedRequest{Inputs: inputs, Options: options(ollama.Options{Truncate: new(true)})}, recorded["model"].(string)))
		equal(t, e.name+": the request's body", sent, any(recorded))
		compared++
	}
	if compared < 40 {
		t.Errorf("%d requests were compared; that is too few to be all", compared)
	}
}

func setDefault(object map[string]any, name string, value any) {
	if _, ok := object[name]; !ok {
		object[name] = value
	}
}

// rebuild returns the request that means what was recorded.
func rebuild(t *testing.T, recorded map[string]any) *llm.Request {
	t.Helper()
	req := new(llm.Request)
	own := ollama.Options{Truncate: new(true), Raw: map[string]any{}, Extra: map[string]any{}}
	for name, value := range recorded {
		switch name {
		case "model":
		case "messages":
			if list, ok := value.([]any); ok && len(list) > 0 {
				req.Messages = rebuildMessages(t, list)
			} else {
				req.Messages, own.Extra[name] = []llm.Message{llm.User("")}, value
			}
		case "stream":
			req.NonStreaming = !value.(bool)
		case "truncate":
			own.Truncate = new(value.(bool))
		case "shift":
			own.Shift = new(value.(bool))
		case "keep_alive":
			own.KeepAlive = strings.Trim(mustJSON(t, value), `"`)
			if own.KeepAlive == "soon" { // the library refuses it itself
				own.KeepAlive, own.Extra[name] = "", value
			}
		case "think":
			rebuildThinking(req, &own, value)
		case "format":
			if value == "json" {
				req.Format = new(llm.Format)
			} else if _, isSchema := value.(map[string]any); isSchema {
				req.Format = &llm.Format{Schema: json.RawMessage(mustJSON(t, value))}
			} else {
				own.Extra[name] = value
			}
		case "logprobs":
			req.Logprobs = value.(bool)
		case "top_logprobs":
			req.TopLogprobs = int(value.(float64))
		case "tools":
			for _, tool := range value.([]any) {
				f := tool.(map[string]any)["function"].(map[string]any)
				req.Tools = append(req.Tools, llm.Tool{
					Name: f["name"].(string), Description: f["description"].(string), Parameters: json.RawMessage(mustJSON(t, f["parameters"])),
				})
			}
		case "options":
			for name, value := range value.(map[string]any) {
				rebuildSetting(req, &own, name, value)
			}
		default:
			own.Extra[name] = value
		}
	}
	req.Options = options(own)
	return req
}

func rebuildThinking(req *llm.Request, own *ollama.Options, value any) {
	switch value := value.(type) {
	case string:
		req.ReasoningEffort = llm.ReasoningEffort(value)
	case bool:
		if value {
			own.Think = &value
		} else {
			req.ReasoningEffort = llm.EffortNone
		}
	}
}

func rebuildSetting(req *llm.Request, own *ollama.Options, name string, value any) {
	number, _ := value.(float64)
	switch {
	case name == "temperature" && value == number:
		req.Temperature = &number
	case name == "seed":
		req.Seed = new(int64(number))
	case name == "num_predict" && number > 0:
		req.MaxTokens = int(number)
	case name == "stop":
		for _, s := range value.([]any) {
			req.Stop = append(req.Stop, s.(string))
		}
	case name == "num_ctx":
		own.NumCtx = int(number)
	case name == "num_thread":
		own.NumThread = int(number)
	default:
		own.Raw[name] = value
	}
}

func rebuildMessages(t *testing.T, list []any) (messages []llm.Message) {
	t.Helper()
	for _, item := range list {
		item := item.(map[string]any)
		text, _ := item["content"].(string)
		role := llm.Role(item["role"].(string))
		if role == llm.RoleTool {
			messages = append(messages, llm.ToolResults(llm.ToolResult{Name: item["tool_name"].(string), Content: text}))
			continue
		}
		m := llm.Message{Role: role, Parts: []llm.Part{llm.Text{Text: text}}}
		calls, _ := item["tool_calls"].([]any)
		for _, call := range calls {
			f := call.(map[string]any)["function"].(map[string]any)
			m.Parts = append(m.Parts, llm.ToolCall{Name: f["name"].(string), Arguments: mustJSON(t, f["arguments"])})
		}
		messages = append(messages, m)
	}
	return messages
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}
