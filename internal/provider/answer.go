// Package provider has what providers share between the frames of a reply
// (package stream) and the events that callers see: each dialect says what a
// frame means, and the [Answer] turns that into well-formed events.
package provider

import (
	"bytes"
	"errors"
	"io"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Answer is the answer to a chat on its way to the caller. Of its methods, a
// dialect calls Start with the first frame, then Deliver, AddCall and Emit, and
// at the end EndCalls and Done. Once the caller has left, all of them do nothing.
//
// It is for one answer and one goroutine.
type Answer struct {
	Reply    *httpcall.Reply
	Request  *llm.Request
	Warnings []llm.Warning // about the request; they follow the start event
	Yield    func(llm.Event, error) bool
	// NoUsage says that the server reports no usage, so that the want of it is
	// no cause for a warning.
	NoUsage bool
	// CanContinue is that of the start event.
	CanContinue bool

	// Text makes strings of the pieces that frames carry.
	Text  stream.Text
	calls llmutil.ToolCallAssembler
	raw   *bytes.Buffer // the body, if the request keeps it

	started, left, said bool
}

// Body returns the reader of the reply's body. What is read is kept if the
// request asks for that, after what earlier replies to the same call had.
func (a *Answer) Body() io.Reader {
	body := a.Reply.Body()
	if a.Request.KeepRaw {
		if a.raw == nil {
			a.raw = new(bytes.Buffer)
		}
		body = io.TeeReader(body, a.raw)
	}
	return body
}

// ReadAll reads the whole body, as [httpcall.Reply.ReadAll] does, and keeps it if
// the request asks for that.
func (a *Answer) ReadAll(limit int) ([]byte, error) {
	data, err := a.Reply.ReadAll(limit)
	if err == nil && a.Request.KeepRaw {
		if a.raw == nil {
			a.raw = new(bytes.Buffer)
		}
		a.raw.Write(data)
	}
	return data, err
}

// Started reports whether Start has been called.
func (a *Answer) Started() bool { return a.started }

// Stopped reports whether the caller has left: there is nothing more to do.
func (a *Answer) Stopped() bool { return a.left }

// Said reports whether there has been any content.
func (a *Answer) Said() bool { return a.said || a.calls.Len() > 0 }

// Start passes on the start event and the warnings about the request, once.
func (a *Answer) Start(id, model string) {
	if a.started {
		return
	}
	a.started = true
	start := a.Reply.Start()
	start.ID, start.Model, start.CanContinue = id, model, a.CanContinue
	a.Emit(llm.Event{Type: llm.EventStart, Detail: start})
	for i := range a.Warnings {
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &a.Warnings[i]})
	}
}

// Deliver passes on a piece of text, reasoning or refusal, unless it is empty.
func (a *Answer) Deliver(typ llm.EventType, text string) {
	if text != "" && !a.left {
		a.said = true
		a.left = !a.Yield(llm.Event{Type: typ, Text: text}, nil)
	}
}

// AddCall takes a fragment of a tool call.
func (a *Answer) AddCall(f llmutil.ToolCallFragment) {
	if !a.left {
		a.left = !a.calls.Add(f, a.Yield)
	}
}

// Calls returns the number of tool calls so far.
func (a *Answer) Calls() int { return a.calls.Len() }

// Emit passes on any other event.
func (a *Answer) Emit(ev llm.Event) {
	if !a.left {
		a.said = a.said || ev.Type == llm.EventMedia
		a.left = !a.Yield(ev, nil)
	}
}

// EmitLogprobs passes on the log probability of each token.
func (a *Answer) EmitLogprobs(tokens []llm.TokenLogprob) {
	for i := range tokens {
		a.Emit(llm.Event{Type: llm.EventLogprob, Detail: &tokens[i]})
	}
}

// EndCalls ends the tool calls of an answer that ended for that reason. It
// returns the reason, corrected: not every server tells an answer that waits
// for tools from one that is done.
func (a *Answer) EndCalls(reason llm.FinishReason) llm.FinishReason {
	if !a.left {
		a.left = !a.calls.Finish(reason, a.Yield)
	}
	if a.calls.Len() > 0 && reason == llm.FinishStop {
		return llm.FinishToolCalls
	}
	return reason
}

// Unreadable returns the error for a body that cannot be read on: a frame that is
// too long, or a failure of the connection. At the body's end it returns nil.
func (a *Answer) Unreadable(err error) *llm.Error {
	tooLong, isTooLong := errors.AsType[*stream.TooLongError](err)
	switch {
	case isTooLong:
		return a.Reply.Fail(llm.Protocol, tooLong.Error())
	case err != io.EOF:
		return a.Reply.ReadError(err)
	}
	return nil
}

// NotAStream returns the error for a body that has ended without saying anything
// and is no event stream by its type, either. Otherwise it returns nil.
func (a *Answer) NotAStream() *llm.Error {
	if a.started || a.Reply.MediaType() == "text/event-stream" {
		return nil
	}
	return a.Reply.Fail(llm.Protocol, "the reply is no event stream but of the type "+a.Reply.MediaTypeName())
}

// CutInLine returns the error for a frame that is not whole.
func (a *Answer) CutInLine() error {
	return a.Reply.Fail(llm.Incomplete, "the stream was cut in the middle of a line")
}

// Failed completes the error of an answer that failed: with what it cost, if
// the server has said that, and with the body if the request keeps it, less the
// secrets that errors must not show. What is wrong with the rest is no error to a
// caller who has left.
func (a *Answer) Failed(err error, usage llm.Usage) error {
	if a.left {
		return nil
	}
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || usage.IsZero() && a.raw == nil {
		return err
	}
	e.Partial = &llm.Response{Usage: usage}
	if a.raw != nil {
		e.Partial.Raw = a.Reply.Scrub(a.raw.Bytes())
	}
	return e
}

// Done passes on the last event, with the body if it was kept, and before it a
// warning if the usage is unknown.
func (a *Answer) Done(done *llm.Done) {
	a.Reply.End()
	if done.Usage.IsZero() && !a.NoUsage {
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{
			Code: llm.WarnUsageUnknown, Message: "the server did not say what the answer cost in tokens",
		}})
	}
	if a.raw != nil {
		done.Raw = a.raw.Bytes()
	}
	a.Emit(llm.Event{Type: llm.EventDone, Detail: done})
}
