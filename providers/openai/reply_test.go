package openai_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// said is what an answer says, without what says where it is from.
func said(resp *llm.Response) *llm.Response {
	out := *resp
	out.Provider, out.Model, out.ID, out.RequestID, out.Attempts, out.Header = "", "", "", "", nil, nil
	return &out
}

var usageUnknown = llm.Warning{Code: llm.WarnUsageUnknown, Message: "the server reported no token usage"}

// says1 is one assistant message.
func says1(parts ...llm.Part) []llm.Message {
	return []llm.Message{{Role: llm.RoleAssistant, Parts: parts}}
}

// whole makes a body that is not streamed.
func whole(message, finishReason, more string) string {
	return `{"id":"c1","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,"message":` + message +
		`,"finish_reason":` + finishReason + `}]` + more + `}`
}

const wholeUsage = `,"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}`

func TestAnswersThatStream(t *testing.T) {
	stopped := func(messages []llm.Message) *llm.Response {
		return &llm.Response{Messages: messages, FinishReason: llm.FinishStop, RawFinishReason: "stop", Usage: usage7and5}
	}
	for _, tt := range []struct {
		name string
		body string
		want *llm.Response
	}{
		{"text", events(chunk(`"role":"assistant","content":""`), text("Hel"), text("lo 🦙"), finish("stop"), usage, done), stopped(says1(llm.Text{Text: "Hello 🦙"}))},
		{"a null first", events(chunk(`"role":"assistant","content":null`), text("a"), finish("stop"), usage, done), stopped(says1(llm.Text{Text: "a"}))},
		{"the role in every delta", events(chunk(`"role":"assistant","content":"a"`), chunk(`"role":"assistant","content":"b"`), finish("stop"), usage, done), stopped(says1(llm.Text{Text: "ab"}))},
		{
			"reasoning_content", events(chunk(`"reasoning_content":"h"`), chunk(`"reasoning_content":"m"`), text("a"), finish("stop"), usage, done),
			stopped(says1(llm.Reasoning{Text: "hm"}, llm.Text{Text: "a"})),
		},
		{
			"reasoning", events(chunk(`"content":"","reasoning":"h"`), chunk(`"content":"","reasoning":"m"`), text("a"), finish("stop"), usage, done),
			stopped(says1(llm.Reasoning{Text: "hm"}, llm.Text{Text: "a"})),
		},
		{
			"reasoning of Copilot", events(chunk(`"reasoning_text":"h"`), chunk(`"reasoning_text":"m"`), text("a"), finish("stop"), usage, done),
			stopped(says1(llm.Reasoning{Text: "hm"}, llm.Text{Text: "a"})),
		},
		{
			"reasoning under both names at once", events(chunk(`"reasoning":"hm","reasoning_content":"hm"`), text("a"), finish("stop"), usage, done),
			stopped(says1(llm.Reasoning{Text: "hm"}, llm.Text{Text: "a"})),
		},
		{
			"reasoning and text in one delta", events(chunk(`"content":"a","reasoning":"hm"`), finish("stop"), usage, done),
			stopped(says1(llm.Reasoning{Text: "hm"}, llm.Text{Text: "a"})),
		},
		{"a refusal", events(chunk(`"refusal":"I "`), chunk(`"refusal":"won't"`), finish("stop"), usage, done), stopped(says1(llm.Refusal{Text: "I won't"}))},
		{
			"the finish reason with the last text",
			events(`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`, usage, done), stopped(says1(llm.Text{Text: "a"})),
		},
		{
			"the finish reason and usage with the last text, and no [DONE]",
			events(`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]` + wholeUsage + `}`), stopped(says1(llm.Text{Text: "a"})),
		},
		{"no [DONE]", events(text("a"), finish("stop"), usage), stopped(says1(llm.Text{Text: "a"}))},
		{
			"[DONE] and no finish reason", events(text("a"), usage, done),
			&llm.Response{Messages: says1(llm.Text{Text: "a"}), Usage: usage7and5},
		},
		{
			"usage in every chunk, the last one counts",
			events(`{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":7,"completion_tokens":1}}`, finish("stop"), usage, done),
			stopped(says1(llm.Text{Text: "a"})),
		},
		{
			"a second candidate, which nobody asked for",
			events(text("a"), `{"choices":[{"index":1,"delta":{"content":"X"},"finish_reason":"length"}]}`, finish("stop"), usage, done), stopped(says1(llm.Text{Text: "a"})),
		},
		{
			"Azure's first chunk", events(`{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}`,
				`{"choices":[{"index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"delta":{"content":"a"},"logprobs":null,"finish_reason":null}],"id":"c1","model":"m-1"}`,
				finish("stop"), usage, done), stopped(says1(llm.Text{Text: "a"})),
		},
		{ // https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-streaming
			"Azure's asynchronous filter, which has no delta", events(text("a"), azureFiltered(`null`), text("b"), finish("stop"), azureFiltered(`null`), usage, done),
			stopped(says1(llm.Text{Text: "ab"})),
		},
		{
			"Azure's asynchronous filter, which ends the answer", events(text("a"), azureFiltered(`"content_filter"`), usage, done),
			&llm.Response{Messages: says1(llm.Text{Text: "a"}), FinishReason: llm.FinishContentFilter, RawFinishReason: "content_filter", Usage: usage7and5},
		},
		{"an empty answer", events(chunk(`"content":""`), finish("stop"), usage, done), stopped(nil)},
		{"escapes", events(text("\"\\\n\t\u2028<&>\x00"), chunk(`"content":"\ud83e\udd99\/"`), finish("stop"), usage, done), stopped(says1(llm.Text{Text: "\"\\\n\t\u2028<&>\x00🦙/"}))},
		{"half of a surrogate pair", events(chunk(`"content":"a\ud83e"`), finish("stop"), usage, done), stopped(says1(llm.Text{Text: "a\uFFFD"}))},
		{"bytes that are not UTF-8", events(chunk("\"content\":\"a\xff\""), finish("stop"), usage, done), stopped(says1(llm.Text{Text: "a\uFFFD"}))},
		{"[DONE] with spaces", events(text("a"), finish("stop"), usage) + "data:[DONE] \n\n", stopped(says1(llm.Text{Text: "a"}))},
		{"more after [DONE]", events(text("a"), finish("stop"), usage, done, text("X")), stopped(says1(llm.Text{Text: "a"}))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := answer(t, model(t, openai.Config{}, streams(tt.body)), llm.Prompt("hi"))
			equal(t, "answer", said(resp), tt.want)
		})
	}
}

