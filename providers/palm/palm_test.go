package palm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/palm"
	"github.com/parley-llm/parley/providers/palm/palmtest"
)

const chatModel, textModel = "chat-bison-001", "text-bison-001"

// conversation has every feature that a chat supports.
func conversation() *llm.Request {
	return &llm.Request{
		Messages: []llm.Message{
			llm.System("Be brief."),
			{Role: llm.RoleUser, Name: "example", Parts: llm.User("2+2").Parts},
			{Role: llm.RoleAssistant, Name: "example", Parts: llm.Assistant("4").Parts},
			llm.User("Hi"), llm.Assistant("Hello."), llm.User("Why?"),
		},
		Temperature: new(0.0), TopP: new(0.9), TopK: new(40),
		Options: []llm.Options{palm.Options{Examples: []palm.Example{{Input: "1+1", Output: "2"}}}},
	}
}

const conversationJSON = `{"context":"Be brief.",
	"examples":[{"input":{"content":"1+1"},"output":{"content":"2"}},{"input":{"content":"2+2"},"output":{"content":"4"}}],
	"messages":[{"author":"0","content":"Hi"},{"author":"1","content":"Hello."},{"author":"0","content":"Why?"}]}`

func fromJSON(t testing.TB, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestChat(t *testing.T) {
	srv := palmtest.New(t, palmtest.Answer{Text: "Because: it is.", Sources: []palmtest.Source{{URI: "https://a.example", Start: 0, End: 7}}})
	var events []string
	m := llm.New(provider(t, palm.Config{BaseURL: srv.URL + "/", APIVersion: "v1beta3"}), chatModel)
	s := m.Stream(t.Context(), conversation())
	for ev, err := range s.Events() {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, ev.Type.String()+" "+ev.Text)
	}
	equal(t, "events", events, []string{"start ", "text Because: it is.", "source ", "done "})
	equal(t, "sources", s.Response().Sources, []llm.Source{{URL: "https://a.example", End: 7}})
	request := srv.Requests()[0]
	equal(t, "path", request.Path, "/v1beta3/models/chat-bison-001:generateMessage")
	equal(t, "request", request.Body, fromJSON(t, `{"prompt":`+conversationJSON+`,"temperature":0,"topP":0.9,"topK":40,"candidateCount":1}`))
}

func TestCount(t *testing.T) {
	srv := palmtest.New(t)
	count, err := llm.New(provider(t, palm.Config{BaseURL: srv.URL}), "models/"+chatModel).CountTokens(t.Context(), conversation())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "count", *count, llm.TokenCount{Tokens: 9, Exact: true, Source: "PaLM countMessageTokens"})
	equal(t, "request", srv.Requests()[0].Body, fromJSON(t, `{"prompt":`+conversationJSON+`}`))
	equal(t, "path", srv.Requests()[0].Path, "/v1beta2/models/chat-bison-001:countMessageTokens")

	for _, config := range []palm.Config{{BaseURL: srv.URL, Project: "p", Location: "l"}, {BaseURL: srv.URL}} {
		name := textModel
		if config.Project != "" {
			name = chatModel
		}
		_, err = llm.New(provider(t, config), name).CountTokens(t.Context(), llm.Prompt("x"))
		wantError(t, err, llm.Unsupported, "chat models")
	}
}

func TestTextModel(t *testing.T) {
	srv := palmtest.New(t, palmtest.Answer{Text: " a time"})
	req := llm.Prompt("Once upon")
	req.Messages = append([]llm.Message{llm.System("A tale.")}, req.Messages...)
	req.MaxTokens, req.Stop = 8, []string{"."}
	req.Options = []llm.Options{palm.Options{
		SafetySettings: []palm.SafetySetting{{Category: "HARM_CATEGORY_TOXICITY", Threshold: "BLOCK_NONE"}}, Extra: map[string]any{"topK": 3},
	}}
	m := llm.New(provider(t, palm.Config{BaseURL: srv.URL}), textModel)
	resp, err := m.Generate(t.Context(), req)
	if err != nil || resp.Text() != " a time" || len(resp.Warnings) > 0 || resp.FinishReason != llm.FinishUnknown {
		t.Errorf("the answer is %+v, %v", resp, err)
	}
	equal(t, "path", srv.Requests()[0].Path, "/v1beta2/models/text-bison-001:generateText")
	equal(t, "request", srv.Requests()[0].Body, fromJSON(t, `{"prompt":{"text":"A tale.\n\nOnce upon"},"candidateCount":1,"maxOutputTokens":8,
		"stopSequences":["."],"topK":3,"safetySettings":[{"category":"HARM_CATEGORY_TOXICITY","threshold":"BLOCK_NONE"}]}`))

	_, err = m.Generate(t.Context(), conversation())
	wantError(t, err, llm.InvalidRequest, "completes one text")
}

