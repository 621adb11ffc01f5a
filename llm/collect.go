package llm

import (
	"maps"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/deepcopy"
)

// Collect ranges over events and returns the complete answer. If the events end with an error,
// Collect returns the error and the partial answer. Events that end without [EventDone] are
// an error of kind [Incomplete].
//
// Collect is for middleware. Programs call [Model.Generate].
func Collect(events Events) (*Response, error) {
	var c collector
	for ev, err := range events {
		if err != nil {
			return c.response(), err
		}
		c.add(ev)
	}
	if !c.done {
		return c.response(), unfinished()
	}
	return c.response(), nil
}

// unfinished is the error for events that stop with neither an error nor a done event. A
// handler must not do that.
func unfinished() *Error {
	return &Error{Kind: Incomplete, Message: "stream ended before the done event"}
}

// collector builds a response from events. The zero value is ready to use.
type collector struct {
	resp    Response               // all fields except Messages
	earlier []Message              // messages of earlier steps
	parts   []Part                 // complete parts of the current message
	open    EventType              // type of the pieces in text, or 0
	text    textBuffer             // the current part
	calls   map[int]*collectedCall // tool calls without an end, by event index
	cut     []ToolCall             // calls that were replaced before their end
	seen    bool                   // there was an event
	done    bool
}

type collectedCall struct {
	call      ToolCall
	arguments strings.Builder
}

// whole returns the call with its arguments so far.
func (c *collectedCall) whole() ToolCall {
	call := c.call
	call.Arguments = c.arguments.String()
	return call
}

// add adds one event.
func (c *collector) add(ev Event) {
	c.seen = true
	if ev.Type == c.open && ev.Detail == nil { // the usual case
		c.text.add(ev.Text)
		return
	}
	switch ev.Type {
	case EventText, EventReasoning, EventRefusal:
		c.addDelta(ev)
	case EventToolCallStart:
		c.closePart()
		if call, ok := ev.Detail.(*ToolCall); ok {
			c.beginCall(ev.Index, *call)
		}
	case EventToolCallDelta:
		if open := c.calls[ev.Index]; open != nil {
			open.arguments.WriteString(ev.Text)
		}
	case EventToolCallEnd:
		c.endCall(ev)
	case EventReset:
		c.reset()
	case EventDone:
		c.done = true // even without a detail
		c.addRare(ev)
	default:
		c.addRare(ev)
	}
}

func (c *collector) addRare(ev Event) {
	switch d := ev.Detail.(type) {
	case *Start:
		c.resp.Provider = d.Provider
		c.resp.ID, c.resp.Model, c.resp.RequestID = d.ID, d.Model, d.RequestID
		c.resp.RateLimits, c.resp.Header = d.RateLimits, d.Header
	case *Media:
		c.addPart(d.Part)
	case *Source:
		c.resp.Sources = append(c.resp.Sources, *d)
	case *TokenLogprob:
		c.resp.Logprobs = append(c.resp.Logprobs, *d)
	case *EmbedResponse:
		c.resp.Embed = d
	case *TokenCount:
		c.resp.Count = d
	case *ModelList:
		c.resp.Models = append(c.resp.Models, d.Models...)
		if c.resp.Models == nil { // an empty list is an answer too
			c.resp.Models = []ModelInfo{}
		}
	case *Step:
		if ev.Type == EventStepEnd {
			c.endStep(d)
		}
	case *Warning:
		c.resp.Warnings = append(c.resp.Warnings, *d)
	case *Attempt:
		c.resp.Attempts = append(c.resp.Attempts, *d)
	case *Done:
		c.resp.FinishReason, c.resp.RawFinishReason = d.FinishReason, d.RawFinishReason
		c.resp.Usage, c.resp.Cost, c.resp.ServiceTier, c.resp.Raw = d.Usage, d.Cost, d.ServiceTier, d.Raw
	}
}

func (c *collector) addDelta(ev Event) {
	if c.open != ev.Type {
		c.closePart()
		c.open = ev.Type
	}
	c.text.add(ev.Text)
	if ev.Detail != nil {
		if data, ok := ev.Detail.(*ProviderData); ok { // it ends its part
			c.closeWith(data)
		}
	}
}

func (c *collector) addPart(part Part) {
	c.closePart()
	c.append(part)
}

