package openai_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func TestErrorsInsideAStream(t *testing.T) {
	const object = `{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}`
	for _, tt := range []struct {
		name, body string
		kind       llm.Kind
		code       string
		message    string
	}{
		{"as data", events(object), llm.Server, "server_error", "The server had an error"},
		{"as an event named error", "event: error\n" + events(object), llm.Server, "server_error", "The server had an error"},
		{"as an event named error, without the outer object", "event: error\n" + events(`{"message":"slow down","code":"rate_limit_exceeded"}`), llm.RateLimited, "rate_limit_exceeded", "slow down"},
		{"as an event named error, of text", "event: error\ndata: out of memory\n\n", llm.Server, "", "out of memory"},
		{"as an event named error, empty", "event: error\ndata:\n\n", llm.Server, "", "the server ended the answer with an error and gave no reason"},
		{"as bare JSON", object + "\n", llm.Server, "server_error", "The server had an error"},
		{"as bare JSON without a newline", object, llm.Server, "server_error", "The server had an error"},
		{"as bare JSON with a space", `{ "error": {"message":"m","code":"insufficient_quota"}}` + "\n\n", llm.Quota, "insufficient_quota", "m"},
		{
			"as bare JSON on many lines", "{\n  \"error\": {\n    \"message\": \"too long\",\n    \"code\": \"context_length_exceeded\"\n  }\n}\n\n",
			llm.ContextLength, "context_length_exceeded", "too long",
		},
		{"as a bare list", "[{\n  \"error\": {\n    \"code\": 429,\n    \"message\": \"m\",\n    \"status\": \"RESOURCE_EXHAUSTED\"\n  }\n}]\n", llm.RateLimited, "RESOURCE_EXHAUSTED", "m"},
		{"error not the first key", events(`{"id":"c1","choices":[],"error":{"message":"m","code":503}}`), llm.Overloaded, "503", "m"},
		{"error not the first key, bare", `{"id":"c1","object":"x","error":{"message":"m","code":503}}` + "\n", llm.Overloaded, "503", "m"},
		{"a space before error", events(`{ "error" : { "message" : "m" , "code" : "invalid_api_key" } }`), llm.Auth, "invalid_api_key", "m"},
		{"pretty-printed data of many lines", "data: {\ndata:   \"error\": {\ndata:     \"message\": \"m\", \"type\": \"overloaded_error\"\ndata:   }\ndata: }\n\n", llm.Overloaded, "overloaded_error", "m"},
		{"as text", events(`{"error":"the runner died"}`), llm.Server, "", "the runner died"},
		{"as a string of JSON", events(`{"error":"{\"error\":{\"code\":400,\"message\":\"m\",\"type\":\"exceed_context_size_error\"}}"}`), llm.ContextLength, "exceed_context_size_error", "m"},
		{"llama.cpp's field", `error: {"code":500,"message":"failed to decode","type":"server_error"}` + "\n\n", llm.Server, "server_error", "failed to decode"},
		{"llama.cpp's field, wrapped", `error: {"error":{"code":500,"message":"failed to decode","type":"server_error"}}` + "\n\n", llm.Server, "server_error", "failed to decode"},
		{
			"OpenRouter's, beside a choice", events(`{"id":"c1","model":"m-1","error":{"code":502,"message":"Provider returned error"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}`),
			llm.Server, "502", "Provider returned error",
		},
		{
			"OpenRouter's, in a choice", events(`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"error","error":{"code":502,"message":"Provider returned error","metadata":{"provider_name":"X"}}}]}`),
			llm.Server, "502", "Provider returned error",
		},
		{"OpenRouter's rate limit", events(`{"error":{"code":"429","message":"slow down"},"choices":[]}`), llm.RateLimited, "429", "slow down"},
		{
			"Groq's, in its own part", events(`{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":null}],"x_groq":{"id":"req_1","error":"over capacity"}}`),
			llm.Server, "", "over capacity",
		},
		{"Cerebras's, with a status", events(`{"status_code":429,"error":{"message":"slow down","type":"too_many_requests_error","param":"quota","code":"request_quota_exceeded","id":""}}`), llm.RateLimited, "request_quota_exceeded", "slow down"},
		{"vLLM's object", events(`{"object":"error","message":"boom","type":"BadRequestError","param":null,"code":400}`), llm.InvalidRequest, "BadRequestError", "boom"},
		{"a time to wait", events(`{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x.RetryInfo","retryDelay":"3s"}]}}`), llm.RateLimited, "RESOURCE_EXHAUSTED", "m"},
		{"an empty object", events(`{"error":{}}`), llm.Server, "", "the server ended the answer with an error and gave no reason"},
	} {
		for _, before := range []struct{ name, body, text string }{
			{"at once", "", ""},
			{"after some text", events(chunk(`"role":"assistant","content":""`), text("Hel"), text("lo"), text(", w")), "Hello, w"},
		} {
			t.Run(tt.name+", "+before.name, func(t *testing.T) {
				_, err := ask(t, model(t, openai.Config{}, streams(before.body+tt.body)))
				e := wantError(t, err, tt.kind)
				equal(t, "code and message", []string{e.Code, e.Message}, []string{tt.code, tt.message})
				equal(t, "status", e.Status, 200)
				if before.text == "" {
					return
				}
				if e.Partial == nil {
					t.Fatal("what had arrived is lost")
				}
				equal(t, "partial text", e.Partial.Text(), before.text)
			})
		}
		t.Run(tt.name+", after the finish reason", func(t *testing.T) {
			_, err := ask(t, model(t, openai.Config{}, streams(events(text("a"), finish("stop"))+tt.body)))
			wantError(t, err, tt.kind)
		})
	}
}

