package middleware

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// Chain is all middleware of a model in the recommended order. The order is the order of
// the fields, outermost first. Nil fields are left out. The page docs/middleware.md explains
// the order.
//
// Balance and Fallback pass calls to other models, which have their own middleware. The
// fields below them apply to the model that has the chain.
//
// The state and the statistics of a piece are methods of the piece, for example
// chain.Cache.Stats(). A piece that is also used elsewhere shares its state.
//
// The zero value adds nothing. A Chain is safe for concurrent use. Do not copy it or change
// its fields after the first call.
type Chain struct {
	// Log is outermost: it sees the events and errors that the caller sees.
	Log *Log `yaml:"log,omitempty"`
	// Loop runs tools, and is a *tool.Loop of package llm/tool. Everything below it is for each
	// step: for example, Timeout.Total is the time of one step, and Budget reserves the cost
	// of one. A loop has limits of its own.
	Loop llm.Middleware `yaml:"-" json:"-"`
	// Cache comes before everything that costs time or money.
	Cache *Cache `yaml:"cache,omitempty"`
	// Timeout is in two places. Total is here, around all attempts. FirstEvent and Idle are
	// innermost: they apply to each attempt and do not include the time in queues.
	Timeout *Timeout `yaml:"timeout,omitempty"`
	// Trim comes before the pieces that count tokens.
	Trim *Trim `yaml:"trim,omitempty"`
	// Budget is around all attempts, so that it charges them together, for any model that answered.
	Budget *Budget `yaml:"budget,omitempty"`
	// Resume starts after the commit point, where the pieces below must stop. They apply to
	// its second attempt as well.
	Resume *Resume `yaml:"resume,omitempty"`
	// Fallback is around Retry: it asks another model if retries did not help.
	Fallback *Fallback `yaml:"fallback,omitempty"`
	// Retry is around Balance, so that a retry goes to another backend.
	Retry *Retry `yaml:"retry,omitempty"`
	// Hedge counts as one attempt for Retry. Its second request goes to another backend.
	Hedge *Hedge `yaml:"hedge,omitempty"`
	// Balance chooses the backend.
	Balance *Balance `yaml:"balance,omitempty"`
	// Breaker sees every attempt, and refuses before a call waits for a limit.
	Breaker *Breaker `yaml:"breaker,omitempty"`
	// RateLimit counts every attempt, as the server does.
	RateLimit *RateLimit `yaml:"rate_limit,omitempty"`
	// Concurrency holds a slot only while a request is running.
	Concurrency *Concurrency `yaml:"concurrency,omitempty"`

	live live[*chainState]
}

// Recommended returns a new chain that is useful for every program: retries with a retry
// budget, and a breaker for each model. Set further fields for the limits, budgets and
// other models of your program.
func Recommended() *Chain {
	return &Chain{Retry: &Retry{}, Breaker: &Breaker{}}
}

// Validate returns an error that names every invalid field of every piece.
func (c *Chain) Validate() error {
	_, err := c.open()
	return err
}

// Wrap implements [llm.Middleware].
func (c *Chain) Wrap(next llm.Handler) llm.Handler {
	var once sync.Once
	var handler llm.Handler
	return func(ctx context.Context, call *llm.Call) llm.Events {
		once.Do(func() { handler = c.wrap(next) })
		return handler(ctx, call)
	}
}

// CheckOrder reports a wrong order: outer is middleware outside of the chain, which may have a
// Loop.
func (c *Chain) CheckOrder(outer llm.Middleware) error {
	if loop, ok := c.Loop.(interface{ CheckOrder(llm.Middleware) error }); ok {
		return loop.CheckOrder(outer)
	}
	return nil
}

// wrap returns the handler of the chain, at the first call.
func (c *Chain) wrap(next llm.Handler) llm.Handler {
	state, err := c.live.get(c.open)
	if err != nil {
		return func(_ context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) { yield(llm.Event{}, settingsError(call, err)) }
		}
	}
	return llm.Chain(next, state.layers...)
}

// chainState is a Chain in use.
type chainState struct{ layers []llm.Middleware }

func (c *Chain) open() (*chainState, error) {
	var state chainState
	var errs []error
	add := func(m llm.Middleware) { state.layers = append(state.layers, m) }
	addPiece(add, &errs, c.Log)
	if c.Loop != nil {
		if v, ok := c.Loop.(interface{ Validate() error }); ok {
			errs = append(errs, v.Validate())
		}
		add(c.Loop)
	}
	addPiece(add, &errs, c.Cache)
	var ofAttempt llm.Middleware
	if t := c.Timeout; t != nil {
		errs = append(errs, t.Validate())
		if t.Total != 0 {
			add(llm.MiddlewareFunc(t.wrapTotal))
		}
		if t.FirstEvent != 0 || t.Idle != 0 {
			ofAttempt = llm.MiddlewareFunc(t.wrapAttempt)
		}
	}
	addPiece(add, &errs, c.Trim)
	addPiece(add, &errs, c.Budget)
	addPiece(add, &errs, c.Resume)
	addPiece(add, &errs, c.Fallback)
	addPiece(add, &errs, c.Retry)
	addPiece(add, &errs, c.Hedge)
	addPiece(add, &errs, c.Balance)
	addPiece(add, &errs, c.Breaker)
	addPiece(add, &errs, c.RateLimit)
	addPiece(add, &errs, c.Concurrency)
	add(ofAttempt)
	return &state, joinSettings(errs)
}

// addPiece adds a piece and its error, if the chain has the piece.
func addPiece[P any, M interface {
	*P
	llm.Middleware
	Validate() error
}](add func(llm.Middleware), errs *[]error, piece M) {
	if piece != nil {
		*errs = append(*errs, piece.Validate())
		add(piece)
	}
}

// joinSettings returns the errors of several pieces as one, or nil.
func joinSettings(errs []error) error {
	joined := errors.Join(errs...)
	if joined == nil {
		return nil
	}
	var messages []string
	for _, err := range errs {
		if err != nil {
			messages = append(messages, messageOf(err))
		}
	}
	return &llm.Error{Kind: llm.InvalidRequest, Message: strings.Join(messages, "; "), Err: joined}
}