// azureFiltered is a frame of Azure's about its filters, which has no text.
func azureFiltered(finishReason string) string {
	return `{"id":"","object":"","created":0,"model":"","choices":[{"index":0,"finish_reason":` + finishReason +
		`,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198}}],"usage":null}`
}

func TestFinishReasonsThatMeanFailure(t *testing.T) {
	for raw, want := range map[string]llm.Kind{
		"error": llm.Server, "insufficient_system_resource": llm.Overloaded, "abort": llm.Incomplete,
	} {
		m := model(t, openai.Config{}, streams(events(text("half"), finish(raw), usage, done)))
		_, err := m.Generate(t.Context(), llm.Prompt("hi"))
		e, ok := errors.AsType[*llm.Error](err)
		if !ok || e.Kind != want || e.Partial.Text() != "half" || !e.Partial.Usage.Input.IsKnown() {
			t.Errorf("the finish reason %s gives %v (partial %+v), want the kind %q with text and usage", raw, err, e.Partial, want)
		}
	}
}

func TestFinishReasons(t *testing.T) {
	for raw, want := range map[string]llm.FinishReason{
		"stop": llm.FinishStop, "eos": llm.FinishStop, "length": llm.FinishLength, "tool_calls": llm.FinishToolCalls,
		"function_call": llm.FinishToolCalls, "content_filter": llm.FinishContentFilter, "something_new": llm.FinishOther,
	} {
		for name, handler := range map[string]http.HandlerFunc{
			"streamed":   streams(events(text("a"), finish(raw), usage, done)),
			"unstreamed": says(200, "application/json", whole(`{"role":"assistant","content":"a"}`, quote(raw), wholeUsage)),
		} {
			resp := answer(t, model(t, openai.Config{}, handler), llm.Prompt("hi"))
			equal(t, raw+", "+name, []string{string(resp.FinishReason), resp.RawFinishReason}, []string{string(want), raw})
		}
	}
}

