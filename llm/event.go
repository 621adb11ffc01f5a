package llm

import (
	"net/http"
	"time"
)

// Event is one step of an answer: for example a piece of text. A program ignores the events
// that it does not know.
//
//	switch ev.Type {
//	case llm.EventText:
//		fmt.Print(ev.Text)
//	case llm.EventToolCallEnd:
//		run(ev.Detail.(*llm.ToolCall))
//	}
type Event struct {
	// Type is the type of the event. It defines the use of the other fields.
	Type EventType
	// Index is the number of the tool call in the answer, counted from 0. Only tool call
	// events use it.
	Index int
	// Text is a piece of the answer, of the reasoning, of a refusal, or of the arguments of
	// a tool call. It is never cut inside a UTF-8 character.
	Text string
	// Detail has the type that the comment of the event type names. It is nil for all
	// other events.
	Detail Detail
}

// EventType is the type of an [Event].
type EventType uint8

// The event types, in the order in which they occur in an answer.
const (
	_ EventType = iota

	// EventStart is the first event after a reply began: *[Start].
	EventStart
	// EventText is a piece of the answer, in Text. If it has a *[ProviderData], it ends its
	// text part, and the data belongs to that part. An empty ProviderData only ends the part.
	EventText
	// EventReasoning is a piece of the model's reasoning, in Text. A *[ProviderData] ends its
	// part, as for EventText.
	EventReasoning
	// EventRefusal is a piece of a refusal, in Text. A *[ProviderData] ends its part, as for
	// EventText.
	EventRefusal
	// EventToolCallStart starts a tool call: *[ToolCall] with its id and name.
	EventToolCallStart
	// EventToolCallDelta is a piece of a tool call's JSON arguments, in Text.
	EventToolCallDelta
	// EventToolCallEnd ends a tool call: the complete *[ToolCall]. A call that was cut has no
	// end.
	EventToolCallEnd
	// EventMedia is a complete part that is not text, in a *[Media]: an [Image], [Audio],
	// [File], [Code], [Opaque] or [Unknown].
	EventMedia
	// EventSource is a source that the answer cites: *[Source].
	EventSource
	// EventLogprob is the log probability of one token of the answer: *[TokenLogprob].
	EventLogprob
	// EventResult is the answer to a call that is not a chat: *[EmbedResponse], *[TokenCount]
	// or *[ModelList].
	EventResult
	// EventToolStart is the start of a tool's execution, before it can have effects: the
	// *[ToolCall] that is run. It commits the call, also for [Model.Generate]: no middleware
	// repeats the call after it. A tool call of the model alone does not.
	EventToolStart
	// EventToolEnd is the end of a tool's execution, or a call that was not run: *[ToolEnd].
	EventToolEnd
	// EventStepStart and EventStepEnd surround one step of a tool loop: *[Step]. See
	// github.com/parley-llm/parley/llm/tool.Loop.
	EventStepStart
	EventStepEnd
	// EventWarning is a warning to the caller: *[Warning].
	EventWarning
	// EventAttempt reports a failed attempt that is being repeated: *[Attempt].
	EventAttempt
	// EventReset discards all content so far: the answer starts again. Only middleware with
	// a setting for it sends this event.
	EventReset
	// EventDone is the last event of every successful answer: *[Done].
	EventDone
)

var eventNames = [...]string{
	EventStart: "start", EventText: "text", EventReasoning: "reasoning", EventRefusal: "refusal",
	EventToolCallStart: "tool_call_start", EventToolCallDelta: "tool_call_delta", EventToolCallEnd: "tool_call_end",
	EventMedia: "media", EventSource: "source", EventLogprob: "logprob", EventResult: "result",
	EventToolStart: "tool_start", EventToolEnd: "tool_end",
	EventStepStart: "step_start", EventStepEnd: "step_end", EventWarning: "warning", EventAttempt: "attempt",
	EventReset: "reset", EventDone: "done",
}

// String returns the name of the type: "tool_call_start".
func (t EventType) String() string {
	if int(t) < len(eventNames) && eventNames[t] != "" {
		return eventNames[t]
	}
	return "invalid"
}

// Content reports whether the event shows content of the answer to the caller. The first
// event with content is the commit point: after it, a call must not be repeated. All types
// have content except [EventStart], [EventWarning] and [EventAttempt]. See
// [EventType.Commits].
func (t EventType) Content() bool {
	switch t {
	case EventText, EventReasoning, EventRefusal, EventToolCallStart, EventToolCallDelta, EventToolCallEnd,
		EventMedia, EventSource, EventLogprob, EventResult, EventToolStart, EventToolEnd, EventStepStart, EventStepEnd, EventReset, EventDone:
		return true
	}
	return false
}