func TestVertex(t *testing.T) {
	srv := palmtest.New(t, palmtest.Answer{Text: "It is.", Sources: []palmtest.Source{{URI: "https://b.example", Start: 1, End: 2}}}, palmtest.Answer{Text: " a time"})
	p := provider(t, palm.Config{
		BaseURL: srv.URL, Project: "acme", Location: "us-central1",
		TokenSource: func(context.Context) (string, error) { return "ya29.token", nil },
	})
	req := conversation()
	req.MaxTokens = 64
	resp, err := llm.New(p, "chat-bison@002").Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "answer", resp.Text(), "It is.")
	equal(t, "usage", resp.Usage, llm.Usage{Input: llm.Known(9), Output: llm.Known(2)})
	equal(t, "sources", resp.Sources, []llm.Source{{URL: "https://b.example", Start: 1, End: 2}})
	equal(t, "warnings", resp.Warnings, []llm.Warning(nil))
	request := srv.Requests()[0]
	equal(t, "path", request.Path, "/v1/projects/acme/locations/us-central1/publishers/google/models/chat-bison@002:predict")
	equal(t, "credential", request.Header.Get("Authorization"), "Bearer ya29.token")
	equal(t, "request", request.Body, fromJSON(t, `{"instances":[`+conversationJSON+`],"parameters":{"temperature":0,"topP":0.9,"topK":40,"candidateCount":1,"maxOutputTokens":64}}`))

	resp, err = llm.New(p, "text-bison").Generate(t.Context(), llm.Prompt("Once upon"))
	if err != nil || resp.Text() != " a time" || resp.Usage.Output != llm.Known(2) {
		t.Errorf("the text model's answer is %+v, %v", resp, err)
	}
	equal(t, "request", srv.Requests()[1].Body, fromJSON(t, `{"instances":[{"prompt":"Once upon"}],"parameters":{"candidateCount":1}}`))
}

func TestFilteredAnswers(t *testing.T) {
	srv := palmtest.New(t, palmtest.Answer{Filter: "SAFETY"}, palmtest.Answer{Filter: "OTHER"}, palmtest.Answer{Filter: "SAFETY"}, palmtest.Answer{Filter: "SAFETY"})
	own := provider(t, palm.Config{BaseURL: srv.URL})
	vertex := provider(t, palm.Config{BaseURL: srv.URL, Project: "p", Location: "l"})
	for _, test := range []struct {
		p          *palm.Provider
		model, why string
	}{{own, chatModel, "SAFETY"}, {own, textModel, "OTHER"}, {vertex, chatModel, "blocked"}, {vertex, textModel, "blocked"}} {
		_, err := llm.New(test.p, test.model).Generate(t.Context(), llm.Prompt("x"))
		wantError(t, err, llm.ContentFilter, "withheld", test.why)
	}
	for body, why := range map[string]string{
		`{"filters":[{"reason":1,"message":"it is rude"}]}`: "SAFETY: it is rude", // some servers send numbers
		`{"filters":[{"reason":"SAFETY"}],"safetyFeedback":[{"rating":{"category":"HARM_CATEGORY_TOXICITY","probability":"HIGH"},"setting":{"category":"HARM_CATEGORY_TOXICITY"}}]}`: "SAFETY: HARM_CATEGORY_TOXICITY HIGH",
		`{"safetyFeedback":[{"rating":{"category":"HARM_CATEGORY_TOXICITY"}}]}`:                                                                                                      "withheld: HARM_CATEGORY_TOXICITY",
		`{"filters":[{}]}`: "withheld",
	} {
		_, err := llm.New(replying(t, body), textModel).Generate(t.Context(), llm.Prompt("x"))
		wantError(t, err, llm.ContentFilter, why)
	}
	vertexSays := llmtest.NewServer(t, llmtest.JSON(http.StatusOK, `{"predictions":[{"content":"","safetyAttributes":{"blocked":true,"errors":[152,250]}}]}`))
	p := provider(t, palm.Config{BaseURL: vertexSays.URL, HTTPClient: vertexSays.Client(), Project: "p", Location: "l"})
	_, err := llm.New(p, textModel).Generate(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.ContentFilter, "the error codes [152 250]")
}

func TestCandidateWithoutTextIsNoAnswer(t *testing.T) {
	_, err := llm.New(replying(t, `{"candidates":[{"author":"1"}]}`), chatModel).Generate(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.Protocol, "neither content nor output")
}

