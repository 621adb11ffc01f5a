package llm

import (
	"maps"
	"slices"
	"strings"
)

// Collect ranges over events and returns the whole answer. If they end with an
// error, or without an [EventDone], which is an error of kind [Incomplete], the
// response is what had arrived by then.
//
// Middleware that needs whole answers uses it; programs call [Model.Generate].
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

// collector builds a response of events: the one place where deltas become
// text, reasoning and tool calls. Its zero value is empty and ready.
type collector struct {
	resp    Response               // all but its messages
	earlier []Message              // messages of earlier steps
	parts   []Part                 // whole parts of the message in the making
	open    EventType              // type of the deltas in text, or 0 if there are none
	text    textBuffer             // the part in the making
	calls   map[int]*collectedCall // tool calls begun and not ended, by event index
	cut     []ToolCall             // calls that will not end
	seen    bool                   // anything has arrived
	done    bool
}

type collectedCall struct {
	call      ToolCall
	arguments strings.Builder
}

// whole returns the call with the arguments that there are.
func (c *collectedCall) whole() ToolCall {
	call := c.call
	call.Arguments = c.arguments.String()
	return call
}

// add takes one event.
func (c *collector) add(ev Event) {
	c.seen = true
	if ev.Type == c.open && ev.Detail == nil { // most of all events
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
		c.done = true // by its type, as for Deliver, even if it says no more
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
		if c.resp.Models == nil { // an empty list is an answer
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
		c.resp.Usage, c.resp.Raw = d.Usage, d.Raw
	}
}

func (c *collector) addDelta(ev Event) {
	if c.open != ev.Type {
		c.closePart()
		c.open = ev.Type
	}
	c.text.add(ev.Text)
	if ev.Detail != nil {
		if data, ok := ev.Detail.(*ProviderData); ok { // it seals its part
			c.closeWith(data)
		}
	}
}

func (c *collector) addPart(part Part) {
	c.closePart()
	c.parts = append(c.parts, part)
}

func (c *collector) endCall(ev Event) {
	call, ok := ev.Detail.(*ToolCall)
	if !ok {
		return
	}
	delete(c.calls, ev.Index)
	c.addPart(*call)
}

// beginCall begins a call. One that has begun at this index and not ended will
// not any more.
func (c *collector) beginCall(index int, call ToolCall) {
	if open := c.calls[index]; open != nil {
		c.cut = append(c.cut, open.whole())
	}
	if c.calls == nil {
		c.calls = make(map[int]*collectedCall)
	}
	c.calls[index] = &collectedCall{call: call}
}

// endStep ends a round of a tool loop, which says what it added, or else added
// what it sent.
func (c *collector) endStep(step *Step) {
	c.closePart()
	messages := step.Messages
	if messages == nil && len(c.parts) > 0 {
		messages = []Message{{Role: RoleAssistant, Parts: c.parts}}
	}
	c.earlier = append(c.earlier, messages...)
	c.parts, c.calls, c.cut = nil, nil, nil
}

// reset forgets the content, and nothing else.
func (c *collector) reset() {
	c.closePart()
	c.parts, c.calls, c.cut, c.earlier = nil, nil, nil, nil
	c.resp.Sources, c.resp.Logprobs = nil, nil
}

func (c *collector) closePart() { c.closeWith(nil) }

func (c *collector) closeWith(data *ProviderData) {
	if part := c.openPart(data); part != nil {
		c.parts = append(c.parts, part)
	}
	c.open = 0
	c.text.reset()
}

// openPart returns the part in the making, or nil.
func (c *collector) openPart(data *ProviderData) Part {
	text := c.text.String()
	if text == "" && data == nil {
		return nil
	}
	switch c.open {
	case EventText:
		return Text{Text: text, ProviderData: data}
	case EventReasoning:
		return Reasoning{Text: text, ProviderData: data}
	case EventRefusal:
		return Refusal{Text: text}
	}
	return nil
}

// learn takes from a failed answer what no event says: its cost and its body.
func (c *collector) learn(failed *Response) {
	if c.resp.Usage.IsZero() {
		c.resp.Usage = failed.Usage
	}
	if c.resp.Raw == nil {
		c.resp.Raw = failed.Raw
	}
}

// response returns what has been collected so far, as a value of its own: more
// events do not change it.
func (c *collector) response() *Response {
	resp := c.resp
	parts := slices.Clone(c.parts)
	if part := c.openPart(nil); part != nil {
		parts = append(parts, part)
	}
	resp.Messages = slices.Clone(c.earlier)
	for i := range resp.Messages {
		resp.Messages[i].Parts = slices.Clone(resp.Messages[i].Parts)
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
	resp.Logprobs = slices.Clone(resp.Logprobs)
	resp.Attempts = slices.Clone(resp.Attempts)
	resp.Models = slices.Clone(resp.Models)
	return &resp
}
