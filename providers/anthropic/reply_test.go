package anthropic_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
)

const (
	textBlock  = `{"type":"text","text":""}`
	thinkBlock = `{"type":"thinking","thinking":"","signature":""}`
	toolBlock  = `{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}`
)

func TestStreamBecomesAnAnswer(t *testing.T) {
	resp := mustRead(t, append([]string{
		begin, start(textBlock), ping, delta(textDelta("Hel")), delta(textDelta("lo 🦙")), stopAt(0),
		startAt(1, `{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}`), deltaAt(1, inputDelta("")),
		deltaAt(1, inputDelta(`{"city":`)), deltaAt(1, inputDelta(`"Rome"}`)), stopAt(1),
		startAt(2, `{"type":"tool_use","id":"toolu_2","name":"now","input":{}}`), deltaAt(2, inputDelta("")), stopAt(2),
	}, end("tool_use")...)...)
	equal(t, "the parts", resp.Messages, []llm.Message{llm.Assistant("Hello 🦙",
		llm.ToolCall{ID: "toolu_1", Name: "weather", Arguments: `{"city":"Rome"}`},
		llm.ToolCall{ID: "toolu_2", Name: "now", Arguments: `{}`})})
	equal(t, "the reason", resp.FinishReason, llm.FinishToolCalls)
	equal(t, "the id", resp.ID+" "+resp.Model, "msg_1 claude-sonnet-5")
	equal(t, "the usage", resp.Usage, llm.Usage{Input: llm.Known(12), Output: llm.Known(7)})
}

func TestFinishReasons(t *testing.T) {
	for raw, want := range map[string]llm.FinishReason{
		"end_turn": llm.FinishStop, "stop_sequence": llm.FinishStop, "max_tokens": llm.FinishLength,
		"model_context_window_exceeded": llm.FinishLength, "refusal": llm.FinishContentFilter, "pause_turn": llm.FinishOther, "new": llm.FinishOther,
	} {
		resp := mustRead(t, append([]string{begin, start(textBlock), delta(textDelta("a")), stopAt(0)}, end(raw)...)...)
		equal(t, raw, []any{resp.FinishReason, resp.RawFinishReason}, []any{want, raw})
	}
}

func TestAnAnswerMayBeEmpty(t *testing.T) {
	resp := mustRead(t, append([]string{begin}, end("end_turn")...)...)
	equal(t, "the answer", []any{resp.Text(), resp.FinishReason, len(resp.Messages)}, []any{"", llm.FinishStop, 0})
}

// Servers that convert from other dialects send end_turn although there are tool calls.
func TestAnswerWithCallsIsAToolTurnAtAnyReason(t *testing.T) {
	resp := mustRead(t, append([]string{begin, start(toolBlock), delta(inputDelta(`{"a":1}`)), stopAt(0)}, end("end_turn")...)...)
	equal(t, "the reason", resp.FinishReason, llm.FinishToolCalls)
}

func TestRefusalHasAnExplanation(t *testing.T) {
	resp := mustRead(t, begin, `{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"category":"cyber","explanation":"No exploits."}},"usage":{"output_tokens":0}}`, stop)
	equal(t, "the refusal", resp.Refusal(), "No exploits.")
	equal(t, "the reason", resp.FinishReason, llm.FinishContentFilter)
	if len(resp.Warnings) != 1 || !strings.Contains(resp.Warnings[0].Message, "cyber") {
		t.Errorf("the warnings do not have the category: %v", resp.Warnings)
	}
}

func TestInputOfTools(t *testing.T) {
	for name, test := range map[string]struct {
		events []string
		want   string
	}{
		"no delta":                          {[]string{start(toolBlock), stopAt(0)}, `{}`},
		"whole in the start":                {[]string{start(`{"type":"tool_use","id":"t","name":"weather","input":{"a":[1]}}`), stopAt(0)}, `{"a":[1]}`},
		"deltas replace the start":          {[]string{start(`{"type":"tool_use","id":"t","name":"weather","input":{"a":1}}`), delta(inputDelta(`{"b":`)), delta(inputDelta(`2}`)), stopAt(0)}, `{"b":2}`},
		"no stop":                           {[]string{start(toolBlock), delta(inputDelta(`{"a":1}`))}, `{"a":1}`},
		"not JSON: kept as the model wrote": {[]string{start(toolBlock), delta(inputDelta(`{"a":`)), stopAt(0)}, `{"a":`},
	} {
		t.Run(name, func(t *testing.T) {
			resp := mustRead(t, append(append([]string{begin}, test.events...), end("tool_use")...)...)
			calls := resp.ToolCalls()
			if len(calls) != 1 {
				t.Fatalf("there are %d calls, want 1: %v", len(calls), calls)
			}
			equal(t, "the arguments", calls[0].Arguments, test.want)
		})
	}
}

