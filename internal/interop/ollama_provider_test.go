package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/interop/ollamatest"
	"github.com/parley-llm/parley/internal/tinyllama"
	"github.com/parley-llm/parley/llm"
	parleyollama "github.com/parley-llm/parley/providers/ollama"
)

// These tests use a real Ollama server through the library.

func ollamaModel(t *testing.T, server *ollamatest.Server, name string) *llm.Model {
	t.Helper()
	return llm.New(ollamaProvider(t, server), name)
}

func ollamaProvider(t *testing.T, server *ollamatest.Server) *parleyollama.Provider {
	t.Helper()
	p, err := parleyollama.New(parleyollama.Config{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// question returns a request with a deterministic answer (on one processor) and the given
// options.
func question(text string, more ...func(*llm.Request, *parleyollama.Options)) *llm.Request {
	req := llm.Prompt(text)
	req.Temperature = new(0.0)
	own := parleyollama.Options{NumThread: 1}
	for _, change := range more {
		change(req, &own)
	}
	req.Options = []llm.Options{own}
	return req
}

// script returns the reply of a scripted model.
func script(t *testing.T, name string) string {
	t.Helper()
	for _, m := range tinyllama.Ready() {
		if m.Name == name {
			return m.Says
		}
	}
	t.Fatalf("unknown model %q", name)
	return ""
}

// rawAsk posts a request without streaming in plain HTTP, and decodes the reply.
func rawAsk(t *testing.T, server *ollamatest.Server, path string, request map[string]any, reply any) {
	t.Helper()
	postJSON(t, server.URL+path, request, reply)
}

// postJSON posts a request in plain HTTP and decodes the reply.
func postJSON(t *testing.T, url string, request, reply any) {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(data, reply)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s: %s (%v)", url, response.Status, data, err)
	}
}

func wantKind(t *testing.T, err error, kind llm.Kind, pieces ...string) *llm.Error {
	t.Helper()
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("the error is %v, want one of kind %q", err, kind)
	}
	for _, piece := range pieces {
		if !strings.Contains(err.Error(), piece) {
			t.Errorf("the error %q does not contain %q", err, piece)
		}
	}
	return e
}

func TestOllamaChatSaysItsSentence(t *testing.T) {
	server := ollama.Server(t)
	model := ollamaModel(t, server, "chain")
	var raw struct {
		Prompt int `json:"prompt_eval_count"`
		Answer int `json:"eval_count"`
	}
	rawAsk(t, server, "/api/chat", chat("chain", map[string]any{"stream": false}), &raw)
	want := llm.Usage{Input: llm.Known(raw.Prompt), Output: llm.Known(raw.Answer)}
	if raw.Prompt == 0 || raw.Answer == 0 {
		t.Fatalf("the server reports the counts %+v", raw)
	}

	for _, unstreamed := range []bool{false, true} {
		t.Run(fmt.Sprint("unstreamed ", unstreamed), func(t *testing.T) {
			stream := model.Stream(t.Context(), question("hi", func(r *llm.Request, _ *parleyollama.Options) { r.NonStreaming = unstreamed }))
			var text strings.Builder
			for piece, err := range stream.Text() {
				if err != nil {
					t.Fatal(err)
				}
				text.WriteString(piece)
			}
			if got, want := text.String(), script(t, "chain"); got != want || !strings.Contains(got, "🦙") {
				t.Errorf("the model's text is %q, want %q", got, want)
			}
			resp := stream.Response()
			if diff := cmp.Diff(want, resp.Usage); diff != "" {
				t.Errorf("the usage (-the server's figures, +got):\n%s", diff)
			}
			if resp.FinishReason != llm.FinishStop || resp.Model != "chain" || len(resp.Warnings) > 0 {
				t.Errorf("the answer is of model %q, finished by %q, with warnings %v", resp.Model, resp.FinishReason, resp.Warnings)
			}
		})
	}
	t.Run("cut by the limit on tokens", func(t *testing.T) {
		resp, err := model.Generate(t.Context(), question("hi", func(r *llm.Request, _ *parleyollama.Options) { r.MaxTokens = 2 }))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Text() != " Hello there from the" || resp.FinishReason != llm.FinishLength || resp.Usage.Output != llm.Known(2) {
			t.Errorf("the answer is %q, finished by %q after %v tokens", resp.Text(), resp.FinishReason, resp.Usage.Output)
		}
	})
	t.Run("cut by a stop sequence", func(t *testing.T) {
		resp, err := model.Generate(t.Context(), question("hi", func(r *llm.Request, _ *parleyollama.Options) { r.Stop = []string{"exactly"} }))
		if err != nil {
			t.Fatal(err)
		}
		if want := " Hello there from the tiny llama. It always gives "; resp.Text() != want || resp.FinishReason != llm.FinishStop {
			t.Errorf("the answer is %q, finished by %q, want %q by %q", resp.Text(), resp.FinishReason, want, llm.FinishStop)
		}
	})
}

func TestOllamaThinking(t *testing.T) {
	model := ollamaModel(t, ollama.Server(t), "think")
	for _, test := range []struct {
		name            string
		change          func(*llm.Request, *parleyollama.Options)
		reasoning, text string
	}{
		{"by default", func(*llm.Request, *parleyollama.Options) {}, "Let me ponder this.", "The answer is 42."},
		{"with high effort", func(r *llm.Request, _ *parleyollama.Options) { r.ReasoningEffort = llm.EffortHigh }, "Let me ponder this.", "The answer is 42."},
		{"switched on", func(_ *llm.Request, o *parleyollama.Options) { o.Think = new(true) }, "Let me ponder this.", "The answer is 42."},
		// The server asks the model to do so, and does not change its answer.
		{"switched off", func(r *llm.Request, _ *parleyollama.Options) { r.ReasoningEffort = llm.EffortNone }, "", script(t, "think")},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, err := model.Generate(t.Context(), question("q", test.change))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{test.reasoning, test.text}, []string{resp.Reasoning(), resp.Text()}); diff != "" {
				t.Errorf("reasoning and text (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("of a model that cannot", func(t *testing.T) {
		_, err := ollamaModel(t, ollama.Server(t), "tiny").Generate(t.Context(), question("q", func(r *llm.Request, _ *parleyollama.Options) { r.ReasoningEffort = llm.EffortLow }))
		wantKind(t, err, llm.Unsupported, "does not support thinking")
	})
}

func TestOllamaTools(t *testing.T) {
	weather := llm.Tool{
		Name: "get_weather", Description: "Weather in a city",
		Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
	}
	withTools := func(r *llm.Request, _ *parleyollama.Options) { r.Tools = []llm.Tool{weather} }
	for model, text := range map[string]string{"tool": "", "toolxml": "Let me look."} {
		t.Run(model, func(t *testing.T) {
			m := ollamaModel(t, ollama.Server(t), model)
			req := question("weather?", withTools)
			resp, err := m.Generate(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			calls := resp.ToolCalls()
			if len(calls) != 1 || calls[0].Name != "get_weather" || calls[0].Arguments != `{"city":"Paris"}` || calls[0].ID == "" {
				t.Fatalf("the calls are %+v, want one of get_weather for Paris, with an id", calls)
			}
			if resp.Text() != text || resp.FinishReason != llm.FinishToolCalls || resp.RawFinishReason != "stop" {
				t.Errorf("the text is %q, finished by %q (%q)", resp.Text(), resp.FinishReason, resp.RawFinishReason)
			}

			// The prompt that the server renders for the next turn.
			req.Messages = append(req.Messages, resp.Messages...)
			req.Messages = append(req.Messages, llm.ToolResults(llm.ToolResult{CallID: calls[0].ID, Content: "sunny"}))
			if prompt := render(t, ollama.Server(t), req, model); !strings.Contains(prompt, `{"city":"Paris"}`) || !strings.Contains(prompt, "<|tool|>\nsunny") {
				t.Errorf("the prompt of the next turn lacks the call or its result:\n%s", prompt)
			}
		})
	}
	t.Run("of a model that cannot", func(t *testing.T) {
		_, err := ollamaModel(t, ollama.Server(t), "tiny").Generate(t.Context(), question("q", withTools))
		wantKind(t, err, llm.Unsupported, "does not support tools")
	})
}

// render returns the prompt that the server renders from a request's messages. The
// request body is the one that the provider sends, recorded by a transport.
func render(t *testing.T, server *ollamatest.Server, req *llm.Request, model string) string {
	t.Helper()
	var note noteBody
	p, err := parleyollama.New(parleyollama.Config{BaseURL: server.URL, HTTPClient: &http.Client{Transport: &note}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := llm.New(p, model).Generate(t.Context(), req); !errors.Is(err, errNoted) {
		t.Fatalf("the request was not sent: %v", err)
	}
	var request map[string]any
	if err := json.Unmarshal(note.body, &request); err != nil {
		t.Fatal(err)
	}
	request["_debug_render_only"] = true
	var reply struct {
		Info struct {
			Prompt string `json:"rendered_template"`
		} `json:"_debug_info"`
	}
	rawAsk(t, server, "/api/chat", request, &reply)
	return reply.Info.Prompt
}

var errNoted = errors.New("noted, not sent")

type noteBody struct{ body []byte }

func (n *noteBody) RoundTrip(r *http.Request) (*http.Response, error) {
	var err error
	if n.body, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	return nil, errNoted
}

func TestOllamaFollowsASchema(t *testing.T) {
	req := question("Once", func(r *llm.Request, o *parleyollama.Options) {
		r.Format = &llm.Format{Schema: json.RawMessage(`{"type":"object","properties":{"name":{"type":"string","maxLength":12},` +
			`"age":{"type":"integer","minimum":0,"maximum":150},"ok":{"type":"boolean"}},"required":["name","age","ok"],"additionalProperties":false}`)}
		r.Temperature, r.Seed, r.MaxTokens, r.FailOnUnsupported = new(0.8), new(int64(1)), 400, true
	})
	resp, err := ollamaModel(t, ollama.Server(t), "tiny").Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name *string
		Age  *int
		OK   *bool
	}
	decoder := json.NewDecoder(strings.NewReader(resp.Text()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil || got.Name == nil || got.Age == nil || got.OK == nil || *got.Age < 0 || *got.Age > 150 {
		t.Errorf("a random model with a schema produces %q (%v)", resp.Text(), err)
	}

	req.Format.Schema = json.RawMessage(`{"type":"wat"}`)
	_, err = ollamaModel(t, ollama.Server(t), "tiny").Generate(t.Context(), req)
	wantKind(t, err, llm.InvalidRequest, "invalid JSON schema")
}

func TestOllamaOverflowIsAnErrorUnlessTruncationIsAskedFor(t *testing.T) {
	model := ollamaModel(t, ollama.Server(t), "chain")
	long := func(truncate *bool) *llm.Request {
		req := question("hi", func(_ *llm.Request, o *parleyollama.Options) { o.NumCtx, o.Truncate = 128, truncate })
		for i := range 40 {
			req.Messages = append(req.Messages, llm.Assistant(fmt.Sprint("the quick brown fox jumps ", i)), llm.User("and then?"))
		}
		return req
	}
	_, err := model.Generate(t.Context(), long(nil))
	wantKind(t, err, llm.ContextLength)
	_, err = model.Generate(t.Context(), long(new(false)))
	wantKind(t, err, llm.ContextLength)
	resp, err := model.Generate(t.Context(), long(new(true)))
	if err != nil {
		t.Fatal(err)
	}
	if resp.Text() != script(t, "chain") || resp.Usage.Input.N > 128 {
		t.Errorf("the truncated prompt has %v tokens, and the model produces %q", resp.Usage.Input, resp.Text())
	}
}

func TestOllamaRepeatGuardIsAnIncompleteAnswer(t *testing.T) {
	model := ollamaModel(t, ollama.Server(t), "loop1")
	for _, unstreamed := range []bool{false, true} {
		_, err := model.Generate(t.Context(), question("hi", func(r *llm.Request, o *parleyollama.Options) {
			r.NonStreaming, r.MaxTokens, o.Raw = unstreamed, 100, map[string]any{"repeat_penalty": 1}
		}))
		e := wantKind(t, err, llm.Incomplete, "repeat guard")
		if got := strings.ReplaceAll(e.Partial.Text(), " again", ""); got != "" || e.Partial.Text() == "" {
			t.Errorf("unstreamed %v: the partial text is %q, want repetitions of \" again\"", unstreamed, e.Partial.Text())
		}
	}
}

// endless is a question that the model "loop" answers without end.
func endless() *llm.Request {
	return question("hi", func(_ *llm.Request, o *parleyollama.Options) {
		o.NumCtx, o.Raw = 2048, map[string]any{"num_predict": -1}
	})
}

func TestOllamaRunnerThatCrashesIsAServerError(t *testing.T) {
	server := ollamatest.Start(t) // a separate server, because other tests would lose their runners
	pieces, killed := 0, 0
	var failure error
	for _, err := range ollamaModel(t, server, "loop").Stream(t.Context(), endless()).Text() {
		if failure = err; err != nil {
			break
		}
		if pieces++; pieces == 20 {
			if killed, err = server.KillRunners(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if killed != 1 {
		t.Errorf("%d runners were killed, want 1", killed)
	}
	e := wantKind(t, failure, llm.Server, "running the model")
	if !strings.HasPrefix(e.Partial.Text(), " round and round it goes,") {
		t.Errorf("the partial text is %.60q", e.Partial.Text())
	}
}

// Closing the connection tells Ollama that the client has left. The test does not check
// Ollama's reaction, because version 0.24 sometimes stops answering after an endless
// answer was abandoned, with any client. So each case has a separate server.
func TestOllamaIsHungUpOnWhenNobodyListens(t *testing.T) {
	for name, leave := range map[string]func(cancel func()) (stop bool){
		"by the loop":    func(func()) bool { return true },
		"by the context": func(cancel func()) bool { cancel(); return false },
	} {
		t.Run(name, func(t *testing.T) {
			tap := newTap(t, ollamatest.Start(t))
			p, err := parleyollama.New(parleyollama.Config{BaseURL: tap.url})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Close() })
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pieces := 0
			for _, err := range llm.New(p, "loop").Stream(ctx, endless()).Text() {
				if err != nil {
					wantKind(t, err, llm.Canceled)
					break
				}
				if pieces++; pieces == 20 && leave(cancel) {
					break
				}
			}
			select {
			case <-tap.hungUp:
			case <-time.After(10 * time.Second):
				t.Error("the connection is still open 10 s after the client left")
			}
		})
	}
}

// tap forwards connections to a server and reports when a client closes one.
type tap struct {
	url    string
	hungUp chan struct{}
}

func newTap(t *testing.T, server *ollamatest.Server) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tp := &tap{url: "http://" + listener.Addr().String(), hungUp: make(chan struct{}, 16)}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the listener is closed
			}
			upstream, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
			if err != nil {
				t.Error(err)
				client.Close()
				return
			}
			connections.Go(func() { io.Copy(client, upstream) })
			connections.Go(func() {
				io.Copy(upstream, client) // until the client closes the connection
				tp.hungUp <- struct{}{}
				upstream.Close()
				client.Close()
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		connections.Wait()
	})
	return tp
}

func TestOllamaEmbeddings(t *testing.T) {
	server := ollama.Server(t)
	model := ollamaModel(t, server, "tiny")
	inputs := []string{"Once upon a time", "hello"}
	own := []llm.Options{parleyollama.Options{NumThread: 1}}
	var raw struct {
		Embeddings [][]float32
		Prompt     int `json:"prompt_eval_count"`
	}
	rawAsk(t, server, "/api/embed", map[string]any{"model": "tiny", "input": inputs, "options": map[string]any{"num_thread": 1}}, &raw)
	got, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: inputs, Options: own})
	if err != nil {
		t.Fatal(err)
	}
	want := &llm.EmbedResponse{Vectors: raw.Embeddings, Model: "tiny", Usage: llm.Usage{Input: llm.Known(raw.Prompt)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the embeddings (-in plain HTTP, +got):\n%s", diff)
	}

	short, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: inputs, Dimensions: 16, Options: own})
	if err != nil {
		t.Fatal(err)
	}
	if len(short.Vectors[0]) != 16 || len(short.Vectors[1]) != 16 {
		t.Errorf("vectors of 16 dimensions have %d and %d", len(short.Vectors[0]), len(short.Vectors[1]))
	}

	long := &llm.EmbedRequest{Inputs: []string{strings.Repeat("the quick brown fox ", 2000)}, Options: own}
	_, err = model.Embed(t.Context(), long)
	wantKind(t, err, llm.ContextLength)
}

func TestOllamaModelsAreListedAndShown(t *testing.T) {
	server := ollama.Server(t)
	p := ollamaProvider(t, server)
	list, err := llm.New(p, "").ListModels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, m := range list {
		got = append(got, m.Name)
		if m.Family != "llama" || m.Parameters == "" || m.Bytes < 100_000 || m.Created.IsZero() {
			t.Errorf("the server's description of a model is incomplete: %+v", m)
		}
	}
	for _, m := range tinyllama.Ready() {
		want = append(want, m.Name+":latest")
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the models (-want +got):\n%s", diff)
	}

	tool, err := p.Show(t.Context(), "tool")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(tool.Info.Capabilities, llm.CanUseTools) || tool.Info.ContextWindow != 2048 || !strings.Contains(tool.Template, ".Tools") {
		t.Errorf("the details of the model are %+v", tool)
	}
	version, err := p.Version(t.Context())
	if err != nil || version != "0.0.0" {
		t.Errorf("the version is %q (%v), want 0.0.0, as of every build from source", version, err)
	}
}

func TestOllamaUnknownModel(t *testing.T) {
	p := ollamaProvider(t, ollama.Server(t))
	_, err := llm.New(p, "nope").Generate(t.Context(), llm.Prompt("hi"))
	wantKind(t, err, llm.NotFound, "model 'nope' not found", "ollama pull nope")
	_, err = llm.New(p, "nope").Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"x"}})
	wantKind(t, err, llm.NotFound, "ollama pull nope")
	_, err = p.Show(t.Context(), "nope")
	wantKind(t, err, llm.NotFound, "ollama pull nope")
}

