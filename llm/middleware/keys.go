package middleware

import (
	"context"
	"math"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Keys uses several API keys of one provider in turn. A key that is refused or
// has reached a limit (401, 403, 402, 429) rests for a while, and its call goes on with the
// next key at once. Make a [KeyRing] of it, and give its Token to the provider:
//
//	ring, err := middleware.NewKeyRing(middleware.Keys{Keys: keys})
//	…
//	model, err := providers.OpenWith(name, providers.Config{TokenSource: ring.Token}, llm.WithMiddleware(ring.Middleware))
type Keys struct {
	Keys []llm.Secret `yaml:"keys" json:"keys"`
	// Cooldown is how long a key rests, unless its server asks for longer. Default 30 s.
	Cooldown time.Duration `yaml:"cooldown" json:"cooldown"`
}

// KeyRing is a [Keys] at work. It is safe for concurrent use.
type KeyRing struct {
	keys []llm.Secret
	pool pool
}

// NewKeyRing returns a ring of these settings.
func NewKeyRing(k Keys) (*KeyRing, error) {
	s := settings{name: "Keys"}
	positive(&s, "Cooldown", &k.Cooldown, 30*time.Second)
	if len(k.Keys) == 0 {
		s.refuse("Keys", "is empty")
	}
	// What is wrong with the server is so with every key.
	refusals := []llm.Kind{llm.Auth, llm.Permission, llm.Quota, llm.RateLimited}
	ring := &KeyRing{keys: k.Keys, pool: pool{failures: math.MaxInt, cooldown: k.Cooldown, refusals: refusals}}
	for _, key := range k.Keys {
		if key == "" {
			s.refuse("Keys", "has an empty key")
		}
		ring.pool.members = append(ring.pool.members, member{weight: 1})
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return ring, nil
}

// keyInContext is what a ring's key stands under in a context: another ring, whose
// provider is another, must not find it.
type keyInContext struct{ ring *KeyRing }

// Token is the provider's TokenSource. It returns the key that Middleware
// has chosen for the call.
func (r *KeyRing) Token(ctx context.Context) (string, error) {
	if key, ok := ctx.Value(keyInContext{r}).(llm.Secret); ok {
		return string(key), nil
	}
	return "", &llm.Error{Kind: llm.Auth, Message: "no key was chosen for this call: the model needs the Middleware of its KeyRing"}
}

// Middleware chooses a key for each call.
func (r *KeyRing) Middleware(next llm.Handler) llm.Handler {
	return layer(func(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
		r.pool.run(ctx, call, yield, func(n int) llm.Events {
			return next(context.WithValue(ctx, keyInContext{r}, r.keys[n]), call)
		})
	})(next)
}
