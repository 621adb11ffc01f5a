package middleware

import (
	"errors"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Chain is all middleware of a model, in the recommended order: the order of
// its fields, outermost first. What is nil is left out. The page
// docs/middleware.md has the reasons at length.
//
// Balance and Fallback hand calls on to models that have middleware of their own:
// what is below them here is for the model that has the chain.
type Chain struct {
	// Log is outermost, to see what the caller sees.
	Log *Log `yaml:"log,omitempty" json:"log,omitempty"`
	// Cache comes before everything that costs time or money.
	Cache *Cache `yaml:"cache,omitempty" json:"cache,omitempty"`
	// Timeout is in two places. Total is here, around all tries. FirstEvent and
	// Idle are innermost: each try has them anew, and waits in our own queues do not count.
	Timeout *Timeout `yaml:"timeout,omitempty" json:"timeout,omitempty"`
	// Trim comes before what counts tokens.
	Trim *Trim `yaml:"trim,omitempty" json:"trim,omitempty"`
	// Budget is around all tries, to settle them together, whoever answered.
	Budget *Budget `yaml:"budget,omitempty" json:"budget,omitempty"`
	// Resume starts where the others must stop, so all of them serve its second try.
	Resume *Resume `yaml:"resume,omitempty" json:"resume,omitempty"`
	// Fallback is around Retry: another model is asked when tries have not helped.
	Fallback *Fallback `yaml:"fallback,omitempty" json:"fallback,omitempty"`
	// Retry is around Balance, so that another try goes to another backend.
	Retry *Retry `yaml:"retry,omitempty" json:"retry,omitempty"`
	// Hedge is one try to Retry, and its double goes to another backend.
	Hedge *Hedge `yaml:"hedge,omitempty" json:"hedge,omitempty"`
	// Balance chooses who is asked.
	Balance *Balance `yaml:"balance,omitempty" json:"balance,omitempty"`
	// Breaker sees every try, and fails those that need not wait for a limit first.
	Breaker *Breaker `yaml:"breaker,omitempty" json:"breaker,omitempty"`
	// RateLimit counts every try, as the server does.
	RateLimit *RateLimit `yaml:"rate_limit,omitempty" json:"rate_limit,omitempty"`
	// Concurrency holds a place only while a request is really under way.
	Concurrency *Concurrency `yaml:"concurrency,omitempty" json:"concurrency,omitempty"`
}

// Recommended returns a chain that does any program good: retries within their
// budget, and a breaker for each model. Add to it what only the program can know: limits,
// budgets, other models.
func Recommended() Chain {
	return Chain{Retry: &Retry{}, Breaker: &Breaker{}}
}

// Middleware returns the middleware of the chain as one.
func (c Chain) Middleware() (llm.Middleware, error) { return middlewareOf(NewLayers(c)) }

// Layers are a [Chain] at work, with those of its parts that can be looked at.
type Layers struct {
	Answers  *Answers  // of Cache, or nil
	Spending *Spending // of Budget, or nil
	Breakers *Breakers // of Breaker, or nil

	layers []llm.Middleware
}

// Middleware puts the layers around a handler.
func (l *Layers) Middleware(next llm.Handler) llm.Handler { return llm.Chain(next, l.layers...) }

// NewLayers makes the layers of a chain. Its error names all settings that are wrong.
func NewLayers(c Chain) (*Layers, error) {
	var l Layers
	var errs []error
	add := func(m llm.Middleware, err error) {
		if err != nil {
			errs = append(errs, err)
		}
		l.layers = append(l.layers, m)
	}
	total, each := c.Timeout.split()
	if c.Timeout != nil {
		if _, err := c.Timeout.Middleware(); err != nil { // the halves are not checked against each other
			errs = append(errs, err)
			total, each = nil, nil
		}
	}
	addLayer(add, c.Log)
	if c.Cache != nil {
		var err error
		l.Answers, err = NewAnswers(*c.Cache)
		add(middlewareOf(l.Answers, err))
	}
	addLayer(add, total)
	addLayer(add, c.Trim)
	if c.Budget != nil {
		var err error
		l.Spending, err = NewSpending(*c.Budget)
		add(middlewareOf(l.Spending, err))
	}
	addLayer(add, c.Resume)
	addLayer(add, c.Fallback)
	addLayer(add, c.Retry)
	addLayer(add, c.Hedge)
	addLayer(add, c.Balance)
	if c.Breaker != nil {
		var err error
		l.Breakers, err = NewBreakers(*c.Breaker)
		add(middlewareOf(l.Breakers, err))
	}
	addLayer(add, c.RateLimit)
	addLayer(add, c.Concurrency)
	addLayer(add, each)
	if len(errs) > 0 {
		var messages []string
		for _, err := range errs {
			messages = append(messages, messageOf(err))
		}
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: strings.Join(messages, "; "), Err: errors.Join(errs...)}
	}
	return &l, nil
}

// messageOf returns what an error says, without what stands before it in each.
func messageOf(err error) string {
	if e, ok := errors.AsType[*llm.Error](err); ok && e.Message != "" {
		return e.Message
	}
	return err.Error()
}

// addLayer adds a layer if its settings are there.
func addLayer[T interface {
	Middleware() (llm.Middleware, error)
}](add func(llm.Middleware, error), settings *T) {
	if settings != nil {
		add((*settings).Middleware())
	}
}

// split returns the limit on the whole call and those on each try, each nil if
// there are none.
func (t *Timeout) split() (total, each *Timeout) {
	if t == nil {
		return nil, nil
	}
	if t.Total != 0 {
		total = &Timeout{Total: t.Total}
	}
	if t.FirstEvent != 0 || t.Idle != 0 {
		each = &Timeout{FirstEvent: t.FirstEvent, Idle: t.Idle}
	}
	return total, each
}