func TestCallThatTheLimitCutsIsIncomplete(t *testing.T) {
	resp := mustRead(t, append([]string{begin, start(toolBlock), delta(inputDelta(`{"a":`)), stopAt(0)}, end("max_tokens")...)...)
	equal(t, "the calls", []any{len(resp.ToolCalls()), len(resp.IncompleteCalls), resp.FinishReason}, []any{0, 1, llm.FinishLength})
}

func TestCountsOfTheLastEventAreValid(t *testing.T) {
	resp := mustRead(t,
		`{"type":"message_start","message":{"id":"m","usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":100,"output_tokens":1}}}`,
		`{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":3}}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":20,"cache_read_input_tokens":null,"output_tokens":30,"output_tokens_details":{"thinking_tokens":8}}}`,
		stop)
	equal(t, "the usage", resp.Usage, llm.Usage{
		Input: llm.Known(125), CacheWrite: llm.Known(5), CacheRead: llm.Known(100), Output: llm.Known(30), Reasoning: llm.Known(8),
	})
}

func TestUnknownEventsAndDeltasAreIgnored(t *testing.T) {
	resp := mustRead(t, append([]string{
		begin, `{"type":"heartbeat","delta":7}`, start(textBlock), delta(`{"type":"new_delta","text":"x"}`), delta(textDelta("a")), stopAt(0), stopAt(9), begin,
	}, end("end_turn")...)...)
	equal(t, "the text", resp.Text(), "a")
}

func TestStreamWithoutMessageStopIsIncomplete(t *testing.T) {
	for name, events := range map[string][]string{
		"nothing":             nil,
		"only the start":      {begin},
		"in a block":          {begin, start(textBlock), delta(textDelta("a"))},
		"after a stop reason": {begin, start(textBlock), delta(textDelta("a")), stopAt(0), end("end_turn")[0]},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, events...)
			e := wantError(t, err, llm.Incomplete)
			if name == "after a stop reason" {
				equal(t, "the partial answer", []any{e.Partial.Text(), e.Partial.Usage.Output}, []any{"a", llm.Known(7)})
			}
		})
	}
}

func TestErrorsHaveTheSameKindInAndBeforeStreams(t *testing.T) {
	for _, test := range []struct {
		status        int
		typ, message  string
		retry         string
		before, event llm.Kind
	}{
		{400, "invalid_request_error", "messages: must not be empty", "", llm.InvalidRequest, llm.InvalidRequest},
		{400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "", llm.ContextLength, llm.ContextLength},
		{400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 2", "", llm.ContextLength, llm.ContextLength},
		{400, "invalid_request_error", "Your credit balance is too low to access the API.", "", llm.Quota, llm.Quota},
		{400, "invalid_request_error", "You have reached your specified API usage limits.", "", llm.Quota, llm.Quota},
		{401, "authentication_error", "invalid x-api-key", "", llm.Auth, llm.Auth},
		{402, "billing_error", "There is an issue with your billing.", "", llm.Quota, llm.Quota},
		{403, "permission_error", "no", "", llm.Permission, llm.Permission},
		{404, "not_found_error", "model: claude-9", "", llm.NotFound, llm.NotFound},
		{409, "conflict_error", "busy", "", llm.InvalidRequest, llm.InvalidRequest},
		{413, "request_too_large", "Request exceeds the maximum size", "", llm.InvalidRequest, llm.InvalidRequest},
		{429, "rate_limit_error", "This request would exceed your rate limit", "7", llm.RateLimited, llm.RateLimited},
		{429, "rate_limit_error", "You have reached the monthly spend limit of your workspace", "", llm.Quota, llm.Quota},
		{500, "api_error", "Internal server error", "", llm.Server, llm.Server},
		{504, "timeout_error", "Request timed out", "", llm.Timeout, llm.Timeout},
		{529, "overloaded_error", "Overloaded", "", llm.Overloaded, llm.Overloaded},
	} {
		t.Run(test.typ+": "+test.message, func(t *testing.T) {
			body := `{"type":"error","error":{"type":"` + test.typ + `","message":"` + test.message + `","details":null},"request_id":"req_7"}`
			p := handledBy(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Request-Id", "req_7")
				if test.retry != "" {
					w.Header().Set("Retry-After", test.retry)
				}
				says(test.status, jsonType, body)(w, r)
			})
			_, err := ask(t, p, llm.Prompt("hi"))
			e := wantError(t, err, test.before, test.message)
			equal(t, "the error", []any{e.Status, e.Code, e.RequestID}, []any{test.status, test.typ, "req_7"})

			_, err = read(t, begin, start(textBlock), delta(textDelta("a")), body)
			if e = wantError(t, err, test.event, test.message); e.RequestID != "req_7" || e.Partial.Text() != "a" {
				t.Errorf("the error in a stream has the request id %q and the partial text %q", e.RequestID, e.Partial.Text())
			}
		})
	}
}

