package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chat answers a chat. An error that it returns has not been yielded.
func (p *Provider) chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, warnings, err := p.marshalChat(call)
	if err != nil {
		return err
	}
	headers := p.headers.stream
	if call.Request.NonStreaming {
		headers = p.headers.json
	}
	req, err := p.request(ctx, call, p.url(chatPath, call.Model), body, headers)
	if err != nil {
		return err
	}
	r, err := p.client.Do(ctx, req)
	if err != nil {
		return err
	}
	defer r.Close()
	a := &answer{provider: p}
	a.Answer = provider.Answer{Reply: r, Request: call.Request, Warnings: warnings, Yield: yield, NoUsage: p.quirks.NoStreamOptions}
	a.quick = newQuickDecoder(&a.Text)
	defer a.quick.release()
	return a.Failed(a.read(), a.usage)
}

// answer reads the reply to a chat and turns it into events.
type answer struct {
	provider.Answer
	provider *Provider

	quick  *quickDecoder
	shapes *stream.Shapes[delta]
	pieces int // frames with one piece of text that were decoded

	head   httpcall.Head // what a body of an odd type begins with
	finish string        // the server's reason, once it has given one
	usage  llm.Usage
	sound  sound

	// What is to come back on the next turn: see opaque.go.
	details []any           // of the reasoning
	extra   json.RawMessage // of the text
}

// delta says what a frame was that carried one piece of text and nothing else.
type delta struct {
	typ   llm.EventType
	index int // the server's index of a tool call
}

// shapeSpec names what varies between two frames of a stream that mean the
// same but for their text. Nothing under Ignore is read from any frame.
var shapeSpec = &stream.Spec{
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
	mediaType := a.Reply.MediaType()
	if mediaType == "application/json" || a.Request.NonStreaming && mediaType != "text/event-stream" {
		return a.readWhole()
	}
	body := a.Body()
	if mediaType != "text/event-stream" { // and perhaps no stream at all
		body = io.TeeReader(body, &a.head)
	}
	return a.readStream(body)
}

