package middleware

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
)

// RateLimit keeps each model's chats and embeddings within requests and tokens
// a minute, so that the server need not refuse any. Calls wait in order. One that
// cannot begin before its context's deadline, or within MaxWait, fails at once with an error
// of kind [llm.RateLimited] that says how long the wait would be.
//
// Tokens are reserved before a call, by counting its input, and settled after it
// by the usage that the server reports. What the server says of its own limits
// ([llm.RateLimits], [llm.Error.RetryAfter]) is heeded too.
type RateLimit struct {
	// Requests and Tokens are how many a minute; 0 is no limit. One must be set.
	Requests int `yaml:"requests" json:"requests"`
	Tokens   int `yaml:"tokens" json:"tokens"`
	// RequestBurst and TokenBurst are how many may come besides: in no span of time
	// are there more than the limit for it and one burst. After a pause seven eighths of a
	// burst of 8 or more may come at once; the rest is for calls that wake late for their
	// turn. A call of more tokens than that waits until that many are there. Default a
	// sixth of the limit.
	RequestBurst int `yaml:"request_burst" json:"request_burst"`
	TokenBurst   int `yaml:"token_burst" json:"token_burst"`
	// Answer is how many tokens are reserved for the answer to a request that
	// sets no MaxTokens. Default 500.
	Answer int `yaml:"answer" json:"answer"`
	// MaxWait is the longest wait; 0 is as long as the context allows.
	MaxWait time.Duration `yaml:"max_wait" json:"max_wait"`
	// Shared has the machines of a fleet share the limits.
	Shared Shared `yaml:"shared" json:"shared"`
	// Count counts the input tokens; nil asks the model, which for some is a request of its own.
	Count Counter `yaml:"-" json:"-"`
}

// Middleware returns the middleware of these settings.
func (r RateLimit) Middleware() (llm.Middleware, error) {
	s := settings{name: "RateLimit"}
	positive(&s, "Requests", &r.Requests, 0)
	positive(&s, "Tokens", &r.Tokens, 0)
	if r.Requests == 0 && r.Tokens == 0 {
		s.refuse("Requests", "is zero, and so is Tokens; set one of them")
	}
	if r.RequestBurst > 0 && r.Requests == 0 {
		s.refuse("RequestBurst", "is %d, but there is no limit on Requests", r.RequestBurst)
	}
	if r.TokenBurst > 0 && r.Tokens == 0 {
		s.refuse("TokenBurst", "is %d, but there is no limit on Tokens", r.TokenBurst)
	}
	positive(&s, "RequestBurst", &r.RequestBurst, max(1, r.Requests/6))
	positive(&s, "TokenBurst", &r.TokenBurst, max(1, r.Tokens/6))
	positive(&s, "Answer", &r.Answer, 500)
	positive(&s, "MaxWait", &r.MaxWait, 0)
	state := r.Shared.open(&s)
	if err := s.err(); err != nil {
		return nil, err
	}
	l := &limiter{RateLimit: r, state: state, each: make(map[modelKey]*limited)}
	return layer(l.run), nil
}

// limiter is a RateLimit at work.
type limiter struct {
	RateLimit
	state *state
	mu    sync.Mutex
	each  map[modelKey]*limited
}

// limited is a model whose rate is limited.
type limited struct {
	requests, tokens string // keys of its buckets

	mu     sync.Mutex
	closed time.Time // until when its server wants no requests
	told   [2]told   // of requests and tokens
}

func (l *limiter) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op != llm.OpChat && call.Op != llm.OpEmbed {
		next(ctx, call)(yield)
		return
	}
	model := l.of(call)
	input, reserved := 0, 0
	if l.Tokens > 0 {
		input = countOrGuess(ctx, call, next, l.Count)
		reserved = input + l.answer(call)
	}
	if err := l.reserve(ctx, call, model, reserved); err != nil {
		yield(llm.Event{}, err)
		return
	}
	var heard listener
	defer func() {
		model.learn(&heard)
		if l.Tokens > 0 {
			l.giveBack(ctx, model, 0, reserved-heard.spent(input).Total().N)
		}
	}()
	heard.pass(next(ctx, call), yield)
}

// answer returns how many tokens the answer may have.
func (l *limiter) answer(call *llm.Call) int {
	switch {
	case call.Request == nil:
		return 0
	case call.Request.MaxTokens > 0:
		return call.Request.MaxTokens
	}
	return l.Answer
}

// reserve takes a request and the tokens, and waits until they may be used.
func (l *limiter) reserve(ctx context.Context, call *llm.Call, model *limited, tokens int) error {
	giveUp := time.Now().Add(l.longest(ctx))
	for range maxTurns {
		if missed, err := l.turn(ctx, call, model, tokens, time.Until(giveUp)); !missed {
			return err
		}
	}
	return notSent(call, llm.RateLimited, "this machine is too busy to keep its turn in the queue (middleware.RateLimit)", 0)
}

// maxTurns is how often a call that misses its turn queues anew.
const maxTurns = 10

