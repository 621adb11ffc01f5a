package middleware

import (
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
)

// serverLimits are what a model's server has said of its limits lately, for [RateLimit] to heed.
type serverLimits struct {
	mu     sync.Mutex
	closed time.Time // until when it wants no requests
	told   [2]told   // of requests and tokens
}

// wait returns how long the server wants to be left alone.
func (s *serverLimits) wait(tokens int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.IsZero() && s.told == ([2]told{}) {
		return 0
	}
	now := time.Now()
	return max(s.closed.Sub(now), s.told[0].wait(1, now), s.told[1].wait(tokens, now), 0)
}

// learn takes note of what a server said of its limits.
func (s *serverLimits) learn(heard *listener) {
	after := retryAfter(heard.err)
	limits := (*llm.RateLimits)(nil)
	if heard.start != nil {
		limits = heard.start.RateLimits
	}
	if after == 0 && limits == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if after > 0 {
		s.closed = now.Add(min(after, time.Minute)) // what is longer is not about a minute's limit
	}
	if limits != nil {
		s.told = [2]told{
			{now, limits.RequestLimit, limits.RequestsLeft, limits.RequestReset},
			{now, limits.TokenLimit, limits.TokensLeft, limits.TokenReset},
		}
	}
}

// told is what a server said of one of its limits, which it lifts little by
// little until reset: https://platform.openai.com/docs/guides/rate-limits
type told struct {
	at          time.Time
	limit, left int
	reset       time.Duration
}

// wait returns how long it takes until n are left.
func (t told) wait(n int, now time.Time) time.Duration {
	n = min(n, t.limit)
	if t.left < 0 || t.reset <= 0 || n <= t.left {
		return 0
	}
	share := float64(n-t.left) / float64(t.limit-t.left)
	return t.at.Add(time.Duration(share * float64(t.reset))).Sub(now)
}
