package llamacpp_test

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
	"github.com/parley-llm/parley/providers/llamacpp"
)

// These tests replay exchanges with a real llama.cpp server that were recorded in
// plain HTTP: NAME.req, NAME.hdr and NAME.body in a folder.

// recorded is a request's body and the reply to it.
type recorded struct {
	request string
	wire    llmtest.HTTPReply
}

func recording(t testing.TB, name string) recorded {
	t.Helper()
	e := providertest.Recording(t, "llamacpp/"+name)
	mediaType := "text/event-stream"
	if e.Header != nil {
		mediaType = e.Header.Get("Content-Type")
	}
	return recorded{e.Request, llmtest.HTTPReply{Status: e.Status, Header: http.Header{"Content-Type": {mediaType}}, Body: []byte(e.Body)}}
}

// replaying returns a provider of a server that answers with these recordings,
// one after another.
func replaying(t testing.TB, names ...string) (*llamacpp.Provider, *llmtest.Server) {
	t.Helper()
	var wires []llmtest.HTTPReply
	for _, name := range names {
		wires = append(wires, recording(t, name).wire)
	}
	srv := llmtest.NewServer(t, wires...)
	return provider(t, llamacpp.Config{BaseURL: srv.URL, HTTPClient: srv.Client()}), srv
}

// said is what a reply says, read by itself.
type said struct {
	Text, Reason string
	Usage        llm.Usage
}

// read reads a reply of either dialect with nothing of the library.
func read(t testing.TB, body string) (got said) {
	t.Helper()
	for line := range strings.Lines(body) {
		data := strings.TrimPrefix(strings.TrimSpace(line), "data: ")
		var c struct {
			Content   string
			Stop      bool
			StopType  string `json:"stop_type"`
			Evaluated int    `json:"tokens_evaluated"`
			Predicted int    `json:"tokens_predicted"`
			Timings   struct {
				Cached int `json:"cache_n"`
			}
			Choices []struct {
				Delta, Message struct{ Content string }
				Reason         string `json:"finish_reason"`
			}
			Usage *struct {
				Prompt  int `json:"prompt_tokens"`
				Answer  int `json:"completion_tokens"`
				Details struct {
					Cached int `json:"cached_tokens"`
				} `json:"prompt_tokens_details"`
			}
		}
		if !strings.HasPrefix(data, "{") || json.Unmarshal([]byte(data), &c) != nil {
			continue // an empty line, [DONE], a cut
		}
		got.Text += c.Content
		if c.Stop {
			got.Reason = c.StopType
			got.Usage = llm.Usage{Input: llm.Known(c.Evaluated), Output: llm.Known(c.Predicted), CacheRead: llm.Known(c.Timings.Cached)}
		}
		for _, choice := range c.Choices {
			got.Text += choice.Delta.Content + choice.Message.Content
			got.Reason += choice.Reason
		}
		if u := c.Usage; u != nil {
			got.Usage = llm.Usage{Input: llm.Known(u.Prompt), Output: llm.Known(u.Answer), CacheRead: llm.Known(u.Details.Cached)}
		}
	}
	return got
}

// once is the question of the recordings.
func once(o llamacpp.Options) *llm.Request {
	req := llm.Prompt("Once upon a time")
	req.Temperature, req.Options = new(0.0), []llm.Options{o}
	return req
}