// Commits reports whether the event commits a call, so that the call must not be repeated
// after it. For a buffered call, such as [Model.Generate], the caller has seen nothing
// before [EventDone], so only that event commits, and [EventToolStart], because a tool may
// have effects. For other calls, the first content commits. See
// github.com/parley-llm/parley/llm/llmutil.ForwardAttempt.
func (t EventType) Commits(buffered bool) bool {
	if buffered {
		return t == EventDone || t == EventToolStart
	}
	return t.Content()
}

// Detail is the additional data of an [Event]. It is one of the pointer types that the event
// types name.
type Detail interface{ isDetail() }

func (*Start) isDetail()         {}
func (*ProviderData) isDetail()  {}
func (*ToolCall) isDetail()      {}
func (*ToolEnd) isDetail()       {}
func (*Media) isDetail()         {}
func (*Source) isDetail()        {}
func (*TokenLogprob) isDetail()  {}
func (*EmbedResponse) isDetail() {}
func (*TokenCount) isDetail()    {}
func (*ModelList) isDetail()     {}
func (*Step) isDetail()          {}
func (*Warning) isDetail()       {}
func (*Attempt) isDetail()       {}
func (*Done) isDetail()          {}

// Start describes a reply before its content.
type Start struct {
	Provider   string      // the provider that answers; empty means the provider of the call
	ID         string      // the server's id of the answer
	Model      string      // the model that answers, often a more exact name than the requested one
	RequestID  string      // the server's id of the request, from the headers
	RateLimits *RateLimits // nil if the server sent none
	Header     http.Header // selected reply headers: ids, limits, timings
	// CanContinue reports that this answer can be continued if it is cut. To do so, send the
	// same request with the text so far as an assistant message at its end. The server
	// answers with the rest, without repeating text.
	CanContinue bool
}

// Media is a complete part of an answer that is not text. If the server sends it in pieces,
// there is one event after the last piece.
type Media struct{ Part Part }

// Source is a document that an answer cites.
type Source struct {
	URL   string `json:"url,omitempty"`
	Title string `json:"title,omitempty"`
	// Start and End are the byte range of the answer's text that the source supports:
	// text[Start:End]. Both are 0 if the range is unknown. OpenAI's servers count
	// characters, so their ranges are known only for answers that are not streamed.
	Start int `json:"start,omitempty"`
	End   int `json:"end,omitempty"`
}

// Step is one step of a tool loop: an answer of the model and the results of its tools.
type Step struct {
	N int // the number of the step, counted from 0
	// Messages are the messages that the step added to the conversation, set at its end. If
	// nil, the step added the content of its events.
	Messages []Message
	// Usage and FinishReason are those of the answer of the model in this step, set at its end.
	Usage        Usage
	FinishReason FinishReason
}

// ToolEnd is the end of a call of a tool.
type ToolEnd struct {
	Call ToolCall
	// Result is the result as the tool returned it, before it is shortened for the model. If
	// Err is not nil, it is the result that the model gets.
	Result ToolResult
	// Err is the error of the tool, or the reason why it was not run. The model gets only a
	// part of it.
	//
	// Security: it may contain secrets.
	Err error
	// Duration is the time that the call took. Zero means that it was not run.
	Duration time.Duration
}

// Done is the data that a server sends at the end of an answer.
type Done struct {
	// FinishReason is the reason for the end of the answer.
	FinishReason FinishReason
	// RawFinishReason is the reason as the server sent it.
	RawFinishReason string
	// Usage is the number of tokens used.
	Usage Usage
	// ServiceTier is the service tier that the server used, as the server names it, or "".
	ServiceTier string
	// Cost is the cost of the answer. A [Model] with prices sets it, if it is not set.
	Cost Cost
	// Raw is the body of the reply, if [Request.KeepRaw] is set.
	Raw []byte
}

// TokenLogprob is the log probability of one token of an answer.
type TokenLogprob struct {
	Token   string         `json:"token"`           // the text of the token
	Logprob float64        `json:"logprob"`         // the natural logarithm of the probability
	Bytes   []byte         `json:"bytes,omitempty"` // the bytes of the token; they may be part of a character
	Top     []TokenLogprob `json:"top,omitempty"`   // the most likely tokens at this position
}
