package conformance

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	openai "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

var everyPart = llmtest.Reasoning("Hm").Text("Hello", " 🦙 <b>").ToolCall("now").ToolCall("add", `{"a":`, `1}`).DetailedUsage(llm.Usage{
	Input: llm.Known(9), Output: llm.Known(5), CacheRead: llm.Known(4), Reasoning: llm.Known(3),
})

func TestOpenAIStream(t *testing.T) {
	const begin = `data: {"id":"reply_1","object":"chat.completion.chunk","created":1767225600,"model":"scripted","choices":[{"index":0,"delta":`
	const null = `,"finish_reason":null}]}` + "\n\n"
	want := begin + `{"content":"","role":"assistant"}` + null +
		begin + `{"reasoning_content":"Hm"}` + null +
		begin + `{"content":"Hello"}` + null +
		begin + `{"content":" 🦙 <b>"}` + null +
		begin + `{"tool_calls":[{"function":{"arguments":"","name":"now"},"id":"call_1_1","index":0,"type":"function"}]}` + null +
		begin + `{"tool_calls":[{"function":{"arguments":"","name":"add"},"id":"call_1_2","index":1,"type":"function"}]}` + null +
		begin + `{"tool_calls":[{"function":{"arguments":"{\"a\":"},"index":1}]}` + null +
		begin + `{"tool_calls":[{"function":{"arguments":"1}"},"index":1}]}` + null +
		begin + `{},"finish_reason":"tool_calls"}]}` + "\n\n" +
		`data: {"id":"reply_1","object":"chat.completion.chunk","created":1767225600,"model":"scripted","choices":[],"usage":` +
		`{"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":3},"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4},"total_tokens":14}}` +
		"\n\ndata: [DONE]\n\n"
	if diff := cmp.Diff(want, string(OpenAI().Stream(everyPart).Body)); diff != "" {
		t.Errorf("the stream differs (-want +got):\n%s", diff)
	}
}

func TestAnthropicStream(t *testing.T) {
	event := func(name, data string) string { return "event: " + name + "\ndata: " + data + "\n\n" }
	piece := func(index, delta string) string {
		return event("content_block_delta", `{"delta":`+delta+`,"index":`+index+`,"type":"content_block_delta"}`)
	}
	begin := func(index, block string) string {
		return event("content_block_start", `{"content_block":`+block+`,"index":`+index+`,"type":"content_block_start"}`)
	}
	stop := func(index string) string {
		return event("content_block_stop", `{"index":`+index+`,"type":"content_block_stop"}`)
	}
	want := event("message_start", `{"message":{"content":[],"id":"reply_1","model":"scripted","role":"assistant","stop_reason":null,"type":"message",`+
		`"usage":{"cache_read_input_tokens":4,"input_tokens":5,"output_tokens":1}},"type":"message_start"}`) + event("ping", `{"type":"ping"}`) +
		begin("0", `{"signature":"","thinking":"","type":"thinking"}`) + piece("0", `{"thinking":"Hm","type":"thinking_delta"}`) + stop("0") +
		begin("1", `{"text":"","type":"text"}`) + piece("1", `{"text":"Hello","type":"text_delta"}`) + piece("1", `{"text":" 🦙 <b>","type":"text_delta"}`) + stop("1") +
		begin("2", `{"id":"call_1_1","input":{},"name":"now","type":"tool_use"}`) + piece("2", `{"partial_json":"","type":"input_json_delta"}`) + stop("2") +
		begin("3", `{"id":"call_1_2","input":{},"name":"add","type":"tool_use"}`) + piece("3", `{"partial_json":"","type":"input_json_delta"}`) +
		piece("3", `{"partial_json":"{\"a\":","type":"input_json_delta"}`) + piece("3", `{"partial_json":"1}","type":"input_json_delta"}`) + stop("3") +
		event("message_delta", `{"delta":{"stop_reason":"tool_use","stop_sequence":null},"type":"message_delta",`+
			`"usage":{"cache_read_input_tokens":4,"input_tokens":5,"output_tokens":5,"output_tokens_details":{"thinking_tokens":3}}}`) +
		event("message_stop", `{"type":"message_stop"}`)
	if diff := cmp.Diff(want, string(Anthropic().Stream(everyPart).Body)); diff != "" {
		t.Errorf("the stream differs (-want +got):\n%s", diff)
	}
}