func TestUsageInEveryPlaceWhereServersPutIt(t *testing.T) {
	for _, tt := range []struct {
		name  string
		chunk string
		want  llm.Usage
	}{
		{"OpenAI's", `{"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
			"prompt_tokens_details":{"cached_tokens":64,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":32,"audio_tokens":0,
			"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}`,
			llm.Usage{Input: llm.Known(100), Output: llm.Known(50), CacheRead: llm.Known(64), Reasoning: llm.Known(32)}},
		{"zeros, which are known", `{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":0}}}`,
			llm.Usage{Input: llm.Known(0), Output: llm.Known(0), CacheRead: llm.Known(0)}},
		{"null details", `{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":null}}`,
			llm.Usage{Input: llm.Known(1), Output: llm.Known(2)}},
		{"DeepSeek's", `{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":2}}`,
			llm.Usage{Input: llm.Known(10), Output: llm.Known(5), CacheRead: llm.Known(8)}},
		{"OpenRouter's cache writes", `{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"cost":0.01,
			"prompt_tokens_details":{"cached_tokens":1,"cache_write_tokens":4}}}`,
			llm.Usage{Input: llm.Known(10), Output: llm.Known(5), CacheRead: llm.Known(1), CacheWrite: llm.Known(4)}},
		{"Groq's x_groq", `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"prompt_tokens":3,"completion_tokens":4,"queue_time":0.1}}}`,
			llm.Usage{Input: llm.Known(3), Output: llm.Known(4)}},
		{"llama.cpp's, with timings", `{"choices":[],"usage":{"completion_tokens":8,"prompt_tokens":23,"total_tokens":31,"prompt_tokens_details":{"cached_tokens":22}},"timings":{"cache_n":22}}`,
			llm.Usage{Input: llm.Known(23), Output: llm.Known(8), CacheRead: llm.Known(22)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := strings.Join(strings.Fields(tt.chunk), " ")
			resp := answer(t, model(t, openai.Config{}, streams(events(text("a"), finish("stop"), data, done))), llm.Prompt("hi"))
			equal(t, "usage", resp.Usage, tt.want)
			equal(t, "warnings", resp.Warnings, []llm.Warning(nil))
		})
	}
}

func TestUnknownUsageIsAWarning(t *testing.T) {
	for name, more := range map[string]string{"none": "", "null": `,"usage":null`, "empty": `,"usage":{}`} {
		t.Run(name, func(t *testing.T) {
			body := `{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]` + more + `}`
			resp := answer(t, model(t, openai.Config{}, streams(events(body, done))), llm.Prompt("hi"))
			equal(t, "usage", resp.Usage, llm.Usage{})
			equal(t, "warnings", resp.Warnings, []llm.Warning{usageUnknown})
		})
	}
	m := model(t, openai.Config{Quirks: &openai.Quirks{NoStreamOptions: true}}, streams(events(text("a"), finish("stop"), done)))
	equal(t, "warnings, where the server is known to tell none", answer(t, m, llm.Prompt("hi")).Warnings, []llm.Warning(nil))
}

func TestLogprobsAndSources(t *testing.T) {
	tokens := []llm.TokenLogprob{
		{Token: "Hi", Logprob: -0.5, Bytes: []byte("Hi"), Top: []llm.TokenLogprob{{Token: "Hi", Logprob: -0.5, Bytes: []byte("Hi")}, {Token: "Yo", Logprob: -1.25}}},
		{Token: "\xf0\x9f", Logprob: -2, Bytes: []byte("\xf0\x9f")},
	}
	tokens[1].Token = `\xf0\x9f`
	const logprobs = `{"content":[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.5,"bytes":[72,105]},{"token":"Yo","logprob":-1.25,"bytes":null}]},` +
		`{"token":"\\xf0\\x9f","logprob":-2,"bytes":[240,159],"top_logprobs":[]}],"refusal":null}`
	const note = `[{"type":"url_citation","url_citation":{"start_index":1,"end_index":3,"title":"A page","url":"https://x.test/"}},{"type":"other"}]`
	page := llm.Source{URL: "https://x.test/", Title: "A page"}
	withRange := page
	withRange.Start, withRange.End = 1, 4 // the server counts characters
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		source  llm.Source
	}{
		"streamed": {streams(events(
			`{"choices":[{"index":0,"delta":{"content":"Hé!"},"logprobs":`+logprobs+`}]}`, chunk(`"annotations":`+note), finish("stop"), usage, done)), page},
		"unstreamed": {says(200, "application/json", `{"choices":[{"index":0,"message":{"content":"Hé!","annotations":`+note+`},"logprobs":`+logprobs+`,"finish_reason":"stop"}]`+wholeUsage+`}`), withRange},
	} {
		t.Run(name, func(t *testing.T) {
			resp := answer(t, model(t, openai.Config{}, tt.handler), llm.Prompt("hi"))
			if diff := cmp.Diff(tokens, resp.Logprobs, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("log probabilities (-want +got):\n%s", diff)
			}
			equal(t, "sources", resp.Sources, []llm.Source{tt.source})
		})
	}
}

