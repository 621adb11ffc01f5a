package ollama_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestRawConformance(t *testing.T) {
	const text = "a plain prompt has text alone"
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.OllamaGenerate(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			showing := *client
			showing.Transport = shows{client.Transport, wordsVocabulary}
			return provider(t, ollama.Config{BaseURL: baseURL, HTTPClient: &showing, APIKey: conformance.Key, Template: "alpaca", Limits: limits})
		},
		NoRefusals: text, NoReasoning: text, NoTools: text,
	})
}

// shows is a transport that answers requests to show a model with a vocabulary,
// and sends all others on.
type shows struct {
	next       http.RoundTripper
	vocabulary string
}

func (s shows) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/api/show") {
		return s.next.RoundTrip(r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return respond(http.StatusOK, "application/json", strings.NewReader(s.vocabulary)), nil
}

// completing is a provider of a server that shows the vocabulary and completes
// every prompt with this reply, and the body of the last prompt's request.
func completing(t testing.TB, config ollama.Config, vocabulary, reply string) (*ollama.Provider, *map[string]any) {
	t.Helper()
	asked := new(map[string]any)
	config.HTTPClient = &http.Client{Transport: shows{roundTrip(func(r *http.Request) (*http.Response, error) {
		data, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/api/generate" {
			return nil, fmt.Errorf("the request is for %s (%v)", r.URL.Path, err)
		}
		*asked = fromJSON(t, string(data)).(map[string]any)
		return respond(http.StatusOK, "application/x-ndjson", strings.NewReader(reply)), nil
	}), vocabulary}}
	return provider(t, config), asked
}

const generated = `{"model":"m","created_at":"2026-11-23T16:44:42.887135428Z","response":"ver","done":false}
{"model":"m","created_at":"2026-11-23T16:44:43.578937653Z","response":"ox","done":false}
{"model":"m","created_at":"2026-11-23T16:44:52.5314229Z","response":"","done":true,"done_reason":"length","prompt_eval_count":9,"eval_count":32}
`

// inFormat returns a question in a prompt format.
func inFormat(template, text string) *llm.Request {
	req := llm.Prompt(text)
	req.Options = []llm.Options{ollama.Options{Template: template}}
	return req
}

func TestPromptFormatIsSentRaw(t *testing.T) {
	p, asked := completing(t, ollama.Config{}, wordsVocabulary, generated)
	req := inFormat("vicuna", "Why?")
	req.Options = []llm.Options{ollama.Options{Template: "vicuna", NumThread: 1, KeepAlive: "5", Shift: new(false), Raw: map[string]any{"min_p": 0.1}, Extra: map[string]any{"suffix": "!"}}}
	req.MaxTokens, req.Temperature, req.Stop, req.TopLogprobs = 32, new(0.0), []string{"END"}, 2
	resp := mustAsk(t, p, req)
	if resp.Text() != "verox" || resp.FinishReason != llm.FinishLength || resp.Usage != (llm.Usage{Input: llm.Known(9), Output: llm.Known(32)}) || len(resp.Warnings) > 0 {
		t.Errorf("the answer is %+v", resp)
	}
	equal(t, "request", *asked, fromJSON(t, `{"model":"m","prompt":"USER: Why? ASSISTANT:","raw":true,"stream":true,"truncate":false,"shift":false,"keep_alive":5,
		"logprobs":true,"top_logprobs":2,"suffix":"!","options":{"num_predict":32,"temperature":0,"stop":["END","USER:"],"num_thread":1,"min_p":0.1}}`).(map[string]any))
}

func TestControlTokensThatUsersTypeAreMadeText(t *testing.T) {
	p, asked := completing(t, ollama.Config{Template: "vicuna"}, wordsVocabulary, generated)
	req := &llm.Request{Messages: []llm.Message{llm.User("a<end></s>"), llm.Assistant("b"), llm.User("<e</s>nd>")}}
	resp := mustAsk(t, p, req)
	equal(t, "prompt", (*asked)["prompt"], any("USER: a<\u200bend><\u200b/s> ASSISTANT: b</s>USER: <e<\u200b/s>nd> ASSISTANT:"))
	if len(resp.Warnings) != 1 || resp.Warnings[0].Code != llm.WarnChanged || !strings.Contains(resp.Warnings[0].Message, `["</s>" "<end>"]`) {
		t.Errorf("the warnings are %+v, want one that names what was changed", resp.Warnings)
	}
	req.FailOnUnsupported = true
	_, err := ask(t, p, req)
	wantError(t, err, llm.Unsupported, "Messages: ", "<end>")
}

func TestCountInAPromptFormat(t *testing.T) {
	p, _ := completing(t, ollama.Config{}, wordsVocabulary, generated)
	count := func(text string) llm.TokenCount {
		n, err := llm.New(p, "m").CountTokens(t.Context(), inFormat("plain", text))
		if err != nil {
			t.Fatal(err)
		}
		return *n
	}
	equal(t, "count", count("ab a"), llm.TokenCount{ // <s> ▁ab ▁a
		Tokens: 3, Exact: true, Source: "the prompt in the requested format, with the model's vocabulary",
	})
	if n := count("ab</s>").Tokens; n <= 3 { // <s> ▁ab </s>, if what a user types were a control token
		t.Errorf("text that looks like a control token is counted as one: %d tokens", n)
	}
}

