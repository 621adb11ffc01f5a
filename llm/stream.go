package llm

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
)

// Stream is one answer on its way. Only [Model.Stream] makes one; range over Events
// or Text, once, to send the request and receive the answer:
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
// Nothing is sent before the range, and nothing is left after it, however it
// ends: leaving the loop early closes the connection. A Stream is for one
// goroutine at a time.
type Stream struct {
	ctx     context.Context
	call    *Call
	handler Handler
	used    atomic.Bool
	sent    bool // the call has got as far as the handler
	answer  collector
	failure error
}

// Events returns the answer, event by event. An error is the last pair, and is
// always an *[Error]. Events that are not known to a program are safe to ignore.
//
// A second range, of Events or Text, gives an error and sends nothing.
func (s *Stream) Events() Events { return s.read }

func (s *Stream) read(yield func(Event, error) bool) {
	if s.call == nil {
		yield(Event{}, invalidf("the stream is of no model: Model.Stream makes one"))
		return
	}
	if s.used.Swap(true) {
		yield(Event{}, asError(invalidf("the stream has been read already; ask the model for another"), s.call))
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
		s.answer.add(ev)
		if !yield(ev, nil) {
			return
		}
	}
	if !s.answer.done {
		yield(Event{}, s.fail(unfinished()))
	}
}

// Text returns the answer's text, piece by piece, and leaves out all else:
// reasoning, tool calls and warnings are in the [Stream.Response] afterwards.
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

// Response returns what has arrived: the whole answer after the last event,
// and before that, after an error or after leaving the loop, a part of it. It
// is never nil. Each call returns a value of its own.
func (s *Stream) Response() *Response {
	resp := s.answer.response()
	if s.sent {
		if resp.Provider == "" {
			resp.Provider = s.call.Provider
		}
		last := Attempt{Provider: resp.Provider, Model: s.call.Model, Err: s.failure, Usage: resp.Usage}
		switch failed, _ := s.failure.(*Error); {
		case failed != nil && failed.Provider != "" && failed.Model != "": // middleware may have asked another model
			last.Provider, last.Model = failed.Provider, failed.Model
		case resp.Model != "" && (resp.Provider != s.call.Provider || answeredByOther(resp.Warnings)):
			last.Model = resp.Model
		}
		resp.Attempts = append(resp.Attempts, last)
	}
	return resp
}

// answeredByOther reports whether a warning says that another model answered.
func answeredByOther(warnings []Warning) bool {
	return slices.ContainsFunc(warnings, func(w Warning) bool { return w.Code == WarnAnsweredBy })
}

// fail records how the stream failed and returns the error for the caller.
func (s *Stream) fail(err error) error {
	e := asError(err, s.call)
	s.failure = e
	if e.Partial != nil { // what the provider knows and no event has said
		s.answer.learn(e.Partial)
	}
	given := e.Partial != nil && len(e.Partial.Messages) > 0 // by a middleware that knows better
	if !given && (s.answer.seen || e.Partial != nil) {
		whole := *e // errors are not modified: another call may hold this one
		whole.Partial = s.Response()
		e = &whole
	}
	return e
}

// checkCall returns an error for a call that cannot be sent.
func checkCall(ctx context.Context, call *Call) error {
	if ctx == nil {
		return invalidf("the context is nil")
	}
	if call.Model == "" && call.Op != OpListModels {
		return invalidf("the model has no name")
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