func TestStartSaysWhatTheHeadersAndTheFirstChunkSay(t *testing.T) {
	handler := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", "req_1")
			w.Header().Set("X-Ratelimit-Remaining-Requests", "9")
			w.Header().Set("X-Ratelimit-Reset-Requests", "1m30s")
			says(200, contentType, body)(w, r)
		}
	}
	want := &llm.Start{
		Provider: "openai", ID: "c1", Model: "m-1", RequestID: "req_1",
		RateLimits: &llm.RateLimits{RequestLimit: -1, RequestsLeft: 9, RequestReset: 90 * time.Second, TokenLimit: -1, TokensLeft: -1, TokenReset: -1},
		Header:     http.Header{"X-Request-Id": {"req_1"}, "X-Ratelimit-Remaining-Requests": {"9"}, "X-Ratelimit-Reset-Requests": {"1m30s"}},
	}
	for name, h := range map[string]http.HandlerFunc{
		"streamed":   handler("text/event-stream", events(text("a"), finish("stop"), usage, done)),
		"unstreamed": handler("application/json", whole(`{"content":"a"}`, `"stop"`, wholeUsage)),
	} {
		t.Run(name, func(t *testing.T) {
			var types []llm.EventType
			var start *llm.Start
			for ev, err := range model(t, openai.Config{}, h).Stream(t.Context(), &llm.Request{Messages: hi, TopK: new(1)}).Events() {
				if err != nil {
					t.Fatal(err)
				}
				if ev.Type == llm.EventStart {
					start = ev.Detail.(*llm.Start)
				}
				types = append(types, ev.Type)
			}
			equal(t, "start", start, want)
			equal(t, "types of the events", types, []llm.EventType{llm.EventStart, llm.EventWarning, llm.EventText, llm.EventDone})
		})
	}
}

func TestAnswersThatDoNotStream(t *testing.T) {
	for _, tt := range []struct {
		name string
		body string
		want *llm.Response
	}{
		{"text", whole(`{"role":"assistant","content":"Hi","refusal":null,"annotations":[]}`, `"stop"`, wholeUsage), &llm.Response{
			Messages: says1(llm.Text{Text: "Hi"}), FinishReason: llm.FinishStop, RawFinishReason: "stop", Usage: usage7and5,
		}},
		{"everything", whole(`{"role":"assistant","content":"Hi","reasoning_content":"hm","tool_calls":[
			{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":""}}]}`, `"tool_calls"`, ""), &llm.Response{
			Messages:     says1(llm.Reasoning{Text: "hm"}, llm.Text{Text: "Hi"}, llm.ToolCall{ID: "a", Name: "f", Arguments: `{"x":1}`}, llm.ToolCall{ID: "b", Name: "g"}),
			FinishReason: llm.FinishToolCalls, RawFinishReason: "tool_calls", Warnings: []llm.Warning{usageUnknown},
		}},
		{"spaces and lines", "\n {\n \"choices\" : [ { \"message\" : {\"content\":\"Hi\"} , \"finish_reason\" : \"stop\" } ] " + wholeUsage + "\n}\n\n", &llm.Response{
			Messages: says1(llm.Text{Text: "Hi"}), FinishReason: llm.FinishStop, RawFinishReason: "stop", Usage: usage7and5,
		}},
	} {
		for _, unstreamed := range []bool{true, false} {
			for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "text/plain", ""} {
				if !unstreamed && (contentType == "" || contentType == "text/plain") && strings.HasPrefix(tt.body, "\n") {
					continue // nothing says what it is, and it spans lines: neither stream nor JSON
				}
				t.Run(tt.name+", asked to stream: "+contentType, func(t *testing.T) {
					resp := answer(t, model(t, openai.Config{}, says(200, contentType, tt.body)), &llm.Request{Messages: hi, NonStreaming: unstreamed})
					equal(t, "answer", said(resp), tt.want)
					equal(t, "id and model", []string{resp.ID, resp.Model}[:min(2, len(resp.ID))], []string{"c1", "m-1"}[:min(2, len(resp.ID))])
				})
			}
		}
	}
}

