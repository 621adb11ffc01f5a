package middleware

import (
	"context"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Resume goes on with a streamed chat that breaks off after its caller has seen
// some of it, which nothing else does. Where the provider can go on from a text that it is
// given, the rest of the answer follows the text that was delivered, seamlessly.
// Elsewhere the caller gets an [llm.EventReset], which takes back all content so
// far, and a fresh answer: a program must be ready for that.
//
// The broken try is an [llm.EventAttempt]. Usage is of the last try; what the others cost is in
// [llm.Response.Attempts], as far as their servers say.
type Resume struct {
	// MaxResumes is how often an answer is gone on with. Default 1.
	MaxResumes int `yaml:"max_resumes" json:"max_resumes"`
	// Continue names further providers that go on from a last message of the
	// assistant's as if it were theirs. Of itself, an answer is gone on with if it says
	// that it can be, by [llm.Start.CanContinue]: those of llama.cpp's server do, and those
	// of Ollama to prompts in a named format. An answer with reasoning or tool calls is
	// never gone on with.
	Continue []string `yaml:"continue" json:"continue"`
	// NoReset leaves an answer that cannot be continued broken off, with its error.
	NoReset bool `yaml:"no_reset" json:"no_reset"`
}

// Middleware returns the middleware of these settings.
func (r Resume) Middleware() (llm.Middleware, error) {
	s := settings{name: "Resume"}
	positive(&s, "MaxResumes", &r.MaxResumes, 1)
	if slices.Contains(r.Continue, "") {
		s.refuse("Continue", "has an empty name")
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return layer(r.run), nil
}

func (r Resume) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op != llm.OpChat || call.Buffered { // whose caller has seen nothing before the end
		next(ctx, call)(yield)
		return
	}
	known := slices.Contains(r.Continue, call.Provider)
	said := &delivered{yield: yield, known: known, can: known}
	again := call
	for n := 0; ; n++ {
		err := said.deliver(next(ctx, again))
		if err == nil {
			return
		}
		proceed := said.any && n < r.MaxResumes && ctx.Err() == nil && llm.KindOf(err).Temporary()
		goOn := said.can && said.plain
		if !proceed || r.NoReset && !goOn {
			yield(llm.Event{}, err)
			return
		}
		if !yield(attemptEvent(failed(call, err)), nil) {
			return
		}
		if goOn {
			again = said.continued(call)
			continue
		}
		if !yield(llm.Event{Type: llm.EventReset}, nil) {
			return
		}
		said, again = &delivered{yield: yield, known: known, can: known}, call
	}
}

// delivered is what the caller has got of an answer.
type delivered struct {
	yield func(llm.Event, error) bool
	any   bool // some content
	plain bool // and nothing but text
	known bool // its provider is known to go on with answers
	can   bool // be gone on with: for that, or because it says so itself
	text  strings.Builder

	resumed bool  // what comes is the rest of an answer
	err     error // that broke it off
}

// deliver passes an answer on, up to the error that it returns. It returns nil
// if there is nothing left to do.
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
			d.can = d.known || start.CanContinue
		}
		if d.resumed { // it is one answer, and has begun
			return true
		}
	case ev.Type == llm.EventText && ev.Detail == nil:
		d.plain = d.plain || !d.any
		d.any = true
		if d.can {
			d.text.WriteString(ev.Text)
		}
	case ev.Type.Content() && ev.Type != llm.EventDone:
		d.any, d.plain = true, false
	}
	return d.yield(ev, nil)
}

// continued returns the call with the delivered text as the beginning of its answer.
func (d *delivered) continued(call *llm.Call) *llm.Call {
	again := call.Clone()
	again.Request.Messages = append(slices.Clip(again.Request.Messages), llm.Assistant(d.text.String()))
	if n := again.Request.MaxTokens; n > 0 { // about as much less as there is already
		again.Request.MaxTokens = max(1, n-(d.text.Len()+bytesPerToken-1)/bytesPerToken)
	}
	return again
}