func TestOllamaStream(t *testing.T) {
	const begin = `{"model":"scripted","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":`
	want := begin + `"","thinking":"Hm"},"done":false}` + "\n" +
		begin + `"Hello"},"done":false}` + "\n" +
		begin + `" 🦙 <b>"},"done":false}` + "\n" +
		begin + `"","tool_calls":[{"function":{"arguments":{},"index":0,"name":"now"},"id":"call_1_1"}]},"done":false}` + "\n" +
		begin + `"","tool_calls":[{"function":{"arguments":{"a":1},"index":1,"name":"add"},"id":"call_1_2"}]},"done":false}` + "\n" +
		begin + `""},"done":true,"done_reason":"stop","total_duration":1000000000,"prompt_eval_count":9,"eval_count":5}` + "\n"
	if diff := cmp.Diff(want, string(Ollama().Stream(everyPart).Body)); diff != "" {
		t.Errorf("the stream differs (-want +got):\n%s", diff)
	}
}

func TestGeminiStream(t *testing.T) {
	const begin = `data: {"candidates":[{"content":{"parts":[`
	const end = `],"role":"model"},"index":0}],"modelVersion":"scripted","responseId":"reply_1"}` + "\n\n"
	want := begin + `{"text":"Hm","thought":true}` + end +
		begin + `{"text":"Hello"}` + end +
		begin + `{"text":" 🦙 <b>"}` + end +
		begin + `{"functionCall":{"args":{},"id":"call_1_1","name":"now"}}` + end +
		begin + `{"functionCall":{"args":{"a":1},"id":"call_1_2","name":"add"}}` + end +
		begin + `{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":` +
		`{"cachedContentTokenCount":4,"candidatesTokenCount":2,"promptTokenCount":9,"thoughtsTokenCount":3,"totalTokenCount":14},` +
		`"modelVersion":"scripted","responseId":"reply_1"}` + "\n\n"
	if diff := cmp.Diff(want, string(Gemini().Stream(everyPart).Body)); diff != "" {
		t.Errorf("the stream differs (-want +got):\n%s", diff)
	}
}

