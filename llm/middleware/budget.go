package middleware

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// BudgetExceeded is the code of the errors of a [Budget]. It tells them apart from an account
// without credit, which has the same kind and a code of the server.
const BudgetExceeded = "parley_budget_exceeded"

// Budget refuses calls that would exceed a limit in US dollars. The error has the kind
// [llm.Quota] and the code [BudgetExceeded].
//
// Before a call, Budget reserves the expected cost in every limit that is set. The expected
// cost is the price of the counted input tokens and of MaxTokens output tokens, or of
// EstimatedOutputTokens if the request sets no MaxTokens. After the call, Budget replaces
// the reservation by the cost of the usage that the server reported, failed attempts
// included. If the server reported no usage, for example because the caller stopped reading,
// Budget uses an estimate.
//
// A call that costs more than expected is not interrupted. So a limit can be exceeded by
// the difference between actual and expected costs of the calls that run at the same time.
//
// If another model answered because of a [Fallback], its prices apply. If they are not
// known, the prices of the requested model apply.
//
// Put a Budget outside Retry and Fallback, so that it charges their attempts. A Budget is
// safe for concurrent use. Do not copy it or change its fields after the first call.
type Budget struct {
	// PerProcess limits the cost of all calls through this Budget. PerDay limits their cost on
	// a day in UTC. PerKey limits the cost on a day for each key: see Key. Zero means no limit.
	// At least one limit must be set. The maximum is 1e9 dollars.
	PerProcess float64 `yaml:"per_process"`
	PerDay     float64 `yaml:"per_day"`
	PerKey     float64 `yaml:"per_key"`
	// EstimatedOutputTokens is the expected length of the answer if the request sets no
	// MaxTokens. The default is 1000.
	EstimatedOutputTokens int `yaml:"estimated_output_tokens"`
	// AllowUnpriced lets calls to models without a known price pass without counting them. By
	// default they are refused.
	AllowUnpriced bool `yaml:"allow_unpriced"`
	// Shared lets several processes share PerDay and PerKey.
	Shared Shared `yaml:"shared"`

	// Prices returns the prices of a model, and false if they are not known. It must be set.
	Prices func(provider, model string) (llm.Prices, bool) `json:"-"`
	// Key returns the key to charge for a call, for example a user or a team. The default is
	// the key set with [WithKey]. All calls without a key share one limit.
	//
	// Security: the key is part of the key names in a shared store, so it must not be a secret.
	Key func(ctx context.Context, call *llm.Call) string `json:"-"`
	// Count counts the input tokens. The default asks the model.
	Count Counter `json:"-"`

	live live[*budgetState]
}

// WithKey returns a context whose calls are charged to key by every [Budget] that has a
// PerKey limit and no Key function, for example by the budgets of a config file.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, budgetKey{}, key)
}

type budgetKey struct{}

func keyFrom(ctx context.Context, _ *llm.Call) string {
	key, _ := ctx.Value(budgetKey{}).(string)
	return key
}

// Validate returns an error that names every invalid field.
func (b *Budget) Validate() error {
	_, err := b.open()
	return err
}

// Wrap implements [llm.Middleware].
func (b *Budget) Wrap(next llm.Handler) llm.Handler {
	return wrap(&b.live, b.open, (*budgetState).run, next)
}

// Process returns the cost of all calls of this process in dollars, including the
// reservations of running calls. It is counted only if PerProcess is set. The error is not
// nil if the settings are invalid.
func (b *Budget) Process(ctx context.Context) (float64, error) {
	return b.spent(ctx, (*budgetState).processAccount)
}

// Today returns the cost of this day in UTC, in dollars, including the reservations of
// running calls. It is counted only if PerDay is set. The error is not nil if the settings
// are invalid or a shared store is unavailable.
func (b *Budget) Today(ctx context.Context) (float64, error) {
	return b.spent(ctx, (*budgetState).dayAccount)
}

