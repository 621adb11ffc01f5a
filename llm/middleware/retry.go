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

// Retry repeats a call that failed before its commit point (see [llmutil.ForwardAttempt]).
//
// Retry repeats calls that failed because the server was overloaded, slow, unavailable or
// broken, or because the connection failed. These are the errors whose kind is
// [llm.Kind.Temporary], and status 409. PerKind changes this rule.
//
// Before a retry, Retry waits as long as the server asked for. If the server did not ask
// for a wait, Retry waits for a random duration up to a limit that starts at MinBackoff and
// doubles with each retry, up to MaxBackoff.
//
// The server can override the rule: if the reply has an X-Should-Retry header, that header
// decides. There is one exception: errors of kind [llm.Quota] are never repeated because of
// the header. If the server asks for a wait that is longer than MaxWait, or that ends after
// the deadline of the context, the call fails at once with the wait in
// [llm.Error.RetryAfter].
//
// A retry budget prevents retries from making an outage worse: see [RetryBudget].
//
// Each failed attempt is reported as an [llm.EventAttempt] and in [llm.Response.Attempts].
//
// The zero value is ready to use. A Retry is safe for concurrent use. Do not copy it or
// change its fields after the first call.
type Retry struct {
	// MaxRetries is the maximum number of attempts after the first one. The default is 2.
	MaxRetries int `yaml:"max_retries"`
	// PerKind is the maximum number of retries after an error of one kind. It replaces
	// MaxRetries and the rule above for that kind. For example, 0 never repeats a call after
	// such an error.
	PerKind map[llm.Kind]int `yaml:"per_kind"`
	// MinBackoff and MaxBackoff limit the wait before the first retry and before any retry
	// if the server asks for no wait. The defaults are 500 ms and 8 s.
	MinBackoff time.Duration `yaml:"min_backoff"`
	MaxBackoff time.Duration `yaml:"max_backoff"`
	// MaxWait is the longest wait that the server may ask for. The default is 1 minute.
	MaxWait time.Duration `yaml:"max_wait"`
	// Budget limits the retries of all calls to a model together.
	Budget RetryBudget `yaml:"budget"`
	// Observe, if not nil, is called before each retry with the failed attempt and the wait.
	// It can be called from several goroutines at once.
	Observe func(ctx context.Context, call *llm.Call, failed llm.Attempt, wait time.Duration) `json:"-"`

	live live[*retryState]
}

// RetryBudget describes a token bucket that every model has. The bucket is full at first.
//
// A retry takes tokens from the bucket and returns them if it succeeds. A first attempt
// that succeeds adds one token. If the bucket has too few tokens, a failed call is not
// repeated. With the defaults, a few failures are always repeated. If every call fails,
// retries stop after 35 failures, so that the server gets little more load than without them.
type RetryBudget struct {
	// Tokens is the capacity of the bucket. The default is 500.
	Tokens int `yaml:"tokens"`
	// Cost is the number of tokens for a retry. The default is 14.
	Cost int `yaml:"cost"`
	// ThrottledCost is the number of tokens for a retry after an error of kind
	// [llm.RateLimited] or [llm.Overloaded]. The default is 5.
	ThrottledCost int `yaml:"throttled_cost"`
}

// Validate returns an error that names every invalid field.
func (r *Retry) Validate() error {
	_, err := r.open()
	return err
}

// Wrap implements [llm.Middleware].
func (r *Retry) Wrap(next llm.Handler) llm.Handler {
	return wrap(&r.live, r.open, (*retryState).run, next)
}

func (r *Retry) open() (*retryState, error) {
	r = fixed(r)
	s := settings{name: "Retry"}
	number(&s, "MaxRetries", &r.MaxRetries, 2)
	number(&s, "MinBackoff", &r.MinBackoff, 500*time.Millisecond)
	number(&s, "MaxBackoff", &r.MaxBackoff, max(r.MinBackoff, 8*time.Second))
	number(&s, "MaxWait", &r.MaxWait, time.Minute)
	number(&s, "Budget.Tokens", &r.Budget.Tokens, 500)
	number(&s, "Budget.Cost", &r.Budget.Cost, 14)
	number(&s, "Budget.ThrottledCost", &r.Budget.ThrottledCost, 5)
	if r.MaxBackoff < r.MinBackoff {
		s.refuse("MaxBackoff", "is %v, less than MinBackoff, %v", r.MaxBackoff, r.MinBackoff)
	}
	if r.Budget.Tokens < r.Budget.Cost {
		s.refuse("Budget.Tokens", "is %d, too few for one retry; it must be at least Cost, %d", r.Budget.Tokens, r.Budget.Cost)
	}
	for kind, n := range r.PerKind {
		s.kinds("PerKind", kind)
		if n < 0 {
			s.refuse("PerKind", "is %d for %q; it must not be negative", n, string(kind))
		}
	}
	return &retryState{Retry: r}, s.err()
}

// retryState is a Retry in use.
type retryState struct {
	*Retry
	spent perKey[modelKey, *spentTokens]
}

// spentTokens is the number of tokens missing from the bucket of a model.
type spentTokens struct {
	mu sync.Mutex
	n  int
}

func (r *retryState) of(call *llm.Call) *spentTokens {
	return r.spent.of(keyOf(call), func() *spentTokens { return &spentTokens{} })
}

func (r *retryState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	paid := 0
	for n := 0; ; n++ {
		err := llmutil.ForwardAttempt(next(ctx, call), call.Buffered, yield)
		if err == nil {
			r.refund(call, paid)
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
		failed := failedAttempt(call, err)
		if r.Observe != nil {
			r.Observe(ctx, call, failed, wait)
		}
		if !yield(attemptEvent(failed), nil) {
			return
		}
		if err := sleep(ctx, wait); err != nil {
			yield(llm.Event{}, err)
			return
		}
	}
}

// wait returns the wait before the n-th retry, counted from 0, and false if the call must
// not be repeated.
func (r *retryState) wait(ctx context.Context, err error, n int) (time.Duration, bool) {
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || e == nil || ctx.Err() != nil || n >= r.retries(e) {
		return 0, false
	}
	wait := e.RetryAfter
	switch {
	case wait > r.MaxWait:
		return 0, false
	case wait > 0: // a little more, so that calls refused together do not return together
		wait += rand.N(wait/10 + 1)
	default:
		wait = rand.N(r.backoff(n))
	}
	return wait, inTime(ctx, wait)
}

// retries returns the maximum number of retries after such an error.
func (r *retryState) retries(e *llm.Error) int {
	switch header := strings.ToLower(e.Header.Get("X-Should-Retry")); {
	case header == "true" && e.Kind != llm.Quota:
		return r.MaxRetries
	case header == "false":
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

// backoff returns the limit of the random wait before the n-th retry.
func (r *retryState) backoff(n int) time.Duration {
	limit := r.MinBackoff
	for range n {
		if limit >= r.MaxBackoff/2 {
			return r.MaxBackoff
		}
		limit *= 2
	}
	return limit
}

// pay takes the cost of a retry from the bucket of the model.
func (r *retryState) pay(call *llm.Call, err error) (cost int, ok bool) {
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

// refund adds tokens to the bucket of the model after a success: the cost of the retry
// that succeeded, or one token for a first attempt.
func (r *retryState) refund(call *llm.Call, paid int) {
	spent := r.of(call)
	spent.mu.Lock()
	defer spent.mu.Unlock()
	spent.n = max(0, spent.n-max(paid, 1))
}