// readStream reads an answer that is streamed.
func (a *answer) readStream(body io.Reader) error {
	a.shapes = stream.NewShapes[delta](shapeSpec)
	frames := stream.NewSSE(body, a.provider.limits.FrameBytes)
	defer frames.Close()
	for !a.Stopped() {
		if d, text, size := a.shapes.Skim(frames.Ahead()); frames.Pass(size) {
			a.piece(d, a.Text.Add(text))
			continue
		}
		frame, err := frames.Next()
		if err != nil {
			return a.stopped(err)
		}
		if frame.Event == "" {
			if d, text, ok := a.shapes.Match(frame.Data); ok {
				a.piece(d, a.Text.Add(text))
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
func (a *answer) frame(f stream.Frame) (ended bool, err error) {
	data := bytes.TrimSpace(f.Data)
	switch {
	case f.Event == "error":
		return false, a.Reply.Complaint(data, llm.Server)
	case string(data) == "[DONE]":
		return true, a.done()
	case len(data) == 0: // a sign of life
		return false, nil
	}
	if c := a.quick.decode(f.Data); c != nil && !f.Bare {
		a.chunk(c, f.Data)
		a.quick.named = a.Started()
		return false, nil
	}
	var c chunk
	if err := json.Unmarshal(f.Data, &c); err != nil {
		return a.broken(f, err)
	}
	if said := c.complaint(f.Data); said != nil {
		return false, a.Reply.Complaint(said, llm.Server)
	}
	if f.Bare && len(c.Choices) == 0 { // a JSON value where an event should be
		return false, a.Reply.Complaint(f.Data, llm.Protocol)
	}
	a.chunk(&c, f.Data)
	return false, nil
}

// broken returns the error for a frame that is not a chunk, or ends the answer
// if it is whole without that frame.
func (a *answer) broken(f stream.Frame, err error) (ended bool, _ error) {
	switch {
	case f.Unterminated && a.finish != "": // only the usage can have been cut
		return true, a.done()
	case f.Unterminated:
		return false, a.CutInLine()
	}
	if e := a.Reply.Complaint(f.Data, llm.Protocol); e.Kind != llm.Protocol {
		return false, e // not a chunk, but a text or a list that says what went wrong
	}
	return false, a.Reply.Fail(llm.Protocol, "a frame of the stream is not a chunk of an answer: "+err.Error())
}

// stopped handles the end of the body, or its failure.
func (a *answer) stopped(err error) error {
	failure := a.Unreadable(err)
	switch {
	case failure != nil && (a.finish == "" || failure.Kind == llm.Canceled || failure.Kind == llm.Protocol):
		return failure
	case a.finish != "":
		return a.done() // the answer is whole; only the usage can be missing
	}
	if failure := a.NotAStream(); failure != nil {
		failure.Message += a.Reply.Quote(a.head.Bytes())
		return failure
	}
	return a.Reply.Fail(llm.Incomplete, "the stream ended before the server said that the answer had ended")
}

// readWhole reads an answer that is not streamed.
func (a *answer) readWhole() error {
	data, err := a.ReadAll(httpcall.WholeReply(a.provider.limits))
	if err != nil {
		return err
	}
	if c := a.quick.decode(data); c != nil && len(c.Choices) > 0 {
		return a.whole(c)
	}
	if looksStreamed(data) { // whatever its type says
		return a.readStream(bytes.NewReader(data))
	}
	var c chunk
	if err := a.Reply.Decode(data, &c); err != nil {
		return err
	}
	if said := c.complaint(data); said != nil {
		return a.Reply.Complaint(said, llm.Server)
	}
	if len(c.Choices) == 0 {
		return a.Reply.Complaint(data, llm.Protocol)
	}
	return a.whole(&c)
}

// looksStreamed reports whether a body begins as an event stream does.
func looksStreamed(body []byte) bool {
	body = bytes.TrimLeft(body, "\uFEFF \t\r\n")
	return bytes.HasPrefix(body, []byte("data:")) || bytes.HasPrefix(body, []byte("event:")) || bytes.HasPrefix(body, []byte(":"))
}

// whole passes on all of an answer that is not streamed.
func (a *answer) whole(c *chunk) error {
	a.chunk(c, nil)
	if a.finish == "" && !a.Stopped() {
		return a.Reply.Fail(llm.Incomplete, "the reply has no finish reason")
	}
	return a.done()
}

// chunk passes on what a chunk says. Data is its frame, for learning its shape;
// nil if it was not one of several.
func (a *answer) chunk(c *chunk, data []byte) {
	if c.ID != "" || c.Model != "" || len(c.Choices) > 0 { // Azure's first frame has neither
		a.Start(c.ID, c.Model)
	}
	switch {
	case c.Usage != nil:
		a.usage = c.Usage.convert()
	case c.Groq != nil && c.Groq.Usage != nil:
		a.usage = c.Groq.Usage.convert()
	}
	if data != nil {
		a.learn(c, data)
	}
	for i := range c.Choices {
		choice := &c.Choices[i]
		if choice.Index != 0 {
			continue // no more than one was asked for
		}
		if choice.FinishReason != "" {
			a.finish = choice.FinishReason
		}
		switch {
		case choice.Delta != nil:
			a.content(choice.Delta, false)
		case choice.Message != nil:
			a.content(choice.Message, true)
		}
		if l := choice.Logprobs; l != nil && len(l.Content)+len(l.Refusal) > 0 {
			a.EmitLogprobs(provider.ConvertLogprobs(l.Content))
			a.EmitLogprobs(provider.ConvertLogprobs(l.Refusal))
		}
	}
}

// learn remembers the shape of a frame whose chunk is one piece of text,
// reasoning or arguments and nothing else.
func (a *answer) learn(c *chunk, frame []byte) {
	if len(c.Choices) != 1 || c.Usage != nil || c.Groq != nil {
		return
	}
	choice := &c.Choices[0]
	if choice.Index != 0 || choice.Delta == nil || choice.FinishReason != "" || choice.Logprobs != nil {
		return
	}
	d, text, ok := choice.Delta.plain()
	if !ok {
		return
	}
	if a.pieces++; a.pieces >= provider.LearnFrom {
		a.shapes.Learn(frame, text, d)
	}
}

// plain reports whether the content is one piece of text, reasoning or
// arguments and nothing else, and which.
func (c *content) plain() (d delta, text string, ok bool) {
	if c.Refusal != "" || c.Annotations != nil || c.Audio != nil || c.Images != nil || c.FunctionCall != nil || len(c.ToolCalls) > 1 ||
		httpcall.IsSet(c.ReasoningDetails) || httpcall.IsSet(c.ExtraContent) {
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
		if call.ID != "" || call.Function.Name != "" || httpcall.IsSet(call.ExtraContent) {
			return d, "", false
		}
		take(llm.EventToolCallDelta, string(call.Function.Arguments))
		d.index = call.fragment(0, false).Index
	}
	return d, text, n == 1
}

// content passes on what one choice says.
func (a *answer) content(c *content, whole bool) {
	if c.FunctionCall != nil && len(c.ToolCalls) == 0 {
		c.ToolCalls = []callFragment{{Index: new(0), Function: *c.FunctionCall}}
	}
	reasoning := c.ReasoningContent
	if reasoning == "" { // servers that send both mean the same by them
		reasoning = c.Reasoning
	}
	a.Deliver(llm.EventReasoning, reasoning)
	a.addDetails(c.ReasoningDetails, whole)
	if c.Content != "" || c.Refusal != "" || len(c.Images) > 0 || len(c.ToolCalls) > 0 {
		a.sealReasoning()
	}
	a.Deliver(llm.EventText, c.Content)
	if httpcall.IsSet(c.ExtraContent) {
		a.extra = c.ExtraContent
	}
	if len(c.Images) > 0 || len(c.ToolCalls) > 0 {
		a.sealText()
	}
	a.Deliver(llm.EventRefusal, c.Refusal)
	for i := range c.Images {
		if c.Images[i].ImageURL.URL == "" {
			continue
		}
		a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: c.Images[i].image()}})
	}
	for i := range c.ToolCalls {
		fragment := c.ToolCalls[i].fragment(i, whole)
		fragment.ProviderData = a.provider.opaque(c.ToolCalls[i].ExtraContent)
		a.AddCall(fragment)
	}
	for _, note := range c.Annotations {
		if note.Citation != nil {
			text := ""
			if whole {
				text = c.Content
			}
			a.Emit(llm.Event{Type: llm.EventSource, Detail: note.Citation.source(text)})
		}
	}
	if c.Audio != nil {
		a.sound.add(c.Audio)
	}
}

// piece passes on what a frame of a known shape carried.
func (a *answer) piece(d delta, text string) {
	if d.typ == llm.EventToolCallDelta {
		a.AddCall(llmutil.ToolCallFragment{Index: d.index, Arguments: text})
	} else {
		a.Deliver(d.typ, text)
	}
}

// done ends the answer, if it has one.
func (a *answer) done() error {
	if a.finish == "" && !a.Said() && a.sound.isEmpty() {
		return a.Reply.Fail(llm.Incomplete, "the stream ended without an answer")
	}
	if kind, failed := failures[a.finish]; failed {
		return a.Reply.Fail(kind, "the server broke the answer off, with the finish reason "+a.finish)
	}
	spoken, err := a.sound.audio(a.provider.name)
	if err != nil {
		return a.Reply.Fail(llm.Protocol, "the audio in the answer cannot be decoded: "+err.Error())
	}
	a.sealReasoning()
	if len(spoken.Data) == 0 { // what was said is worth more than nothing
		a.Deliver(llm.EventText, spoken.Transcript)
	}
	a.sealText()
	reason := a.EndCalls(finishReason(a.finish))
	if len(spoken.Data) > 0 {
		a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: spoken}})
	}
	a.Done(&llm.Done{FinishReason: reason, RawFinishReason: a.finish, Usage: a.usage})
	return nil
}
