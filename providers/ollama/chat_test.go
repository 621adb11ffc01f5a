package ollama_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

// line is a line of a stream with this message and these further members.
func line(message, more string) string {
	return `{"model":"m","created_at":"2026-11-23T16:44:04Z","message":` + message + more + `}`
}

// summary is what the tests compare of a response.
type summary struct {
	Parts  []llm.Part
	Finish llm.FinishReason
	Raw    string
	Usage  llm.Usage
}

func summarize(resp *llm.Response) summary {
	s := summary{Finish: resp.FinishReason, Raw: resp.RawFinishReason, Usage: resp.Usage}
	for _, m := range resp.Messages {
		s.Parts = append(s.Parts, m.Parts...)
	}
	return s
}

func TestReplies(t *testing.T) {
	const paris = `{"city": "Paris", "n": 12345678901234567890}`
	usage := llm.Usage{Input: llm.Known(23), Output: llm.Known(32)}
	for name, test := range map[string]struct {
		lines []string
		want  summary
	}{
		"text": {
			[]string{text("Hello"), text(" there"), text(" 🦙"), text("\x00<&>\n"), done},
			summary{Parts: []llm.Part{llm.Text{Text: "Hello there 🦙\x00<&>\n"}}, Finish: llm.FinishStop, Raw: "stop", Usage: usage},
		},
		"thinking, then text": {
			[]string{
				line(`{"role":"assistant","content":"","thinking":"Let"}`, `,"done":false`),
				line(`{"role":"assistant","content":"","thinking":" me"}`, `,"done":false`),
				line(`{"role":"assistant","content":"","thinking":" see."}`, `,"done":false`),
				line(`{"role":"assistant","content":"So","thinking":"!"}`, `,"done":false`),
				text(":"), text(" 42"), text("."), done,
			},
			summary{
				Parts:  []llm.Part{llm.Reasoning{Text: "Let me see.!"}, llm.Text{Text: "So: 42."}},
				Finish: llm.FinishStop, Raw: "stop", Usage: usage,
			},
		},
		"tool calls with ids, in several lines, with the same index": {
			[]string{
				text("Let me look."),
				line(`{"content":"","tool_calls":[{"id":"call_1","function":{"index":0,"name":"get_weather","arguments":`+paris+`}}]}`, `,"done":false`),
				line(`{"content":"","tool_calls":[{"id":"call_2","function":{"index":0,"name":"now","arguments":{}}}]}`, `,"done":false`),
				done,
			},
			summary{
				Parts: []llm.Part{
					llm.Text{Text: "Let me look."},
					llm.ToolCall{ID: "call_1", Name: "get_weather", Arguments: paris},
					llm.ToolCall{ID: "call_2", Name: "now", Arguments: "{}"},
				},
				Finish: llm.FinishToolCalls, Raw: "stop", Usage: usage,
			},
		},
		"tool calls without ids and indexes, as older versions send them": {
			[]string{
				line(`{"content":"","tool_calls":[{"function":{"name":"a","arguments":{"x":1}}},{"function":{"name":"a","arguments":{"x":2}}}]}`, `,"done":false`),
				done,
			},
			summary{
				Parts:  []llm.Part{llm.ToolCall{Name: "a", Arguments: `{"x":1}`}, llm.ToolCall{Name: "a", Arguments: `{"x":2}`}},
				Finish: llm.FinishToolCalls, Raw: "stop", Usage: usage,
			},
		},
		"tool calls with arguments in a string, and with none": {
			[]string{
				line(`{"content":"","tool_calls":[{"function":{"name":"a","arguments":"{\"x\":1}"}},{"function":{"name":"b"}},{"function":{"name":"c","arguments":null}}]}`, `,"done":false`),
				done,
			},
			summary{
				Parts:  []llm.Part{llm.ToolCall{Name: "a", Arguments: `{"x":1}`}, llm.ToolCall{Name: "b"}, llm.ToolCall{Name: "c"}},
				Finish: llm.FinishToolCalls, Raw: "stop", Usage: usage,
			},
		},
		"content in the last line": {
			[]string{line(`{"content":"all"}`, `,"done":true,"done_reason":"length","prompt_eval_count":1,"eval_count":2`)},
			summary{
				Parts: []llm.Part{llm.Text{Text: "all"}}, Finish: llm.FinishLength, Raw: "length",
				Usage: llm.Usage{Input: llm.Known(1), Output: llm.Known(2)},
			},
		},
		"a last line without a message or a reason, as old versions send it": {
			[]string{text("a"), `{"model":"m","done":true,"eval_count":2}`},
			summary{Parts: []llm.Part{llm.Text{Text: "a"}}, Usage: llm.Usage{Output: llm.Known(2)}},
		},
		"a cached prompt that old versions do not count": {
			[]string{text("a"), line(`{"content":""}`, `,"done":true,"done_reason":"stop","total_duration":5,"eval_count":2`)},
			summary{Parts: []llm.Part{llm.Text{Text: "a"}}, Finish: llm.FinishStop, Raw: "stop", Usage: llm.Usage{Output: llm.Known(2)}},
		},
		"a cached prompt that newer versions count": {
			[]string{text("a"), line(`{"content":""}`, `,"done":true,"done_reason":"stop","prompt_eval_count":9,"prompt_eval_cached_count":7,"eval_count":2`)},
			summary{
				Parts: []llm.Part{llm.Text{Text: "a"}}, Finish: llm.FinishStop, Raw: "stop",
				Usage: llm.Usage{Input: llm.Known(9), CacheRead: llm.Known(7), Output: llm.Known(2)},
			},
		},
		"an answer without a token": {
			[]string{line(`{"content":""}`, `,"done":true,"done_reason":"length","prompt_eval_count":9`)},
			summary{Finish: llm.FinishLength, Raw: "length", Usage: llm.Usage{Input: llm.Known(9), Output: llm.Known(0)}},
		},
		"text whose tokens were not counted": {
			[]string{text("a"), line(`{"content":""}`, `,"done":true,"done_reason":"stop","prompt_eval_count":9`)},
			summary{Parts: []llm.Part{llm.Text{Text: "a"}}, Finish: llm.FinishStop, Raw: "stop", Usage: llm.Usage{Input: llm.Known(9)}},
		},
		"a model that was only loaded": {
			[]string{line(`{"role":"assistant","content":""}`, `,"done":true,"done_reason":"load"`)},
			summary{Finish: llm.FinishOther, Raw: "load", Usage: llm.Usage{Input: llm.Known(0), Output: llm.Known(0)}},
		},
		"blank lines, carriage returns, members in another order": {
			[]string{"", text("a") + "\r", "  ", `{"done":false,"message":{"content":"b"},"model":"m"}`, done},
			summary{Parts: []llm.Part{llm.Text{Text: "ab"}}, Finish: llm.FinishStop, Raw: "stop", Usage: usage},
		},
		"a line of 3 MB": {
			[]string{text(strings.Repeat("x", 3<<20)), done},
			summary{Parts: []llm.Part{llm.Text{Text: strings.Repeat("x", 3<<20)}}, Finish: llm.FinishStop, Raw: "stop", Usage: usage},
		},
	} {
		t.Run(name, func(t *testing.T) {
			resp := mustAsk(t, serve(t, streams(test.lines...)), llm.Prompt("hi"))
			equal(t, "the answer", summarize(resp), test.want)
			equal(t, "the model that answers", resp.Model, "m")
		})
		t.Run(name+", the last newline missing", func(t *testing.T) {
			body := strings.Join(test.lines, "\n")
			resp := mustAsk(t, serve(t, says(200, "application/x-ndjson", body)), llm.Prompt("hi"))
			equal(t, "the answer", summarize(resp), test.want)
		})
		if len(test.lines) == 1 {
			t.Run(name+", not streamed", func(t *testing.T) {
				body := test.lines[0]
				resp := mustAsk(t, serve(t, says(200, "application/json; charset=utf-8", body)), with(func(r *llm.Request) { r.NonStreaming = true }))
				equal(t, "the answer", summarize(resp), test.want)
			})
		}
	}
}

