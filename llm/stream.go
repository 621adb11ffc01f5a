package llm

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
)

// Stream is the answer to one request. [Model.Stream] returns it. Range over Events or Text,
// once, to send the request and to receive the answer:
//
//	s := model.Stream(ctx, llm.Prompt("Why is the sky blue?"))
//	for text, err := range s.Text() {
//		if err != nil {
//			return err
//		}
//		fmt.Print(text)
//	}
//	fmt.Println(s.Response().Usage)
//
// The request is sent when the range starts. Leaving the loop at any time closes the
// connection and releases all resources.
//
// A stream ends without an error only if the server said that the answer had ended. A stream
// that was cut returns an error of kind [Incomplete].
//
// A Stream is not safe for concurrent use.
type Stream struct {
	ctx     context.Context
	call    *Call
	handler Handler
	prices  *Prices // nil if unknown, or if the handler knows them
	used    atomic.Bool
	sent    bool // the handler has been called
	answer  collector
	failure error
}

// Events returns the events of the answer. An error is the last pair, with a zero [Event], and
// is always an *[Error]. Without an error, the last event is [EventDone]. Ignore events of
// types that you do not use.
//
// A second range over Events or Text returns an error and sends nothing.
func (s *Stream) Events() Events { return s.read }

func (s *Stream) read(yield func(Event, error) bool) {
	if s.call == nil {
		yield(Event{}, invalidf("the stream has no model: create it with Model.Stream"))
		return
	}
	if s.used.Swap(true) {
		yield(Event{}, asError(invalidf("the stream was read before: call Model.Stream again"), s.call))
		return
	}
	if err := checkCall(s.ctx, s.call); err != nil {
		yield(Event{}, s.fail(err))
		return
	}
	s.sent = true
	for ev, err := range s.handler(s.ctx, s.call) {
		if err != nil {
			yield(Event{}, s.fail(err))
			return
		}
		if ev.Type == EventDone {
			ev = priced(ev, s.prices)
		}
		s.answer.add(ev)
		if !yield(ev, nil) {
			return
		}
	}
	if !s.answer.done {
		yield(Event{}, s.fail(unfinished()))
	}
}

// Text returns the text of the answer in pieces. Reasoning, tool calls and warnings are not
// included: use [Stream.Response] after the loop.
func (s *Stream) Text() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s.read(func(ev Event, err error) bool {
			if err == nil && (ev.Type != EventText || ev.Text == "") {
				return true
			}
			return yield(ev.Text, err)
		})
	}
}

// Response returns the answer so far. It is complete after the last event. Before that, and
// after an error or an early exit from the loop, it is partial. It is never nil. Each call
// returns a separate value.
func (s *Stream) Response() *Response {
	resp := s.answer.response()
	if s.sent {
		if resp.Provider == "" {
			resp.Provider = s.call.Provider
		}
		last := Attempt{Provider: resp.Provider, Model: s.call.Model, Err: s.failure, Usage: resp.Usage}
		switch failed, _ := s.failure.(*Error); {
		case failed != nil && failed.Provider != "" && failed.Model != "": // middleware may have called another model
			last.Provider, last.Model = failed.Provider, failed.Model
		case resp.Model != "" && (resp.Provider != s.call.Provider || answeredByOther(resp.Warnings)):
			last.Model = resp.Model
		}
		resp.Attempts = append(resp.Attempts, last)
	}
	return resp
}

// answeredByOther reports whether there is a warning with the code WarnAnsweredBy.
func answeredByOther(warnings []Warning) bool {
	return slices.ContainsFunc(warnings, func(w Warning) bool { return w.Code == WarnAnsweredBy })
}

// fail records the error of the stream and returns the error for the caller.
func (s *Stream) fail(err error) error {
	e := asError(err, s.call)
	s.failure = e
	if e.Partial != nil { // fields that no event carries
		s.answer.learn(e.Partial)
	}
	given := e.Partial != nil && len(e.Partial.Messages) > 0 // set by middleware
	if !given && (s.answer.seen || e.Partial != nil) {
		whole := *e // a copy: errors must not be modified
		whole.Partial = s.Response()
		e = &whole
	}
	return e
}

// checkCall returns an error for a call that cannot be sent.
func checkCall(ctx context.Context, call *Call) error {
	if ctx == nil {
		return invalidf("the context is nil: use context.Background")
	}
	if call.Model == "" && call.Op != OpListModels {
		return invalidf("the model has no name: pass one to llm.New")
	}
	if at := invalidUTF8(call.Model); at >= 0 {
		return invalidf("the model's name is not valid UTF-8 at byte %d", at)
	}
	if err := call.Validate(); err != nil {
		return err
	}
	switch call.Op {
	case OpChat, OpCountTokens:
		if err := call.Request.Validate(); err != nil {
			return err
		}
	case OpEmbed:
		if err := call.Embed.Validate(); err != nil {
			return err
		}
	}
	return FromContext(ctx)
}
