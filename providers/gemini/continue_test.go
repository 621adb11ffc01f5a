package gemini_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/gemini"
)

// brokenOff is a final chunk with the finish reason CONTINUATION: the answer continues in another reply.
func brokenOff(token string) string {
	return finished(`"finishReason":"CONTINUATION","continuationToken":"` + token + `"`)
}

// continued asks a server that sends these replies, one for each request.
func continued(t *testing.T, req *llm.Request, replies ...llmtest.HTTPReply) (*llm.Response, []any, error) {
	t.Helper()
	srv := llmtest.NewServer(t, replies...)
	p := provider(t, gemini.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key})
	resp, err := ask(t, p, req)
	var bodies []any
	for _, r := range srv.Requests() {
		bodies = append(bodies, fromJSON(t, string(r.Body)))
	}
	return partial(resp, err), bodies, err
}

func events(frames ...string) llmtest.HTTPReply {
	return llmtest.HTTP(200, "text/event-stream", sse(frames...))
}

func TestAnswerContinuesInAnotherReply(t *testing.T) {
	call := `{"functionCall":{"name":"f","args":{}}}`
	asked := with(func(r *llm.Request) { r.Temperature, r.KeepRaw = new(0.5), true })
	resp, bodies, err := continued(t, asked,
		events(parts(text("one ")), brokenOff("dG9rMQ==")),
		events(parts(text("two ")), parts(call), brokenOff("dG9rMg==")),
		events(parts(text("three"), call), stopped))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the text", resp.Text(), "one two three")
	equal(t, "the calls", resp.ToolCalls(), []llm.ToolCall{{ID: "parley_abcDEF_0", Name: "f", Arguments: "{}"}, {ID: "parley_abcDEF_1", Name: "f", Arguments: "{}"}})
	equal(t, "the finish reason", []string{string(resp.FinishReason), resp.RawFinishReason}, []string{string(llm.FinishToolCalls), "STOP"})
	equal(t, "the usage, of three replies", resp.Usage, llm.Usage{Input: llm.Known(3 * 7), Output: llm.Known(3 * 10)})
	equal(t, "the size of the bodies kept", len(resp.Raw), len(sse(parts(text("one ")), brokenOff("dG9rMQ=="), parts(text("two ")), parts(call), brokenOff("dG9rMg=="), parts(text("three"), call), stopped)))

	first := `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0.5}`
	equal(t, "the requests", bodies, []any{
		fromJSON(t, first+`}`), fromJSON(t, first+`,"continuationToken":"dG9rMQ=="}`), fromJSON(t, first+`,"continuationToken":"dG9rMg=="}`),
	})
}

func TestNonStreamingAnswerContinuesInAnotherReply(t *testing.T) {
	whole := func(s, more string) llmtest.HTTPReply {
		return llmtest.JSON(200, finished(`"content":{"parts":[`+text(s)+`]},`+more))
	}
	resp, bodies, err := continued(t, with(func(r *llm.Request) { r.NonStreaming = true }),
		whole("one ", `"finishReason":"CONTINUATION","continuationToken":"dG9r"`), whole("two", `"finishReason":"STOP"`))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the text and the number of requests", []any{resp.Text(), len(bodies)}, []any{"one two", 2})
}

func TestAnswerWithoutContinuationIsIncomplete(t *testing.T) {
	for name, tt := range map[string]struct {
		second llmtest.HTTPReply
		kind   llm.Kind
		text   string
		usage  llm.Usage
	}{
		"the same token again": {events(brokenOff("dG9r")), llm.Incomplete, "one ", llm.Usage{Input: llm.Known(14), Output: llm.Known(20)}},
		"no token":             {events(parts(text("two")), finished(`"finishReason":"CONTINUATION"`)), llm.Incomplete, "one two", llm.Usage{Input: llm.Known(14), Output: llm.Known(20)}},
		"a cut":                {events(parts(text("two"))), llm.Incomplete, "one two", llm.Usage{Input: llm.Known(14), Output: llm.Known(10)}},
		"a refusal":            {conformance.Gemini().ErrorReply(&llm.Error{Status: 503, Message: "busy"}), llm.Overloaded, "one ", llm.Usage{Input: llm.Estimated(7), Output: llm.Estimated(10)}},
		"no reply":             {llmtest.HangUp(), llm.Network, "one ", llm.Usage{Input: llm.Estimated(7), Output: llm.Estimated(10)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := continued(t, llm.Prompt("hi"), events(parts(text("one ")), brokenOff("dG9r")), tt.second)
			wantError(t, err, tt.kind)
			equal(t, "the text that had arrived", got.Text(), tt.text)
			equal(t, "its usage", got.Usage, tt.usage)
		})
	}
}

// After the caller stops reading, invalid data in the rest of a complete reply is not reported.
func TestErrorAfterStopIsIgnored(t *testing.T) {
	for _, body := range []string{parts(text("a")), "[" + parts(text("a")) + `,{"error":{"code":500,"message":"oops"}}]`, "[" + parts(text("a")) + `,{"no":"chunk"}]`} {
		p := serve(t, says(200, "application/json", body))
		for range llm.New(p, model).Stream(t.Context(), with(func(r *llm.Request) { r.NonStreaming = true })).Text() {
			break // a word after this would be a panic
		}
	}
}

func TestNoContinuationAfterStop(t *testing.T) {
	srv := llmtest.NewServer(t, events(parts(text("one ")), brokenOff("dG9r")))
	p := provider(t, gemini.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key})
	for range llm.New(p, model).Stream(t.Context(), llm.Prompt("hi")).Text() {
		break
	}
	equal(t, "the number of requests", len(srv.Requests()), 1)
}
