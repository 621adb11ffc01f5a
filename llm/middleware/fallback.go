package middleware

import (
	"context"
	"slices"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Fallback asks other models when the model fails before its commit point: one
// after another, until one answers. An answer of another model has a warning,
// [llm.WarnAnsweredBy], that names it, and an [llm.EventAttempt] for each model
// that failed.
//
// An answer that the provider withholds, with [llm.FinishContentFilter] and
// before the caller has seen any of it, is a failure too while there is another
// model for that. The other models' calls go through their own middleware and not
// through what is inside of Fallback.
type Fallback struct {
	// To are the models, in the order in which they are tried.
	To []Alternative `yaml:"to" json:"to"`
}

// Alternative is a model to ask when another has failed.
type Alternative struct {
	// Name is the model's name, for the config file; Model is what is asked.
	Name  string     `yaml:"model" json:"model"`
	Model *llm.Model `yaml:"-" json:"-"`
	// On are the kinds of failure, of the model asked before, after which this
	// one is asked: a larger model after [llm.ContextLength], say. Empty are all
	// that another model may not have: the [llm.Kind.Temporary] ones, and
	// ContextLength, ContentFilter, Quota, NotFound and Retired.
	On []llm.Kind `yaml:"on" json:"on"`
}

// Middleware returns the middleware of these settings.
func (f Fallback) Middleware() (llm.Middleware, error) {
	s := settings{name: "Fallback"}
	if len(f.To) == 0 {
		s.refuse("To", "is empty; name a model to fall back to")
	}
	for _, to := range f.To {
		if to.Model == nil {
			s.refuse("To", "has no Model for the name %q", to.Name)
		}
		s.kinds("To.On", to.On...)
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return layer(f.run), nil
}

func (f Fallback) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	left := f.To
	events := next(ctx, call)
	for {
		if firstFor(llm.ContentFilter, left) >= 0 {
			events = withheldAsError(events, call)
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
		if !yield(attemptEvent(failed(call, err)), nil) {
			return
		}
		other := left[n].Model
		left = left[n+1:]
		events = llmutil.WarnAfterStart(other.Do(ctx, call), llm.Warning{
			Code:    llm.WarnAnsweredBy,
			Message: other.String() + " answered in place of " + keyOf(call).String() + " (" + llm.KindOf(err).Error() + ")",
		})
	}
}

// firstFor returns the place of the first model to ask after such a failure, or -1.
func firstFor(kind llm.Kind, models []Alternative) int {
	return slices.IndexFunc(models, func(a Alternative) bool {
		if len(a.On) > 0 {
			return slices.Contains(a.On, kind)
		}
		switch kind {
		case llm.ContextLength, llm.ContentFilter, llm.Quota, llm.NotFound, llm.Retired:
			return true
		}
		return kind.Temporary()
	})
}

// withheldAsError ends an answer of which the provider withheld all that the
// caller would have seen with an error.
func withheldAsError(events llm.Events, call *llm.Call) llm.Events {
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
			seen = seen || !call.Buffered && ev.Type.Content()
			return yield(ev, err)
		})
	}
}