func TestEventsOfAnAnswer(t *testing.T) {
	p := serve(t, streams(
		line(`{"content":"","thinking":"Hm"}`, `,"done":false`), text("A"), text("B"),
		line(`{"content":"","tool_calls":[{"id":"1","function":{"name":"now","arguments":{}}}]}`, `,"done":false`), done))
	var got []string
	for ev, err := range llm.New(p, "m").Stream(t.Context(), llm.Prompt("hi")).Events() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(ev.Type.String()+" "+ev.Text))
	}
	equal(t, "the events", got, []string{
		"start", "reasoning Hm", "text A", "text B", "tool_call_start", "tool_call_delta {}", "tool_call_end", "done",
	})
}

func TestLogprobs(t *testing.T) {
	const some = `[{"token":" a","logprob":-0.5,"bytes":[32,97],"top_logprobs":[{"token":" a","logprob":-0.5,"bytes":[32,97]},{"token":"\ufffd","logprob":-104.25,"bytes":[239,191,189]}]}]`
	want := []llm.TokenLogprob{{
		Token: " a", Logprob: -0.5, Bytes: []byte(" a"),
		Top: []llm.TokenLogprob{{Token: " a", Logprob: -0.5, Bytes: []byte(" a")}, {Token: "\ufffd", Logprob: -104.25, Bytes: []byte("\ufffd")}},
	}}
	// Three alike, so that a shape learnt of one would show in the next; the
	// last has no text, as while the server waits for the rest of a tool call.
	resp := mustAsk(t, serve(t, streams(
		line(`{"role":"assistant","content":" a"}`, `,"done":false,"logprobs":`+some),
		line(`{"role":"assistant","content":" b"}`, `,"done":false,"logprobs":`+some),
		line(`{"role":"assistant","content":""}`, `,"done":false,"logprobs":`+some),
		done)), with(func(r *llm.Request) { r.TopLogprobs = 2 }))
	equal(t, "the text", resp.Text(), " a b")
	equal(t, "the log probabilities", resp.Logprobs, append(append(want, want...), want...))
}