// TodayFor returns the same as Today for one key. It is counted only if PerKey is set.
func (b *Budget) TodayFor(ctx context.Context, key string) (float64, error) {
	return b.spent(ctx, func(s *budgetState) account { return s.keyAccount(key) })
}

func (b *Budget) spent(ctx context.Context, of func(*budgetState) account) (float64, error) {
	state, err := b.live.get(b.open)
	if err != nil {
		return 0, err
	}
	a := of(state)
	spent, err := a.add(ctx, 0)
	return spent.dollars(), err
}

func (b *Budget) open() (*budgetState, error) {
	b = fixed(b)
	s := settings{name: "Budget"}
	for _, limit := range [...]struct {
		field  string
		amount *float64
	}{{"PerProcess", &b.PerProcess}, {"PerDay", &b.PerDay}, {"PerKey", &b.PerKey}} {
		number(&s, limit.field, limit.amount, 0)
		if *limit.amount > maxDollars && !math.IsInf(*limit.amount, 0) {
			s.refuse(limit.field, "is %v; it must be at most %v", *limit.amount, float64(maxDollars))
		}
	}
	number(&s, "EstimatedOutputTokens", &b.EstimatedOutputTokens, 1000)
	if b.PerProcess == 0 && b.PerDay == 0 && b.PerKey == 0 {
		s.refuse("PerProcess", "is zero, and so are PerDay and PerKey; set at least one of them")
	}
	if b.Prices == nil {
		s.refuse("Prices", "is nil; set a function that returns the prices of a model")
	}
	if b.Key == nil {
		b.Key = keyFrom
	}
	shared := b.Shared.open(&s, 0)
	return &budgetState{b, shared, &sharedStore{local: shared.local}}, s.err()
}

// budgetState is a Budget in use.
type budgetState struct {
	*Budget
	shared  *sharedStore
	process *sharedStore // never shared
}

func (s *budgetState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op != llm.OpChat && call.Op != llm.OpEmbed {
		next(ctx, call)(yield)
		return
	}
	if _, ok := s.Prices(call.Provider, call.Model); !ok && !s.AllowUnpriced {
		yield(llm.Event{}, s.refusal(call, "the price of the model is not known"))
		return
	}
	input := countOrEstimate(ctx, call, next, s.Count)
	expected := s.cost(call.Provider, call.Model, "", s.expectedUsage(call, input))
	accounts := s.accounts(ctx, call)
	if err := s.reserve(ctx, call, accounts, expected); err != nil {
		yield(llm.Event{}, err)
		return
	}
	var answer observer
	defer func() {
		settle(ctx, accounts, s.actualCost(call, input, &answer)-expected)
	}()
	answer.forward(next(ctx, call), yield)
}

// expectedUsage returns the usage that a call is expected to have.
func (s *budgetState) expectedUsage(call *llm.Call, input int) llm.Usage {
	u := llm.Usage{Input: llm.Estimated(input)}
	if call.Request != nil {
		u.Output = llm.Estimated(s.EstimatedOutputTokens)
		if n := call.Request.MaxTokens; n > 0 {
			u.Output = llm.Estimated(min(n, tokenBound))
		}
	}
	return u
}

// actualCost returns the cost of a call with its failed attempts.
func (s *budgetState) actualCost(call *llm.Call, input int, answer *observer) money {
	charged := keyOf(call)
	if other, ok := answer.answeredBy(call); ok {
		if _, priced := s.Prices(other.provider, other.model); priced || s.AllowUnpriced {
			charged = other
		}
	}
	tier := ""
	if answer.done != nil {
		tier = answer.done.ServiceTier
	}
	sum := s.cost(charged.provider, charged.model, tier, answer.usageOrEstimate(input))
	for _, a := range answer.attempts {
		sum = min(sum+s.cost(a.Provider, a.Model, "", attemptUsage(a, input)), maxCost)
	}
	return sum
}

