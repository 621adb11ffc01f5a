package middleware

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/parley-llm/parley/llm"
)

// RateLimit keeps each model's chats and embeddings within requests and tokens
// a minute, so that the server need not refuse any. Calls wait in order; where machines share
// the limit, those of each machine do, and the machines take turns. One that
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
	// are there more requests than the limit for it and one burst. Tokens are held to it as they are
	// reserved; what a call gives back at its end is there for the next, besides. A call of more
	// tokens than TokenBurst waits until that many are there. Of a limit that is shared, an eighth of
	// the burst, but for a burst of 1, is kept for calls that wake late for their turn, and
	// seven eighths may come at once. Default a sixth of the limit.
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
	l := &limiter{RateLimit: r, state: state, alone: r.Shared.Store == nil, patience: math.MaxInt64}
	for i, limit := range [...]struct{ perMinute, burst int }{{r.Requests, r.RequestBurst}, {r.Tokens, r.TokenBurst}} {
		if limit.perMinute > 0 {
			l.limit(i, limit.perMinute, limit.burst)
		}
	}
	return layer(l.run), nil
}

// limiter is a RateLimit at work.
type limiter struct {
	RateLimit
	state    *state
	alone    bool      // nobody shares the limits
	buckets  [2]Bucket // of requests and tokens
	patience time.Duration
	each     each[modelKey, *limited]
}

// limit sets one of the limits. Tokens come not a nanosecond too fast.
//
// Who shares a limit reserves turns, and may wake late for them, on a machine that is
// overloaded or was suspended. So a part of the burst is kept for that: whoever is late by the time
// of n tokens adds n at most to what came after. A turn that is missed by more is lost. A
// burst of 1 has no such part, and nobody is turned away for being late.
func (l *limiter) limit(kind, perMinute, burst int) {
	every := (time.Minute + time.Duration(perMinute) - 1) / time.Duration(perMinute)
	burst = int(min(int64(burst), int64(largestBurst/every)))
	late := 0
	if !l.alone && burst > 1 {
		late = (burst + 7) / 8
		l.patience = min(l.patience, time.Duration(late)*every)
	}
	l.buckets[kind] = Bucket{Every: every, Burst: int64(burst - late)}
}

// largestBurst is as good as any larger one, of which times would overflow: a year's.
const largestBurst = 365 * 24 * time.Hour

// limited is a model whose rate is limited.
type limited struct {
	key    string // of its buckets
	line   line
	server serverLimits
}

// limitedCall is a call on its way.
type limitedCall struct {
	waiter
	input int // tokens
	heard listener
}

func (l *limiter) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op != llm.OpChat && call.Op != llm.OpEmbed {
		next(ctx, call)(yield)
		return
	}
	model := l.of(call)
	var c limitedCall
	c.draws = [2]Draw{{1, l.buckets[0]}, {0, l.buckets[1]}}
	if l.Tokens > 0 {
		c.input = countOrGuess(ctx, call, next, l.Count)
		c.draws[1].N = int64(c.input + l.answer(call))
	}
	in, err := l.await(ctx, call, model, &c.waiter)
	if err != nil {
		yield(llm.Event{}, err)
		return
	}
	defer func() {
		model.server.learn(&c.heard)
		if l.Tokens > 0 {
			l.giveBack(ctx, in, model, c.draws[1].N-int64(c.heard.spent(c.input).Total().N))
		}
	}()
	c.heard.pass(next(ctx, call), yield)
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

// giveBack returns tokens that were not used, or takes what was used besides. If the store is
// away by now, the bucket fills up with time.
func (l *limiter) giveBack(ctx context.Context, in Store, model *limited, tokens int64) {
	if tokens == 0 {
		return
	}
	l.state.settle(ctx, in, func(ctx context.Context) error {
		_, _, err := in.Take(ctx, model.key, []Draw{{0, l.buckets[0]}, {-tokens, l.buckets[1]}}, math.MaxInt64)
		return err
	})
}