func TestUsageThatIsMissingIsAWarning(t *testing.T) {
	resp := mustAsk(t, serve(t, streams(text("a"), line(`{"content":""}`, `,"done":true,"done_reason":"stop"`))), llm.Prompt("hi"))
	equal(t, "the usage", resp.Usage, llm.Usage{})
	if len(resp.Warnings) != 1 || resp.Warnings[0].Code != llm.WarnUsageUnknown {
		t.Errorf("the warnings are %v, want one that the usage is unknown", resp.Warnings)
	}
}

func TestBodyIsKeptIfAsked(t *testing.T) {
	whole := text("a") + "\n" + done + "\n"
	req := with(func(r *llm.Request) { r.KeepRaw = true })
	resp := mustAsk(t, serve(t, says(200, "application/x-ndjson", whole)), req)
	equal(t, "the body of a stream", string(resp.Raw), whole)

	req.NonStreaming = true
	resp = mustAsk(t, serve(t, says(200, "application/json", done)), req)
	equal(t, "the body of an answer that is not streamed", string(resp.Raw), done)
}

func TestStreamInReplyToAnUnstreamedRequestIsRead(t *testing.T) {
	resp := mustAsk(t, serve(t, streams(text("a"), text("b"), done)), with(func(r *llm.Request) { r.NonStreaming = true }))
	equal(t, "the text", resp.Text(), "ab")
}

