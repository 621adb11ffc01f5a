package llm

import "net/http"

// An Event is one small step of an answer. What most events carry is in Text;
// what is rare is behind Detail.
//
//	switch ev.Type {
//	case llm.EventText:
//		fmt.Print(ev.Text)
//	case llm.EventToolCallEnd:
//		run(ev.Detail.(*llm.ToolCall))
//	}
type Event struct {
	// Type says what the event is, and with that what is in the other fields.
	Type EventType
	// Index says to which tool call of the answer, counted from 0, a tool call
	// event belongs.
	Index int
	// Text is a delta: of the answer, its reasoning, a refusal, or a tool
	// call's arguments. It is never cut inside a character.
	Text string
	// Detail is what the type's comment names, and nil for the others.
	Detail Detail
}

// EventType says what an [Event] is.
type EventType uint8

// The types of event, in the order in which an answer has them.
const (
	_ EventType = iota

	// EventStart is the first event of an attempt that got a reply: *[Start].
	EventStart
	// EventText is a piece of the answer, in Text. A *[ProviderData] detail
	// belongs to the text part that the piece ends.
	EventText
	// EventReasoning is a piece of the model's reasoning, in Text. A
	// *[ProviderData] detail belongs to the reasoning part that the piece ends.
	EventReasoning
	// EventRefusal is a piece of the model's refusal to answer, in Text.
	EventRefusal
	// EventToolCallStart begins a tool call: *[ToolCall] with its id and name.
	EventToolCallStart
	// EventToolCallDelta is a piece of a tool call's JSON arguments, in Text.
	EventToolCallDelta
	// EventToolCallEnd completes a tool call: *[ToolCall], whole. A call that
	// was cut off has no end.
	EventToolCallEnd
	// EventMedia is a whole part that is not text — an [Image], [Audio], [File],
	// [Code] or [Unknown] — in a *[Media].
	EventMedia
	// EventSource is something the answer cites: *[Source].
	EventSource
	// EventLogprob is the log probability of one token of the answer: *[TokenLogprob].
	EventLogprob
	// EventResult is the answer to a call that is not a chat: *[EmbedResponse],
	// *[TokenCount] or *[ModelList].
	EventResult
	// EventStepStart and EventStepEnd bracket one round of a tool loop: *[Step].
	EventStepStart
	EventStepEnd
	// EventWarning is something the caller should know: *[Warning].
	EventWarning
	// EventAttempt reports an attempt that failed and was made anew: *[Attempt].
	EventAttempt
	// EventReset takes back all content so far: the answer starts again.
	// Only what the caller has opted into sends it.
	EventReset
	// EventDone ends every complete answer: *[Done].
	EventDone
)

var eventNames = [...]string{
	EventStart: "start", EventText: "text", EventReasoning: "reasoning", EventRefusal: "refusal",
	EventToolCallStart: "tool_call_start", EventToolCallDelta: "tool_call_delta", EventToolCallEnd: "tool_call_end",
	EventMedia: "media", EventSource: "source", EventLogprob: "logprob", EventResult: "result",
	EventStepStart: "step_start", EventStepEnd: "step_end", EventWarning: "warning", EventAttempt: "attempt",
	EventReset: "reset", EventDone: "done",
}

// String returns the type's name: "tool_call_start".
func (t EventType) String() string {
	if int(t) < len(eventNames) && eventNames[t] != "" {
		return eventNames[t]
	}
	return "invalid"
}

// Content reports whether the event shows the caller a piece of the answer.
// The first such event is the commit point: see github.com/parley-llm/parley/llm/llmutil.ForwardAttempt.
func (t EventType) Content() bool {
	switch t {
	case EventText, EventReasoning, EventRefusal, EventToolCallStart, EventToolCallDelta, EventToolCallEnd,
		EventMedia, EventSource, EventLogprob, EventResult, EventStepStart, EventStepEnd, EventReset, EventDone:
		return true
	}
	return false
}

// A Detail is the rare part of an [Event]: one of the pointer types that the
// event types name.
type Detail interface{ isDetail() }

func (*Start) isDetail()         {}
func (*ProviderData) isDetail()  {}
func (*ToolCall) isDetail()      {}
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

// Start is what a reply says of itself before its content.
type Start struct {
	Provider   string      // who answers; empty is the provider that was called
	ID         string      // the server's id of the answer
	Model      string      // the model that answers, which may be more exact than the one asked
	RequestID  string      // the server's id of the request, from its headers
	RateLimits *RateLimits // nil if the server sent none
	Header     http.Header // the headers of interest: ids, limits, timings
	// CanContinue says that this answer, should it be cut, can be gone on with: the
	// same request, with the text so far as an assistant message at its end, gets
	// the rest of it and nothing twice.
	CanContinue bool
}

// Media is a whole part of an answer that does not come in deltas. A server may
// send it in pieces; there is no event before it is whole.
type Media struct{ Part Part }

// Source is something that an answer rests on or cites.
type Source struct {
	URL   string `json:"url,omitempty"`
	Title string `json:"title,omitempty"`
	// Start and End are the byte range of the answer's text that the source
	// supports, as in text[Start:End]; both are 0 if it is not known. That of
	// OpenAI's servers, which count characters, is known of answers that are not
	// streamed.
	Start int `json:"start,omitempty"`
	End   int `json:"end,omitempty"`
}

// Step is one round of a tool loop: a model's answer and what its tools returned.
type Step struct {
	N        int       // counted from 0
	Messages []Message // at its end: what it added to the conversation; nil is what it sent
}

// Done is what a server says at the end of an answer.
type Done struct {
	// FinishReason is why the answer ended.
	FinishReason FinishReason
	// RawFinishReason is the server's own word for it.
	RawFinishReason string
	// Usage is what the answer cost.
	Usage Usage
	// Raw is the reply's body, if the request asked to keep it.
	Raw []byte
}

// TokenLogprob is one token of an answer with its probability.
type TokenLogprob struct {
	Token   string         `json:"token"`           // its text
	Logprob float64        `json:"logprob"`         // natural logarithm
	Bytes   []byte         `json:"bytes,omitempty"` // the token's bytes, which need not be whole characters
	Top     []TokenLogprob `json:"top,omitempty"`   // the likeliest tokens at this position
}
