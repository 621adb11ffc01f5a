package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/internal/interop/redistest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/redisstore"
)

// A fleet is eight processes of this test's program that share one rate limit. A quarter
// of their calls may be canceled in the queue.
const (
	fleetSize   = 8
	fleetLimit  = 6000 // requests per minute
	fleetBurst  = 50
	fleetCalls  = 4 // concurrent calls in each process
	fleetMember = "PARLEY_TEST_FLEET_MEMBER"
)

// member is the configuration of a process of the fleet, passed as JSON in the variable
// fleetMember.
type member struct {
	Redis       []string // one address, or those of a cluster
	From, Until time.Time
}

// TestFleetMember is one process of a fleet and does nothing when it runs as a test. It
// prints the times at which its calls reached their provider, in microseconds, as JSON.
func TestFleetMember(t *testing.T) {
	told := os.Getenv(fleetMember)
	if told == "" {
		return // only TestRateLimitHolds… starts a fleet
	}
	var m member
	if err := json.Unmarshal([]byte(told), &m); err != nil {
		t.Fatal(err)
	}
	client := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: m.Redis})
	defer client.Close()
	limit := &middleware.RateLimit{
		Requests: fleetLimit, RequestBurst: fleetBurst,
		Shared: middleware.Shared{Store: redisstore.New(client), StoreDown: middleware.Refuse},
	}
	var mu sync.Mutex
	var reached []int64
	provider := llmtest.Always(llmtest.Func(func(context.Context, *llm.Call) llm.Events {
		mu.Lock()
		reached = append(reached, time.Now().UnixMicro())
		mu.Unlock()
		return func(yield func(llm.Event, error) bool) {
			yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
		}
	}))
	model := provider.Model(llm.WithMiddleware(limit))
	ctx, cancel := context.WithDeadline(t.Context(), m.Until)
	defer cancel()
	<-time.After(time.Until(m.From)) // all processes have started by then
	var wait sync.WaitGroup
	for range fleetCalls {
		wait.Go(func() {
			for ctx.Err() == nil {
				callCtx, leave := ctx, context.CancelFunc(func() {})
				if rand.IntN(4) == 0 { // probably canceled in the queue
					callCtx, leave = context.WithCancel(ctx)
					time.AfterFunc(rand.N(60*time.Millisecond), leave)
				}
				_, err := model.Generate(callCtx, llm.Prompt("Hi"))
				left := callCtx.Err() != nil
				leave()
				// Redis is temporarily unavailable, or the time is over.
				if errors.Is(err, llm.Network) {
					<-time.After(10 * time.Millisecond) // so that Redis has time to start
				}
				if err != nil && !errors.Is(err, llm.Network) && !errors.Is(err, llm.RateLimited) && !left {
					t.Errorf("a call failed: %v", err)
					return
				}
			}
		})
	}
	wait.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(reached); err != nil {
		t.Fatal(err)
	}
}

// runFleet runs a fleet for the given time and calls a function meanwhile. It returns the
// times at which the calls reached their providers, in microseconds, sorted.
func runFleet(t *testing.T, redis []string, lasts time.Duration, meanwhile func()) []int64 {
	t.Helper()
	from := time.Now().Add(time.Second)
	told, err := json.Marshal(member{redis, from, from.Add(lasts)})
	if err != nil {
		t.Fatal(err)
	}
	var members [fleetSize]*exec.Cmd
	var outs [fleetSize]strings.Builder
	for i := range members {
		members[i] = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFleetMember$")
		members[i].Env = append(os.Environ(), fleetMember+"="+string(told))
		members[i].Stdout, members[i].Stderr = &outs[i], os.Stderr
		if err := members[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	meanwhile()
	var all []int64
	for i, m := range members {
		if err := m.Wait(); err != nil {
			t.Errorf("process %d of the fleet: %v\n%s", i, err, &outs[i])
			continue
		}
		var reached []int64
		if err := json.NewDecoder(strings.NewReader(outs[i].String())).Decode(&reached); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("process %d of the fleet printed %q: %v", i, &outs[i], err)
		}
		if len(reached) == 0 {
			t.Errorf("process %d of the fleet made no calls", i)
		}
		all = append(all, reached...)
	}
	slices.Sort(all)
	return all
}

// checkFleet checks that the calls stayed below the limit in every window and used most
// of it.
func checkFleet(t *testing.T, calls []int64) {
	t.Helper()
	if len(calls) < 2 {
		t.Fatalf("the fleet made %d calls", len(calls))
	}
	const perSecond = fleetLimit / 60.0
	worst := 0.0
	for i, from := range calls {
		for n, to := range calls[i:] {
			window := time.Duration(to-from) * time.Microsecond
			allowed := perSecond*window.Seconds() + fleetBurst
			if share := float64(n+1) / allowed; share > worst {
				worst = share
				if share > 1 {
					t.Errorf("%d calls in a window of %v, want at most %.1f", n+1, window, allowed)
				}
			}
		}
	}
	took := time.Duration(calls[len(calls)-1]-calls[0]) * time.Microsecond
	used := float64(len(calls)) / (perSecond * took.Seconds())
	t.Logf("%d calls in %v: %.1f %% of the limit; the fullest window used %.1f %% of its limit", len(calls), took, 100*used, 100*worst)
	if used < 0.9 {
		t.Errorf("only %.1f %% of the limit were used", 100*used)
	}
}

func TestRateLimitHoldsForAFleetThroughARestartOfRedis(t *testing.T) {
	server := redistest.Start(t)
	calls := runFleet(t, []string{server.Addr}, 12*time.Second, func() {
		awaitCalls(t, server.Addr, 300) // the fleet is running at full speed
		server.Restart()
	})
	checkFleet(t, calls)
}

func TestRateLimitHoldsForAFleetOnARedisCluster(t *testing.T) {
	checkFleet(t, runFleet(t, redistest.Cluster(t), 10*time.Second, func() {}))
}

// awaitCalls waits until the server has run the given number of scripts.
func awaitCalls(t *testing.T, addr string, n int) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		info, err := client.Info(t.Context(), "commandstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(info) {
			var calls int
			if _, err := fmt.Sscanf(line, "cmdstat_evalsha:calls=%d,", &calls); err == nil && calls >= n {
				return
			}
		}
	}
}
