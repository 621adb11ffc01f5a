package middleware

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Keys uses several API keys of one provider in turn. If the server rejects a key or the
// key has reached a limit (status 401, 402, 403 or 429), Keys does not use it during a
// cooldown and sends the call with the next key at once.
//
// Keys is used in two places: as middleware, and as the token source of the provider.
//
//	keys := &middleware.Keys{Keys: []llm.Secret{first, second}}
//	provider, err := openai.New(openai.Config{TokenSource: keys.Token})
//	…
//	model := llm.New(provider, "gpt-6-luna", llm.WithMiddleware(keys))
//
// A Keys is safe for concurrent use. Do not copy it or change its fields after the first
// call.
type Keys struct {
	// Keys are the API keys. At least one must be set.
	Keys []llm.Secret `yaml:"keys"`
	// Cooldown is the time for which a key is not used. A longer wait that the server asks for
	// takes precedence. The default is 30 seconds.
	Cooldown time.Duration `yaml:"cooldown"`

	live live[*keysState]
}

// Validate returns an error that names every invalid field.
func (k *Keys) Validate() error {
	_, err := k.open()
	return err
}

// Wrap implements [llm.Middleware].
func (k *Keys) Wrap(next llm.Handler) llm.Handler {
	return wrap(&k.live, k.open, (*keysState).run, next)
}

// Token is the token source for the provider, for example for openai.Config.TokenSource. It returns the key that was chosen for
// the call. If the model does not have k as middleware, it returns an error of kind
// [llm.Auth].
func (k *Keys) Token(ctx context.Context) (string, error) {
	if key, ok := ctx.Value(keyInContext{k}).(llm.Secret); ok {
		return string(key), nil
	}
	return "", &llm.Error{Kind: llm.Auth, Message: "no key was chosen for this call; add the middleware.Keys of this token source to the model"}
}

// KeyState is the current state of one key of a [Keys].
//
// Security: it does not contain the key.
type KeyState struct {
	InFlight      int       // running calls
	CooldownUntil time.Time // in the past, or zero, if the key is not in a cooldown
}

// States returns the current states of the keys, in the order of the field Keys. It returns
// nil if the settings are invalid.
func (k *Keys) States() []KeyState {
	state, err := k.live.get(k.open)
	if err != nil {
		return nil
	}
	states := make([]KeyState, 0, len(state.keys))
	for _, m := range state.pool.states() {
		states = append(states, KeyState{InFlight: m.inFlight, CooldownUntil: m.until})
	}
	return states
}

func (k *Keys) open() (*keysState, error) {
	set := fixed(k)
	s := settings{name: "Keys"}
	number(&s, "Cooldown", &set.Cooldown, 30*time.Second)
	if len(set.Keys) == 0 {
		s.refuse("Keys", "is empty; add at least one key")
	}
	p := &pool{
		failures: math.MaxInt, // a failure of the server affects all keys
		cooldown: set.Cooldown,
		refusals: []llm.Kind{llm.Auth, llm.Permission, llm.Quota, llm.RateLimited},
	}
	for _, key := range set.Keys {
		if key == "" {
			s.refuse("Keys", "has an empty key")
		}
		p.members = append(p.members, member{weight: 1})
	}
	return &keysState{k, slices.Clone(set.Keys), p}, s.err()
}

// keysState is a Keys in use.
type keysState struct {
	of   *Keys
	keys []llm.Secret
	pool *pool
}

// keyInContext is the context key of a chosen API key. It contains the Keys, so that the
// provider of another Keys does not find it.
type keyInContext struct{ of *Keys }

func (k *keysState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	k.pool.run(ctx, call, yield, func(n int) llm.Events {
		return next(context.WithValue(ctx, keyInContext{k.of}, k.keys[n]), call)
	})
}