// replying returns a provider with a server that sends the given reply.
func replying(t testing.TB, body string) *palm.Provider {
	srv := llmtest.NewServer(t, llmtest.JSON(http.StatusOK, body))
	return provider(t, palm.Config{BaseURL: srv.URL, HTTPClient: srv.Client()})
}

func TestTwoAuthorsAlternate(t *testing.T) {
	m := llm.New(provider(t, palm.Config{BaseURL: "http://127.0.0.1:1"}), chatModel)
	for name, test := range map[string]struct {
		messages []llm.Message
		kind     llm.Kind
		says     string
	}{
		"two questions":    {[]llm.Message{llm.User("a"), llm.User("b")}, llm.InvalidRequest, "message 1 repeats the role user"},
		"two answers":      {[]llm.Message{llm.User("a"), llm.Assistant("b"), llm.Assistant("c"), llm.User("d")}, llm.InvalidRequest, "message 2 repeats the role assistant"},
		"an answer last":   {[]llm.Message{llm.User("a"), llm.Assistant("b")}, llm.InvalidRequest, "the last message is not a user message"},
		"nothing asked":    {[]llm.Message{llm.System("s")}, llm.InvalidRequest, "the last message is not a user message"},
		"an image":         {[]llm.Message{llm.User("a", llm.Image{Data: []byte("x")})}, llm.Unsupported, "message 0: PaLM supports only text, not llm.Image"},
		"an image to show": {[]llm.Message{{Role: llm.RoleUser, Name: "example", Parts: llm.User("q").Parts}, {Role: llm.RoleAssistant, Name: "example", Parts: []llm.Part{llm.Image{URL: "u"}}}, llm.User("a")}, llm.Unsupported, "message 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := m.Generate(t.Context(), &llm.Request{Messages: test.messages})
			wantError(t, err, test.kind, test.says)
		})
	}
}

func TestWhatPaLMLacksIsSaid(t *testing.T) {
	req := llm.Prompt("x")
	req.MaxTokens, req.Stop, req.Seed, req.PresencePenalty, req.FrequencyPenalty = 1, []string{"."}, new(int64(1)), new(0.0), new(0.0)
	req.Tools, req.Format, req.ReasoningEffort, req.Logprobs = []llm.Tool{{Name: "f"}}, &llm.Format{}, llm.EffortLow, true
	srv := palmtest.New(t, palmtest.Answer{Text: "y"})
	m := llm.New(provider(t, palm.Config{BaseURL: srv.URL}), chatModel)
	resp, err := m.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var settings []string
	for _, w := range resp.Warnings {
		settings = append(settings, w.Setting)
	}
	equal(t, "settings warned of", settings,
		[]string{"MaxTokens", "Stop", "Seed", "PresencePenalty", "FrequencyPenalty", "Tools", "Format", "ReasoningEffort", "Logprobs"})
	equal(t, "request", srv.Requests()[0].Body, fromJSON(t, `{"prompt":{"messages":[{"author":"0","content":"x"}]},"candidateCount":1}`))
	req.FailOnUnsupported = true
	_, err = m.Generate(t.Context(), req)
	wantError(t, err, llm.Unsupported, "MaxTokens")
}

func TestRefusals(t *testing.T) {
	srv := palmtest.New(t, palmtest.Answer{Status: 429, Text: "slow down"}, palmtest.Answer{Status: 503, Text: "later"})
	m := llm.New(provider(t, palm.Config{BaseURL: srv.URL}), chatModel)
	_, err := m.Generate(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.RateLimited, "slow down")
	_, err = m.Generate(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.Overloaded, "later")
	hot := llm.Prompt("x")
	hot.Temperature = new(1.5)
	_, err = m.Generate(t.Context(), hot)
	wantError(t, err, llm.InvalidRequest, "temperature must be in the range")
	_, err = m.With(llm.WithName("embedding-gecko-001")).Generate(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.NotFound)
	srv.Key = "the key"
	_, err = m.Generate(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.Auth, "API key not valid")

	_, err = m.ListModels(t.Context())
	wantError(t, err, llm.Unsupported)
	for _, body := range []string{`{}`, `{"candidates":[]}`, `{"predictions":[{"content":"x"}]}`} {
		_, err = llm.New(replying(t, body), chatModel).Generate(t.Context(), llm.Prompt("x"))
		wantError(t, err, llm.Protocol)
	}
	_, err = llm.New(replying(t, `{}`), chatModel).CountTokens(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.Protocol, "no valid tokenCount")
}

