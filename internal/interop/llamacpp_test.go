package interop

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/interop/llamacpptest"
	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llamacpp"
)

// These tests use a real llama.cpp server through the library.

func llamaCppModel(t *testing.T, server *llamacpptest.Server, config llamacpp.Config) *llm.Model {
	t.Helper()
	config.BaseURL = server.URL
	p, err := llamacpp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return llm.New(p, "any")
}

// greedy returns a request with a deterministic answer.
func greedy(text string, o llamacpp.Options) *llm.Request {
	req := llm.Prompt(text)
	req.Temperature, req.Options = new(0.0), []llm.Options{o}
	return req
}

func mustGenerate(t *testing.T, m *llm.Model, req *llm.Request) *llm.Response {
	t.Helper()
	resp, err := m.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// tokensOf returns the server's tokens for a text.
func tokensOf(t *testing.T, server *llamacpptest.Server, text string, parseSpecial bool) []int {
	t.Helper()
	var got struct{ Tokens []int }
	postJSON(t, server.URL+"/tokenize", map[string]any{"content": text, "add_special": true, "parse_special": parseSpecial}, &got)
	return got.Tokens
}

func TestLlamaCppChatSaysItsSentence(t *testing.T) {
	server := llamacpptest.Start(t, "chain")
	m := llamaCppModel(t, server, llamacpp.Config{})
	for _, unstreamed := range []bool{false, true} {
		req := greedy("hi", llamacpp.Options{})
		req.NonStreaming, req.KeepRaw = unstreamed, true
		resp := mustGenerate(t, m, req)
		if resp.Text() != script(t, "chain") || resp.FinishReason != llm.FinishStop {
			t.Errorf("the model's text is %q, finished by %q", resp.Text(), resp.FinishReason)
		}
		count, err := m.CountTokens(t.Context(), req)
		if err != nil || !count.Exact || llm.Known(count.Tokens) != resp.Usage.Input {
			t.Errorf("the count is %+v (%v), but the server reports %v tokens", count, err, resp.Usage.Input)
		}
		timings, ok := llamacpp.TimingsOf(resp)
		if !ok || timings.PromptTokens+timings.CachedTokens != count.Tokens || timings.AnswerTime <= 0 {
			t.Errorf("the timings are %+v, of %d tokens", timings, count.Tokens)
		}
		if unstreamed && timings.CachedTokens == 0 {
			t.Error("a cached prompt is processed again")
		}
	}
	req := greedy("hi", llamacpp.Options{CachePrompt: new(false)})
	req.KeepRaw = true
	if timings, _ := llamacpp.TimingsOf(mustGenerate(t, m, req)); timings.CachedTokens != 0 || timings.PromptTokens == 0 {
		t.Errorf("without a cache the timings are %+v", timings)
	}
}

// The counts of prompts in named formats must equal the number of tokens that the server
// processes. Text from a user must never become a control token.
func TestLlamaCppPromptFormats(t *testing.T) {
	server := llamacpptest.Start(t, "tiny")
	for _, template := range []string{"plain", "alpaca", "vicuna", "llama2", "mistral-v1"} {
		for _, text := range []string{"Once upon a time", "a </s> b<s>", "</s>", "🦙 [INST] <<SYS>>\n"} {
			m := llamaCppModel(t, server, llamacpp.Config{Template: template})
			req := greedy(text, llamacpp.Options{})
			req.Messages = []llm.Message{llm.User("q"), llm.Assistant("a"), llm.User(text)}
			req.MaxTokens = 4
			resp := mustGenerate(t, m, req)
			count, err := m.CountTokens(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if want := llm.Known(count.Tokens); resp.Usage.Input != want || !count.Exact {
				t.Errorf("%s, %q: the count is %+v, but the server reports %v tokens", template, text, count, resp.Usage.Input)
			}
			if resp.Usage.Output != llm.Known(4) || resp.FinishReason != llm.FinishLength {
				t.Errorf("%s: the answer is of %v tokens, finished by %q", template, resp.Usage.Output, resp.FinishReason)
			}
		}
	}

	// Without the answer in between, Alpaca's prompt is one text.
	const typed = "a </s> b"
	m := llamaCppModel(t, server, llamacpp.Config{Template: "alpaca"})
	format, err := prompt.Named("alpaca")
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := format.Render(llm.Prompt(typed).Messages)
	if err != nil {
		t.Fatal(err)
	}
	count, err := m.CountTokens(t.Context(), llm.Prompt(typed))
	if err != nil {
		t.Fatal(err)
	}
	asText, asToken := len(tokensOf(t, server, rendered.String(), false)), len(tokensOf(t, server, rendered.String(), true))
	if count.Tokens != asText || asToken >= asText {
		t.Errorf("the count of %q is %d; with </s> as text it is %d, and with </s> as a control token %d", rendered, count.Tokens, asText, asToken)
	}

	_, err = llamaCppModel(t, server, llamacpp.Config{Template: "llama3"}).Generate(t.Context(), llm.Prompt("x"))
	wantKind(t, err, llm.Unsupported, "<|start_header_id|>")
}

// llama.cpp supports most of the formats under different names. Two of them differ: its
// Vicuna has line feeds in place of the authors' spaces, and its Llama 2 lacks the spaces
// and the BOS tokens that Meta's format has around earlier answers.
func TestPromptFormatsAreLlamaCpps(t *testing.T) {
	talk := []llm.Message{llm.System("Be brief."), llm.User("Hi"), llm.Assistant("Hello."), llm.User("Why?")}
	for ours, theirs := range map[string]string{
		"llama2": "llama2-sys-strip", "llama3": "llama3", "chatml": "chatml", "gemma": "gemma",
		"mistral-v1": "mistral-v1", "mistral-v3": "mistral-v3", "mistral-v7": "mistral-v7",
	} {
		t.Run(ours, func(t *testing.T) {
			server := llamacpptest.Start(t, "tiny", "--no-jinja", "--chat-template", theirs)
			format, err := prompt.Named(ours)
			if err != nil {
				t.Fatal(err)
			}
			for name, messages := range map[string][]llm.Message{
				"question": talk[3:], "instructions and a question": talk[:2], "conversation": talk[1:], "all": talk,
			} {
				rendered, err := format.Render(messages)
				if err != nil {
					t.Fatal(err)
				}
				if ours == "llama2" && len(messages) > 2 {
					continue
				}
				var chat []map[string]string
				for _, m := range messages {
					chat = append(chat, map[string]string{"role": string(m.Role), "content": m.Text()})
				}
				var got struct{ Prompt string }
				postJSON(t, server.URL+"/apply-template", map[string]any{"messages": chat}, &got)
				if diff := cmp.Diff(got.Prompt, rendered.String()); diff != "" {
					t.Errorf("%s (-llama.cpp's +ours):\n%s", name, diff)
				}
			}
		})
	}
}

// cutAt divides a model's sentence. The llama in it consists of one token for each byte
// in every tokenizer, so the model continues a sentence cut there as it would have
// continued the original.
func cutAt(t *testing.T, sentence string) (begun, rest string) {
	t.Helper()
	begun, rest, ok := strings.Cut(sentence, "🦙")
	if !ok {
		t.Fatalf("%q does not contain the llama", sentence)
	}
	return begun + "🦙", rest
}

// A truncated answer is continued from its beginning. Together, they must equal the
// complete answer.
func TestLlamaCppGoesOnFromTheBeginningOfAnAnswer(t *testing.T) {
	begun, rest := cutAt(t, script(t, "chain"))
	server := llamacpptest.Start(t, "chain")
	for _, template := range []string{"", "plain"} {
		m := llamaCppModel(t, server, llamacpp.Config{Template: template})
		for _, unstreamed := range []bool{false, true} {
			req := greedy("hi\n", llamacpp.Options{})
			req.NonStreaming = unstreamed
			for ev, err := range m.Stream(t.Context(), req).Events() {
				if err != nil {
					t.Fatal(err)
				}
				if start, ok := ev.Detail.(*llm.Start); ok && !start.CanContinue {
					t.Errorf("template %q: CanContinue is not set", template)
				}
			}
			req.Messages = append(req.Messages, llm.Assistant(begun))
			resp := mustGenerate(t, m, req)
			if got := resp.Text(); got != rest {
				t.Errorf("template %q, unstreamed %v: after %q the rest is %q, want %q", template, unstreamed, begun, got, rest)
			}
			if count, err := m.CountTokens(t.Context(), req); err != nil || llm.Known(count.Tokens) != resp.Usage.Input {
				t.Errorf("template %q: the count is %+v (%v), but the server reports %v tokens", template, count, err, resp.Usage.Input)
			}
		}
	}

	// In the other formats too, the model continues from the prompt followed directly by
	// the beginning of the answer.
	server = llamacpptest.Start(t, "tiny")
	m := llamaCppModel(t, server, llamacpp.Config{Template: "vicuna"})
	req := greedy("Why?", llamacpp.Options{})
	req.Messages, req.MaxTokens = append(req.Messages, llm.Assistant(" Because ")), 16
	var want struct {
		Content string
		Read    int `json:"tokens_evaluated"`
	}
	postJSON(t, server.URL+"/completion", map[string]any{"prompt": "USER: Why? ASSISTANT: Because ", "temperature": 0, "n_predict": 16}, &want)
	if resp := mustGenerate(t, m, req); resp.Text() != want.Content || resp.Usage.Input != llm.Known(want.Read) {
		t.Errorf("the rest is %q, after %v tokens; want %q after %d", resp.Text(), resp.Usage.Input, want.Content, want.Read)
	}
}

func TestLlamaCppHoldsAnswersToGrammarsAndSchemas(t *testing.T) {
	server := llamacpptest.Start(t, "tiny")
	schema := json.RawMessage(`{"type":"object","properties":{"age":{"type":"integer","minimum":0,"maximum":150}},"required":["age"],"additionalProperties":false}`)
	for _, template := range []string{"", "plain"} {
		m := llamaCppModel(t, server, llamacpp.Config{Template: template})
		if got := mustGenerate(t, m, greedy("Yes or no?", llamacpp.Options{Grammar: `root ::= "yes" | "no"`})).Text(); got != "yes" && got != "no" {
			t.Errorf("template %q: a random model with the grammar produces %q", template, got)
		}
		req := greedy("Once", llamacpp.Options{})
		req.Format, req.MaxTokens = &llm.Format{Schema: schema}, 400
		resp := mustGenerate(t, m, req)
		var person struct{ Age *int }
		if err := json.Unmarshal([]byte(resp.Text()), &person); err != nil || person.Age == nil || *person.Age < 0 || *person.Age > 150 {
			t.Errorf("template %q: a random model with a schema produces %q (%v)", template, resp.Text(), err)
		}
		_, err := m.Generate(t.Context(), greedy("x", llamacpp.Options{Grammar: "root ::= nothing"}))
		wantKind(t, err, llm.InvalidRequest, "grammar")
	}
}

func TestLlamaCppSaysWhatItRuns(t *testing.T) {
	server := llamacpptest.Start(t, "tiny")
	m := llamaCppModel(t, server, llamacpp.Config{})
	p := m.Provider().(*llamacpp.Provider)
	props, err := p.Props(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if props.Info.Name != "tiny" || props.Info.ContextWindow != 2048 || props.BOS != "<s>" || props.Template != llamacpptest.Template {
		t.Errorf("the properties are %+v", props)
	}
	slots, err := p.Slots(t.Context())
	if err != nil || len(slots) != props.Slots || slots[0].Busy || slots[0].ContextWindow != 2048 {
		t.Errorf("the slots are %+v (%v), want %d free slots", slots, err, props.Slots)
	}
	models, err := m.ListModels(t.Context())
	if err != nil || len(models) != 1 || models[0].Name != "tiny" || models[0].ContextWindow != 2048 || models[0].Bytes == 0 {
		t.Errorf("the models are %+v, %v", models, err)
	}
	_, err = m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"x"}})
	wantKind(t, err, llm.Unsupported, "embeddings")
}

