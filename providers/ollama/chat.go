package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chat answers a chat. An error that it returns has not been yielded.
func (p *Provider) chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	format, err := p.format(call)
	switch {
	case err != nil:
		return err
	case format != nil:
		return p.complete(ctx, call, format, yield)
	}
	body, warnings, err := p.marshalChat(call)
	if err != nil {
		return err
	}
	r, err := p.server.Do(ctx, call, "/api/chat", body)
	if err != nil {
		return err
	}
	defer r.Close()
	return p.answer(provider.Answer{Reply: r, Request: call.Request, Warnings: warnings, Yield: yield}, false)
}

// answer passes on the reply to a chat, or to a prompt that was sent raw.
func (p *Provider) answer(to provider.Answer, raw bool) error {
	a := &answer{Answer: to, limits: p.limits, raw: raw}
	a.quick = newQuickDecoder(&a.Text)
	defer a.quick.release()
	return explain(a.Failed(a.read(), llm.Usage{})) // what it cost is in the last line
}

// answer reads the reply to a chat and turns it into events.
type answer struct {
	provider.Answer
	limits llm.Limits
	raw    bool // the text is in "response", not in a message
	quick  *quickDecoder
	shapes *stream.Shapes[llm.EventType] // of lines with one piece of text: its type is all they say
	pieces int                           // lines with one piece of text that were decoded
}

// shapeSpec names what varies between two lines of a stream that mean the same
// but for their text. Nothing under Ignore is read from any line.
var shapeSpec = &stream.Spec{
	Delta:  []string{"message.content", "message.thinking", "response"},
	Ignore: []string{"created_at"},
}

// read reads the reply to its end.
func (a *answer) read() error {
	if a.Request.NonStreaming && a.Reply.MediaType() != "application/x-ndjson" {
		return a.readWhole()
	}
	a.shapes = stream.NewShapes[llm.EventType](shapeSpec)
	lines := stream.NewNDJSON(a.Body(), a.limits.FrameBytes)
	defer lines.Close()
	for !a.Stopped() {
		if typ, text, size := a.shapes.Skim(lines.Ahead()); lines.Pass(size) {
			a.Deliver(typ, a.Text.Add(text))
			continue
		}
		line, err := lines.Next()
		if err != nil {
			return a.stopped(err)
		}
		if typ, text, ok := a.shapes.Match(line.Data); ok {
			a.Deliver(typ, a.Text.Add(text))
			continue
		}
		if !a.Started() && string(line.Data) == "{" {
			return a.readPrinted(lines)
		}
		if ended, err := a.line(line); ended || err != nil {
			return err
		}
	}
	return nil
}

// readPrinted reads an answer in one piece, as gateways send it that print it
// for people: over many lines, of which the first is read.
func (a *answer) readPrinted(lines *stream.NDJSON) error {
	data := []byte("{")
	for {
		line, err := lines.Next()
		switch {
		case err == io.EOF:
			return a.whole(data)
		case err != nil:
			return a.stopped(err)
		case len(data)+len(line.Data) >= a.limits.FrameBytes:
			return a.stopped(&stream.TooLongError{Limit: a.limits.FrameBytes})
		}
		data = append(append(data, '\n'), line.Data...)
	}
}

// line takes one line of the stream and reports whether it was the last.
func (a *answer) line(f stream.Frame) (ended bool, err error) {
	if c := a.quick.decode(f.Data); c != nil {
		return c.Done, a.chunk(c, f.Data)
	}
	var c chunk
	if err := json.Unmarshal(f.Data, &c); err != nil {
		return false, a.broken(f, err)
	}
	if err := a.chunk(&c, f.Data); err != nil {
		return false, err
	}
	return c.Done, nil
}

// broken returns the error for a line that is not a piece of an answer.
func (a *answer) broken(f stream.Frame, err error) error {
	if f.Unterminated {
		return a.CutInLine()
	}
	if _, isSyntax := errors.AsType[*json.SyntaxError](err); isSyntax {
		said := a.Reply.Complaint(f.Data, llm.Protocol)
		said.Message = "a line of the stream is not JSON: " + said.Message
		return said
	}
	return a.Reply.Fail(llm.Protocol, "a line of the stream is not a piece of an answer: "+err.Error())
}