func TestRepliesThatAreNoAnswer(t *testing.T) {
	const ndjson, whole = "application/x-ndjson", "application/json; charset=utf-8"
	crash := `{"error":"an error was encountered while running the model: unexpected EOF"}`
	inString := `{"error":"{\"error\":{\"code\":400,\"message\":\"request (9 tokens) exceeds the available context size (8 tokens), try increasing it\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":9,\"n_ctx\":8}}"}`
	for name, test := range map[string]struct {
		status     int
		mediaType  string
		body       string
		unstreamed bool
		kind       llm.Kind
		says       []string
		partial    string
	}{
		"an unknown model":           {404, whole, `{"error":"model 'm' not found"}`, false, llm.NotFound, []string{"(404): model 'm' not found", "ollama pull m"}, ""},
		"an unknown model, by sched": {404, whole, `{"error":"model \"m\" not found, try pulling it first"}`, false, llm.NotFound, []string{"ollama pull m"}, ""},
		"a path that does not exist": {404, "text/plain", "404 page not found", false, llm.NotFound, []string{"base URL"}, ""},
		"a method that is wrong":     {405, "text/plain", "405 method not allowed", false, llm.InvalidRequest, nil, ""},
		"no model":                   {400, whole, `{"error":"model is required"}`, false, llm.InvalidRequest, []string{"model is required"}, ""},
		"a setting of a wrong type":  {500, whole, `{"error":"option \"temperature\" must be of type float32"}`, false, llm.InvalidRequest, []string{"must be of type float32"}, ""},
		"a list of a wrong type":     {500, whole, `{"error":"option \"stop\" must be of an array of strings"}`, false, llm.InvalidRequest, nil, ""},
		"a format that is none":      {500, whole, `{"error":"invalid format: \"\\\"yaml\\\"\"; expected \"json\" or a valid JSON Schema object"}`, false, llm.InvalidRequest, nil, ""},
		"a schema that is none":      {500, ndjson, `{"error":"invalid JSON schema in format"}`, false, llm.InvalidRequest, nil, ""},
		"a schema that is none, after thinking": {
			200, ndjson, line(`{"content":"","thinking":"Hm"}`, `,"done":false`) + "\n" + `{"error":"invalid JSON schema in format"}` + "\n",
			false, llm.InvalidRequest, nil, "",
		},
		"too many images":           {500, whole, `{"error":"this model only supports one image while more than one image requested"}`, false, llm.InvalidRequest, nil, ""},
		"tools without support":     {400, whole, `{"error":"registry.ollama.ai/library/m:latest does not support tools"}`, false, llm.Unsupported, nil, ""},
		"thinking without support":  {400, whole, `{"error":"\"m\" does not support thinking"}`, false, llm.Unsupported, nil, ""},
		"images without support":    {500, whole, `{"error":"Failed to create new sequence: this model is missing data required for image input"}`, false, llm.Unsupported, nil, ""},
		"overflow":                  {400, whole, `{"error":"the input length exceeds the context length"}`, false, llm.ContextLength, nil, ""},
		"overflow, in a string":     {400, whole, inString, false, llm.ContextLength, []string{"(400): request (9 tokens) exceeds"}, ""},
		"overflow, in a 500":        {500, whole, inString, false, llm.ContextLength, nil, ""},
		"overflow, in a stream":     {200, ndjson, inString + "\n", false, llm.ContextLength, nil, ""},
		"a key that is missing":     {401, whole, `{"error":"unauthorized","signin_url":"https://ollama.com/connect"}`, false, llm.Auth, nil, ""},
		"the cloud switched off":    {403, whole, `{"error":"ollama cloud is disabled"}`, false, llm.Permission, nil, ""},
		"a full queue":              {503, whole, `{"error":"server busy, please try again.  maximum pending requests exceeded"}`, false, llm.Overloaded, nil, ""},
		"a runner that is gone":     {500, whole, `{"error":"model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, check ollama server logs for details"}`, false, llm.Server, nil, ""},
		"an error without a body":   {500, whole, "", false, llm.Server, []string{"gave no reason"}, ""},
		"a crash mid-stream":        {200, ndjson, text("a") + "\n" + text("b") + "\n" + crash + "\n", false, llm.Server, []string{"unexpected EOF"}, "ab"},
		"a crash, newline missing":  {200, ndjson, text("a") + "\n" + crash, false, llm.Server, nil, "a"},
		"a crash, not streamed":     {500, whole, crash, true, llm.Server, nil, ""},
		"an error in a whole reply": {200, whole, crash, true, llm.Server, nil, ""},
		"an error object":           {200, ndjson, text("a") + "\n" + `{"model":"m", "error" : {"message":"boom","code":"x"}}` + "\n", false, llm.Server, []string{"boom"}, "a"},
		"the repeat guard":          {200, ndjson, text(" again") + "\n" + text(" again") + "\n", false, llm.Incomplete, []string{"repeat guard", "done:true"}, " again again"},
		"the repeat guard, not streamed": {
			200, whole, line(`{"role":"assistant","content":" again again"}`, `,"done":false`),
			true, llm.Incomplete, []string{"repeat guard"}, " again again",
		},
		"nothing":                 {200, ndjson, "", false, llm.Incomplete, []string{"before the first chunk"}, ""},
		"nothing, not streamed":   {200, whole, "", true, llm.Incomplete, nil, ""},
		"a line that is cut":      {200, ndjson, text("a") + "\n" + text("b")[:60], false, llm.Incomplete, []string{"middle of a line"}, "a"},
		"a whole reply cut":       {200, whole, done[:len(done)-1], true, llm.Incomplete, []string{"is truncated"}, ""},
		"a line that is no JSON":  {200, ndjson, text("a") + "\nOllama is running\n", false, llm.Protocol, []string{"not JSON: Ollama is running"}, "a"},
		"a line of wrong types":   {200, ndjson, text("a") + "\n" + `{"message":"b"}` + "\n", false, llm.Protocol, []string{"not a chunk of an answer"}, "a"},
		"a value of another kind": {200, ndjson, text("a") + "\n" + `{"status":"success"}` + "\n", false, llm.Protocol, []string{"not a piece of an answer"}, "a"},
		"a whole reply of text":   {200, "text/plain", "Ollama is running", true, llm.Protocol, []string{"text/plain", "body: Ollama is running"}, ""},
		"a web page":              {200, "text/html", "<html><title>Log in</title>", false, llm.Protocol, []string{"text/html", "Log in"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, serve(t, says(test.status, test.mediaType, test.body)), with(func(r *llm.Request) { r.NonStreaming = test.unstreamed }))
			wantError(t, err, test.kind, append(test.says, "ollama/m: ")...)
			e, _ := errors.AsType[*llm.Error](err)
			equal(t, "the error's status", e.Status, test.status)
			equal(t, "the operation in the error", e.Op, llm.OpChat)
			partial := ""
			if e.Partial != nil {
				partial = e.Partial.Text()
			}
			equal(t, "the partial text", partial, test.partial)
		})
	}
}