func TestOllamaPullFromAnUnreachableRegistry(t *testing.T) {
	// Port 9 is the discard port, and nothing listens on it.
	var steps []string
	var failure error
	for step, err := range ollamaProvider(t, ollama.Server(t)).Pull(t.Context(), "127.0.0.1:9/x/nope") {
		if failure = err; err == nil {
			steps = append(steps, step.Status)
		}
	}
	wantKind(t, failure, llm.Network, "127.0.0.1:9")
	if diff := cmp.Diff([]string{"pulling manifest"}, steps); diff != "" {
		t.Errorf("the steps (-want +got):\n%s", diff)
	}
}

func TestOllamaSettingOfAWrongTypeIsTheCallersFault(t *testing.T) {
	_, err := ollamaModel(t, ollama.Server(t), "tiny").Generate(t.Context(), question("hi", func(_ *llm.Request, o *parleyollama.Options) {
		o.Raw = map[string]any{"min_p": "hot"}
	}))
	wantKind(t, err, llm.InvalidRequest, "min_p")
}

func TestOllamaLogprobs(t *testing.T) {
	resp, err := ollamaModel(t, ollama.Server(t), "chain").Generate(t.Context(), question("hi", func(r *llm.Request, _ *parleyollama.Options) {
		r.TopLogprobs, r.MaxTokens = 2, 2
	}))
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for _, token := range resp.Logprobs {
		tokens = append(tokens, string(token.Bytes))
		if token.Logprob < -0.01 || len(token.Top) != 2 || token.Top[0].Token != token.Token || token.Top[1].Logprob > -10 {
			t.Errorf("a scripted token has the probabilities %+v", token)
		}
	}
	if diff := cmp.Diff([]string{" Hello there", " from the"}, tokens); diff != "" {
		t.Errorf("the tokens (-want +got):\n%s", diff)
	}
}
