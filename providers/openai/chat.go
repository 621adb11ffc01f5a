package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/parley-llm/parley/internal/reply"
	"github.com/parley-llm/parley/internal/send"
	"github.com/parley-llm/parley/llm"
)

// chat answers a chat. An error that it returns has not been yielded.
func (p *Provider) chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, warnings, err := p.marshalChat(call)
	if err != nil {
		return err
	}
	accept := acceptStream
	if call.Request.Unstreamed {
		accept = acceptJSON
	}
	req, err := p.request(ctx, call, http.MethodPost, body, accept)
	if err != nil {
		return err
	}
	r, err := p.client.Do(ctx, req)
	if err != nil {
		return err
	}
	defer r.Close()
	a := &answer{reply: r, provider: p, request: call.Request, warnings: warnings, yield: yield}
	return a.read()
}

// answer reads the reply to a chat and turns it into events.
type answer struct {
	reply    *send.Reply
	provider *Provider
	request  *llm.Request
	yield    func(llm.Event, error) bool

	shapes *reply.Shapes[delta]
	quick  quickDecoder
	text   reply.Text
	calls  llm.ToolCallAssembler
	raw    *bytes.Buffer // the body, if the request keeps it

	pieces   int // frames with one piece of text that were decoded
	started  bool
	left     bool // the caller has left
	said     bool // something has been said
	finish   string
	usage    llm.Usage
	audio    llm.Audio
	warnings []llm.Warning
}

// delta says what a frame was that carried one piece of text and nothing else.
type delta struct {
	typ   llm.EventType
	index int // the server's index of a tool call
}

// shapeSpec names what varies between two frames of a stream that mean the
// same but for their text. Nothing under Ignore is read from any frame.
var shapeSpec = &reply.Spec{
	Delta: []string{
		"choices.0.delta.content",
		"choices.0.delta.reasoning_content",
		"choices.0.delta.reasoning",
		"choices.0.delta.tool_calls.0.function.arguments",
	},
	Ignore: []string{"obfuscation", "created"},
}

// read reads the reply to its end. An error that it returns has not been yielded.
func (a *answer) read() error {
	// Some gateways answer in one piece whatever was asked, and some servers
	// stream whatever was asked: the reply says which it is.
	mediaType := a.reply.MediaType()
	if mediaType == "application/json" || a.request.Unstreamed && mediaType != "text/event-stream" {
		return a.readWhole()
	}
	body := a.reply.Body()
	if a.request.KeepRaw {
		a.raw = new(bytes.Buffer)
		body = io.TeeReader(body, a.raw)
	}
	a.shapes = reply.NewShapes[delta](shapeSpec)
	a.quick.text = &a.text
	frames := reply.NewSSE(body, a.provider.limits.FrameBytes)
	for !a.left {
		frame, err := frames.Next()
		if err != nil {
			return a.stopped(err)
		}
		if frame.Event == "" {
			if d, text, ok := a.shapes.Match(frame.Data); ok {
				a.deliver(d, a.text.Add(text))
				continue
			}
		}
		if ended, err := a.frame(frame); ended || err != nil {
			return err
		}
	}
	return nil
}

// frame takes one frame of the stream and reports whether it was the last.
func (a *answer) frame(f reply.Frame) (ended bool, err error) {
	if string(bytes.TrimSpace(f.Data)) == "[DONE]" {
		return true, a.done()
	}
	if f.Event == "error" {
		return false, a.reply.Complaint(f.Data, llm.Server)
	}
	if c := a.quick.decode(f.Data); c != nil && !f.Bare {
		a.chunk(c, f.Data)
		return false, nil
	}
	var c chunk
	if err := json.Unmarshal(f.Data, &c); err != nil {
		return false, a.broken(f, err)
	}
	if isSet(c.Error) {
		return false, a.reply.Complaint(f.Data, llm.Server)
	}
	if f.Bare && len(c.Choices) == 0 { // a JSON value where an event should be
		return false, a.reply.Complaint(f.Data, llm.Protocol)
	}
	a.chunk(&c, f.Data)
	return false, nil
}

