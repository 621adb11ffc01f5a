package redisstore_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/llm/middleware/store/storetest"
	"github.com/parley-llm/parley/llm/redisstore"
)

// These tests use a Redis in the process, which is always available and can fail on request.
// internal/interop has the same tests with a real Redis and a cluster.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) (*miniredis.Miniredis, *redis.Client) {
	t.Helper()
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	return server, client
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		server, client := open(t)
		ticking(t, server)
		return redisstore.New(client)
	})
}

// ticking advances the clock of the server, so that values expire.
func ticking(t *testing.T, server *miniredis.Miniredis) {
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				server.FastForward(time.Millisecond)
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { stop(); <-stopped })
}

func TestKeysAreVersionedAndPrefixed(t *testing.T) {
	server, client := open(t)
	ours, theirs := redisstore.New(client, redisstore.Prefix("ours")), redisstore.New(client)
	if err := ours.Set(t.Context(), "k", []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if value, err := theirs.Get(t.Context(), "k"); value != nil || err != nil {
		t.Errorf("a store with another prefix has %q, %v", value, err)
	}
	if got, err := server.Get("ours:1:value:k"); got != "v" || err != nil {
		t.Errorf("the key ours:1:value:k is %q, %v; keys: %q", got, err, server.Keys())
	}
}

func TestBucketsAreForgottenWhenFull(t *testing.T) {
	server, client := open(t)
	shared := redisstore.New(client)
	if _, _, err := shared.Reserve(t.Context(), "k", []store.Reservation{{N: 2, Bucket: store.Bucket{Every: time.Second, Burst: 5}}}, 0); err != nil {
		t.Fatal(err)
	}
	if ttl := server.TTL("parley:1:bucket:k"); ttl != 2*time.Second {
		t.Errorf("a bucket that will be full in 2 s is kept for %v", ttl)
	}
}

func TestSmallPartsOfTimeAreNotLost(t *testing.T) {
	server, client := open(t)
	server.SetTime(time.Unix(1_800_000_000, 0))
	shared := redisstore.New(client)
	bucket := store.Bucket{Every: 1500 * time.Nanosecond, Burst: 1} // 40 million per minute
	const takes = 1000
	var last time.Duration
	for range takes {
		wait, ok, err := shared.Reserve(t.Context(), "k", []store.Reservation{{N: 1, Bucket: bucket}}, time.Hour)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		last = wait
	}
	if want := (takes - 1) * bucket.Every; (last - want).Abs() > want/1000 {
		t.Errorf("the wait after %d tokens is %v, want %v", takes, last, want)
	}
}

func TestServerAwayIsAnError(t *testing.T) {
	server, client := open(t)
	shared := redisstore.New(client)
	for _, away := range []struct {
		name string
		do   func()
	}{
		{"failing", func() { server.SetError("LOADING Redis is loading the dataset in memory") }},
		{"gone", server.Close},
	} {
		away.do()
		_, errGet := shared.Get(t.Context(), "k")
		errSet := shared.Set(t.Context(), "k", nil, time.Hour)
		_, errAdd := shared.Add(t.Context(), "k", 1, time.Hour)
		_, _, errReserve := shared.Reserve(t.Context(), "k", []store.Reservation{{N: 1, Bucket: store.Bucket{Every: 1, Burst: 1}}}, 0)
		for op, err := range map[string]error{"Get": errGet, "Set": errSet, "Add": errAdd, "Reserve": errReserve} {
			if err == nil {
				t.Errorf("server %s: %s has no error", away.name, op)
			}
		}
	}
}

func TestContextEndsAnOperation(t *testing.T) {
	_, client := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := redisstore.New(client).Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get with a cancelled context returns %v", err)
	}
}

// A server that accepts connections and never replies.
func TestServerThatHangsHoldsUpNobodyBeyondTheContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client := redis.NewClient(&redis.Options{Addr: silent.Addr().String(), ContextTimeoutEnabled: true})
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := redisstore.New(client).Get(ctx, "k"); err == nil {
		t.Error("Get of a server that says nothing has no error")
	}
	if took := time.Since(begun); took > 2*time.Second { // without the context, go-redis waits 3 s several times
		t.Errorf("Get took %v with a context of 50 ms", took)
	}
}
