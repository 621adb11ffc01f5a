package middleware

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// RateLimit keeps the chats and embeddings of each model below a number of requests and
// tokens per minute, so that the server does not have to reject calls.
//
// Calls wait in arrival order. If a call cannot start before the deadline of its context, or
// within MaxWait, it fails at once with an error of kind [llm.RateLimited] whose RetryAfter
// is the estimated wait.
//
// Tokens are reserved before a call: the counted input, and MaxTokens or, if the request
// sets none, EstimatedOutputTokens. After the call, the reservation is corrected to the
// usage that the server reported. If the server reported an impossible number, the
// reservation stands. If the usage is higher than the reservation, later calls wait
// longer, by at most one minute for each such call.
//
// RateLimit also obeys the server: it pauses when rate-limit headers report an empty quota
// ([llm.RateLimits]), and for the duration of a Retry-After ([llm.Error.RetryAfter]).
//
// Several processes can share the limits: see Shared. The calls of each process wait in
// arrival order, and the processes take turns.
//
// A RateLimit is safe for concurrent use. Do not copy it or change its fields after the
// first call.
type RateLimit struct {
	// Requests and Tokens are the limits per minute. Zero means no limit. At least one of them
	// must be set.
	Requests int `yaml:"requests"`
	Tokens   int `yaml:"tokens"`
	// RequestBurst and TokenBurst are the sizes of the token buckets. In any interval, at most
	// limit × interval + burst requests start, unless calls of several processes with a shared
	// store and a burst of 1 wake up late. Token limits apply to the reserved tokens. At the end
	// of a call, unused tokens are given back. Other calls can use them, also above the limit
	// stated here. A call that needs more tokens
	// than TokenBurst waits until the bucket has received that many. The default is one sixth
	// of the limit.
	//
	// With a shared store, one eighth of a burst larger than 1 is reserved for calls that wake
	// up late, so that at most seven eighths can start at the same time.
	RequestBurst int `yaml:"request_burst"`
	TokenBurst   int `yaml:"token_burst"`
	// EstimatedOutputTokens is the number of tokens that is reserved for the answer if the
	// request sets no MaxTokens. The default is 500.
	EstimatedOutputTokens int `yaml:"estimated_output_tokens"`
	// MaxWait limits the time in the queue. Zero means no limit other than the context.
	MaxWait time.Duration `yaml:"max_wait"`
	// Shared lets several processes share the limits.
	Shared Shared `yaml:"shared"`
	// Count counts the input tokens. The default asks the model, which for some providers
	// costs an additional request.
	Count Counter `json:"-"`

	live live[*rateLimitState]
}

// Validate returns an error that names every invalid field.
func (r *RateLimit) Validate() error {
	_, err := r.open()
	return err
}

// Wrap implements [llm.Middleware].
func (r *RateLimit) Wrap(next llm.Handler) llm.Handler {
	return wrap(&r.live, r.open, (*rateLimitState).run, next)
}

func (r *RateLimit) open() (*rateLimitState, error) {
	r = fixed(r)
	s := settings{name: "RateLimit"}
	number(&s, "Requests", &r.Requests, 0)
	number(&s, "Tokens", &r.Tokens, 0)
	if r.Requests == 0 && r.Tokens == 0 {
		s.refuse("Requests", "is zero, and so is Tokens; set at least one of them")
	}
	if r.RequestBurst > 0 && r.Requests == 0 {
		s.refuse("RequestBurst", "is %d, but there is no limit on Requests; set Requests", r.RequestBurst)
	}
	if r.TokenBurst > 0 && r.Tokens == 0 {
		s.refuse("TokenBurst", "is %d, but there is no limit on Tokens; set Tokens", r.TokenBurst)
	}
	number(&s, "RequestBurst", &r.RequestBurst, max(1, r.Requests/6))
	number(&s, "TokenBurst", &r.TokenBurst, max(1, r.Tokens/6))
	number(&s, "EstimatedOutputTokens", &r.EstimatedOutputTokens, 500)
	number(&s, "MaxWait", &r.MaxWait, 0)
	shared := r.Shared.open(&s, 0)
	state := &rateLimitState{RateLimit: r, store: shared, alone: r.Shared.Store == nil, maxLate: math.MaxInt64}
	for i, limit := range [...]struct{ perMinute, burst int }{{r.Requests, r.RequestBurst}, {r.Tokens, r.TokenBurst}} {
		if limit.perMinute > 0 {
			state.limit(i, limit.perMinute, limit.burst)
		}
	}
	return state, s.err()
}