func TestRecordedAnswers(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"name":{"type":"string","maxLength":12},` +
		`"age":{"type":"integer","minimum":0,"maximum":150}},"required":["name","age"],"additionalProperties":false}`)
	plain := llamacpp.Options{Template: "plain", RepeatPenalty: new(1.0)}
	for _, test := range []struct {
		name   string
		change func(*llm.Request)
		before []string // replies that come first
	}{
		{"v1-chat", func(r *llm.Request) { r.MaxTokens, r.NonStreaming = 8, true }, nil},
		{"v1-chat-stream", func(r *llm.Request) {
			r.MaxTokens, r.Options = 4, []llm.Options{llamacpp.Options{RepeatPenalty: new(1.1)}}
		}, nil},
		{"chain-stream", func(r *llm.Request) { r.Messages = llm.Prompt("hi").Messages }, nil},
		{"err-model", func(r *llm.Request) {
			r.Messages, r.MaxTokens, r.NonStreaming, r.Temperature = llm.Prompt("x").Messages, 1, true, nil
		}, nil},
		{"v1-schema", func(r *llm.Request) {
			r.Messages, r.MaxTokens, r.NonStreaming, r.Format = llm.Prompt("Once").Messages, 400, true, &llm.Format{Name: "x", Schema: schema}
		}, nil},
		{"completion", func(r *llm.Request) {
			r.MaxTokens, r.NonStreaming = 32, true
			o := plain
			o.Extra = map[string]any{"return_tokens": true}
			r.Options = []llm.Options{o}
		}, []string{"tokenize"}},
		{"completion-stream", func(r *llm.Request) { r.MaxTokens, r.Options = 4, []llm.Options{plain} }, []string{"tokenize"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, srv := replaying(t, append(test.before, test.name)...)
			req := once(llamacpp.Options{})
			test.change(req)
			req.KeepRaw = true
			model := "nope"
			resp, err := llm.New(p, model).Generate(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			e := recording(t, test.name)
			equal(t, "answer", said{resp.Text(), resp.RawFinishReason, resp.Usage}, read(t, string(e.wire.Body)))
			if len(resp.Warnings) > 0 {
				t.Errorf("there are warnings: %v", resp.Warnings)
			}
			if _, ok := llamacpp.TimingsOf(resp); !ok && test.name != "chain-stream" {
				t.Error("the reply has timings, and none are found in it")
			}

			requests := srv.Requests()
			got, want := fromJSON(t, string(requests[len(requests)-1].Body)).(map[string]any), fromJSON(t, e.request).(map[string]any)
			if ids, ok := got["prompt"].([]any); ok { // what the server made of the recorded prompt
				equal(t, "prompt", map[string]any{"tokens": ids}, fromJSON(t, string(recording(t, "tokenize").wire.Body)))
				got["prompt"] = want["prompt"]
			}
			for name, unsaid := range map[string]any{"stream": false, "model": model} {
				if want[name] == nil && got[name] == unsaid {
					delete(got, name)
				}
			}
			if format, ok := got["response_format"].(map[string]any); ok { // which OpenAI's dialect has
				delete(format["json_schema"].(map[string]any), "strict")
			}
			equal(t, "request", got, want)
		})
	}
}

func TestRecordedRefusals(t *testing.T) {
	ask := func(p *llamacpp.Provider) error {
		_, err := llm.New(p, "m").Generate(t.Context(), llm.Prompt("x"))
		return err
	}
	for name, test := range map[string]struct {
		call   func(*llamacpp.Provider) error
		kind   llm.Kind
		pieces []string
	}{
		"overflow":        {ask, llm.ContextLength, []string{"request (4018 tokens) exceeds the available context size (2048 tokens)"}},
		"overflow-stream": {ask, llm.ContextLength, []string{"4018 tokens"}},
		"err-nomsg":       {ask, llm.InvalidRequest, []string{"'messages' is required"}},
		"err-json":        {ask, llm.Server, []string{"parse error at line 1"}},
		"err-404":         {ask, llm.NotFound, []string{"File Not Found"}},
		"embed": {func(p *llamacpp.Provider) error {
			_, err := llm.New(p, "m").Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"hello"}})
			return err
		}, llm.Unsupported, []string{"does not support embeddings"}},
	} {
		p, _ := replaying(t, name)
		wantError(t, test.call(p), test.kind, test.pieces...)
	}
}

// The one was left by its client, the other by a server that was killed.
func TestRecordedCutsAreIncompleteAnswers(t *testing.T) {
	for name, o := range map[string]llamacpp.Options{"midstream-crash": {}, "cancel": {Template: "plain"}} {
		e := recording(t, name)
		srv := llmtest.NewServer(t)
		if o.Template != "" {
			srv.Add(recording(t, "tokenize").wire)
		}
		srv.Add(e.wire)
		p := provider(t, llamacpp.Config{BaseURL: srv.URL, HTTPClient: srv.Client()})
		_, err := llm.New(p, "m").Generate(t.Context(), once(o))
		wantError(t, err, llm.Incomplete)
		var failed *llm.Error
		if asError(err, &failed); failed.Partial == nil || failed.Partial.Text() != read(t, string(e.wire.Body)).Text {
			t.Errorf("%s: the partial answer is not what the server had said", name)
		}
	}
}

func TestRecordedStreamsCutAnywhere(t *testing.T) {
	for name, o := range map[string]llamacpp.Options{
		"completion-stream": {Template: "plain"}, "v1-chat-stream": {}, "chain-stream": {}, "cancel": {Template: "plain"},
	} {
		e := recording(t, name)
		whole := read(t, string(e.wire.Body))
		complete := completeAt(string(e.wire.Body))
		srv := llmtest.NewServer(t)
		p := provider(t, llamacpp.Config{BaseURL: srv.URL, HTTPClient: &http.Client{Transport: tokenizer{srv.Client().Transport}}})
		for i, n := range providertest.Offsets(string(e.wire.Body)) {
			if raceEnabled && i%16 > 0 && len(e.wire.Body) > providertest.EveryByte {
				continue // a thousand frames that are all alike, ten times as slow
			}
			for _, broken := range []bool{false, true} {
				cut := e.wire.CutClean(n)
				if broken {
					cut = e.wire.CutReset(n)
				}
				srv.Add(cut)
				resp, err := llm.New(p, "m").Generate(t.Context(), once(o))
				switch {
				case err == nil && n < complete:
					t.Fatalf("%s, cut after %d bytes, passes as success: %q", name, n, resp.Text())
				case err == nil && resp.Text() != whole.Text:
					t.Fatalf("%s, cut after %d bytes: the text is %q, want %q", name, n, resp.Text(), whole.Text)
				case err == nil:
					continue
				case n >= complete && !broken:
					t.Fatalf("%s, cut after %d bytes, of which %d are a whole answer: %v", name, n, complete, err)
				}
				var failed *llm.Error
				asError(err, &failed)
				if failed.Kind != llm.Incomplete || failed.Partial != nil && !strings.HasPrefix(whole.Text, failed.Partial.Text()) {
					t.Fatalf("%s, cut after %d bytes: %v, with the text %q", name, n, err, failed.Partial.Text())
				}
			}
		}
	}
}

// completeAt returns how many bytes of a stream make a whole answer: up to the
// frame that says so.
func completeAt(body string) int {
	for _, mark := range []string{`"stop":true`, `"finish_reason":"`} {
		if i := strings.Index(body, mark); i >= 0 {
			return i + strings.Index(body[i:], "\n")
		}
	}
	return len(body) + 1
}