func TestProxyErrorWithoutJSON(t *testing.T) {
	_, err := ask(t, handledBy(t, says(413, "text/html", "<html><head><title>413 Request Entity Too Large</title></head></html>")), llm.Prompt("hi"))
	wantError(t, err, llm.InvalidRequest, "413 Request Entity Too Large")
}

func TestWholeReply(t *testing.T) {
	const body = `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5","content":[{"type":"thinking","thinking":"Hm","signature":"c2ln"},` +
		`{"type":"text","text":"Hi"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1.50}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":4}}`
	resp, err := ask(t, handledBy(t, says(200, jsonType, body)), &llm.Request{Messages: []llm.Message{llm.User("hi")}, NonStreaming: true})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the answer", []any{resp.Reasoning(), resp.Text(), resp.ToolCalls(), resp.FinishReason, resp.Usage.Total()},
		[]any{"Hm", "Hi", []llm.ToolCall{{ID: "toolu_1", Name: "f", Arguments: `{"a": 1.50}`}}, llm.FinishToolCalls, llm.Known(7)})
	_, err = ask(t, handledBy(t, says(200, jsonType, `{"choices":[]}`)), llm.Prompt("hi"))
	wantError(t, err, llm.Protocol, "Anthropic's API")
}

func TestThinkingIsReasoning(t *testing.T) {
	resp := mustRead(t, append([]string{
		begin, start(thinkBlock), delta(`{"type":"thinking_delta","thinking":"Let me "}`), delta(`{"type":"thinking_delta","thinking":"see"}`),
		delta(`{"type":"signature_delta","signature":"c2ln"}`), stopAt(0),
		startAt(1, `{"type":"redacted_thinking","data":"ZGF0YQ=="}`), stopAt(1),
		startAt(2, thinkBlock), deltaAt(2, `{"type":"signature_delta","signature":"b21pdHRlZA=="}`), stopAt(2),
		startAt(3, textBlock), deltaAt(3, textDelta("Yes")), stopAt(3),
	}, end("end_turn")...)...)
	equal(t, "the reasoning", resp.Reasoning(), "Let me see")
	if n := len(resp.Messages[0].Parts); n != 4 {
		t.Fatalf("there are %d parts, want one for each block: %v", n, resp.Messages[0].Parts)
	}
	// The next request has the same blocks.
	body, _ := sent(t, modelName, &llm.Request{Messages: append([]llm.Message{llm.User("hi")}, append(resp.Messages, llm.User("and?"))...)})
	equal(t, "the blocks", body["messages"].([]any)[1].(map[string]any)["content"], fromJSON(t, `[
		{"type":"thinking","thinking":"Let me see","signature":"c2ln"}, {"type":"redacted_thinking","data":"ZGF0YQ=="},
		{"type":"thinking","thinking":"","signature":"b21pdHRlZA=="}, {"type":"text","text":"Yes"}]`))
	// Another model cannot verify them.
	body, warnings := sent(t, "claude-opus-5", &llm.Request{Messages: append([]llm.Message{llm.User("hi")}, append(resp.Messages, llm.User("and?"))...), FailOnUnsupported: true})
	equal(t, "the blocks for another model", body["messages"].([]any)[1].(map[string]any)["content"], fromJSON(t, `[{"type":"text","text":"Yes"}]`))
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "claude-sonnet-5") {
		t.Errorf("the warnings do not name the model of the thinking: %v", warnings)
	}
}