// rateLimitState is a RateLimit in use.
type rateLimitState struct {
	*RateLimit
	store   *sharedStore
	alone   bool            // no other process shares the limits
	buckets [2]store.Bucket // of requests and tokens
	maxLate time.Duration   // a call that starts later than that after its slot has lost it
	models  perKey[modelKey, *limitedModel]
}

// limit sets one of the limits. The time for a token is rounded up, so that the rate is
// never higher than the limit.
//
// Processes that share a limit reserve slots, and may wake up late for them if their machine
// is overloaded or was suspended. A part of the burst is reserved for that: a call that is
// late by the time of n tokens adds at most n tokens to the calls after it. A call that is
// later than the reserved part loses its slot. A burst of 1 has no such part, and its slots
// are never lost.
func (l *rateLimitState) limit(bucket, perMinute, burst int) {
	every := (time.Minute + time.Duration(perMinute) - 1) / time.Duration(perMinute)
	burst = int(min(int64(burst), int64(maxBurst/every)))
	late := 0
	if !l.alone && burst > 1 {
		late = (burst + 7) / 8
		l.maxLate = min(l.maxLate, time.Duration(late)*every)
	}
	l.buckets[bucket] = store.Bucket{Every: every, Burst: int64(burst - late)}
}

// maxBurst is the time for a burst above which times could overflow. A larger burst is as
// good as this one.
const maxBurst = 365 * 24 * time.Hour

// limitedModel is the state of one model.
type limitedModel struct {
	key    string // of its buckets
	queue  queue
	server serverLimits
}

// limitedCall is a call in progress.
type limitedCall struct {
	waiter
	input  int // tokens
	answer observer
}

func (l *rateLimitState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op != llm.OpChat && call.Op != llm.OpEmbed {
		next(ctx, call)(yield)
		return
	}
	model := l.of(call)
	var c limitedCall
	c.reservations = [2]store.Reservation{{N: 1, Bucket: l.buckets[0]}, {N: 0, Bucket: l.buckets[1]}}
	if l.Tokens > 0 {
		c.input = countOrEstimate(ctx, call, next, l.Count)
		c.reservations[1].N = int64(c.input + l.outputTokens(call))
	}
	in, err := l.await(ctx, call, model, &c.waiter)
	if err != nil {
		yield(llm.Event{}, err)
		return
	}
	defer func() {
		model.server.update(&c.answer)
		if l.Tokens > 0 {
			if c.answer.hasInvalidUsage() {
				return
			}
			used := int64(c.answer.usageOrEstimate(c.input).Total().N)
			for _, a := range c.answer.attempts {
				used = min(used+int64(attemptUsage(a, c.input).Total().N), tokenBound)
			}
			unused := c.reservations[1].N - used
			l.giveBack(ctx, in, model, max(unused, -int64(l.Tokens))) // a call owes at most the limit of a minute
		}
	}()
	c.answer.forward(next(ctx, call), yield)
}

// outputTokens returns the number of tokens to reserve for the answer.
func (l *rateLimitState) outputTokens(call *llm.Call) int {
	switch {
	case call.Request == nil:
		return 0
	case call.Request.MaxTokens > 0:
		return min(call.Request.MaxTokens, tokenBound)
	}
	return l.EstimatedOutputTokens
}

// giveBack returns unused tokens, or takes additional ones if tokens is negative. If the
// store is unavailable, the correction is lost, and the bucket refills with time.
func (l *rateLimitState) giveBack(ctx context.Context, in store.Store, model *limitedModel, tokens int64) {
	if tokens == 0 {
		return
	}
	l.store.settle(ctx, in, func(ctx context.Context) error {
		reservations := []store.Reservation{{N: 0, Bucket: l.buckets[0]}, {N: -tokens, Bucket: l.buckets[1]}}
		_, _, err := in.Reserve(ctx, model.key, reservations, math.MaxInt64)
		return err
	})
}