func TestRecordedCountsAreTheServersOwn(t *testing.T) {
	p, srv := replaying(t, "v1-input-tokens")
	count, err := llm.New(p, "m").CountTokens(t.Context(), once(llamacpp.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	usage := read(t, string(recording(t, "v1-chat").wire.Body)).Usage.Input.N // of the same chat
	equal(t, "count", *count, llm.TokenCount{Tokens: usage, Exact: true, Source: "llama.cpp /chat/completions/input_tokens"})
	equal(t, "what is counted", fromJSON(t, string(srv.Requests()[0].Body)).(map[string]any)["messages"], fromJSON(t, recording(t, "v1-input-tokens").request).(map[string]any)["messages"])

	p, srv = replaying(t, "tokenize")
	count, err = llm.New(p, "m").CountTokens(t.Context(), once(llamacpp.Options{Template: "plain"}))
	if err != nil {
		t.Fatal(err)
	}
	usage = read(t, string(recording(t, "completion").wire.Body)).Usage.Input.N
	equal(t, "count in a prompt format", *count, llm.TokenCount{Tokens: usage, Exact: true, Source: `llama.cpp /tokenize, in the prompt format "plain"`})
	equal(t, "what is tokenized", fromJSON(t, string(srv.Requests()[0].Body)),
		fromJSON(t, `{"model":"m","content":["","Once upon a time"],"add_special":true,"parse_special":false}`))
}

func TestRecordedProperties(t *testing.T) {
	p, _ := replaying(t, "props", "slots", "cancel-pre", "v1-models")
	props, err := p.Props(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(props.Template, "add_generation_prompt") {
		t.Errorf("the template is %q", props.Template)
	}
	props.Template = ""
	equal(t, "properties", *props, llamacpp.Props{
		Info: llm.ModelInfo{
			Provider: "llamacpp", Name: "tiny-f32", ContextWindow: 2048, Quantization: "all F32",
			Input: []llm.Modality{llm.ModalityText}, Output: []llm.Modality{llm.ModalityText},
			Capabilities: []llm.Capability{llm.CanStream, llm.CanFollowJSON, llm.CanCache},
		},
		Slots: 4, BOS: "<s>", EOS: "</s>", Build: "b1-de3ff81",
	})

	slots, err := p.Slots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "slots", slots, []llamacpp.Slot{
		{ID: 0, ContextWindow: 2048}, {ID: 1, ContextWindow: 2048}, {ID: 2, ContextWindow: 2048}, {ID: 3, ContextWindow: 2048},
	})
	if slots, err = p.Slots(t.Context()); err != nil || len(slots) != 4 || slots[0].PromptTokens != 40 {
		t.Errorf("the slots after a request are %+v, %v", slots, err)
	}

	models, err := llm.New(p, "m").ListModels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "models", models, []llm.ModelInfo{{
		Provider: "llamacpp", Name: "tiny-f32", OwnedBy: "llamacpp", ContextWindow: 2048,
		Parameters: "615.3K", Quantization: "all F32", Bytes: 2461184,
	}})
}

func TestRecordedTemplateIsWhatAnswersGoOnFrom(t *testing.T) {
	e := recording(t, "apply-template")
	s := serve(t, map[string]string{"/apply-template": strings.Replace(string(e.wire.Body), `\n"}`, `\n There was"}`, 1), "/completion": piece + end})
	p := provider(t, llamacpp.Config{BaseURL: s.url})
	req := once(llamacpp.Options{})
	req.Messages = append(req.Messages, llm.Assistant(" There was"))
	if got := mustAsk(t, p, req).Text(); got != "Hello" {
		t.Errorf("the rest of the answer is %q", got)
	}
	want := fromJSON(t, e.request).(map[string]any)
	want["model"] = "m" // for a router; a server of one model ignores it
	want["messages"] = append(want["messages"].([]any), map[string]any{"role": "assistant", "content": " There was"})
	equal(t, "chat to render", s.body(t, "/apply-template"), want)
	equal(t, "prompt", s.body(t, "/completion")["prompt"], any("<|user|>\nOnce upon a time\n<|assistant|>\n There was"))
}

// unspoken are endpoints that the provider has no use for.
var unspoken = map[string]string{
	"detokenize":      "answers come as text",
	"tokenize-pieces": "the pieces of tokens are of no use to a chat; the ids of this text are held by interop's real server",
	"health":          "a call says by itself whether the server is there",
	"metrics":         "for a monitor, not for a program that chats",
}

func TestEveryRecordingIsReplayed(t *testing.T) {
	recording(t, "props") // skips where there are none
	source, err := os.ReadFile("recorded_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(os.Getenv("PARLEY_CONFORMANCE"), "llamacpp", "*.body"))
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".body"); !strings.Contains(string(source), `"`+name+`"`) {
			t.Errorf("nothing replays the recording %s", name)
		}
	}
	for name, why := range unspoken {
		t.Logf("%s is not replayed: %s", name, why)
	}
}
