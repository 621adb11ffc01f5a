package cost

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The test binary is also the server: if serverVariable is set, it serves until its
// standard input is closed.
const serverVariable = "PARLEY_COST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

// serve answers /openai/N, /responses/N, /anthropic/N, /ollama/N and /gemini/N with streams of N chunks,
// and /whole/openai and so on with answers that are not streamed.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	go http.Serve(listener, http.HandlerFunc(answer))
	io.Copy(io.Discard, os.Stdin)
}

// replies are the bytes of the reply for each path. They are created once.
var replies sync.Map

// answer takes over the connection and answers all requests on it.
func answer(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	for path := r.URL.Path; ; {
		bytes, ok := replies.Load(path)
		if !ok {
			bytes, _ = replies.LoadOrStore(path, reply(path))
		}
		rw.Write(bytes.([]byte))
		if rw.Flush() != nil {
			return
		}
		next, err := http.ReadRequest(rw.Reader)
		if err != nil {
			return
		}
		io.Copy(io.Discard, next.Body)
		path = next.URL.Path
	}
}

// reply returns the HTTP reply for a path. Each frame of a stream is a separate HTTP
// chunk, as from servers that flush. All frames are sent at once, because the test
// measures reading and not waiting.
func reply(path string) []byte {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	n := 0
	if len(segments) > 1 {
		n, _ = strconv.Atoi(segments[1])
	}
	var out bytes.Buffer
	stream := func(contentType string, frames []string) {
		fmt.Fprintf(&out, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", contentType)
		for _, frame := range frames {
			fmt.Fprintf(&out, "%x\r\n%s\r\n", len(frame), frame)
		}
		fmt.Fprint(&out, "0\r\n\r\n")
	}
	switch segments[0] {
	case "whole":
		fmt.Fprintf(&out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(wholeBodies[segments[1]]), wholeBodies[segments[1]])
	case "openai":
		stream("text/event-stream", openaiFrames(n))
	case "anthropic":
		stream("text/event-stream; charset=utf-8", anthropicFrames(n))
	case "responses":
		stream("text/event-stream; charset=utf-8", responsesFrames(n))
	case "gemini":
		stream("text/event-stream", geminiFrames(n))
	case "ollama":
		stream("application/x-ndjson", ollamaFrames(n))
	}
	return out.Bytes()
}

var words = []string{"The", " sky", " is", " blue", " because", " of", " Rayleigh", " scattering", ".", "\\n", " It", " says", ": \\\"short", " waves", "\\\""}

// openaiFrames have the structure of OpenAI's frames, including the padding called
// obfuscation.
func openaiFrames(n int) []string {
	const head = `data: {"id":"chatcmpl-DuLdMEdkw5VsZSxKY3i9G934hT7LM","object":"chat.completion.chunk","created":1782321900,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_4fa7959453",`
	frames := []string{head + `"usage":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"obfuscation":"ZvYJfUINRWi"}` + "\n\n"}
	for i := range n {
		word := words[i%len(words)]
		frames = append(frames, fmt.Sprintf(head+`"usage":null,"choices":[{"index":0,"delta":{"content":"%s"},"logprobs":null,"finish_reason":null}],"obfuscation":"%s"}`+"\n\n", word, "nsrdAagU8qzJ7f"[:14-len(word)]))
	}
	return append(frames,
		head+`"usage":null,"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"obfuscation":"9Szx"}`+"\n\n",
		head+`"choices":[],"usage":{"prompt_tokens":15,"completion_tokens":1000,"total_tokens":1015,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"obfuscation":""}`+"\n\n",
		"data: [DONE]\n\n")
}

// anthropicFrames have the structure of Anthropic's events.
func anthropicFrames(n int) []string {
	event := func(name, data string) string { return "event: " + name + "\ndata: " + data + "\n\n" }
	frames := []string{
		event("message_start", `{"type":"message_start","message":{"model":"claude-sonnet-5","id":"msg_01XkbA4RLpKDGzCDQV6YyZ2W","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{"input_tokens":14,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard","inference_geo":"global"}}}`),
		event("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`),
		event("ping", `{"type": "ping"}`),
	}
	for i := range n {
		frames = append(frames, event("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"`+words[i%len(words)]+`"}}`))
	}
	return append(frames,
		event("content_block_stop", `{"type":"content_block_stop","index":0}`),
		event("message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null,"stop_details":null},"usage":{"input_tokens":14,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1000}}`),
		event("message_stop", `{"type":"message_stop"}`))
}

// responsesFrames have the structure of the events of OpenAI's Responses API, including the
// padding called obfuscation.
func responsesFrames(n int) []string {
	sequence := -1
	event := func(name, data string) string {
		sequence++
		return fmt.Sprintf("event: %s\ndata: {\"type\":\"%[1]s\",\"sequence_number\":%d,%s}\n\n", name, sequence, data)
	}
	const response = `"response":{"id":"resp_0ad52f880f4d28470068fe743176688197a67b8f2b9b4ba5c6","object":"response","created_at":1761506353,"status":"%s","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"model":"gpt-4o-mini-2024-07-18","output":[%s],"parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,"reasoning":{"effort":null,"summary":null},"safety_identifier":null,"service_tier":"auto","store":false,"temperature":1.0,"text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":1.0,"truncation":"disabled","usage":%s,"user":null,"metadata":{}}`
	const id = "msg_0ad52f880f4d28470068fe7432247c81989f19a135fc8b480f"
	item := func(status, content string) string {
		return `{"id":"` + id + `","type":"message","status":"` + status + `","content":[` + content + `],"role":"assistant"}`
	}
	part := func(text string) string {
		return `{"type":"output_text","annotations":[],"logprobs":[],"text":"` + text + `"}`
	}
	const place = `"item_id":"` + id + `","output_index":0,"content_index":0`
	frames := []string{
		event("response.created", fmt.Sprintf(response, "in_progress", "", "null")),
		event("response.in_progress", fmt.Sprintf(response, "in_progress", "", "null")),
		event("response.output_item.added", `"output_index":0,"item":`+item("in_progress", "")),
		event("response.content_part.added", place+`,"part":`+part("")),
	}
	var text strings.Builder
	for i := range n {
		word := words[i%len(words)]
		text.WriteString(word)
		frames = append(frames, event("response.output_text.delta", place+`,"delta":"`+word+`","logprobs":[],"obfuscation":"`+"nsrdAagU8qzJ7f"[:14-len(word)]+`"`))
	}
	whole := item("completed", part(text.String()))
	const usage = `{"input_tokens":15,"input_tokens_details":{"cached_tokens":0},"output_tokens":1000,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":1015}`
	return append(frames,
		event("response.output_text.done", place+`,"text":"`+text.String()+`","logprobs":[]`),
		event("response.content_part.done", place+`,"part":`+part(text.String())),
		event("response.output_item.done", `"output_index":0,"item":`+whole),
		event("response.completed", fmt.Sprintf(response, "completed", whole, usage)))
}

func ollamaFrames(n int) []string {
	var frames []string
	for i := range n {
		frames = append(frames, fmt.Sprintf(`{"model":"llama3.2:1b","created_at":"2026-11-23T16:44:%02d.%09dZ","message":{"role":"assistant","content":"%s"},"done":false}`+"\n", i%60, 5944351+i*7919, words[i%len(words)]))
	}
	return append(frames, `{"model":"llama3.2:1b","created_at":"2026-11-23T16:45:04.869989245Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1241295464,"load_duration":381856732,"prompt_eval_count":26,"prompt_eval_duration":219143123,"eval_count":1000,"eval_duration":638528755}`+"\n")
}

// geminiFrames have the structure of the Gemini API's frames, with spaces, CRLFs and
// token counts in every chunk.
func geminiFrames(n int) []string {
	frame := func(i int, text, finish string) string {
		return fmt.Sprintf(`data: {"candidates": [{"content": {"parts": [{"text": "%s"}],"role": "model"}%s,"index": 0}],`+
			`"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": %d,"totalTokenCount": %d,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}]},`+
			`"modelVersion": "gemini-2.5-flash","responseId": "zwCzaYWfAbnoz7IPmc_m6Q4"}`+"\r\n\r\n", text, finish, i+1, i+9)
	}
	var frames []string
	for i := range n {
		frames = append(frames, frame(i, words[i%len(words)], ""))
	}
	return append(frames, frame(n, "", `,"finishReason": "STOP"`))
}

// wholeBodies are answers that are not streamed.
var wholeBodies = map[string]string{
	"responses": `{"id":"resp_0ad52f880f4d28470068fe743176688197a67b8f2b9b4ba5c6","object":"response","created_at":1761506353,"status":"completed","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"model":"gpt-4o-mini-2024-07-18","output":[{"id":"msg_0ad52f880f4d28470068fe7432247c81989f19a135fc8b480f","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"The sky is blue because of Rayleigh scattering: short waves of light are scattered more by the air than long ones, so blue comes from every direction."}],"role":"assistant"}],"parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,"reasoning":{"effort":null,"summary":null},"safety_identifier":null,"service_tier":"default","store":false,"temperature":1.0,"text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":1.0,"truncation":"disabled","usage":{"input_tokens":15,"input_tokens_details":{"cached_tokens":0},"output_tokens":32,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":47},"user":null,"metadata":{}}`,
	"openai":    `{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1782321900,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"The sky is blue because of Rayleigh scattering: short waves of light are scattered more by the air than long ones, so blue comes from every direction.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":15,"completion_tokens":32,"total_tokens":47,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_4fa7959453"}`,
	"ollama":    `{"model":"llama3.2:1b","created_at":"2026-11-23T16:45:04.869989245Z","message":{"role":"assistant","content":"The sky is blue because of Rayleigh scattering: short waves of light are scattered more by the air than long ones, so blue comes from every direction."},"done":true,"done_reason":"stop","total_duration":1241295464,"load_duration":381856732,"prompt_eval_count":26,"prompt_eval_duration":219143123,"eval_count":32,"eval_duration":638528755}`,
	"anthropic": `{"model":"claude-sonnet-5","id":"msg_01XkbA4RLpKDGzCDQV6YyZ2W","type":"message","role":"assistant","content":[{"type":"text","text":"The sky is blue because of Rayleigh scattering: short waves of light are scattered more by the air than long ones, so blue comes from every direction."}],"stop_reason":"end_turn","stop_sequence":null,"stop_details":null,"usage":{"input_tokens":14,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":32,"service_tier":"standard","inference_geo":"global"}}`,
	"gemini":    `{"candidates": [{"content": {"parts": [{"text": "The sky is blue because of Rayleigh scattering: short waves of light are scattered more by the air than long ones, so blue comes from every direction."}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 32,"totalTokenCount": 40,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}]},"modelVersion": "gemini-2.5-flash","responseId": "zwCzaYWfAbnoz7IPmc_m6Q4"}`,
}

// startServer starts the server and returns its base URL.
func startServer(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), serverVariable+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not print its address: %v", err)
	}
	return "http://" + strings.TrimSpace(line)
}