// await waits in the queue until the call may start. It returns the store that has its
// reservations.
func (l *rateLimitState) await(ctx context.Context, call *llm.Call, model *limitedModel, w *waiter) (store.Store, error) {
	if tokens := w.reservations[1].N; tokens > int64(l.Tokens) {
		return nil, notSent(call, llm.InvalidRequest, fmt.Sprintf(
			"the call may need %d tokens, more than the limit of %d per minute (middleware.RateLimit)", tokens, l.Tokens), 0)
	}
	w.giveUp = time.Now().Add(l.maxWait(ctx))
	tooLong, err := model.queue.join(ctx, w)
	if tooLong != nil {
		return nil, l.queueTooLong(call, *tooLong)
	}
	if err != nil {
		return nil, err
	}
	defer model.queue.next()
	for lost := 0; lost < maxSlots; {
		if err := l.awaitServer(ctx, call, model, w); err != nil {
			return nil, err
		}
		s, err := l.take(ctx, call, model, w)
		if err != nil || s.at.IsZero() {
			return s.in, err
		}
		model.queue.expect(s.at, true)
		if err := sleep(ctx, time.Until(s.at)); err != nil {
			model.queue.abandoned = s
			return nil, err
		}
		switch {
		case s.in == nil: // nothing is reserved yet; no other call can have taken the tokens
		case time.Since(s.at) <= l.maxLate:
			return s.in, nil
		default:
			l.giveBack(ctx, s.in, model, s.reservations[1].N)
			lost++
		}
	}
	return nil, notSent(call, llm.RateLimited, "this machine is too busy to start the call in time (middleware.RateLimit)", 0)
}

// maxSlots is the maximum number of slots that a call can lose.
const maxSlots = 10

// awaitServer waits until the server accepts requests. Slots are reserved after that.
// Earlier slots would all be used at the same time.
func (l *rateLimitState) awaitServer(ctx context.Context, call *llm.Call, model *limitedModel, w *waiter) error {
	closed := model.server.wait(int(w.reservations[1].N))
	if closed == 0 {
		return nil
	}
	opens := time.Now().Add(closed)
	if opens.After(w.giveUp) {
		return notSent(call, llm.RateLimited, "the server accepts no request in time (middleware.RateLimit)", closed)
	}
	model.queue.expect(opens, false)
	return sleep(ctx, closed)
}

// take gets a slot for the first call of the queue. If no other process shares the limit,
// the tokens are not reserved before the call can start.
func (l *rateLimitState) take(ctx context.Context, call *llm.Call, model *limitedModel, w *waiter) (slot, error) {
	if s, ok := l.inherit(ctx, model, w); ok {
		if s.at.After(w.giveUp) {
			model.queue.abandoned = s
			return slot{}, l.queueTooLong(call, time.Until(s.at))
		}
		return s, nil
	}
	most := max(time.Until(w.giveUp), 0)
	reserve := most
	if l.alone {
		reserve = 0
	}
	wait, ok, in, err := l.store.Reserve(ctx, model.key, w.reservations[:], reserve)
	switch {
	case err != nil:
		return slot{}, err
	case ok && wait == 0:
		return slot{reservations: w.reservations, in: in}, nil
	case ok:
		return slot{time.Now().Add(wait), w.reservations, in}, nil
	case wait > most:
		return slot{}, l.queueTooLong(call, wait)
	}
	return slot{at: time.Now().Add(wait)}, nil
}

// inherit returns the slot of a call that has left the queue, unless its time has passed or
// it has too few tokens. Then its request is lost: other processes may have later slots, so
// it cannot be returned.
func (l *rateLimitState) inherit(ctx context.Context, model *limitedModel, w *waiter) (slot, bool) {
	s := model.queue.abandoned
	if s.in == nil {
		return slot{}, false
	}
	model.queue.abandoned = slot{}
	spare := s.reservations[1].N - w.reservations[1].N
	if time.Now().After(s.at) || spare < 0 {
		l.giveBack(ctx, s.in, model, s.reservations[1].N)
		return slot{}, false
	}
	l.giveBack(ctx, s.in, model, spare)
	s.reservations = w.reservations
	return s, true
}

func (l *rateLimitState) queueTooLong(call *llm.Call, wait time.Duration) error {
	return notSent(call, llm.RateLimited, "the call cannot start in time (middleware.RateLimit)", wait)
}

// maxWait returns the longest wait that is useful for the caller.
func (l *rateLimitState) maxWait(ctx context.Context) time.Duration {
	most := l.MaxWait
	if most == 0 {
		most = math.MaxInt64
	}
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(deadline))
	}
	return most
}

func (l *rateLimitState) of(call *llm.Call) *limitedModel {
	key := keyOf(call)
	return l.models.of(key, func() *limitedModel { return &limitedModel{key: l.store.key("rate/" + key.String())} })
}
