package middleware

import (
	"context"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Resume continues a streamed chat that fails after its caller has seen content. All other
// pieces leave such a failure to the caller.
//
// If the provider can continue a given text, Resume asks it to continue the text that was
// delivered, and the caller receives one answer without an interruption. Otherwise, the
// caller receives an [llm.EventReset], which withdraws all content so far, and then a new
// answer. A program that uses Resume must handle that event.
//
// If the server makes the answer without a connection, as in OpenAI's background mode, the
// provider reads on where the connection was cut, also if all content so far was reasoning or
// tool calls.
//
// An answer during which a tool was started (see [llm.EventToolStart]) is never continued or
// restarted.
//
// The failed attempt is reported as an [llm.EventAttempt]. The usage of the answer is the
// usage of the last attempt. [llm.Response.Attempts] has the usage of the others, if their
// servers reported it.
//
// The zero value is ready to use. A Resume is safe for concurrent use. Do not copy it or
// change its fields after the first call.
type Resume struct {
	// MaxResumes is the maximum number of times that an answer is continued or restarted. The
	// default is 1.
	MaxResumes int `yaml:"max_resumes"`
	// Continue names providers that continue the text of a last message with the role
	// assistant. It is not needed for answers that report it by [llm.Start.CanContinue]. These
	// are answers of a llama.cpp server, and answers of Ollama to prompts in a named format.
	// Answers with reasoning or tool calls are never continued.
	Continue []string `yaml:"continue"`
	// NoReset leaves the error of an answer that cannot be continued to the caller.
	NoReset bool `yaml:"no_reset"`

	live live[*Resume]
}

// Validate returns an error that names every invalid field.
func (r *Resume) Validate() error {
	_, err := r.open()
	return err
}

// Wrap implements [llm.Middleware].
func (r *Resume) Wrap(next llm.Handler) llm.Handler {
	return wrap(&r.live, r.open, (*Resume).run, next)
}

func (r *Resume) open() (*Resume, error) {
	r = fixed(r)
	s := settings{name: "Resume"}
	number(&s, "MaxResumes", &r.MaxResumes, 1)
	if slices.Contains(r.Continue, "") {
		s.refuse("Continue", "has an empty name")
	}
	return r, s.err()
}

func (r *Resume) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op == llm.OpChat {
		reattaching := *call // the request is only read
		reattaching.MaxReattach = r.MaxResumes
		call = &reattaching
	}
	if call.Op != llm.OpChat || call.Buffered { // the caller sees nothing before the end
		next(ctx, call)(yield)
		return
	}
	listed := slices.Contains(r.Continue, call.Provider)
	answer := &delivered{yield: yield, listed: listed, continuable: listed}
	attempt := call
	for n := 0; ; n++ {
		err := answer.deliver(next(ctx, attempt))
		if err == nil {
			return
		}
		again := answer.any && !answer.ranTools && n < r.MaxResumes && ctx.Err() == nil && llm.KindOf(err).Temporary()
		proceed := answer.continuable && answer.textOnly
		if !again || r.NoReset && !proceed {
			yield(llm.Event{}, err)
			return
		}
		if !yield(attemptEvent(failedAttempt(call, err)), nil) {
			return
		}
		if proceed {
			attempt = answer.continued(call)
			continue
		}
		if !yield(llm.Event{Type: llm.EventReset}, nil) {
			return
		}
		answer, attempt = &delivered{yield: yield, listed: listed, continuable: listed}, call
	}
}

// delivered is the part of an answer that the caller has received.
type delivered struct {
	yield       func(llm.Event, error) bool
	any         bool // there is content
	textOnly    bool // all content is text
	ranTools    bool // a tool was started, and must not run twice
	listed      bool // Resume.Continue names the provider
	continuable bool // the provider can continue the answer
	text        strings.Builder

	resumed bool  // the current attempt continues the answer
	err     error // that ended the current attempt
}

// deliver forwards an attempt and returns the error that ended it. It returns nil if the
// answer is complete or the caller has stopped reading.
func (d *delivered) deliver(events llm.Events) error {
	d.resumed, d.err = d.any, nil
	events(d.take)
	return d.err
}

func (d *delivered) take(ev llm.Event, err error) bool {
	switch {
	case err != nil:
		d.err = err
		return false
	case ev.Type == llm.EventStart:
		if start, ok := ev.Detail.(*llm.Start); ok {
			d.continuable = d.listed || start.CanContinue
		}
		if d.resumed { // the caller has one answer, which has started already
			return true
		}
	case ev.Type == llm.EventText && ev.Detail == nil:
		d.textOnly = d.textOnly || !d.any
		d.any = true
		if d.continuable {
			d.text.WriteString(ev.Text)
		}
	case ev.Type.Content() && ev.Type != llm.EventDone:
		d.any, d.textOnly = true, false
		d.ranTools = d.ranTools || ev.Type == llm.EventToolStart
	}
	return d.yield(ev, nil)
}

// continued returns the call with the delivered text as the beginning of its answer.
func (d *delivered) continued(call *llm.Call) *llm.Call {
	again := call.Clone()
	again.Request.Messages = append(slices.Clip(again.Request.Messages), llm.Assistant(d.text.String()))
	if n := again.Request.MaxTokens; n > 0 { // less the approximate number of delivered tokens
		again.Request.MaxTokens = max(1, n-(d.text.Len()+bytesPerToken-1)/bytesPerToken)
	}
	return again
}