// broken returns the error for a frame that is not a chunk.
func (a *answer) broken(f reply.Frame, err error) error {
	switch {
	case f.Unterminated && a.finish != "": // only the usage can have been cut
		return a.done()
	case f.Unterminated:
		return a.reply.Fail(llm.Incomplete, "the stream was cut in the middle of a line")
	}
	if _, isType := errors.AsType[*json.UnmarshalTypeError](err); !isType {
		if e := a.reply.Complaint(f.Data, llm.Protocol); e.Kind != llm.Protocol {
			return e // not a chunk, but a text that says what went wrong
		}
	}
	return a.reply.Fail(llm.Protocol, "a frame of the stream is not a chunk of an answer: "+err.Error())
}

// stopped handles the end of the body, or its failure.
func (a *answer) stopped(err error) error {
	tooLong, isTooLong := errors.AsType[*reply.TooLongError](err)
	switch {
	case isTooLong:
		return a.reply.Fail(llm.Protocol, tooLong.Error())
	case err != io.EOF:
		failure := a.reply.ReadError(err)
		if a.finish == "" || failure.Kind == llm.Canceled {
			return failure
		}
		return a.done() // the answer is whole; only the usage can be missing
	case a.finish != "":
		return a.done()
	case !a.started && a.reply.MediaType() != "text/event-stream":
		return a.reply.Fail(llm.Protocol, "the reply is no event stream but of the type "+quoteType(a.reply.MediaType()))
	}
	return a.reply.Fail(llm.Incomplete, "the stream ended before the server said that the answer had ended")
}

// readWhole reads an answer that is not streamed.
func (a *answer) readWhole() error {
	data, err := a.reply.ReadAll(8 * a.provider.limits.FrameBytes)
	if err != nil {
		return err
	}
	if a.request.KeepRaw {
		a.raw = bytes.NewBuffer(data)
	}
	a.quick.text = &a.text
	if c := a.quick.decode(data); c != nil && len(c.Choices) > 0 {
		return a.whole(c)
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		if _, cut := errors.AsType[*json.SyntaxError](err); cut && a.reply.MediaType() == "application/json" {
			return a.reply.Fail(llm.Incomplete, "the reply is not whole JSON: "+err.Error())
		}
		return a.reply.Fail(llm.Protocol, "the reply, of type "+quoteType(a.reply.MediaType())+", is not an answer: "+err.Error())
	}
	if isSet(c.Error) || len(c.Choices) == 0 {
		return a.reply.Complaint(data, llm.Protocol)
	}
	return a.whole(&c)
}

// whole passes on all of an answer that is not streamed.
func (a *answer) whole(c *chunk) error {
	a.chunk(c, nil)
	if a.left {
		return nil
	}
	if a.finish == "" {
		return a.reply.Fail(llm.Incomplete, "the reply has no finish reason")
	}
	return a.done()
}

// chunk passes on what a chunk says. Data is its frame, for learning its shape.
func (a *answer) chunk(c *chunk, data []byte) {
	if !a.started {
		a.start(c)
	}
	extra := c.Usage != nil
	if c.Usage != nil {
		a.usage = c.Usage.convert()
	} else if c.Groq != nil && c.Groq.Usage != nil {
		a.usage = c.Groq.Usage.convert()
	}
	for i := range c.Choices {
		choice := &c.Choices[i]
		if choice.Index != 0 || a.left {
			continue // no more than one was asked for
		}
		if choice.FinishReason != "" {
			a.finish = choice.FinishReason
			extra = true
		}
		said, whole := choice.Delta, false
		if said == nil {
			said, whole = choice.Message, true
		}
		if said == nil {
			continue
		}
		if d, text, plain := said.plain(); plain && !extra && choice.Logprobs == nil && len(c.Choices) == 1 && data != nil {
			// Learning costs as much as some matches save: not worth it for the
			// first piece of what may be a very short answer.
			if a.pieces++; a.pieces > 1 {
				a.shapes.Learn(data, text, d)
			}
		}
		a.content(said, whole)
		if choice.Logprobs != nil {
			all := append(convertLogprobs(choice.Logprobs.Content), convertLogprobs(choice.Logprobs.Refusal)...)
			if len(all) > 0 {
				a.emit(llm.Event{Type: llm.EventLogprobs, Detail: &llm.Logprobs{Tokens: all}})
			}
		}
	}
}