// TestAnswerPrintedOverManyLines is of a gateway that does not stream and
// indents its JSON.
func TestAnswerPrintedOverManyLines(t *testing.T) {
	var printed bytes.Buffer
	if err := json.Indent(&printed, []byte(line(`{"role":"assistant","content":"a {\n b"}`, `,"done":true,"done_reason":"stop"`)), "", "  "); err != nil {
		t.Fatal(err)
	}
	body := printed.String()
	resp, err := ask(t, serve(t, says(200, "application/json", body)), llm.Prompt("hi"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the text", resp.Text(), "a {\n b")
	equal(t, "the finish reason", resp.FinishReason, llm.FinishStop)
	_, err = ask(t, serve(t, says(200, "application/json", body[:len(body)-3])), llm.Prompt("hi"))
	wantError(t, err, llm.Incomplete, "is truncated")
	_, err = ask(t, handledWith(t, llm.Limits{FrameBytes: len(body) / 2}, says(200, "application/json", body)), llm.Prompt("hi"))
	wantError(t, err, llm.Protocol, "limit of")
}

func TestLineBeyondTheLimitIsAProtocolError(t *testing.T) {
	p := handledWith(t, llm.Limits{FrameBytes: 1000}, streams(text("a"), text(strings.Repeat("b", 1000)), done))
	_, err := ask(t, p, llm.Prompt("hi"))
	wantError(t, err, llm.Protocol, "limit of 1000 bytes")
	_, err = ask(t, handledWith(t, llm.Limits{FrameBytes: 10}, says(200, "application/json", done)), with(func(r *llm.Request) { r.NonStreaming = true }))
	wantError(t, err, llm.Protocol, "limit of 80 bytes")
}

// TestShapesNeverChangeWhatALineMeans sends lines that are alike but for one
// byte or member, in random order, after enough plain ones to learn from.
func TestShapesNeverChangeWhatALineMeans(t *testing.T) {
	lines := []string{
		text("a"), text("b"), text("c"), text(`"quoted" \ 🦙`), text(""),
		strings.Replace(text("d"), `"content"`, `"thinking"`, 1),
		strings.Replace(text("e"), `"done":false`, `"done":false,"logprobs":[]`, 1),
		strings.Replace(text("f"), `"content":"f"`, `"content":"f","thinking":"g"`, 1),
		strings.Replace(text("h"), `"model":"m"`, `"model":"n"`, 1),
		strings.Replace(text("i"), `"content":"i"`, `"content":"x","content":"i"`, 1),
		strings.Replace(text("j"), `"content":"j"`, `"content":"\u006a\ud83e\udd99"`, 1),
		strings.Replace(text("k"), `2026`, `9999`, 1),
		text("l"), text("m"), text("n"), text("o"),
	}
	var wantText, wantThinking strings.Builder
	for _, l := range lines {
		var c struct {
			Message struct{ Content, Thinking string }
		}
		if err := json.Unmarshal([]byte(l), &c); err != nil {
			t.Fatal(err)
		}
		wantText.WriteString(c.Message.Content)
		wantThinking.WriteString(c.Message.Thinking)
	}
	resp := mustAsk(t, serve(t, streams(append(lines, done)...)), llm.Prompt("hi"))
	thinking := ""
	for _, part := range resp.Messages[0].Parts {
		if p, ok := part.(llm.Reasoning); ok {
			thinking += p.Text
		}
	}
	if diff := cmp.Diff(wantText.String()+"|"+wantThinking.String(), resp.Text()+"|"+thinking); diff != "" {
		t.Errorf("text and thinking (-as encoding/json reads them, +got):\n%s", diff)
	}
}

func TestResultsFindTheirCallsByName(t *testing.T) {
	// A server without ids: what it said goes into the history as it is.
	resp := mustAsk(t, serve(t, streams(
		line(`{"content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{"city":"Paris"}}}]}`, `,"done":false`), done)),
		with(func(r *llm.Request) { r.Tools = []llm.Tool{weather} }))
	history := append([]llm.Message{llm.User("weather?")}, resp.Messages...)
	for _, call := range resp.ToolCalls() {
		history = append(history, llm.ToolResults(llm.ToolResult{CallID: call.ID, Name: call.Name, Content: "sunny"}))
	}
	body := sentChat(t, &llm.Request{Messages: history}).(map[string]any)
	equal(t, "the messages of the next turn", body["messages"], fromJSON(t, `[{"role":"user","content":"weather?"},
		{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{"city":"Paris"}}}]},
		{"role":"tool","content":"sunny","tool_name":"get_weather"}]`))
}

func TestRateLimitsOfAGatewayAreInTheStart(t *testing.T) {
	resp := mustAsk(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req-1")
		w.Header().Set("X-Ratelimit-Remaining-Requests", "7")
		streams(done)(w, r)
	}), llm.Prompt("hi"))
	equal(t, "the request's id", resp.RequestID, "req-1")
	if resp.RateLimits == nil || resp.RateLimits.RequestsLeft != 7 {
		t.Errorf("the rate limits are %+v, want 7 requests left", resp.RateLimits)
	}
}
