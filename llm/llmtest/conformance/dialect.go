package conformance

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// Dialect renders answers in the format of one kind of server. [OpenAI], [Responses], [Anthropic], [Gemini], [Ollama],
// [OllamaGenerate], [LlamaCppCompletion] and [PaLM] return the dialects of this package. For
// another kind of server, set the fields of a new Dialect. For example, this server sends
// lines of JSON:
//
//	func line(v any) []byte { data, _ := json.Marshal(v); return append(data, '\n') }
//
//	func failure(e *llm.Error) []byte { return line(map[string]any{"error": e.Message}) }
//
//	dialect := conformance.Dialect{
//		Name:       "lines",
//		StreamType: "application/x-ndjson",
//		RenderStream: func(events []llm.Event) (body []byte) {
//			for _, ev := range events {
//				switch ev.Type {
//				case llm.EventText:
//					body = append(body, line(map[string]any{"text": ev.Text})...)
//				case llm.EventDone:
//					body = append(body, line(map[string]any{"done": true})...)
//				}
//			}
//			return body
//		},
//		RenderWhole: func([]llm.Event) []byte { return nil }, // the server only streams chats
//		RenderError: failure,
//		ErrorFrames: func(e *llm.Error) []conformance.NamedFrame {
//			return []conformance.NamedFrame{{Name: "a line", Data: string(failure(e))}}
//		},
//		Complete: func(body []byte) int {
//			const end = `{"done":true}`
//			if i := bytes.Index(body, []byte(end)); i >= 0 {
//				return i + len(end)
//			}
//			return -1
//		},
//	}
//
// Its [Suite] sets NoNonStreaming, NoTools and so on, because the server has only text.
//
// The functions must have no side effects. A Dialect is safe for concurrent use.
type Dialect struct {
	Name string // "openai"
	// StreamType is the Content-Type of streamed replies.
	StreamType string

	// RenderStream returns the body of a streamed chat. If there is no [llm.EventDone], the
	// answer is cut: then the body must not contain the end of the answer. Content that the
	// dialect cannot express is left out. If [llm.Done.RawFinishReason] is set, it is sent
	// instead of the server's word for the FinishReason.
	RenderStream func(events []llm.Event) []byte
	// RenderWhole returns the body of a reply in one piece: a chat, or the result of an
	// [llm.EventResult]. It returns nil for operations that the dialect does not have.
	RenderWhole func(events []llm.Event) []byte
	// RenderError returns the body of an error reply.
	RenderError func(e *llm.Error) []byte
	// ErrorFrames returns all forms in which servers send an error inside a stream. The usual
	// form is the first.
	ErrorFrames func(e *llm.Error) []NamedFrame

	// Complete returns the number of bytes of a streamed body after which the answer is
	// complete by the rule of the dialect. It does not count the delimiter of the last frame,
	// because the end of the body ends a frame too. It returns -1 if the body is not
	// complete.
	Complete func(body []byte) int
	// CleanEnd reports that a complete answer also requires the end of the body.
	CleanEnd bool

	// FinishReasons maps the finish reasons of the server.
	FinishReasons map[string]llm.FinishReason
	// Usage is an example with all counts that the dialect can express.
	Usage llm.Usage
	// NoArguments is the form of empty arguments of a tool call: "" or "{}".
	NoArguments string
}

// NamedFrame is a frame with a name for the log of a test.
type NamedFrame struct {
	Name string // "event: error"
	Data string // all bytes of the frame, with the newline or the blank line at its end
}

// Stream renders a streamed reply to a chat. If the reply fails, the last frame is the error. If
// it fails with kind [llm.Incomplete], the body ends without an error frame.
func (d Dialect) Stream(r llmtest.Reply) llmtest.HTTPReply {
	events, err := r.Events()
	if err != nil && len(events) == 0 {
		return d.ErrorReply(asError(err))
	}
	w := llmtest.HTTPReply{Header: http.Header{"Content-Type": {d.StreamType}}, Body: d.RenderStream(events)}
	if err != nil && !errors.Is(err, llm.Incomplete) {
		w.Body = append(w.Body, d.ErrorFrames(asError(err))[0].Data...)
	}
	return w
}

// Whole renders a reply in one piece: to a chat without streaming, to an embedding call, or to
// a call for the list of models. Operations that the dialect does not have are a reply with
// status 501.
func (d Dialect) Whole(r llmtest.Reply) llmtest.HTTPReply {
	events, err := r.Events()
	if err != nil {
		return d.ErrorReply(asError(err))
	}
	body := d.RenderWhole(events)
	if body == nil {
		return llmtest.HTTP(http.StatusNotImplemented, "text/plain", "conformance: the dialect "+d.Name+" does not have this")
	}
	return llmtest.JSON(http.StatusOK, string(body))
}

// ErrorReply renders an error reply with the status of the error. The default is 500.
// RetryAfter is sent in the header Retry-After, in seconds, and RequestID in X-Request-Id.
func (d Dialect) ErrorReply(e *llm.Error) llmtest.HTTPReply {
	status := e.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	w := llmtest.JSON(status, string(d.RenderError(e)))
	if e.RetryAfter > 0 {
		seconds := e.RetryAfter.Seconds()
		w = w.WithHeader("Retry-After", strconv.FormatFloat(seconds, 'f', -1, 64))
	}
	if e.RequestID != "" {
		w = w.WithHeader("X-Request-Id", e.RequestID)
	}
	return w
}

// modelName is the name of the model in rendered replies.
const modelName = "scripted"

func asError(err error) *llm.Error {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return e
	}
	return &llm.Error{Kind: llm.Server, Message: err.Error()}
}

// rendered is the content of a list of events.
type rendered struct {
	id, model                string
	text, reasoning, refusal string
	calls                    []llm.ToolCall
	result                   llm.Detail
	done                     *llm.Done // nil if the answer has no end
}

func collect(events []llm.Event) rendered {
	r := rendered{id: "reply_1", model: modelName}
	for _, ev := range events {
		switch ev.Type {
		case llm.EventText:
			r.text += ev.Text
		case llm.EventReasoning:
			r.reasoning += ev.Text
		case llm.EventRefusal:
			r.refusal += ev.Text
		}
		switch d := ev.Detail.(type) {
		case *llm.Start:
			r.id, r.model = d.ID, d.Model
		case *llm.ToolCall:
			if ev.Type == llm.EventToolCallEnd {
				r.calls = append(r.calls, *d)
			}
		case *llm.EmbedResponse, *llm.TokenCount, *llm.ModelList:
			r.result = d
		case *llm.Done:
			r.done = d
		}
	}
	return r
}

// finishWord returns the finish reason in the spelling of the server.
func finishWord(done *llm.Done, words map[llm.FinishReason]string) string {
	if done.RawFinishReason != "" {
		return done.RawFinishReason
	}
	if word, ok := words[done.FinishReason]; ok {
		return word
	}
	return string(done.FinishReason)
}

// object is a JSON object.
type object = map[string]any

// created is the creation time in all rendered replies.
var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