func TestWhatGoogleSwitchedOffSaysWhatToUse(t *testing.T) {
	env := func(string) string { return "" }
	for name, says := range map[string]string{
		"palm/chat-bison-001": "2024-08-15", "palm/text-bison@002": "2025-04-09",
		"palm/lamda": "never had an API", "palm/Bard": "never had an API",
	} {
		m, err := providers.Config{
			Getenv: env, APIKey: "key", HTTPClient: &http.Client{Transport: unreachable{t}},
		}.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Generate(t.Context(), llm.Prompt("x"))
		wantError(t, err, llm.Retired, "gemini/gemini-flash-latest", says)
		_, err = m.CountTokens(t.Context(), llm.Prompt("x"))
		wantError(t, err, llm.Retired)
		_, err = m.ListModels(t.Context())
		wantError(t, err, llm.Retired)
		m.Close()
	}
}

type unreachable struct{ t *testing.T }

func (u unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	u.t.Errorf("a request was sent: %s", r.URL)
	return nil, http.ErrServerClosed
}

func TestOpenedByItsEnvironment(t *testing.T) {
	const key = "key-of-the-environment"
	srv := palmtest.New(t, palmtest.Answer{Text: "y"})
	srv.Key = key
	m, err := providers.Config{Getenv: func(name string) string {
		return map[string]string{"PALM_BASE_URL": srv.URL, "PALM_API_KEY": key}[name]
	}}.Open("palm/" + chatModel)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Generate(t.Context(), llm.Prompt("x")); err != nil {
		t.Error(err)
	}
	if shown := fmt.Sprintf("%v %+v %#v", m.Provider(), m.Provider(), m.Provider()); strings.Contains(shown, key) {
		t.Errorf("the provider shows its key: %s", shown)
	}
	for name, config := range map[string]palm.Config{
		"no scheme": {BaseURL: "localhost"}, "no location": {BaseURL: "http://h", Project: "p"}, "no project": {BaseURL: "http://h", Location: "l"},
	} {
		if _, err := palm.New(config); llm.KindOf(err) != llm.InvalidRequest {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestAnswersCanBeLeftAtEveryEvent(t *testing.T) {
	for n := 1; n <= 3; n++ {
		srv := palmtest.New(t, palmtest.Answer{Text: "y"})
		seen := 0
		for _, err := range provider(t, palm.Config{BaseURL: srv.URL}).Do(t.Context(), &llm.Call{Op: llm.OpChat, Model: chatModel, Request: llm.Prompt("x")}) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen == n {
				break
			}
		}
		if seen != n {
			t.Errorf("there are %d events, want to leave after %d", seen, n)
		}
	}
}

func TestLimits(t *testing.T) {
	whole := conformance.PaLM().Whole(llmtest.Text(strings.Repeat("long ", 2<<20)))
	for name, test := range map[string]struct {
		wire   llmtest.HTTPReply
		limits llm.Limits
		kind   llm.Kind
	}{
		"an answer of 10 MB":         {whole, llm.Limits{}, ""},
		"an answer beyond the limit": {whole, llm.Limits{FrameBytes: 1 << 20}, llm.Protocol}, // the limit for a whole reply is eight times FrameBytes
		"a server that stalls":       {whole.Stall(20), llm.Limits{Idle: 20 * time.Millisecond}, llm.Timeout},
		"a server that thinks":       {llmtest.NoResponse(), llm.Limits{FirstEvent: 20 * time.Millisecond}, llm.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			srv := llmtest.NewServer(t, test.wire)
			p := provider(t, palm.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), Limits: test.limits})
			resp, err := llm.New(p, chatModel).Generate(t.Context(), llm.Prompt("x"))
			if test.kind != "" {
				wantError(t, err, test.kind)
			} else if err != nil || len(resp.Text()) != 10<<20 {
				t.Errorf("the answer fails: %v", err)
			}
		})
	}
}

func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		`{"candidates":[{"author":"1","content":"x"}]}`, `{"filters":[{"reason":"SAFETY"}]}`, `{"error":{"code":400}}`,
		`{"predictions":[{"candidates":[{"content":"x"}],"safetyAttributes":[{"blocked":true}]}]}`, `[]`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, vertex := range []string{"", "p"} {
			client := &http.Client{Transport: saying(body)}
			p := provider(t, palm.Config{BaseURL: "http://palm.test", Project: vertex, Location: vertex, HTTPClient: client})
			resp, err := llm.New(p, chatModel).Generate(context.Background(), llm.Prompt("x"))
			if (err == nil) == (resp == nil) {
				t.Errorf("the answer to %q is %v, %v", body, resp, err)
			}
		}
	})
}

type saying string

func (s saying) RoundTrip(*http.Request) (*http.Response, error) {
	rec := &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: -1}
	rec.Body = readCloser{strings.NewReader(string(s))}
	return rec, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