// turn queues once. It reports whether the call woke too late for its turn.
func (l *limiter) turn(ctx context.Context, call *llm.Call, model *limited, tokens int, most time.Duration) (missed bool, err error) {
	if l.Tokens > 0 && tokens > l.Tokens {
		return false, notSent(call, llm.InvalidRequest, fmt.Sprintf(
			"it may take %d tokens, more than the limit of %d a minute (middleware.RateLimit)", tokens, l.Tokens), 0)
	}
	wait := model.wait(tokens)
	if wait > most {
		return false, notSent(call, llm.RateLimited, "the server wants no request before (middleware.RateLimit)", wait)
	}
	var took [2]int
	for i, kind := range [...]struct {
		n, limit, burst int
		key, name       string
	}{
		{1, l.Requests, l.RequestBurst, model.requests, "requests"},
		{tokens, l.Tokens, l.TokenBurst, model.tokens, "tokens"},
	} {
		if kind.limit == 0 {
			continue
		}
		until, ok, err := l.state.Take(ctx, kind.key, int64(kind.n), bucket(kind.limit, kind.burst), most)
		if err != nil || !ok {
			l.giveBack(ctx, model, took[0], took[1])
		}
		switch {
		case err != nil:
			return false, err
		case !ok:
			return false, notSent(call, llm.RateLimited, fmt.Sprintf("the queue for %d %s a minute is too long (middleware.RateLimit)", kind.limit, kind.name), until)
		}
		took[i] = kind.n
		wait = max(wait, until)
	}
	if wait == 0 {
		return false, llm.FromContext(ctx)
	}
	turn := time.Now().Add(wait)
	if err := sleep(ctx, wait); err != nil {
		l.giveBack(ctx, model, took[0], took[1])
		return false, err
	}
	if time.Since(turn) > l.patience() {
		l.giveBack(ctx, model, took[0], took[1])
		return true, nil
	}
	return false, nil
}

// patience is how late for its turn a call may begin. What it does not use in time
// it must not use at all, or calls that have slept too long, on a machine that is
// overloaded or was suspended, would come in a crowd.
func (l *limiter) patience() time.Duration {
	most := time.Duration(math.MaxInt64)
	for _, kind := range [...]struct{ limit, burst int }{{l.Requests, l.RequestBurst}, {l.Tokens, l.TokenBurst}} {
		if kind.limit > 0 && late(kind.burst) > 0 {
			most = min(most, time.Duration(late(kind.burst))*bucket(kind.limit, kind.burst).Every)
		}
	}
	return most
}

// longest returns the longest wait that makes sense.
func (l *limiter) longest(ctx context.Context) time.Duration {
	most := l.MaxWait
	if most == 0 {
		most = math.MaxInt64
	}
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(deadline))
	}
	return most
}

// giveBack returns what was not used, or takes what was used besides. If the
// store is away by now, there is nobody to tell: the bucket fills up with time.
func (l *limiter) giveBack(ctx context.Context, model *limited, requests, tokens int) {
	ctx = context.WithoutCancel(ctx)
	if requests != 0 {
		_, _, _ = l.state.Take(ctx, model.requests, -int64(requests), bucket(l.Requests, l.RequestBurst), math.MaxInt64)
	}
	if tokens != 0 {
		_, _, _ = l.state.Take(ctx, model.tokens, -int64(tokens), bucket(l.Tokens, l.TokenBurst), math.MaxInt64)
	}
}

// bucket returns the bucket of a limit. Its tokens come not a nanosecond too fast.
func bucket(perMinute, burst int) Bucket {
	every := (time.Minute + time.Duration(perMinute) - 1) / time.Duration(perMinute)
	return Bucket{Every: every, Burst: int64(burst - late(burst))}
}

// late is the part of a burst that is kept for calls that are late for their turn:
// whoever is late by the time of n tokens adds n at most to what came after.
// A small burst has no such part, and nobody is turned away for being late.
func late(burst int) int { return burst / 8 }

func (l *limiter) of(call *llm.Call) *limited {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf(call)
	m := l.each[key]
	if m == nil {
		m = &limited{requests: "rate/requests/" + key.String(), tokens: "rate/tokens/" + key.String()}
		l.each[key] = m
	}
	return m
}

// wait returns how long the server wants to be left alone.
func (m *limited) wait(tokens int) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed.IsZero() && m.told == ([2]told{}) {
		return 0
	}
	now := time.Now()
	return max(m.closed.Sub(now), m.told[0].wait(1, now), m.told[1].wait(tokens, now), 0)
}

// learn takes note of what a server said of its limits.
func (m *limited) learn(heard *listener) {
	after := retryAfter(heard.err)
	limits := (*llm.RateLimits)(nil)
	if heard.start != nil {
		limits = heard.start.RateLimits
	}
	if after == 0 && limits == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if after > 0 {
		m.closed = now.Add(min(after, time.Minute)) // what is longer is not about a minute's limit
	}
	if limits != nil {
		m.told = [2]told{
			{now, limits.RequestLimit, limits.RequestsLeft, limits.RequestReset},
			{now, limits.TokenLimit, limits.TokensLeft, limits.TokenReset},
		}
	}
}

// told is what a server said of one of its limits, which it lifts little by
// little until reset: https://platform.openai.com/docs/guides/rate-limits
type told struct {
	at          time.Time
	limit, left int
	reset       time.Duration
}

// wait returns how long it takes until n are left.
func (t told) wait(n int, now time.Time) time.Duration {
	n = min(n, t.limit)
	if t.left < 0 || t.reset <= 0 || n <= t.left {
		return 0
	}
	share := float64(n-t.left) / float64(t.limit-t.left)
	return t.at.Add(time.Duration(share * float64(t.reset))).Sub(now)
}
