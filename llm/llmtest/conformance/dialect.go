package conformance

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// A Dialect renders answers in the way that one kind of server sends them. It
// is a provider turned round: bytes of events, where a provider makes events of
// bytes. [OpenAI], [Gemini], [Ollama], [OllamaGenerate], [LlamaCppCompletion] and
// [PaLM] return those of this package; for another kind of server, fill in one of
// your own.
//
// Its functions are pure, so a Dialect may be used by any number of goroutines.
type Dialect struct {
	Name string // "openai"
	// StreamType is the Content-Type of streamed replies.
	StreamType string

	// RenderStream returns the body of a streamed chat. The events come without
	// an [llm.EventDone] if the answer is cut short: then the body must not say
	// that it has ended. What the dialect has no words for is left out.
	RenderStream func(events []llm.Event) []byte
	// RenderWhole returns the body of a reply in one piece: a chat, or what an
	// [llm.EventResult] holds. It returns nil for what the dialect does not have.
	RenderWhole func(events []llm.Event) []byte
	// RenderError returns the body of a refusal.
	RenderError func(e *llm.Error) []byte
	// ErrorFrames returns each shape in which servers send an error inside a
	// stream, as a frame, the usual one first.
	ErrorFrames func(e *llm.Error) []NamedFrame

	// Complete returns how many bytes of a streamed body must have arrived for
	// the answer to be complete by the dialect's own rule, without what ends the
	// last frame: a clean end of the body ends it too. It returns -1 if no part
	// of the body is complete.
	Complete func(body []byte) int
	// CleanEnd says that a complete answer also needs the clean end of the body.
	CleanEnd bool

	// FinishReasons maps the server's words for why an answer ended.
	FinishReasons map[string]llm.FinishReason
	// Usage is an example with all the counts that the dialect can express.
	Usage llm.Usage
	// NoArguments is what the arguments of a tool call are when the model wrote
	// none: "" or "{}".
	NoArguments string
}

// NamedFrame is a frame with a name for tests to print.
type NamedFrame struct {
	Name string // "event: error"
	Data string
}

// Stream renders a reply to a chat that was asked to stream. If the reply
// fails, the last frame is the error; if it fails with an error of kind
// [llm.Incomplete], the body just ends.
func (d Dialect) Stream(r llmtest.Reply) llmtest.HTTPReply {
	events, err := r.Events()
	if err != nil && len(events) == 0 {
		return d.Refuse(asError(err))
	}
	w := llmtest.HTTPReply{Header: http.Header{"Content-Type": {d.StreamType}}, Body: d.RenderStream(events)}
	if err != nil && !errors.Is(err, llm.Incomplete) {
		w.Body = append(w.Body, d.ErrorFrames(asError(err))[0].Data...)
	}
	return w
}

// Whole renders a reply in one piece: to a chat that was not asked to stream, to
// an embedding call, to a listing of models. What the dialect does not have is
// a 501.
func (d Dialect) Whole(r llmtest.Reply) llmtest.HTTPReply {
	events, err := r.Events()
	if err != nil {
		return d.Refuse(asError(err))
	}
	body := d.RenderWhole(events)
	if body == nil {
		return llmtest.HTTP(http.StatusNotImplemented, "text/plain", "conformance: the dialect "+d.Name+" does not have this")
	}
	return llmtest.JSON(http.StatusOK, string(body))
}

// Refuse renders a refusal with the error's status, 500 if it has none. A
// RetryAfter is sent as the header of that name.
func (d Dialect) Refuse(e *llm.Error) llmtest.HTTPReply {
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

// modelName is the model that rendered replies name as theirs.
const modelName = "scripted"

func asError(err error) *llm.Error {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return e
	}
	return &llm.Error{Kind: llm.Server, Message: err.Error()}
}

// rendered is what a list of events says, in the terms of a body in one piece.
type rendered struct {
	id, model                string
	text, reasoning, refusal string
	calls                    []llm.ToolCall
	result                   llm.Detail
	done                     *llm.Done // nil if the answer has not ended
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

// finishWord returns the server's word for a finish reason.
func finishWord(done *llm.Done, words map[llm.FinishReason]string) string {
	if done.RawFinishReason != "" {
		return done.RawFinishReason
	}
	if word, ok := words[done.FinishReason]; ok {
		return word
	}
	return string(done.FinishReason)
}

// object is a JSON object in the making.
type object = map[string]any

// created is when all rendered replies were made.
var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
