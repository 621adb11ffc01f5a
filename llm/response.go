package llm

import (
	"net/http"
	"strings"
	"time"
)

// Response is a complete answer, or a part of one: [Stream.Response] before the end and
// [Error.Partial] return partial answers.
type Response struct {
	Provider  string // the provider that answered
	Model     string // the model that answered, as the server names it
	ID        string // the server's id of the answer
	RequestID string // the server's id of the request

	// Messages are the messages that the answer adds to the conversation. Append them to the
	// history unchanged. There is one assistant message, or several messages if a tool loop ran
	// tools: see github.com/parley-llm/parley/llm/tool.
	Messages []Message
	// IncompleteCalls are tool calls whose arguments were cut. They are not in Messages,
	// because they must not be run.
	IncompleteCalls []ToolCall

	FinishReason    FinishReason // the reason for the end of the answer
	RawFinishReason string       // the reason as the server sent it
	Usage           Usage        // the number of tokens used
	// Cost is the cost of the answer, without failed attempts. It is unknown, the zero Cost,
	// if the model has no prices: see [WithPrices].
	Cost        Cost
	ServiceTier string         // the service tier that the server used, as the server names it
	Warnings    []Warning      // for example about unsupported settings
	Sources     []Source       // the documents that the answer cites
	Logprobs    []TokenLogprob // if the request has Logprobs set

	// Attempts are all attempts of the call. In a complete response, the last one is the
	// attempt that answered. In a partial response, it is the attempt that failed, or that was
	// still running.
	Attempts []Attempt

	RateLimits *RateLimits // nil if the server sent none
	Header     http.Header // selected reply headers
	// Raw is the body of the reply, if [Request.KeepRaw] is set.
	Raw []byte

	// Embed, Count and Models are the results of calls that are not chats. [Model.Embed],
	// [Model.CountTokens] and [Model.ListModels] return them alone.
	Embed  *EmbedResponse
	Count  *TokenCount
	Models []ModelInfo
}

// Text returns the text parts of the last assistant message, joined.
func (r *Response) Text() string {
	if m := r.answer(); m != nil {
		return m.Text()
	}
	return ""
}

// Reasoning returns the reasoning parts of the last assistant message, joined.
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

// Refusal returns the explanation of a model that refused to answer, or "".
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

// Images returns the images of the last assistant message.
func (r *Response) Images() []Image { return partsOf[Image](r.answer()) }

// Audio returns the audio of the last assistant message, for example a spoken answer.
func (r *Response) Audio() []Audio { return partsOf[Audio](r.answer()) }

// partsOf returns the parts of one type.
func partsOf[P Part](m *Message) []P {
	if m == nil {
		return nil
	}
	var found []P
	for _, part := range m.Parts {
		if p, ok := part.(P); ok {
			found = append(found, p)
		}
	}
	return found
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

// Attempt is one attempt at a call.
type Attempt struct {
	Provider, Model string // the provider and the model that were called
	Err             error  // nil if the attempt answered, or if the caller stopped reading
	Usage           Usage  // as far as known
}

// FinishReason is the reason for the end of an answer.
type FinishReason string

// The finish reasons.
const (
	FinishStop          FinishReason = "stop"           // the model finished, or produced a stop sequence
	FinishLength        FinishReason = "length"         // the token limit was reached; the answer is truncated
	FinishToolCalls     FinishReason = "tool_calls"     // the model waits for tool results
	FinishContentFilter FinishReason = "content_filter" // the provider blocked the rest
	FinishOther         FinishReason = "other"          // another reason: see RawFinishReason
	FinishUnknown       FinishReason = ""               // the server did not send a reason
)

// UnmarshalText sets the reason. It accepts the spelling with spaces of earlier versions.
func (r *FinishReason) UnmarshalText(text []byte) error {
	*r = FinishReason(snakeCase(text))
	return nil
}

// RateLimits are the rate limits that a server reported. A negative number means that the
// server did not report it.
type RateLimits struct {
	RequestLimit, RequestsLeft int           // the limit on requests, and the remaining number
	RequestReset               time.Duration // the time until RequestsLeft is RequestLimit again
	TokenLimit, TokensLeft     int           // the same for tokens
	TokenReset                 time.Duration // the time until TokensLeft is TokenLimit again
}

// Warning reports a problem that did not fail the call: for example a setting that the
// provider does not support. See [Request.FailOnUnsupported].
type Warning struct {
	Code    WarningCode `json:"code"`
	Setting string      `json:"setting,omitempty"` // the field of the request, if any: "TopK"
	Message string      `json:"message"`
}

// WarningCode classifies a [Warning].
type WarningCode string

// The warning codes.
const (
	WarnUnsupported  WarningCode = "unsupported"   // a setting that the provider does not have was not sent
	WarnChanged      WarningCode = "changed"       // a setting was sent with another value
	WarnUsageUnknown WarningCode = "usage_unknown" // the server did not report the usage
	WarnUsageInvalid WarningCode = "usage_invalid" // the server reported an impossible number of tokens
	WarnDeprecated   WarningCode = "deprecated"    // the model or setting will be removed
	WarnAnsweredBy   WarningCode = "answered_by"   // another model answered
	WarnStateOmitted WarningCode = "state_omitted" // data of an earlier answer was not sent back: see TakeBack
	WarnOther        WarningCode = "other"         // see the message
)

// UnmarshalText sets the code. It accepts the spelling with spaces of earlier versions.
func (c *WarningCode) UnmarshalText(text []byte) error {
	*c = WarningCode(snakeCase(text))
	return nil
}

// String returns the message, after the name of the setting.
func (w Warning) String() string {
	if w.Setting == "" {
		return w.Message
	}
	return w.Setting + ": " + w.Message
}