// await waits in line until the call may begin. It returns the store that its turn is of.
func (l *limiter) await(ctx context.Context, call *llm.Call, model *limited, w *waiter) (Store, error) {
	if tokens := w.draws[1].N; tokens > int64(l.Tokens) {
		return nil, notSent(call, llm.InvalidRequest, fmt.Sprintf(
			"it may take %d tokens, more than the limit of %d a minute (middleware.RateLimit)", tokens, l.Tokens), 0)
	}
	w.giveUp = time.Now().Add(l.longest(ctx))
	tooLong, err := model.line.join(ctx, w)
	if tooLong != nil {
		return nil, l.queueTooLong(call, *tooLong)
	}
	if err != nil {
		return nil, err
	}
	defer model.line.next()
	for missed := 0; missed < maxTurns; {
		if err := l.opened(ctx, call, model, w); err != nil {
			return nil, err
		}
		t, err := l.take(ctx, call, model, w)
		if err != nil || t.at.IsZero() {
			return t.in, err
		}
		model.line.expect(t.at, true)
		if err := sleep(ctx, time.Until(t.at)); err != nil {
			model.line.left = t
			return nil, err
		}
		switch {
		case t.in == nil: // nobody else has taken it
		case time.Since(t.at) <= l.patience:
			return t.in, nil
		default:
			l.giveBack(ctx, t.in, model, t.draws[1].N)
			missed++
		}
	}
	return nil, notSent(call, llm.RateLimited, "this machine is too busy to keep its turn in the queue (middleware.RateLimit)", 0)
}

// maxTurns is how often a call that misses its turn asks for another.
const maxTurns = 10

// opened waits until the server wants requests. Turns are asked for after that: those that
// come before would all be used at that moment.
func (l *limiter) opened(ctx context.Context, call *llm.Call, model *limited, w *waiter) error {
	closed := model.server.wait(int(w.draws[1].N))
	if closed == 0 {
		return nil
	}
	opens := time.Now().Add(closed)
	if opens.After(w.giveUp) {
		return notSent(call, llm.RateLimited, "the server wants no request before (middleware.RateLimit)", closed)
	}
	model.line.expect(opens, false)
	return sleep(ctx, closed)
}

// take gets the first in line its turn. Nobody else takes the tokens of a limit that is not
// shared, so they are left where they are until they are used.
func (l *limiter) take(ctx context.Context, call *llm.Call, model *limited, w *waiter) (turn, error) {
	if t, ok := l.inherit(ctx, model, w); ok {
		if t.at.After(w.giveUp) {
			model.line.left = t
			return turn{}, l.queueTooLong(call, time.Until(t.at))
		}
		return t, nil
	}
	most := max(time.Until(w.giveUp), 0)
	reserve := most
	if l.alone {
		reserve = 0
	}
	wait, ok, in, err := l.state.Take(ctx, model.key, w.draws[:], reserve)
	switch {
	case err != nil:
		return turn{}, err
	case ok && wait == 0:
		return turn{draws: w.draws, in: in}, nil
	case ok:
		return turn{time.Now().Add(wait), w.draws, in}, nil
	case wait > most:
		return turn{}, l.queueTooLong(call, wait)
	}
	return turn{at: time.Now().Add(wait)}, nil
}

// inherit returns the turn of a caller that has left the line, unless it is over by now or for fewer
// tokens; then its request is lost: others may have turns after it, for whom it must not be made up.
func (l *limiter) inherit(ctx context.Context, model *limited, w *waiter) (turn, bool) {
	t := model.line.left
	if t.in == nil {
		return turn{}, false
	}
	model.line.left = turn{}
	spare := t.draws[1].N - w.draws[1].N
	if time.Now().After(t.at) || spare < 0 {
		l.giveBack(ctx, t.in, model, t.draws[1].N)
		return turn{}, false
	}
	l.giveBack(ctx, t.in, model, spare)
	t.draws = w.draws
	return t, true
}

func (l *limiter) queueTooLong(call *llm.Call, wait time.Duration) error {
	return notSent(call, llm.RateLimited, "its turn would come too late (middleware.RateLimit)", wait)
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

func (l *limiter) of(call *llm.Call) *limited {
	key := keyOf(call)
	return l.each.of(key, func() *limited { return &limited{key: l.state.key("rate/" + key.String())} })
}