func TestTimeToWaitInsideAStreamIsKept(t *testing.T) {
	_, err := ask(t, model(t, openai.Config{}, streams(events(`{"error":{"code":429,"message":"m","details":[{"@type":"x.RetryInfo","retryDelay":"3s"}]}}`))))
	equal(t, "time to wait", wantError(t, err, llm.RateLimited).RetryAfter, 3*time.Second)
}

func TestErrorInAChoiceThatIsNotStreamed(t *testing.T) {
	_, err := ask(t, model(t, openai.Config{}, says(200, "application/json",
		`{"id":"c1","choices":[{"index":0,"message":{"content":""},"finish_reason":"error","error":{"code":502,"message":"Provider returned error"}}]}`)))
	e := wantError(t, err, llm.Server)
	equal(t, "code and message", []string{e.Code, e.Message}, []string{"502", "Provider returned error"})
}

func TestRepliesThatAreNoAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, body string
		kind                    llm.Kind
		want                    string
	}{
		{"a login page", "text/html; charset=utf-8", "<html><head><title>Sign in</title></head>", llm.Protocol, "text/html"},
		{"a login page says what it is", "text/html", "<html><head><title>Sign in</title></head>", llm.Protocol, "Sign in"},
		{"XHTML", "application/xhtml+xml", "<html/>", llm.Protocol, "application/xhtml+xml"},
		{"a page in place of a stream", "text/event-stream", "<html><body>Sign in</body></html>\n", llm.Incomplete, "before the server said"},
		{"plain text", "text/plain", "ok", llm.Protocol, "text/plain; body: ok"},
		{"plain text that tells the key", "text/plain", strings.Repeat(" ", 3000) + "no such key:\n" + testKey, llm.Protocol, "body: no such key: [secret]"},
		{"an image", "image/png", "\x89PNG\r\n\x1a\n\x00", llm.Protocol, "image/png"},
		{"no type", "", "ok", llm.Protocol, "(none)"},
		{"nothing at all", "", "", llm.Protocol, "(none)"},
		{"an empty stream", "text/event-stream", "", llm.Incomplete, "before the server said"},
		{"comments alone", "text/event-stream", ": ping\n\n: ping\n\n", llm.Incomplete, "before the server said"},
		{"[DONE] alone", "text/event-stream", events(done), llm.Incomplete, "without an answer"},
		{"[DONE] after a role", "text/event-stream", events(chunk(`"role":"assistant","content":""`), done), llm.Incomplete, "without an answer"},
		{"[DONE] after usage", "text/event-stream", events(usage, done), llm.Incomplete, "without an answer"},
		{"garbage in a frame", "text/event-stream", events(text("a"), "garbage", finish("stop")), llm.Protocol, "not a chunk"},
		{"broken JSON in a frame", "text/event-stream", events(text("a"), `{"choices":[{"delta":{"content":`, finish("stop")), llm.Protocol, "not a chunk"},
		{"a chunk of another kind", "text/event-stream", events(`{"choices":"none"}`), llm.Protocol, "not a chunk"},
		{"a number", "text/event-stream", events(`7`), llm.Protocol, "not a chunk"},
		{"text that is no object", "text/event-stream", events(text("a"), `"x"`), llm.Protocol, "not a chunk"},
		{"bare JSON that is nothing", "text/event-stream", `{"hello":1}` + "\n", llm.Protocol, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ask(t, model(t, openai.Config{}, says(200, tt.contentType, tt.body)))
			e := wantError(t, err, tt.kind, tt.want)
			equal(t, "status", e.Status, 200)
		})
	}
}

func TestEmptyRefusals(t *testing.T) {
	for status, kind := range map[int]llm.Kind{500: llm.Server, 503: llm.Overloaded, 401: llm.Auth, 429: llm.RateLimited} {
		for _, unstreamed := range []bool{false, true} {
			_, err := model(t, openai.Config{}, says(status, "", "")).Generate(t.Context(), &llm.Request{Messages: hi, NonStreaming: unstreamed})
			e := wantError(t, err, kind, "the server gave no reason")
			equal(t, "status, provider, model, op", []any{e.Status, e.Provider, e.Model, e.Op}, []any{status, "openai", "m", llm.OpChat})
		}
	}
}