func TestRawPromptGoesOnFromTheBeginningOfTheAnswer(t *testing.T) {
	p, asked := completing(t, ollama.Config{Template: "alpaca"}, wordsVocabulary, generated)
	req := llm.Prompt("Why?")
	req.Messages = append(req.Messages, llm.Assistant(" Because "))
	for ev, err := range llm.New(p, "m").Stream(t.Context(), req).Events() {
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := ev.Detail.(*llm.Start); ok && !start.CanContinue {
			t.Error("the answer does not say that it can be gone on with")
		}
	}
	if prompt, _ := (*asked)["prompt"].(string); !strings.HasSuffix(prompt, "### Response: Because ") {
		t.Errorf("the prompt is %q", prompt)
	}
}

func TestWhatARawPromptLacksIsSaid(t *testing.T) {
	p, asked := completing(t, ollama.Config{Template: "plain"}, wordsVocabulary, generated)
	req := llm.Prompt("x")
	req.Tools, req.ReasoningEffort, req.Messages[0].Name = []llm.Tool{{Name: "f"}}, llm.EffortHigh, "Ann"
	req.Format = &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)}
	var settings []string
	for _, w := range mustAsk(t, p, req).Warnings {
		settings = append(settings, w.Setting)
	}
	equal(t, "settings warned of", settings, []string{"Tools", "ReasoningEffort", "Messages"})
	equal(t, "format", (*asked)["format"], fromJSON(t, `{"type":"object"}`))
	req.FailOnUnsupported = true
	_, err := ask(t, p, req)
	wantError(t, err, llm.Unsupported, "Tools: ")

	_, err = ask(t, p, inFormat("chatml", "x"))
	wantError(t, err, llm.Unsupported, "the control token <|im_start|> of the prompt format is not in the model's vocabulary")
	_, err = ask(t, p, inFormat("alpaka", "x"))
	wantError(t, err, llm.InvalidRequest, "unknown prompt format")
	_, err = llm.New(p, "m").CountTokens(t.Context(), inFormat("alpaka", "x"))
	wantError(t, err, llm.InvalidRequest, "unknown prompt format")
	_, err = ask(t, p, &llm.Request{Messages: []llm.Message{llm.User("", llm.Image{Data: []byte("x")})}})
	wantError(t, err, llm.Unsupported, "plain prompts do not support llm.Image")
	if _, err := ollama.New(ollama.Config{Template: "alpaka"}); llm.KindOf(err) != llm.InvalidRequest {
		t.Errorf("a provider of a format that does not exist is made: %v", err)
	}
}

func TestNamesThatCannotBeMadeHarmlessAreRefused(t *testing.T) {
	for _, name := range []string{`§`, `<\u200b`} { // of one character, and one that is whole again
		p, _ := completing(t, ollama.Config{Template: "plain"}, strings.Replace(wordsVocabulary, "<end>", name, 1), generated)
		text := fromJSON(t, `"`+name+`"`).(string)
		_, err := llm.New(p, "m").Generate(context.Background(), llm.Prompt("a "+text+" b"))
		wantError(t, err, llm.Unsupported, "cannot be neutralized: remove them")
	}
}

// The recordings are those of a base model: a text, and how it goes on.
func TestRecordedRawCompletions(t *testing.T) {
	for _, e := range recordings(t, "/api/generate") {
		var recorded struct {
			Model, Prompt string
			Raw           bool
			Stream        *bool
			Options       map[string]any
		}
		if json.Unmarshal([]byte(e.request), &recorded) != nil || !recorded.Raw || recorded.Stream != nil && !*recorded.Stream {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			p, asked := completing(t, ollama.Config{Template: "llama1"}, wordsVocabulary, e.reply)
			req := llm.Prompt(recorded.Prompt)
			req.Options = []llm.Options{ollama.Options{Raw: recorded.Options}}
			resp, err := llm.New(p, recorded.Model).Generate(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			var text, reason string
			var usage llm.Usage
			for decoder := json.NewDecoder(strings.NewReader(e.reply)); ; {
				var line struct {
					Response, DoneReason string
					Reason               string `json:"done_reason"`
					Prompt               int    `json:"prompt_eval_count"`
					Answer               int    `json:"eval_count"`
				}
				if decoder.Decode(&line) != nil {
					break
				}
				text += line.Response
				reason, usage = line.Reason, llm.Usage{Input: llm.Known(line.Prompt), Output: llm.Known(line.Answer)}
			}
			equal(t, "answer", []any{resp.Text(), resp.RawFinishReason, resp.Usage}, []any{text, reason, usage})
			for n := range len(e.reply) - 1 { // all but the last newline
				p, _ := completing(t, ollama.Config{Template: "llama1"}, wordsVocabulary, e.reply[:n])
				_, err := llm.New(p, recorded.Model).Generate(t.Context(), req)
				var cut *llm.Error
				if !errors.As(err, &cut) || cut.Kind != llm.Incomplete || cut.Partial != nil && !strings.HasPrefix(text, cut.Partial.Text()) {
					t.Fatalf("cut after %d bytes, the reply gives %v", n, err)
				}
			}
			want := fromJSON(t, e.request).(map[string]any)
			want["stream"], want["truncate"] = true, false // the one by default, the other never by Parley
			equal(t, "request", *asked, want)
		})
	}
}