// append adds a complete part. It binds the provider's data to it.
func (c *collector) append(part Part) {
	c.parts = append(c.parts, part)
	if part != nil {
		seal(c.parts)
	}
}

func (c *collector) endCall(ev Event) {
	call, ok := ev.Detail.(*ToolCall)
	if !ok {
		return
	}
	delete(c.calls, ev.Index)
	c.addPart(*call)
}

// beginCall starts a call. A call at the same index that has no end is incomplete.
func (c *collector) beginCall(index int, call ToolCall) {
	if open := c.calls[index]; open != nil {
		c.cut = append(c.cut, open.whole())
	}
	if c.calls == nil {
		c.calls = make(map[int]*collectedCall)
	}
	c.calls[index] = &collectedCall{call: call}
}

// endStep ends a step of a tool loop. The step adds its messages, or, if it has none, the
// content of its events.
func (c *collector) endStep(step *Step) {
	c.closePart()
	messages := step.Messages
	if messages == nil && len(c.parts) > 0 {
		messages = []Message{{Role: RoleAssistant, Parts: c.parts}}
	}
	c.earlier = append(c.earlier, messages...)
	c.parts, c.calls, c.cut = nil, nil, nil
}

// reset discards the content, and keeps everything else.
func (c *collector) reset() {
	c.closePart()
	c.parts, c.calls, c.cut, c.earlier = nil, nil, nil, nil
	c.resp.Sources, c.resp.Logprobs = nil, nil
}

func (c *collector) closePart() { c.closeWith(nil) }

func (c *collector) closeWith(data *ProviderData) {
	if part := c.openPart(data); part != nil {
		c.append(part)
	}
	c.open = 0
	c.text.reset()
}

// openPart returns the current part, or nil.
func (c *collector) openPart(data *ProviderData) Part {
	text := c.text.String()
	if text == "" && (data == nil || data.endsPart()) {
		return nil
	}
	switch c.open {
	case EventText:
		return Text{Text: text, ProviderData: data}
	case EventReasoning:
		return Reasoning{Text: text, ProviderData: data}
	case EventRefusal:
		return Refusal{Text: text, ProviderData: data}
	}
	return nil
}

// learn takes the fields that no event carries from a failed answer: usage and body.
func (c *collector) learn(failed *Response) {
	if c.resp.Usage.IsZero() {
		c.resp.Usage = failed.Usage
	}
	if c.resp.Raw == nil {
		c.resp.Raw = failed.Raw
	}
}

// response returns the answer so far. More events do not change the returned value.
func (c *collector) response() *Response {
	resp := c.resp
	parts := cloneParts(c.parts)
	if part := c.openPart(nil); part != nil {
		parts = append(parts, part)
	}
	resp.Messages = slices.Clone(c.earlier)
	for i := range resp.Messages {
		resp.Messages[i].Parts = cloneParts(resp.Messages[i].Parts)
	}
	if len(parts) > 0 {
		resp.Messages = append(resp.Messages, Message{Role: RoleAssistant, Parts: parts})
	}
	resp.IncompleteCalls = slices.Clone(c.cut)
	for _, index := range slices.Sorted(maps.Keys(c.calls)) {
		resp.IncompleteCalls = append(resp.IncompleteCalls, c.calls[index].whole())
	}
	resp.Warnings = slices.Clone(resp.Warnings)
	resp.Sources = slices.Clone(resp.Sources)
	resp.Logprobs = deepcopy.Of(resp.Logprobs)
	resp.Attempts = slices.Clone(resp.Attempts)
	resp.Models = deepcopy.Of(resp.Models)
	resp.Header = resp.Header.Clone()
	resp.Raw = slices.Clone(resp.Raw)
	if resp.RateLimits != nil {
		resp.RateLimits = new(*resp.RateLimits)
	}
	resp.Embed = deepcopy.Of(resp.Embed)
	resp.Count = deepcopy.Of(resp.Count)
	return &resp
}

// cloneParts returns a copy of the parts that shares no data with them.
func cloneParts(parts []Part) []Part {
	clone := slices.Clone(parts)
	for i, part := range clone {
		switch p := part.(type) {
		case Text: // nearly every part
			if p.ProviderData == nil {
				continue
			}
		case ToolResult:
			if p.Parts == nil {
				continue
			}
		}
		clone[i] = deepcopy.Of(part)
	}
	return clone
}
