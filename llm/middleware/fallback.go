package middleware

import (
	"context"
	"slices"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Fallback asks other models, one after the other, if the model fails before its commit
// point (see [llmutil.ForwardAttempt]).
//
// An answer of another model has a warning, [llm.WarnAnsweredBy], that names it, and an
// [llm.EventAttempt] for each model that failed.
//
// An answer that the provider withholds because of a content filter, before the caller has
// seen any of it, is a failure too if another model can be asked for it.
//
// The calls to other models go through their own middleware, not through the middleware
// inside of Fallback.
//
// A Fallback is safe for concurrent use. Do not copy it or change its fields after the
// first call.
type Fallback struct {
	// To are the other models, in the order in which they are asked. At least one must be set.
	To []FallbackTarget `yaml:"to"`

	live live[*fallbackState]
}

// FallbackTarget is another model of a [Fallback].
type FallbackTarget struct {
	// Name is the name of the model in a config file. The loader sets Model from it.
	Name string `yaml:"model"`
	// Model receives the calls. It must be set.
	Model *llm.Model `json:"-" yaml:"-"`
	// On are the kinds of errors of the previous model after which this model is asked. For
	// example, a model with a larger context window can be asked after [llm.ContextLength].
	//
	// By default, this model is asked after every error that another model may not have: the
	// errors that are [llm.Kind.Temporary], and those of kind [llm.ContextLength],
	// [llm.ContentFilter], [llm.Quota], [llm.NotFound] and [llm.Retired].
	On []llm.Kind `yaml:"on"`
}

// Validate returns an error that names every invalid field.
func (f *Fallback) Validate() error {
	_, err := f.open()
	return err
}

// Wrap implements [llm.Middleware].
func (f *Fallback) Wrap(next llm.Handler) llm.Handler {
	return wrap(&f.live, f.open, (*fallbackState).run, next)
}

func (f *Fallback) open() (*fallbackState, error) {
	s := settings{name: "Fallback"}
	if len(f.To) == 0 {
		s.refuse("To", "is empty; add at least one model")
	}
	for _, to := range f.To {
		switch {
		case to.Model == nil && to.Name == "":
			s.refuse("To", "has no Model; set it")
		case to.Model == nil:
			s.refuse("To", "has no Model for the name %q; only a config file can use a name, so set Model", to.Name)
		}
		s.kinds("To.On", to.On...)
	}
	return &fallbackState{fixed(f).To}, s.err()
}

// fallbackState is a Fallback in use.
type fallbackState struct{ to []FallbackTarget }

func (f *fallbackState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	left := f.to
	events := next(ctx, call)
	for {
		if firstFor(llm.ContentFilter, left) >= 0 {
			events = filteredAsError(events, call)
		}
		err := llmutil.ForwardAttempt(events, call.Buffered, yield)
		if err == nil {
			return
		}
		n := firstFor(llm.KindOf(err), left)
		if n < 0 || ctx.Err() != nil {
			yield(llm.Event{}, err)
			return
		}
		if !yield(attemptEvent(failedAttempt(call, err)), nil) {
			return
		}
		other := left[n].Model
		left = left[n+1:]
		events = llmutil.WarnAfterStart(other.Do(ctx, call), llm.Warning{
			Code:    llm.WarnAnsweredBy,
			Message: other.String() + " answered instead of " + keyOf(call).String() + " (" + llm.KindOf(err).Error() + ")",
		})
	}
}

// firstFor returns the index of the first model to ask after such an error, or -1.
func firstFor(kind llm.Kind, models []FallbackTarget) int {
	return slices.IndexFunc(models, func(t FallbackTarget) bool {
		if len(t.On) > 0 {
			return slices.Contains(t.On, kind)
		}
		switch kind {
		case llm.ContextLength, llm.ContentFilter, llm.Quota, llm.NotFound, llm.Retired:
			return true
		}
		return kind.Temporary()
	})
}

// filteredAsError returns an error for an answer that the provider withheld before the
// caller has seen any content.
func filteredAsError(events llm.Events, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		seen := false
		events(func(ev llm.Event, err error) bool {
			if d, ok := ev.Detail.(*llm.Done); ok && !seen && d.FinishReason == llm.FinishContentFilter {
				yield(llm.Event{}, &llm.Error{
					Kind: llm.ContentFilter, Provider: call.Provider, Model: call.Model, Op: call.Op, Code: d.RawFinishReason,
					Message: "the provider withheld the answer", Partial: &llm.Response{Usage: d.Usage},
				})
				return false
			}
			seen = seen || ev.Type.Commits(call.Buffered)
			return yield(ev, err)
		})
	}
}
