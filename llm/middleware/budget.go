package middleware

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Budget stops calls that would cost more than there is to spend: a call may
// begin only if what it is expected to cost fits into every budget that is set. It is
// refused with an error of kind [llm.Quota] otherwise. What it did cost is
// settled at its end by the reported usage, failed tries included, and by an estimate where none was
// reported, as when the caller leaves.
//
// Amounts are US dollars. Expected are the input, which is counted, and an answer of
// MaxTokens, or of Answer tokens. A call that turns out dearer is not broken off, so a budget
// can be exceeded by what the calls then under way cost more than was expected. An answer of another
// model, after a [Fallback], is paid by that one's prices, or if they are not known, by those of the model asked.
//
// Make [Spending] of it to look at what has been spent, or a middleware alone. It
// belongs outside of Retry and Fallback, whose tries it sees.
type Budget struct {
	// PerProcess is for all calls, PerDay for those of a day (UTC), PerKey for
	// those of a day and a key. 0 is no limit; one must be set.
	PerProcess float64 `yaml:"per_process" json:"per_process"`
	PerDay     float64 `yaml:"per_day" json:"per_day"`
	PerKey     float64 `yaml:"per_key" json:"per_key"`
	// Answer is how many tokens an answer is expected to have if the request
	// sets no MaxTokens. Default 1000.
	Answer int `yaml:"answer" json:"answer"`
	// AllowUnpriced lets calls of models pass, uncounted, whose prices are not
	// known; by default they are refused.
	AllowUnpriced bool `yaml:"allow_unpriced" json:"allow_unpriced"`
	// Shared has the machines of a fleet share PerDay and PerKey.
	Shared Shared `yaml:"shared" json:"shared"`

	// Prices returns what a model costs. It must be set.
	Prices func(provider, model string) (llm.Prices, bool) `yaml:"-" json:"-"`
	// Key returns who is to pay: a user, a team. Nil takes what [WithKey] has put into the context. It
	// stands in the names of a shared store's keys, so it should be no secret. Calls with
	// no key have one budget together.
	Key func(ctx context.Context, call *llm.Call) string `yaml:"-" json:"-"`
	// Count counts the input tokens; nil asks the model.
	Count Counter `yaml:"-" json:"-"`
}

// WithKey returns a context whose calls are paid by key, in every [Budget] that has a PerKey and does
// not say otherwise: those of a config file.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, budgetKey{}, key)
}

type budgetKey struct{}

func keyFrom(ctx context.Context, _ *llm.Call) string {
	key, _ := ctx.Value(budgetKey{}).(string)
	return key
}

// Middleware returns the middleware of these settings.
func (b Budget) Middleware() (llm.Middleware, error) { return middlewareOf(NewSpending(b)) }

// Spending is a [Budget] at work. It is safe for concurrent use.
type Spending struct {
	Budget
	state *state
	own   *state // of this process alone
}

// NewSpending returns the spending of a budget, with nothing spent.
func NewSpending(b Budget) (*Spending, error) {
	s := settings{name: "Budget"}
	positive(&s, "PerProcess", &b.PerProcess, 0)
	positive(&s, "PerDay", &b.PerDay, 0)
	positive(&s, "PerKey", &b.PerKey, 0)
	for _, limit := range [...]struct {
		field  string
		amount float64
	}{{"PerProcess", b.PerProcess}, {"PerDay", b.PerDay}, {"PerKey", b.PerKey}} {
		if limit.amount > mostDollars {
			s.refuse(limit.field, "is %v; it must be %v at most", limit.amount, float64(mostDollars))
		}
	}
	positive(&s, "Answer", &b.Answer, 1000)
	if b.PerProcess == 0 && b.PerDay == 0 && b.PerKey == 0 {
		s.refuse("PerProcess", "is zero, and so are PerDay and PerKey; set one of them")
	}
	if b.Prices == nil {
		s.refuse("Prices", "is nil, so that no cost is known")
	}
	if b.Key == nil {
		b.Key = keyFrom
	}
	shared := b.Shared.open(&s)
	if err := s.err(); err != nil {
		return nil, err
	}
	return &Spending{b, shared, &state{local: shared.local}}, nil
}

// Process returns what the calls of this process have cost, with what those
// under way are expected to, if PerProcess is set; otherwise it is not counted.
func (s *Spending) Process(ctx context.Context) (float64, error) { return s.sum(ctx, s.process()) }

// Today returns the same for this day, if PerDay is set.
func (s *Spending) Today(ctx context.Context) (float64, error) { return s.sum(ctx, s.today()) }

// TodayBy returns the same for this day and a key, if PerKey is set.
func (s *Spending) TodayBy(ctx context.Context, key string) (float64, error) {
	return s.sum(ctx, s.todayBy(key))
}

func (s *Spending) sum(ctx context.Context, a account) (float64, error) {
	spent, err := a.add(ctx, 0)
	return spent.dollars(), err
}

// Middleware keeps calls within the budget.
func (s *Spending) Middleware(next llm.Handler) llm.Handler { return layer(s.run)(next) }

func (s *Spending) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op != llm.OpChat && call.Op != llm.OpEmbed {
		next(ctx, call)(yield)
		return
	}
	if _, ok := s.Prices(call.Provider, call.Model); !ok && !s.AllowUnpriced {
		yield(llm.Event{}, s.refusal(call, "its price is not known"))
		return
	}
	input := countOrGuess(ctx, call, next, s.Count)
	expected := s.cost(call.Provider, call.Model, s.expected(call, input))
	accounts := s.accounts(ctx, call)
	if err := s.reserve(ctx, call, accounts, expected); err != nil {
		yield(llm.Event{}, err)
		return
	}
	var heard listener
	defer func() {
		settle(ctx, accounts, s.spent(call, input, &heard)-expected)
	}()
	heard.pass(next(ctx, call), yield)
}

