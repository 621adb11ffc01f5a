// Package redisstore keeps the state of middleware — cached answers, rate
// limits, budgets, open breakers — in Redis or Valkey, so that all machines of a
// fleet share it:
//
//	store := redisstore.New(redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true}))
//	limit, err := middleware.RateLimit{
//		Requests: 500,
//		Shared:   middleware.Shared{Store: store, StoreDown: middleware.Refuse},
//	}.Middleware()
//
// What happens while Redis is away is for the middleware's user to choose: see
// [middleware.StoreDown].
//
// It takes Redis 6 or Valkey 7, alone, behind Sentinel, or as a cluster. Every
// operation is one command or one script on one key, so it is atomic and a
// cluster can run it. Time is the server's, so the machines' clocks need not agree.
//
// # Durability
//
// A limit is as good as Redis's memory. With appendonly yes and appendfsync always
// it survives a restart to the token; with the usual appendfsync everysec a crash
// can forget one second, and a bucket that is forgotten is full. Replicas are
// written to later than their master, so a failover can forget the same.
//
// An operation whose reply is lost on the way may be repeated by go-redis. What
// is taken or added twice errs on the safe side: a little less is let through.
//
// # Time
//
// The middleware gives every operation two seconds. Clients of go-redis keep to that if their
// ContextTimeoutEnabled is set, as it is for a store of a config file; otherwise they wait for
// as long as their own timeouts and retries say.
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/llm/middleware"
)

// version is part of every key. It changes when what is behind a key does, so
// that machines with an older and a newer program share a Redis in peace.
const version = "1"

// Store is a [middleware.Store] in Redis. It is safe for concurrent use. Make
// one with [New].
type Store struct {
	client redis.UniversalClient
	prefix string
}

var _ middleware.Store = (*Store)(nil)

// An Option changes a store in the making.
type Option func(*Store)

// Prefix begins the names of all keys, in place of "parley": fleets with
// different prefixes share nothing.
func Prefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// New returns a store that uses the client. The client stays its caller's to
// close. Nothing is sent.
func New(client redis.UniversalClient, options ...Option) *Store {
	s := &Store{client: client, prefix: "parley"}
	for _, option := range options {
		option(s)
	}
	return s
}

// The kinds of key. They are apart, so that a value and a counter may have the same name.
const (
	kindValue   = "value"
	kindCounter = "count"
	kindBucket  = "bucket"
)

func (s *Store) key(kind, key string) string {
	return s.prefix + ":" + version + ":" + kind + ":" + key
}

// Get returns a value, or nil if there is none.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := s.client.Get(ctx, s.key(kindValue, key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, failed("get", err)
}

// Set sets a value for a time, of which Redis keeps whole milliseconds. A time
// that is not positive is over already.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	key = s.key(kindValue, key)
	if ttl <= 0 {
		return failed("delete", s.client.Del(ctx, key).Err())
	}
	return failed("set", s.client.Set(ctx, key, value, max(ttl, time.Millisecond)).Err())
}

// Add adds to a counter, and returns the sum.
func (s *Store) Add(ctx context.Context, key string, n int64, ttl time.Duration) (int64, error) {
	sum, err := add.Run(ctx, s.client, []string{s.key(kindCounter, key)}, n, max(ttl, time.Millisecond).Milliseconds()).Int64()
	return sum, failed("add", err)
}

// Take takes tokens out of the buckets of a key, by the server's clock. Times are exact to
// about a microsecond.
func (s *Store) Take(ctx context.Context, key string, draws []middleware.Draw, maxWait time.Duration) (time.Duration, bool, error) {
	args := make([]any, 0, 1+3*len(draws))
	args = append(args, micros(max(maxWait, 0)))
	for _, d := range draws {
		args = append(args, d.N, micros(d.Every), d.Burst)
	}
	reply, err := take.Run(ctx, s.client, []string{s.key(kindBucket, key)}, args...).Slice()
	if err != nil {
		return 0, false, failed("take", err)
	}
	ok, wait, err := readTaken(reply)
	return wait, ok, failed("take", err)
}

// readTaken reads what the script says: 1 or 0, and the wait in microseconds, as
// text because a script's numbers lose their fractions.
func readTaken(reply []any) (ok bool, wait time.Duration, err error) {
	if len(reply) == 2 {
		taken, isNumber := reply[0].(int64)
		text, isText := reply[1].(string)
		us, err := strconv.ParseFloat(text, 64)
		if isNumber && isText && err == nil {
			return taken == 1, time.Duration(us * float64(time.Microsecond)), nil
		}
	}
	return false, 0, fmt.Errorf("the server's script answered %v", reply)
}

func micros(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Microsecond), 'f', -1, 64)
}

func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redisstore: %s: %w", what, err)
}