func TestStreamInAnswerToAnUnstreamedRequest(t *testing.T) {
	m := model(t, openai.Config{}, streams(events(text("a"), text("b"), finish("stop"), usage, done)))
	resp := answer(t, m, &llm.Request{Messages: hi, NonStreaming: true})
	equal(t, "text and usage", []any{resp.Text(), resp.Usage}, []any{"ab", usage7and5})
}

func TestUnstreamedAnswerMustBeWhole(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		kind       llm.Kind
		want       string
	}{
		{"no finish reason", whole(`{"content":"Hi"}`, "null", wholeUsage), llm.Incomplete, "the reply has no finish reason"},
		{"an object without choices", `{"id":"c1"}`, llm.Protocol, ""},
		{"no choices", `{"id":"c1","choices":[]}`, llm.Protocol, ""},
		{"nothing", ``, llm.Incomplete, ""},
		{"null", `null`, llm.Protocol, ""},
		{"a list", `[1]`, llm.Protocol, ""},
		{"text", `upstream is down`, llm.Protocol, ""},
		{"an error", `{"error":{"message":"m","code":"rate_limit_exceeded"}}`, llm.RateLimited, "m"},
		{"an error after an answer", whole(`{"content":"Hi"}`, `"stop"`, `,"error":{"message":"m","code":503}`), llm.Overloaded, "m"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := model(t, openai.Config{}, says(200, "application/json", tt.body)).Generate(t.Context(), &llm.Request{Messages: hi, NonStreaming: true})
			e := wantError(t, err, tt.kind, tt.want)
			equal(t, "status", e.Status, 200)
		})
	}
}

func TestRawBodyIsKeptWhenAskedFor(t *testing.T) {
	for name, tt := range map[string]struct{ contentType, body string }{
		"streamed":   {"text/event-stream", ": ping\r\n\r\n" + events(text("a"), finish("stop"), usage, done)},
		"unstreamed": {"application/json", whole(`{"content":"a"}`, `"stop"`, wholeUsage) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			m := model(t, openai.Config{}, says(200, tt.contentType, tt.body))
			equal(t, "raw body", string(answer(t, m, &llm.Request{Messages: hi, KeepRaw: true}).Raw), tt.body)
			equal(t, "raw body, not asked for", answer(t, m, &llm.Request{Messages: hi}).Raw, []byte(nil))
		})
	}
}

func TestAnswerCanBeSentBackAsItIs(t *testing.T) {
	m := model(t, openai.Config{Server: openai.VLLM}, streams(events(
		chunk(`"reasoning":"hm"`), text("let me"), chunk(`"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]`), finish("tool_calls"), usage, done)))
	resp := answer(t, m, llm.Prompt("hi"))
	history := append([]llm.Message{llm.User("hi")}, resp.Messages...)
	history = append(history, llm.ToolResults(llm.ToolResult{CallID: "c", Content: "ok"}))
	data, err := json.Marshal(history) // stored and loaded in between
	if err != nil {
		t.Fatal(err)
	}
	var loaded []llm.Message
	if err := json.Unmarshal(data, &loaded); err != nil {
		t.Fatal(err)
	}
	got := capture(t, openai.Config{Server: openai.VLLM}, "m", &llm.Request{Messages: loaded})
	equal(t, "body", fromJSON(t, got.Body), body(t, `"messages":[{"role":"user","content":"hi"},
		{"role":"assistant","content":"let me","reasoning":"hm","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"c","content":"ok"}]`))
}

// Azure's first frame is about its filters, and has an empty id and model:
// https://learn.microsoft.com/azure/ai-foundry/openai/how-to/content-filter
func TestAnswerIsNamedByTheFirstFrameThatHasAName(t *testing.T) {
	resp := answer(t, model(t, openai.Config{}, streams(events(
		`{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}`,
		`{"id":"c1","model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}`,
		finish("stop"), usage, done))), llm.Prompt("hi"))
	equal(t, "id", resp.ID, "c1")
	equal(t, "model", resp.Model, "gpt-4o-2024-08-06")
}