// The reader of go-openai is an oracle for the rendered stream.
func TestOpenAIStreamIsReadByGoOpenAI(t *testing.T) {
	srv := llmtest.NewServer(t, OpenAI().Stream(everyPart), OpenAI().Whole(everyPart))
	config := openai.DefaultConfig("any")
	config.BaseURL, config.HTTPClient = srv.URL, srv.Client()
	client := openai.NewClientWithConfig(config)
	req := openai.ChatCompletionRequest{Model: "m", Messages: []openai.ChatCompletionMessage{{Role: "user", Content: "Hi"}}}

	stream, err := client.CreateChatCompletionStream(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var text, reasoning, arguments, finish string
	var usage *openai.Usage
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if chunk.Usage != nil {
			usage = chunk.Usage
		}
		for _, choice := range chunk.Choices {
			text += choice.Delta.Content
			reasoning += choice.Delta.ReasoningContent
			finish += string(choice.FinishReason)
			for _, call := range choice.Delta.ToolCalls {
				arguments += call.Function.Name + call.Function.Arguments
			}
		}
	}
	got := []string{text, reasoning, arguments, finish}
	if diff := cmp.Diff([]string{"Hello 🦙 <b>", "Hm", `nowadd{"a":1}`, "tool_calls"}, got); diff != "" {
		t.Errorf("text, reasoning, tool calls and finish reason differ (-want +got):\n%s", diff)
	}
	if usage == nil || usage.PromptTokens != 9 || usage.CompletionTokens != 5 || usage.CompletionTokensDetails.ReasoningTokens != 3 {
		t.Errorf("the usage is %+v, want 9 in, 5 out, 3 of them for reasoning", usage)
	}

	whole, err := client.CreateChatCompletion(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	m := whole.Choices[0].Message
	if m.Content != "Hello 🦙 <b>" || m.ReasoningContent != "Hm" || len(m.ToolCalls) != 2 || m.ToolCalls[1].Function.Arguments != `{"a":1}` {
		t.Errorf("the message of the non-streaming reply is %+v", m)
	}
}

func TestStreamsOfFailingReplies(t *testing.T) {
	crash := &llm.Error{Kind: llm.Server, Message: "crash"}
	for _, d := range []Dialect{OpenAI(), Ollama(), Gemini()} {
		t.Run(d.Name, func(t *testing.T) {
			whole := d.Stream(llmtest.Text("a", "b").Usage(1, 2)).Body
			cut := d.Stream(llmtest.Text("a", "b").Usage(1, 2).Fail(nil))
			if len(cut.Body) == 0 || !bytes.HasPrefix(whole, cut.Body) || d.Complete(cut.Body) >= 0 {
				t.Errorf("a reply that is cut is not the beginning, without the end, of the whole one:\n%s\nwhole:\n%s", cut.Body, whole)
			}
			failed := d.Stream(llmtest.Text("a", "b").Fail(crash))
			if want := string(cut.Body) + d.ErrorFrames(crash)[0].Data; string(failed.Body) != want {
				t.Errorf("a reply that fails is\n%s\nwant\n%s", failed.Body, want)
			}
			if refused := d.Stream(llmtest.Error(crash)); refused.Status != 500 || string(refused.Body) != string(d.RenderError(crash)) {
				t.Errorf("a reply that is an error is %d %s, want a refusal with 500", refused.Status, refused.Body)
			}
			if plain := d.Whole(llmtest.Error(errors.New("no"))); plain.Status != 500 || !bytes.Contains(plain.Body, []byte(`"no"`)) {
				t.Errorf("a reply that is an error of another type is %d %s, want a refusal with 500", plain.Status, plain.Body)
			}
			want := 501
			if d.Name == "gemini" {
				want = 200
			}
			if count := d.Whole(llmtest.Count(3)); count.Status != want {
				t.Errorf("a token count has the status %d, want %d: only Gemini's dialect has one", count.Status, want)
			}
			if echo := d.Stream(llmtest.Echo()); d.Complete(echo.Body) < 0 {
				t.Errorf("a computed reply is not rendered as a complete answer: %s", echo.Body)
			}
		})
	}
}

func TestCompleteFindsTheEndOfTheAnswer(t *testing.T) {
	for _, tt := range []struct {
		dialect Dialect
		end     string // the last bytes of a complete answer
	}{
		{OpenAI(), `"finish_reason":"stop"}]}`},
		{Ollama(), `"eval_count":2}`},
		{Gemini(), `"modelVersion":"scripted","responseId":"reply_1"}`},
	} {
		body := tt.dialect.Stream(llmtest.Text("a", `"finish_reason":"stop" "done":true`).Usage(1, 2)).Body
		n := tt.dialect.Complete(body)
		if n < 0 || !strings.HasSuffix(string(body[:n]), tt.end) {
			t.Errorf("%s: the answer is complete after %q, want it to be at the end of %q", tt.dialect.Name, body[:max(n, 0)], tt.end)
		}
		if got := tt.dialect.Complete(body[:n-1]); got != -1 {
			t.Errorf("%s: with its last byte cut, the answer is complete after %d bytes, want never (-1)", tt.dialect.Name, got)
		}
	}
}

func FuzzComplete(f *testing.F) {
	for _, d := range []Dialect{OpenAI(), Ollama(), Gemini()} {
		f.Add(d.Stream(everyPart).Body)
		f.Add(d.Stream(llmtest.Text("a")).LineEnds("\r\n").Body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, d := range []Dialect{OpenAI(), Ollama(), Gemini()} {
			n := d.Complete(body)
			if n < -1 || n > len(body) {
				t.Fatalf("%s: the answer is complete after %d of %d bytes", d.Name, n, len(body))
			}
			if n >= 0 && d.Complete(body[:n]) != n {
				t.Fatalf("%s: the answer is complete after %d bytes, but not if they are all there is: %d", d.Name, n, d.Complete(body[:n]))
			}
		}
	})
}

func TestRefusalsAreRendered(t *testing.T) {
	e := &llm.Error{Status: 429, Code: "slow", Message: "slow down", RetryAfter: 1500 * time.Millisecond, RequestID: "r1"}
	for _, tt := range []struct {
		dialect Dialect
		body    string
	}{
		{OpenAI(), `{"error":{"code":"slow","message":"slow down","param":null,"type":null}}`},
		{Ollama(), `{"error":"slow down"}`},
	} {
		srv := llmtest.NewServer(t, tt.dialect.ErrorReply(e))
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		body := string(data)
		if err != nil || resp.StatusCode != 429 || body != tt.body {
			t.Errorf("%s: the refusal is %d %q, %v; want 429 %q", tt.dialect.Name, resp.StatusCode, body, err, tt.body)
		}
		if resp.Header.Get("Retry-After") != "1.5" || resp.Header.Get("X-Request-Id") != "r1" {
			t.Errorf("%s: the refusal's headers are %v, want Retry-After 1.5 and X-Request-Id r1", tt.dialect.Name, resp.Header)
		}
	}
}