func TestBlocksOfServerToolsSurvive(t *testing.T) {
	resp := mustRead(t, append([]string{
		begin, start(`{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}`),
		delta(inputDelta("")), delta(inputDelta(`{"query":`)), delta(inputDelta(`"Rome"}`)), stopAt(0),
		startAt(1, `{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","url":"https://rome.example","encrypted_content":"RQ=="}]}`), stopAt(1),
		startAt(2, `{"type":"text","text":"","citations":[]}`), deltaAt(2, textDelta("Rome is old. ")), stopAt(2),
		startAt(3, `{"type":"text","text":"","citations":[]}`),
		deltaAt(3, `{"type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"753","url":"https://rome.example","title":"Rome","encrypted_index":"SQ=="}}`),
		deltaAt(3, textDelta("753 BC.")), stopAt(3),
		startAt(4, textBlock), deltaAt(4, textDelta(" Really.")), stopAt(4),
	}, end("end_turn")...)...)
	equal(t, "the text", resp.Text(), "Rome is old. 753 BC. Really.")
	equal(t, "the sources", resp.Sources, []llm.Source{{URL: "https://rome.example", Title: "Rome", Start: 13, End: 20}})
	want := fromJSON(t, `[
		{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"Rome"}},
		{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","url":"https://rome.example","encrypted_content":"RQ=="}]},
		{"type":"text","text":"Rome is old. "},
		{"type":"text","text":"753 BC.","citations":[{"type":"web_search_result_location","cited_text":"753","url":"https://rome.example","title":"Rome","encrypted_index":"SQ=="}]},
		{"type":"text","text":" Really."}]`)
	body, _ := sent(t, modelName, &llm.Request{Messages: append([]llm.Message{llm.User("hi")}, append(resp.Messages, llm.User("and?"))...)})
	equal(t, "the blocks", body["messages"].([]any)[1].(map[string]any)["content"], want)
}

func TestCompactionAndCallersSurvive(t *testing.T) {
	resp := mustRead(t, append([]string{
		begin, start(`{"type":"compaction","content":null}`), delta(`{"type":"compaction_delta","content":"So far"}`), stopAt(0),
		startAt(1, `{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1},"caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}}`), stopAt(1),
	}, end("tool_use")...)...)
	body, _ := sent(t, modelName, &llm.Request{Messages: append([]llm.Message{llm.User("hi")}, append(resp.Messages, llm.ToolResults(llm.ToolResult{CallID: "toolu_1", Content: "2"}))...)})
	equal(t, "the blocks", body["messages"].([]any)[1].(map[string]any)["content"], fromJSON(t, `[
		{"type":"compaction","content":"So far"},
		{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1},"caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}}]`))
}

func TestRateLimitsAreReported(t *testing.T) {
	p := handledBy(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("anthropic-ratelimit-requests-remaining", "49")
		w.Header().Set("request-id", "req_1")
		says(200, eventType, events(append([]string{begin}, end("end_turn")...)...))(w, r)
	})
	resp, err := ask(t, p, llm.Prompt("hi"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the limits", []any{resp.RateLimits.RequestsLeft, resp.RequestID}, []any{49, "req_1"})
}

func TestListOfModelsHasAllPages(t *testing.T) {
	p := handledBy(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("after_id") == "" {
			says(200, jsonType, `{"data":[{"type":"model","id":"a","display_name":"A","created_at":"2026-01-02T00:00:00Z","max_input_tokens":200000,"max_tokens":64000}],"has_more":true,"last_id":"a"}`)(w, r)
			return
		}
		says(200, jsonType, `{"data":[{"type":"model","id":"b"}],"has_more":false,"last_id":"b"}`)(w, r)
	})
	models, err := llm.New(p, "").ListModels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the models", []any{len(models), models[0].Name, models[0].DisplayName, models[0].ContextWindow, models[0].MaxOutput, models[1].Name},
		[]any{2, "a", "A", 200000, 64000, "b"})
}

var _ llm.Provider = (*anthropic.Provider)(nil)
