package llm

import (
	"net/http"
	"strings"
	"time"
)

// Response is a whole answer, or what there is of one: [Stream.Response]
// before the end, and [Error.Partial], are partial.
type Response struct {
	Provider  string // who answered
	Model     string // the model that answered, as the server names it
	ID        string // the server's id of the answer
	RequestID string // the server's id of the request

	// Messages is what the answer adds to the conversation: append it to the
	// history as it is. It is one assistant message, or several messages when
	// tools were run in between.
	Messages []Message
	// IncompleteCalls are tool calls whose arguments were cut off. They are not
	// in Messages, because they must not be run.
	IncompleteCalls []ToolCall

	FinishReason    FinishReason   // why the answer ended
	RawFinishReason string         // the server's own word for it
	Usage           Usage          // what it cost
	Warnings        []Warning      // what was asked for and could not be had, among others
	Sources         []Source       // what it cites
	Logprobs        []TokenLogprob // if the request asked for them

	// Attempts are all tries that led here, the last being the one that answered.
	Attempts []Attempt

	RateLimits *RateLimits // nil if the server sent none
	Header     http.Header // reply headers of interest
	// Raw is the reply's body, if [Request.KeepRaw] asked for it.
	Raw []byte

	// Embed, Count and Models are the results of calls that are not chats.
	// [Model.Embed] and its like return them by themselves.
	Embed  *EmbedResponse
	Count  *TokenCount
	Models []ModelInfo
}

// Text returns the answer's text: the text parts of its last assistant message.
func (r *Response) Text() string {
	if m := r.answer(); m != nil {
		return m.Text()
	}
	return ""
}

// Reasoning returns the reasoning text of the last assistant message.
func (r *Response) Reasoning() string {
	var b strings.Builder
	if m := r.answer(); m != nil {
		for _, part := range m.Parts {
			if p, ok := part.(Reasoning); ok {
				b.WriteString(p.Text)
			}
		}
	}
	return b.String()
}

// Refusal returns the text with which the model refused to answer, or "".
func (r *Response) Refusal() string {
	var b strings.Builder
	if m := r.answer(); m != nil {
		for _, part := range m.Parts {
			if p, ok := part.(Refusal); ok {
				b.WriteString(p.Text)
			}
		}
	}
	return b.String()
}

// ToolCalls returns the complete tool calls of the last assistant message.
func (r *Response) ToolCalls() []ToolCall {
	if m := r.answer(); m != nil {
		return m.ToolCalls()
	}
	return nil
}

// answer returns the last assistant message, or nil.
func (r *Response) answer() *Message {
	if r == nil {
		return nil
	}
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role == RoleAssistant {
			return &r.Messages[i]
		}
	}
	return nil
}

// Attempt is one try at a call.
type Attempt struct {
	Provider, Model string // who was asked
	Err             error  // nil for the try that answered, or was left while it did
	Usage           Usage  // as far as known
}

// FinishReason says why an answer ended.
type FinishReason string

// The reasons for an answer to end.
const (
	FinishStop          FinishReason = "stop"           // the model was done, or met a stop sequence
	FinishLength        FinishReason = "length"         // a limit on tokens was reached; the answer is cut
	FinishToolCalls     FinishReason = "tool_calls"     // the model waits for the results of tools
	FinishContentFilter FinishReason = "content_filter" // the provider withheld the rest
	FinishOther         FinishReason = "other"          // anything else: see RawFinishReason
	FinishUnknown       FinishReason = ""               // the server did not say, or has not yet
)

// UnmarshalText sets the reason. It accepts the spelling with spaces of earlier versions.
func (r *FinishReason) UnmarshalText(text []byte) error {
	*r = FinishReason(snakeCase(text))
	return nil
}

// RateLimits is what a server says of the caller's limits. A negative number
// is one that the server did not say.
type RateLimits struct {
	RequestLimit, RequestsLeft int           // how many requests are allowed, and left of those
	RequestReset               time.Duration // until RequestsLeft is RequestLimit again
	TokenLimit, TokensLeft     int           // how many tokens, likewise
	TokenReset                 time.Duration // until TokensLeft is TokenLimit again
}

// Warning is something that the caller asked for and did not get, or should
// know about an answer. [Request.FailOnUnsupported] makes an error of the former.
type Warning struct {
	Code    WarningCode `json:"code"`
	Setting string      `json:"setting,omitempty"` // the request's field, if it is about one: "TopK"
	Message string      `json:"message"`
}

// WarningCode says what sort of warning it is.
type WarningCode string

// The codes of warnings.
const (
	WarnUnsupported  WarningCode = "unsupported"   // a setting that the backend does not have was left out
	WarnChanged      WarningCode = "changed"       // a setting was sent as something else
	WarnUsageUnknown WarningCode = "usage_unknown" // the reply ended well but without its usage
	WarnDeprecated   WarningCode = "deprecated"    // the model or setting will go away
	WarnAnsweredBy   WarningCode = "answered_by"   // another model than the one asked answered
	WarnOther        WarningCode = "other"         // anything else: see the message
)

// UnmarshalText sets the code. It accepts the spelling with spaces of earlier versions.
func (c *WarningCode) UnmarshalText(text []byte) error {
	*c = WarningCode(snakeCase(text))
	return nil
}

// String returns the warning's message with its setting.
func (w Warning) String() string {
	if w.Setting == "" {
		return w.Message
	}
	return w.Setting + ": " + w.Message
}