// reserve adds the expected cost to all accounts, or to none of them.
func (s *budgetState) reserve(ctx context.Context, call *llm.Call, accounts []account, expected money) error {
	for i := range accounts {
		a := &accounts[i]
		sum, err := a.add(ctx, expected)
		if err == nil && sum <= a.limit {
			continue
		}
		if err == nil {
			err = s.refusal(call, fmt.Sprintf("the call may cost %v, and %v of the budget of %v %s are already spent or reserved",
				expected, sum-expected, a.limit, a.name))
			i++ // undo this reservation as well
		}
		settle(ctx, accounts[:i], -expected)
		return err
	}
	return nil
}

// settle corrects the reservations in accounts.
func settle(ctx context.Context, accounts []account, difference money) {
	for _, a := range accounts {
		a.store.settle(ctx, a.in, func(ctx context.Context) error {
			_, err := a.in.Add(ctx, a.key, int64(difference), a.ttl)
			return err
		})
	}
}

func (s *budgetState) refusal(call *llm.Call, reason string) error {
	e := notSent(call, llm.Quota, reason+" (middleware.Budget)", 0)
	e.Code = BudgetExceeded
	return e
}

// cost returns the cost of a usage. Tokens read from or written to the cache of the provider
// are part of the input and have separate prices. A service tier without a known factor costs
// the standard rate.
func (s *budgetState) cost(provider, model, tier string, u llm.Usage) money {
	p, ok := s.Prices(provider, model)
	if !ok {
		return 0
	}
	if prices, ok := p.ForTier(tier); ok {
		p = prices
	}
	return min(moneyOf(p.Cost(u).Total()), maxCost)
}

// maxCost limits the cost of one call: impossible numbers from a server must not overflow the
// sum of an account. It is a million dollars.
const maxCost = money(1e6 * 1e9)

// money is an amount in billionths of a dollar, so that sums are exact.
type money int64

func moneyOf(dollars float64) money {
	return money(math.Round(min(max(dollars, 0), maxDollars) * 1e9))
}

// maxDollars is small enough that the sum of several such amounts does not overflow.
const maxDollars = 1e9

func (m money) dollars() float64 { return float64(m) / 1e9 }

// String returns the amount in dollars, for example "$0.0125".
func (m money) String() string { return fmt.Sprintf("$%.6g", m.dollars()) }

// account is one sum that a call is charged to.
type account struct {
	name  string // "for a day (PerDay)"
	limit money
	key   string
	ttl   time.Duration
	store *sharedStore
	in    store.Store // the store that has the reservation
}

func (a *account) add(ctx context.Context, m money) (money, error) {
	sum, in, err := a.store.Add(ctx, a.key, int64(m), a.ttl)
	a.in = in
	return money(sum), err
}

// accounts returns the accounts that have a limit.
func (s *budgetState) accounts(ctx context.Context, call *llm.Call) []account {
	all := make([]account, 0, 3)
	if s.PerProcess > 0 {
		all = append(all, s.processAccount())
	}
	if s.PerDay > 0 {
		all = append(all, s.dayAccount())
	}
	if s.PerKey > 0 {
		all = append(all, s.keyAccount(s.Key(ctx, call)))
	}
	return all
}

const (
	forever = 100 * 365 * 24 * time.Hour
	twoDays = 48 * time.Hour // a day, and calls that end on the next one
)

func (s *budgetState) processAccount() account {
	return account{name: "for this process (PerProcess)", limit: moneyOf(s.PerProcess), key: "budget/process", ttl: forever, store: s.process}
}

func (s *budgetState) dayAccount() account {
	return account{name: "for a day (PerDay)", limit: moneyOf(s.PerDay), key: s.shared.key(dayName("budget/day/", "")), ttl: twoDays, store: s.shared}
}

func (s *budgetState) keyAccount(key string) account {
	return account{name: "for a day and a key (PerKey)", limit: moneyOf(s.PerKey), key: s.shared.key(dayName("budget/key/", "/"+key)), ttl: twoDays, store: s.shared}
}

// dayName returns a name that contains today's date.
func dayName(before, after string) string {
	var buffer [64]byte
	return string(append(time.Now().UTC().AppendFormat(append(buffer[:0], before...), time.DateOnly), after...))
}
