// Package provider holds the parts that all providers share.
//
// [ReadChat] reads the reply to a chat: it takes the frames from package stream, decodes
// them, and calls the [Handler] of the dialect with each chunk. The handler uses an
// [Answer] to emit well-formed events. [Operations] dispatches calls, and [Server] sends
// requests to a server whose endpoints are paths below one address.
package provider

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Answer is the answer to a chat on its way to the caller. A dialect calls Start with the
// first chunk, then EmitText, AddCall and Emit, and at the end EndCalls and Done. After
// the caller has stopped reading, all of them do nothing.
//
// An Answer is for one call and one goroutine.
type Answer struct {
	Reply    *httpcall.Reply
	Request  *llm.Request
	Warnings []llm.Warning // about the request; they follow the start event
	Yield    func(llm.Event, error) bool
	// NoUsage means that the server never reports usage, so missing usage does not
	// produce a warning.
	NoUsage bool
	// CanContinue is copied to the start event.
	CanContinue bool

	// Text makes strings of the text in frames.
	Text  stream.Text
	calls llmutil.ToolCallAssembler
	raw   *bytes.Buffer // the body, if the request keeps it
	head  httpcall.Head // the beginning of a body with an unusual type, for errors

	events     int // so far
	started    bool
	stopped    bool // the caller has stopped reading, or the context has ended
	ended      bool // the context has ended between two reads
	hasContent bool
}

// Body returns the reader of the reply's body. If the request sets KeepRaw, the bytes read
// are kept, after those of earlier replies to the same call.
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

// ReadAll reads the whole body, like [httpcall.Reply.ReadAll], and keeps it if the request
// sets KeepRaw.
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

// Stopped reports whether the caller has stopped reading.
func (a *Answer) Stopped() bool { return a.stopped }

// HasContent reports whether there has been any content or a tool call.
func (a *Answer) HasContent() bool { return a.hasContent || a.calls.Len() > 0 }

// Start emits the start event and the warnings about the request. Only the first call has
// an effect.
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

// EmitText emits a piece of text, reasoning or refusal, unless it is empty.
func (a *Answer) EmitText(typ llm.EventType, text string) {
	if text != "" && !a.stopped {
		a.hasContent = true
		a.stopped = !a.yield(llm.Event{Type: typ, Text: text}, nil)
	}
}

// yield passes an event to the caller. One frame can have a great number of events, so yield
// looks at the context from time to time.
func (a *Answer) yield(ev llm.Event, err error) bool {
	if a.events++; a.events%eventsPerCheck == 0 && a.Reply.Ended() {
		a.ended = true
		return false
	}
	return a.Yield(ev, err)
}

// endedError returns the error of an answer whose context ended between two reads, or nil.
func (a *Answer) endedError() error {
	if !a.ended {
		return nil
	}
	return a.Reply.ReadError(context.Canceled)
}

// eventsPerCheck is the number of events after which the context is looked at.
const eventsPerCheck = 64

// AddCall adds a fragment of a tool call.
func (a *Answer) AddCall(f llmutil.ToolCallFragment) {
	if !a.stopped {
		a.stopped = !a.calls.Add(f, a.yield)
	}
}

// Calls returns the number of tool calls so far.
func (a *Answer) Calls() int { return a.calls.Len() }

// Emit emits any other event.
func (a *Answer) Emit(ev llm.Event) {
	if !a.stopped {
		a.hasContent = a.hasContent || ev.Type == llm.EventMedia
		a.stopped = !a.yield(ev, nil)
	}
}

// EmitLogprobs emits an event for each token.
func (a *Answer) EmitLogprobs(tokens []llm.TokenLogprob) {
	for i := range tokens {
		a.Emit(llm.Event{Type: llm.EventLogprob, Detail: &tokens[i]})
	}
}

// EndCalls ends the tool calls of an answer that ended for the given reason, and returns
// the corrected reason: some servers send "stop" for an answer that has tool calls.
func (a *Answer) EndCalls(reason llm.FinishReason) llm.FinishReason {
	if !a.stopped {
		a.stopped = !a.calls.Finish(reason, a.yield)
	}
	if a.calls.Len() > 0 && reason == llm.FinishStop {
		return llm.FinishToolCalls
	}
	return reason
}

// FinishError returns the error for a failure that the server reported as the finish reason
// of the answer, or nil.
func (a *Answer) FinishError(raw string) error {
	if kind := FinishFailure(raw); kind != "" {
		return a.Reply.ReplyError(kind, "the server stopped the answer with the finish reason "+raw)
	}
	return nil
}

// Unreadable returns the error for a body that cannot be read to its end: a frame is too
// long, or the connection failed. It returns nil at the end of the body.
func (a *Answer) Unreadable(err error) *llm.Error {
	tooLong, isTooLong := errors.AsType[*stream.TooLongError](err)
	switch {
	case isTooLong:
		return a.Reply.ReplyError(llm.Protocol, tooLong.Error())
	case err != io.EOF:
		return a.Reply.ReadError(err)
	}
	return nil
}

// NotAStream returns the error for a body that ended without a chunk and does not have the
// type of an event stream. Otherwise it returns nil.
func (a *Answer) NotAStream() *llm.Error {
	if a.started || a.Reply.MediaType() == eventStream {
		return nil
	}
	return a.Reply.ReplyError(llm.Protocol, "expected "+eventStream+", got "+a.Reply.MediaTypeName()+a.Reply.Quote(a.head.Bytes()))
}

// CutInLine returns the error for a frame that is cut.
func (a *Answer) CutInLine() *llm.Error {
	return a.Reply.ReplyError(llm.Incomplete, "the stream was cut in the middle of a line")
}

// Failed completes the error of an answer. It adds the usage, if the server has reported
// it, and the body, if the request sets KeepRaw. If the caller has stopped reading, it
// returns nil.
//
// Security: secrets of the request are removed from the body.
func (a *Answer) Failed(err error, usage llm.Usage) error {
	if a.stopped && !a.ended {
		return nil
	}
	if err == nil {
		err = a.endedError()
	}
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || usage.IsZero() && a.raw == nil {
		return err
	}
	boundUsage(&usage) // the error says more than a warning would
	e.Partial = &llm.Response{Usage: usage}
	if a.raw != nil {
		e.Partial.Raw = a.Reply.Scrub(a.raw.Bytes())
	}
	return e
}

// Done emits the done event, with the body if it was kept. If the usage is unknown, it
// emits a warning first.
func (a *Answer) Done(done *llm.Done) {
	a.Reply.End()
	if invalid := boundUsage(&done.Usage); invalid != nil {
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: invalid})
	}
	if done.Usage.IsZero() && !a.NoUsage {
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{
			Code: llm.WarnUsageUnknown, Message: "the server reported no token usage",
		}})
	}
	if a.raw != nil {
		done.Raw = a.raw.Bytes()
	}
	a.Emit(llm.Event{Type: llm.EventDone, Detail: done})
}
