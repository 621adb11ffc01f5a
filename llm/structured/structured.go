package structured

import (
	"context"
	"iter"

	"github.com/parley-llm/parley/llm"
)

// Option is a setting of [Generate] and [Stream].
type Option func(*settings)

type settings struct {
	repairs int
	rung    Rung
	name    string
}

// Repairs limits the requests that repair an invalid answer. The default is 1, and 0 turns
// repairs off.
func Repairs(n int) Option { return func(s *settings) { s.repairs = max(n, 0) } }

// Rung is a way to ask for a format.
type Rung int

// The ways, from the best.
const (
	Native Rung = iota // structured output of the backend
	Tool               // a forced call of a tool
	Prompt             // instructions in the prompt
)

var rungNames = [...]string{"structured output", "a forced tool call", "instructions in the prompt"}

// String returns the way in words.
func (r Rung) String() string {
	if r < Native || r > Prompt {
		return "unknown"
	}
	return rungNames[r]
}

// From starts with a way of asking that is known to work, so that no request is lost. The
// default is [Native].
func From(rung Rung) Option { return func(s *settings) { s.rung = min(max(rung, Native), Prompt) } }

// Name sets the name of the format. The default is the name of the type.
func Name(name string) Option { return func(s *settings) { s.name = name } }

// Generate sends a request and returns the answer as a value. The response has the usage of
// all requests, and the messages to append to the history: the answer is the JSON text of the
// value.
//
// The error is an [*Error] for an answer that is not a value of the type, and an [*llm.Error]
// if the call failed.
//
// The Format of the request is replaced. Tools of a tool.Loop can be used: the last step has
// the value.
func Generate[T any](ctx context.Context, model *llm.Model, req *llm.Request, options ...Option) (T, *llm.Response, error) {
	a := newAnswer[T](ctx, model, req, options)
	value, err := a.get(nil)
	return value, a.resp, err
}

// Stream returns the answer to a request as a value that grows. The request is sent when
// [Answer.Values] is read.
func Stream[T any](ctx context.Context, model *llm.Model, req *llm.Request, options ...Option) *Answer[T] {
	return newAnswer[T](ctx, model, req, options)
}

// Answer is a value that arrives. [Stream] returns it. It is not safe for concurrent use.
type Answer[T any] struct {
	ctx   context.Context
	model *llm.Model
	req   *llm.Request
	settings
	resp *llm.Response
}

func newAnswer[T any](ctx context.Context, model *llm.Model, req *llm.Request, options []Option) *Answer[T] {
	a := &Answer[T]{ctx: ctx, model: model, req: req, settings: settings{repairs: 1}}
	for _, set := range options {
		if set != nil {
			set(&a.settings)
		}
	}
	return a
}

// Values returns the value each time that it has grown. Its last pair is the complete,
// validated value, or an error. Each range sends the request again.
//
// A part is a prefix of the complete value: texts grow by whole characters and lists by
// elements; numbers, booleans, enums, times and entries of maps appear when they are
// complete. If an invalid answer is repaired, the value starts again.
//
// A part shares its lists, maps and pointers with the next ones. Copy those that you keep.
func (a *Answer[T]) Values() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		stopped := false
		value, err := a.get(func(part T) bool {
			stopped = !yield(part, nil)
			return !stopped
		})
		if !stopped {
			yield(value, err)
		}
	}
}

// Response returns the response after the last value: the usage of all requests, the warnings
// and the messages. Before that, and after an error of the call, it is nil.
func (a *Answer[T]) Response() *llm.Response { return a.resp }