func TestRefusalKeepsItsHints(t *testing.T) {
	_, err := ask(t, model(t, openai.Config{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.Header().Set("X-Request-Id", "req_9")
		w.Header().Set("X-Should-Retry", "false")
		says(429, "application/json", `{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}`)(w, r)
	}))
	e := wantError(t, err, llm.RateLimited)
	equal(t, "hints", []any{e.RetryAfter, e.RequestID, e.Header.Get("X-Should-Retry")}, []any{20 * time.Second, "req_9", "false"})
	equal(t, "text", err.Error(), "parley: openai/m: rate limited (429): Rate limit reached; retry in 20s [request req_9]")
}

func TestLongLines(t *testing.T) {
	const huge = 10 << 20
	for _, size := range []int{300 << 10, 2 << 20, huge} {
		long := strings.Repeat("0123456789abcde\n", size/16)
		for name, body := range map[string]string{
			"text":     events(text("a"), text(long), text("b"), finish("stop"), usage, done),
			"a member": events(text("a"+long+"b"), strings.Replace(finish("stop"), `"id"`, `"padding":`+quote(long)+`,"id"`, 1), usage, done),
			"comment":  events(text("a"+long+"b")) + ": " + strings.Repeat("x", size) + "\n" + events(finish("stop"), usage, done),
		} {
			if size == huge && name != "text" {
				continue // as 2 MB, and slow under the race detector
			}
			resp := answer(t, model(t, openai.Config{}, streams(body)), llm.Prompt("hi"))
			if got := resp.Text(); got != "a"+long+"b" {
				t.Errorf("a line of %d bytes (%s): the text has %d bytes, want %d", size, name, len(got), size+2)
			}
		}
		resp := answer(t, model(t, openai.Config{}, says(200, "application/json", whole(`{"content":`+quote(long)+`}`, `"stop"`, wholeUsage))), llm.Prompt("hi"))
		equal(t, "length of an unstreamed answer", len(resp.Text()), size)
	}
}

func TestLineBeyondTheLimit(t *testing.T) {
	config := openai.Config{Limits: llm.Limits{FrameBytes: 1 << 10}}
	long := strings.Repeat("x", 2<<10)
	_, err := ask(t, model(t, config, streams(events(text("a"), text(long), finish("stop"), usage, done))))
	e := wantError(t, err, llm.Protocol)
	equal(t, "partial text", e.Partial.Text(), "a")
	if len(e.Message) > 500 {
		t.Errorf("the message has %d bytes: %.200s…", len(e.Message), e.Message)
	}
	_, err = ask(t, model(t, config, says(200, "application/json", whole(`{"content":`+quote(strings.Repeat(long, 8))+`}`, `"stop"`, ""))))
	wantError(t, err, llm.Protocol, "limit")
	equal(t, "text within the limit of an unstreamed answer",
		answer(t, model(t, config, says(200, "application/json", whole(`{"content":`+quote(long)+`}`, `"stop"`, wholeUsage))), llm.Prompt("hi")).Text(), long)
}

func TestEventStreamGrammar(t *testing.T) {
	data := []string{text("Hel"), text("lo"), text(", "), text("world"), finish("stop"), usage, done}
	lines := func(newline string) string { return strings.ReplaceAll(events(data...), "\n", newline) }
	for name, body := range map[string]string{
		"LF":                        events(data...),
		"CRLF":                      lines("\r\n"),
		"CR":                        lines("\r"),
		"a byte order mark":         "\uFEFF" + events(data...),
		"no space after the colon":  strings.ReplaceAll(events(data...), "data: ", "data:"),
		"comments":                  ": OPENROUTER PROCESSING\n\n" + strings.ReplaceAll(events(data...), "data:", ": ping\n:\n\ndata:"),
		"1,000 comments":            strings.Repeat(": ping\n\n", 1000) + events(data...),
		"event and id lines":        strings.ReplaceAll(events(data...), "data:", "event: message\nid: 7\nretry: 10\ndata:"),
		"unknown fields":            strings.ReplaceAll(events(data...), "data:", "x: y\nz\ndata:"),
		"data on many lines":        strings.ReplaceAll(events(data...), `,"object"`, ",\ndata: \"object\""),
		"no newline at the end":     strings.TrimRight(events(data...), "\n"),
		"one newline at the end":    strings.TrimRight(events(data...), "\n") + "\n",
		"usage last, no newline":    strings.TrimRight(events(data[:6]...), "\n"),
		"empty lines between":       strings.ReplaceAll(events(data...), "\n\n", "\n\n\n\n"),
		"empty data":                "data\n\ndata:\n\n" + events(data...),
		"space within the JSON":     strings.ReplaceAll(events(data...), `":`, `" : `),
		"a new id in every chunk":   strings.Replace(events(data...), `"id":"c1"`, `"id":"c1","system_fingerprint":"x"`, 2),
		"obfuscation of any length": strings.Replace(strings.Replace(events(data...), `"id"`, `"obfuscation":"aXb","id"`, 1), `"created":1`, `"created":2,"obfuscation":"q"`, 2),
	} {
		t.Run(name, func(t *testing.T) {
			resp := answer(t, model(t, openai.Config{}, streams(body)), llm.Prompt("hi"))
			equal(t, "text and usage", []any{resp.Text(), resp.Usage}, []any{"Hello, world", usage7and5})
		})
	}
}
