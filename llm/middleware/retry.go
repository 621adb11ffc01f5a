package middleware

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Retry makes a call again that failed before its commit point, after a wait:
// when the server was busy, slow or broken, or the connection was. The wait is
// what the server asked for, or else random, up to a bound that doubles with
// each try. Vendors' packages do not retry here, so that this is the only layer
// that does.
//
// A server's word outranks all else: the header X-Should-Retry decides alone, but where there is nothing
// left to spend ([llm.Quota]), and a wait that it
// asks for, if it is longer than MaxWait or than the context has time for, fails
// the call at once, with the wait in [llm.Error.RetryAfter].
//
// A budget keeps retries from making an outage worse: see [RetryBudget].
// Each failed try is an [llm.EventAttempt] and ends in [llm.Response.Attempts].
type Retry struct {
	// MaxRetries is how many tries there are after the first. Default 2.
	MaxRetries int `yaml:"max_retries" json:"max_retries"`
	// PerKind is how many, after a failure of one kind, in place of MaxRetries
	// and of the rule of which kinds are worth one: 0 is none. The rule is: those
	// that are [llm.Kind.Temporary], and the status 409.
	PerKind map[llm.Kind]int `yaml:"per_kind" json:"per_kind"`
	// MinBackoff bounds the wait before the first retry, MaxBackoff that before
	// any, where the server asks for none. Defaults 500 ms and 8 s.
	MinBackoff time.Duration `yaml:"min_backoff" json:"min_backoff"`
	MaxBackoff time.Duration `yaml:"max_backoff" json:"max_backoff"`
	// MaxWait is the longest wait that a server may ask for. Default 60 s.
	MaxWait time.Duration `yaml:"max_wait" json:"max_wait"`
	// Budget bounds the retries of all calls together.
	Budget RetryBudget `yaml:"budget" json:"budget"`
	// Observe, if set, is told of each try that failed and will be made again,
	// and of the wait before. It may be called by many goroutines at once.
	Observe func(ctx context.Context, call *llm.Call, tried llm.Attempt, wait time.Duration) `yaml:"-" json:"-"`
}

// RetryBudget is a bucket of tokens for each model, full at first. A retry takes
// some out, and gives them back if it works; a first try that works puts one in.
// While there are not enough, failures are final. So a few failures are retried
// freely, and when everything fails there is little more load than without retries.
type RetryBudget struct {
	Tokens        int `yaml:"tokens" json:"tokens"`                 // in a full bucket; default 500
	Cost          int `yaml:"cost" json:"cost"`                     // of a retry; default 14
	ThrottledCost int `yaml:"throttled_cost" json:"throttled_cost"` // of a retry after [llm.RateLimited] or [llm.Overloaded]; default 5
}

// Middleware returns the middleware of these settings.
func (r Retry) Middleware() (llm.Middleware, error) {
	s := settings{name: "Retry"}
	positive(&s, "MaxRetries", &r.MaxRetries, 2)
	positive(&s, "MinBackoff", &r.MinBackoff, 500*time.Millisecond)
	positive(&s, "MaxBackoff", &r.MaxBackoff, max(r.MinBackoff, 8*time.Second))
	positive(&s, "MaxWait", &r.MaxWait, time.Minute)
	positive(&s, "Budget.Tokens", &r.Budget.Tokens, 500)
	positive(&s, "Budget.Cost", &r.Budget.Cost, 14)
	positive(&s, "Budget.ThrottledCost", &r.Budget.ThrottledCost, 5)
	if r.MaxBackoff < r.MinBackoff {
		s.refuse("MaxBackoff", "is %v, less than MinBackoff, %v", r.MaxBackoff, r.MinBackoff)
	}
	if r.Budget.Tokens < r.Budget.Cost {
		s.refuse("Budget.Tokens", "is %d, which no retry at the Cost of %d can be paid with", r.Budget.Tokens, r.Budget.Cost)
	}
	for kind, n := range r.PerKind {
		s.kinds("PerKind", kind)
		if n < 0 {
			s.refuse("PerKind", "is %d for %q; it cannot be negative", n, string(kind))
		}
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	state := &retrier{Retry: r}
	return layer(state.run), nil
}

// retrier is a Retry at work.
type retrier struct {
	Retry
	each each[modelKey, *spent]
}

// spent is how many tokens are missing from a model's bucket.
type spent struct {
	mu sync.Mutex
	n  int
}

func (r *retrier) of(call *llm.Call) *spent {
	return r.each.of(keyOf(call), func() *spent { return &spent{} })
}

func (r *retrier) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	paid := 0
	for n := 0; ; n++ {
		err := llmutil.ForwardAttempt(next(ctx, call), call.Buffered, yield)
		if err == nil {
			r.worked(call, paid)
			return
		}
		wait, ok := r.wait(ctx, err, n)
		if ok {
			paid, ok = r.pay(call, err)
		}
		if !ok {
			yield(llm.Event{}, err)
			return
		}
		tried := failed(call, err)
		if r.Observe != nil {
			r.Observe(ctx, call, tried, wait)
		}
		if !yield(attemptEvent(tried), nil) {
			return
		}
		if err := sleep(ctx, wait); err != nil {
			yield(llm.Event{}, err)
			return
		}
	}
}

// wait returns how long to wait before the n-th retry, counted from 0, and
// false if there should be none.
func (r *retrier) wait(ctx context.Context, err error, n int) (time.Duration, bool) {
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || ctx.Err() != nil || n >= r.retries(e) {
		return 0, false
	}
	wait := e.RetryAfter
	switch {
	case wait > r.MaxWait:
		return 0, false
	case wait > 0: // a little more, so that those who were refused together do not come back together
		wait += rand.N(wait/10 + 1)
	default:
		wait = rand.N(r.backoff(n))
	}
	return wait, inTime(ctx, wait)
}

// retries returns how many retries a failure of this kind is worth.
func (r *retrier) retries(e *llm.Error) int {
	switch said := strings.ToLower(e.Header.Get("X-Should-Retry")); {
	case said == "true" && e.Kind != llm.Quota:
		return r.MaxRetries
	case said == "false":
		return 0
	}
	if n, ok := r.PerKind[e.Kind]; ok {
		return n
	}
	if e.Kind.Temporary() || e.Status == http.StatusConflict {
		return r.MaxRetries
	}
	return 0
}

// backoff returns the bound of the wait before the n-th retry.
func (r *retrier) backoff(n int) time.Duration {
	bound := r.MinBackoff
	for range n {
		if bound >= r.MaxBackoff/2 {
			return r.MaxBackoff
		}
		bound *= 2
	}
	return bound
}

// pay takes the cost of a retry out of the model's bucket.
func (r *retrier) pay(call *llm.Call, err error) (cost int, ok bool) {
	cost = r.Budget.Cost
	if errors.Is(err, llm.RateLimited) || errors.Is(err, llm.Overloaded) {
		cost = r.Budget.ThrottledCost
	}
	spent := r.of(call)
	spent.mu.Lock()
	defer spent.mu.Unlock()
	if spent.n+cost > r.Budget.Tokens {
		return 0, false
	}
	spent.n += cost
	return cost, true
}

// worked puts into the model's bucket what a try that worked earns: what it had
// cost, or one token for a first try.
func (r *retrier) worked(call *llm.Call, paid int) {
	spent := r.of(call)
	spent.mu.Lock()
	defer spent.mu.Unlock()
	spent.n = max(0, spent.n-max(paid, 1))
}
