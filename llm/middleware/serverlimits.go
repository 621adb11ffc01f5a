package middleware

import (
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
)

// serverLimits are the rate limits that the server of a model reported last. [RateLimit]
// obeys them.
type serverLimits struct {
	mu       sync.Mutex
	closed   time.Time        // the server accepts no requests before this time
	reported [2]reportedLimit // of requests and tokens
}

// maxServerWait limits a wait that a server requests. A longer wait is not about a limit per
// minute, and can be a mistake of the server.
const maxServerWait = time.Minute

// wait returns the time until the server accepts a request of so many tokens.
func (s *serverLimits) wait(tokens int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.IsZero() && s.reported == ([2]reportedLimit{}) {
		return 0
	}
	now := time.Now()
	return max(s.closed.Sub(now), s.reported[0].wait(1, now), s.reported[1].wait(tokens, now), 0)
}

// update stores the limits that an answer reports.
func (s *serverLimits) update(answer *observer) {
	after := retryAfter(answer.err)
	limits := (*llm.RateLimits)(nil)
	if answer.start != nil {
		limits = answer.start.RateLimits
	}
	if after == 0 && limits == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if after > 0 {
		s.closed = now.Add(min(after, maxServerWait))
	}
	if limits != nil {
		s.reported = [2]reportedLimit{
			{now, limits.RequestLimit, limits.RequestsLeft, limits.RequestReset},
			{now, limits.TokenLimit, limits.TokensLeft, limits.TokenReset},
		}
	}
}

// reportedLimit is one limit as the server reported it. The quota is restored gradually until
// reset: https://platform.openai.com/docs/guides/rate-limits
type reportedLimit struct {
	at          time.Time
	limit, left int
	reset       time.Duration
}

// wait returns the time until n are left.
func (l reportedLimit) wait(n int, now time.Time) time.Duration {
	n = min(n, l.limit)
	if l.left < 0 || l.reset <= 0 || n <= l.left {
		return 0
	}
	share := float64(n-l.left) / float64(l.limit-l.left)
	return l.at.Add(time.Duration(share * float64(min(l.reset, maxServerWait)))).Sub(now)
}
