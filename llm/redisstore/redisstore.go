// Package redisstore keeps the state of middleware (cached answers, rate limits, budgets and
// open breakers) in Redis or Valkey, so that several processes can share it:
//
//	store := redisstore.New(redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true}))
//	limit := &middleware.RateLimit{
//		Requests: 500,
//		Shared:   middleware.Shared{Store: store, StoreDown: middleware.Refuse},
//	}
//
// While Redis is unavailable, calls proceed as the StoreDown setting of the middleware says:
// see [github.com/parley-llm/parley/llm/middleware.StoreDown].
//
// The package supports Redis 6 and Valkey 7, as a single server, behind Sentinel, or as a
// cluster. Every operation is one command or one script on one key, so that it is atomic and
// works in a cluster. The clock of the server is used, so the clocks of the machines may
// differ.
//
// # Durability
//
// A limit is as durable as the memory of Redis. With "appendonly yes" and "appendfsync
// always", it survives a restart without a loss. With the usual "appendfsync everysec", a
// crash can lose one second of changes, and a bucket that is lost is full. Replicas lag behind
// their master, so a failover can lose changes in the same way.
//
// If the reply to an operation is lost, go-redis may repeat the operation. Tokens that are
// taken twice, or amounts that are added twice, lower a limit slightly. They never raise it.
//
// # Timeouts
//
// The middleware limits every operation to two seconds by its context. A go-redis client
// obeys that if its option ContextTimeoutEnabled is set. The stores of a config file set it.
// Other clients use their timeouts and retries instead.
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/llm/middleware/store"
)

// version is part of every key. It changes with the format of the data, so that machines
// with different versions of a program can share one Redis.
const version = "1"

// Store is a [store.Store] in Redis. It is safe for concurrent use. [New] creates one.
type Store struct {
	client redis.UniversalClient
	prefix string
}

var _ store.Store = (*Store)(nil)

// Option is an option of [New].
type Option func(*Store)

// Prefix sets the prefix of all keys. The default is "parley". Stores with different prefixes
// share no state.
func Prefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// New returns a store that uses the client. It sends nothing. The caller closes the client.
func New(client redis.UniversalClient, options ...Option) *Store {
	s := &Store{client: client, prefix: "parley"}
	for _, option := range options {
		option(s)
	}
	return s
}

// The kinds of keys. A value, a counter and the buckets of one name have different keys.
const (
	kindValue   = "value"
	kindCounter = "count"
	kindBucket  = "bucket"
)

func (s *Store) key(kind, key string) string {
	return s.prefix + ":" + version + ":" + kind + ":" + key
}

// Get returns the value of a key, or nil if there is none.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := s.client.Get(ctx, s.key(kindValue, key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, failed("get", err)
}

// Set sets the value of a key for the duration ttl, rounded down to milliseconds but at
// least one. If ttl is zero or negative, Set deletes the value.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	key = s.key(kindValue, key)
	if ttl <= 0 {
		return failed("delete", s.client.Del(ctx, key).Err())
	}
	return failed("set", s.client.Set(ctx, key, value, max(ttl, time.Millisecond)).Err())
}

// Add adds n to the counter of a key and returns the sum.
func (s *Store) Add(ctx context.Context, key string, n int64, ttl time.Duration) (int64, error) {
	sum, err := add.Run(ctx, s.client, []string{s.key(kindCounter, key)}, n, max(ttl, time.Millisecond).Milliseconds()).Int64()
	return sum, failed("add", err)
}

// Reserve takes tokens from the buckets of a key, by the clock of the server. Times are
// exact to about a microsecond.
func (s *Store) Reserve(ctx context.Context, key string, reservations []store.Reservation, maxWait time.Duration) (time.Duration, bool, error) {
	args := make([]any, 0, 1+3*len(reservations))
	args = append(args, micros(max(maxWait, 0)))
	for _, r := range reservations {
		args = append(args, r.N, micros(r.Every), r.Burst)
	}
	reply, err := reserve.Run(ctx, s.client, []string{s.key(kindBucket, key)}, args...).Slice()
	if err != nil {
		return 0, false, failed("reserve", err)
	}
	ok, wait, err := readReserved(reply)
	return wait, ok, failed("reserve", err)
}

// maxMicros limits a wait that the script returns to about 100 years, which a duration can
// hold.
const maxMicros = 100 * 365 * 24 * 3600 * 1e6

// readReserved reads the reply of the script: 1 or 0, and the wait in microseconds. The wait
// is text, because numbers of a script lose their fractions.
func readReserved(reply []any) (ok bool, wait time.Duration, err error) {
	if len(reply) == 2 {
		taken, isNumber := reply[0].(int64)
		text, isText := reply[1].(string)
		us, err := strconv.ParseFloat(text, 64)
		if isNumber && isText && err == nil {
			return taken == 1, time.Duration(min(us, maxMicros) * float64(time.Microsecond)), nil
		}
	}
	return false, 0, fmt.Errorf("unexpected reply of the script: %v", reply)
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