// stopped handles the end of the body without a last line, or its failure.
func (a *answer) stopped(err error) error {
	if failure := a.Unreadable(err); failure != nil {
		return failure
	}
	if !a.Started() {
		return a.Reply.Fail(llm.Incomplete, "the stream ended before it had begun")
	}
	return a.notDone()
}

// notDone is the error for an answer that ends well but for done:true. Ollama
// ends that way, on purpose and without a word, when a model repeats one token
// more than 30 times:
// https://github.com/ollama/ollama/blob/v0.24.0/llm/server.go
func (a *answer) notDone() error {
	return a.Reply.Fail(llm.Incomplete, "the server ended the answer without done:true; most likely this is Ollama's repeat guard, "+
		"which stops a model that says one thing some 30 times over: change the prompt, or raise repeat_penalty")
}

// readWhole reads an answer that is not streamed.
func (a *answer) readWhole() error {
	data, err := a.ReadAll(httpcall.WholeReply(a.limits))
	if err != nil {
		return err
	}
	return a.whole(data)
}

// whole passes on all of an answer that is not streamed.
func (a *answer) whole(data []byte) error {
	var c chunk
	if err := a.Reply.Decode(data, &c); err != nil {
		return err
	}
	if err := a.chunk(&c, nil); err != nil {
		return err
	}
	if !c.Done {
		return a.notDone()
	}
	return nil
}

// chunk passes on what a chunk says, to the answer's end if it is the last.
// Data is its line, for learning its shape.
func (a *answer) chunk(c *chunk, data []byte) error {
	if said := c.Failed(); said != nil {
		return a.Reply.Complaint(said, llm.Server) // most often, a runner that crashed
	}
	if a.raw && c.Response != nil && c.Message == nil {
		c.Message = &content{Content: *c.Response}
	}
	if c.Message == nil && !c.Done {
		return a.Reply.Fail(llm.Protocol, "the reply has a JSON value that is not a piece of an answer; is this Ollama's API?")
	}
	a.Start("", c.Model)
	if c.Message != nil {
		if typ, text, ok := c.plain(); ok && data != nil {
			if a.pieces++; a.pieces >= provider.LearnFrom {
				a.shapes.Learn(data, text, typ)
			}
		}
		a.content(c.Message)
	}
	if len(c.Logprobs) > 0 {
		a.EmitLogprobs(provider.ConvertLogprobs(c.Logprobs))
	}
	if c.Done {
		a.done(c)
	}
	return nil
}

// content passes on what the model says.
func (a *answer) content(m *content) {
	a.Deliver(llm.EventReasoning, m.Thinking)
	a.Deliver(llm.EventText, m.Content)
	for i := range m.ToolCalls {
		call := &m.ToolCalls[i]
		// Every call is whole and new, so its place is its index: the server's
		// own index begins again with each line in some versions.
		a.AddCall(llmutil.ToolCallFragment{
			Index: a.Calls(), ID: call.ID, Name: call.Function.Name, Arguments: call.arguments(),
		})
	}
}

// plain reports whether the chunk is one piece of text or reasoning and nothing
// else, and which.
func (c *chunk) plain() (typ llm.EventType, text string, ok bool) {
	m := c.Message
	if c.Done || len(c.Logprobs) > 0 || len(m.ToolCalls) > 0 {
		return 0, "", false
	}
	switch {
	case m.Thinking == "":
		return llm.EventText, m.Content, m.Content != ""
	case m.Content == "":
		return llm.EventReasoning, m.Thinking, true
	}
	return 0, "", false
}

// done ends the answer with its last chunk.
func (a *answer) done(c *chunk) {
	reason := a.EndCalls(finishReason(c.DoneReason))
	a.Done(&llm.Done{FinishReason: reason, RawFinishReason: c.DoneReason, Usage: c.usage(a.Said())})
}