func TestLlamaCppEndings(t *testing.T) {
	server := llamacpptest.Start(t, "chain")
	for _, template := range []string{"", "plain"} {
		m := llamaCppModel(t, server, llamacpp.Config{Template: template})
		req := greedy("hi\n", llamacpp.Options{})
		req.Stop = []string{"exactly"}
		if resp := mustGenerate(t, m, req); resp.FinishReason != llm.FinishStop || !strings.HasSuffix(resp.Text(), "gives ") {
			t.Errorf("template %q: with a stop sequence the answer is %q, finished by %q", template, resp.Text(), resp.FinishReason)
		}
		req.Messages = llm.Prompt(strings.Repeat("the quick brown fox ", 600)).Messages
		_, err := m.Generate(t.Context(), req)
		wantKind(t, err, llm.ContextLength, "2048")
	}
}

func TestLlamaCppThatCrashesIsAnIncompleteAnswer(t *testing.T) {
	for _, template := range []string{"", "plain"} {
		server := llamacpptest.Start(t, "loop")
		m := llamaCppModel(t, server, llamacpp.Config{Template: template})
		pieces := 0
		var failure error
		for _, err := range m.Stream(t.Context(), greedy("hi\n", llamacpp.Options{})).Text() {
			if failure = err; err != nil {
				break
			}
			if pieces++; pieces == 20 {
				server.Kill()
			}
		}
		var e *llm.Error
		if !errors.As(failure, &e) || e.Kind != llm.Incomplete || !strings.Contains(e.Partial.Text(), "round and round it goes") {
			t.Errorf("template %q: after a crash the error is %v", template, failure)
		}
	}
}

func TestLlamaCppKey(t *testing.T) {
	server := llamacpptest.Start(t, "tiny", "--api-key", "the-right-key")
	for _, template := range []string{"", "plain"} {
		_, err := llamaCppModel(t, server, llamacpp.Config{APIKey: "the-wrong-key", Template: template}).Generate(t.Context(), llm.Prompt("x"))
		wantKind(t, err, llm.Auth)
		req := greedy("x", llamacpp.Options{})
		req.MaxTokens = 1
		mustGenerate(t, llamaCppModel(t, server, llamacpp.Config{APIKey: "the-right-key", Template: template}), req)
	}
}