// plain reports whether the content is one piece of text, reasoning or
// arguments and nothing else, and which.
func (c *content) plain() (d delta, text string, ok bool) {
	if c.Refusal != "" || c.Annotations != nil || c.Audio != nil || len(c.ToolCalls) > 1 {
		return d, "", false
	}
	n := 0
	take := func(typ llm.EventType, piece string) {
		if piece != "" {
			d.typ, text, n = typ, piece, n+1
		}
	}
	take(llm.EventText, c.Content)
	take(llm.EventReasoning, c.ReasoningContent)
	take(llm.EventReasoning, c.Reasoning)
	if len(c.ToolCalls) == 1 {
		call := &c.ToolCalls[0]
		if call.ID != "" || call.Function.Name != "" {
			return d, "", false
		}
		take(llm.EventToolCallDelta, call.Function.Arguments)
		d.index = call.fragment(0, false).Index
	}
	return d, text, n == 1
}

// content passes on what one choice says.
func (a *answer) content(c *content, whole bool) {
	reasoning := c.ReasoningContent
	if reasoning == "" { // servers that send both mean the same by them
		reasoning = c.Reasoning
	}
	a.deliver(delta{typ: llm.EventReasoning}, reasoning)
	a.deliver(delta{typ: llm.EventText}, c.Content)
	a.deliver(delta{typ: llm.EventRefusal}, c.Refusal)
	for i := range c.ToolCalls {
		if a.left {
			return
		}
		a.said = true
		a.left = !a.calls.Add(c.ToolCalls[i].fragment(i, whole), a.yield)
	}
	for _, note := range c.Annotations {
		if note.Citation != nil {
			a.emit(llm.Event{Type: llm.EventSource, Detail: &llm.Source{URL: note.Citation.URL, Title: note.Citation.Title}})
		}
	}
	if c.Audio != nil {
		a.said = true
		a.audio.Data = append(a.audio.Data, c.Audio.Data...)
		a.audio.Transcript += c.Audio.Transcript
	}
}

// deliver passes on one piece of text, reasoning or arguments.
func (a *answer) deliver(d delta, text string) {
	switch {
	case text == "" || a.left:
	case d.typ == llm.EventToolCallDelta:
		a.left = !a.calls.Add(llm.ToolCallFragment{Index: d.index, Arguments: text}, a.yield)
	default:
		a.said = true
		a.left = !a.yield(llm.Event{Type: d.typ, Text: text}, nil)
	}
}

func (a *answer) emit(ev llm.Event) {
	if !a.left {
		a.left = !a.yield(ev, nil)
	}
}

// start passes on the start event and the warnings about the request.
func (a *answer) start(c *chunk) {
	a.started = true
	start := a.reply.Start()
	start.ID, start.Model = c.ID, c.Model
	a.emit(llm.Event{Type: llm.EventStart, Detail: start})
	for i := range a.warnings {
		a.emit(llm.Event{Type: llm.EventWarning, Detail: &a.warnings[i]})
	}
}

// done ends the answer, if it has one.
func (a *answer) done() error {
	if a.finish == "" && !a.said {
		return a.reply.Fail(llm.Incomplete, "the stream ended without an answer")
	}
	a.reply.End()
	reason := finishReason(a.finish)
	if reason == llm.FinishStop && a.calls.Len() > 0 { // not every server tells the two apart
		reason = llm.FinishToolCalls
	}
	if a.left || !a.calls.Finish(reason, a.yield) {
		return nil
	}
	if len(a.audio.Data) > 0 {
		a.emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: a.audio}})
	}
	if a.usage.IsZero() && !a.provider.quirks.NoStreamUsage {
		a.emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{
			Code: llm.WarnUsageUnknown, Message: "the server did not say what the answer cost in tokens",
		}})
	}
	done := &llm.Done{FinishReason: reason, RawFinishReason: a.finish, Usage: a.usage}
	if a.raw != nil {
		done.Raw = a.raw.Bytes()
	}
	a.emit(llm.Event{Type: llm.EventDone, Detail: done})
	return nil
}

func isSet(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func quoteType(mediaType string) string {
	if mediaType == "" {
		return "(none)"
	}
	return mediaType
}