// expected returns the usage that a call is expected to have.
func (s *Spending) expected(call *llm.Call, input int) llm.Usage {
	u := llm.Usage{Input: llm.Estimated(input)}
	if call.Request != nil {
		u.Output = llm.Estimated(s.Answer)
		if n := call.Request.MaxTokens; n > 0 {
			u.Output = llm.Estimated(n)
		}
	}
	return u
}

// spent returns what a call has cost, with its failed tries.
func (s *Spending) spent(call *llm.Call, input int, heard *listener) money {
	paid := keyOf(call)
	if other, ok := heard.answeredBy(call); ok {
		if _, priced := s.Prices(other.provider, other.model); priced || s.AllowUnpriced {
			paid = other
		}
	}
	sum := s.cost(paid.provider, paid.model, heard.spent(input))
	for _, a := range heard.attempts {
		u := a.Usage
		if u.IsZero() && brokeOff(a.Err) {
			u.Input = llm.Estimated(input)
		}
		sum += s.cost(a.Provider, a.Model, u)
	}
	return sum
}

// brokeOff reports whether a try failed after its server had begun to answer.
func brokeOff(err error) bool {
	e, ok := errors.AsType[*llm.Error](err)
	return ok && (e.Kind == llm.Incomplete || e.Status == http.StatusOK)
}

// reserve puts the expected cost on all accounts, or on none.
func (s *Spending) reserve(ctx context.Context, call *llm.Call, accounts []account, expected money) error {
	for i := range accounts {
		a := &accounts[i]
		sum, err := a.add(ctx, expected)
		if err == nil && sum <= a.limit {
			continue
		}
		if err == nil {
			err = s.refusal(call, fmt.Sprintf("of the budget of %v %s, %v are spent or reserved, and it may cost %v",
				a.limit, a.name, sum-expected, expected))
			i++ // this one's reservation goes back too
		}
		settle(ctx, accounts[:i], -expected)
		return err
	}
	return nil
}

// settle corrects what was reserved on accounts, where it was. If a store is away by
// now, the reservation stands.
func settle(ctx context.Context, accounts []account, more money) {
	for _, a := range accounts {
		a.state.settle(ctx, a.in, func(ctx context.Context) error {
			_, err := a.in.Add(ctx, a.key, int64(more), a.ttl)
			return err
		})
	}
}

func (s *Spending) refusal(call *llm.Call, why string) error {
	return notSent(call, llm.Quota, why+" (middleware.Budget)", 0)
}

// cost returns what a usage costs, by classes: what was read from or written
// to the provider's cache is part of the input and has prices of its own.
func (s *Spending) cost(provider, model string, u llm.Usage) money {
	p, ok := s.Prices(provider, model)
	if !ok {
		return 0
	}
	fresh := max(0, u.Input.N-u.CacheRead.N-u.CacheWrite.N)
	dollars := float64(fresh)*p.Input + float64(u.CacheRead.N)*p.CacheRead + float64(u.CacheWrite.N)*p.CacheWrite + float64(u.Output.N)*p.Output
	return moneyOf(dollars / 1e6)
}

// money is an amount in billionths of a dollar, so that sums are exact.
type money int64

func moneyOf(dollars float64) money {
	return money(math.Round(min(max(dollars, 0), mostDollars) * 1e9))
}

// mostDollars is an amount of which several can be added without overflow.
const mostDollars = 1e9

func (m money) dollars() float64 { return float64(m) / 1e9 }

// String returns the amount in dollars: "$0.0125".
func (m money) String() string { return fmt.Sprintf("$%.6g", m.dollars()) }

// account is one of the sums that a call adds to.
type account struct {
	name  string // "a day (PerDay)"
	limit money
	key   string
	ttl   time.Duration
	state *state
	in    Store // where the call's cost is reserved
}

func (a *account) add(ctx context.Context, m money) (money, error) {
	sum, in, err := a.state.Add(ctx, a.key, int64(m), a.ttl)
	a.in = in
	return money(sum), err
}

// accounts returns those that have a limit.
func (s *Spending) accounts(ctx context.Context, call *llm.Call) []account {
	all := make([]account, 0, 3)
	if s.PerProcess > 0 {
		all = append(all, s.process())
	}
	if s.PerDay > 0 {
		all = append(all, s.today())
	}
	if s.PerKey > 0 {
		all = append(all, s.todayBy(s.Key(ctx, call)))
	}
	return all
}

const (
	forever = 100 * 365 * 24 * time.Hour
	twoDays = 48 * time.Hour // a day, and those calls of it that last into the next
)

func (s *Spending) process() account {
	return account{name: "of this process (PerProcess)", limit: moneyOf(s.PerProcess), key: "budget/process", ttl: forever, state: s.own}
}

func (s *Spending) today() account {
	return account{name: "a day (PerDay)", limit: moneyOf(s.PerDay), key: s.state.key(today("budget/day/", "")), ttl: twoDays, state: s.state}
}

func (s *Spending) todayBy(key string) account {
	return account{name: "a day for this key (PerKey)", limit: moneyOf(s.PerKey), key: s.state.key(today("budget/key/", "/"+key)), ttl: twoDays, state: s.state}
}

// today returns a name with the day in it.
func today(before, after string) string {
	var room [64]byte
	return string(append(time.Now().UTC().AppendFormat(append(room[:0], before...), time.DateOnly), after...))
}
