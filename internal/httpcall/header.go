package httpcall

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// requestID returns the server's id of the request. The headers are those of OpenAI and Groq,
// of Azure's gateway and service, and of others.
func requestID(h http.Header) string {
	for _, name := range [...]string{"X-Request-Id", "Apim-Request-Id", "X-Ms-Request-Id", "Request-Id"} {
		if v := h[name]; len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	return ""
}

// interesting returns the headers that explain a reply: ids, limits, retry hints and timings.
// It returns nil if there are none.
func interesting(h http.Header) http.Header {
	var kept http.Header
	for name, values := range h {
		if isInteresting(name) {
			if kept == nil {
				kept = make(http.Header, 8)
			}
			kept[name] = values
		}
	}
	return kept
}

func isInteresting(name string) bool {
	switch name {
	case "X-Request-Id", "Apim-Request-Id", "X-Ms-Request-Id", "Request-Id", "Cf-Ray",
		"Retry-After", "Retry-After-Ms", "X-Should-Retry", "Date",
		"Openai-Processing-Ms", "Openai-Version", "Openai-Organization", "X-Ms-Region":
		return true
	}
	return strings.HasPrefix(name, "X-Ratelimit-")
}

// rateLimits reads the rate-limit headers of OpenAI, Azure, Groq and others. It returns nil if
// there are none. https://platform.openai.com/docs/guides/rate-limits
func rateLimits(h http.Header) *llm.RateLimits {
	l := llm.RateLimits{
		RequestLimit: headerInt(h, "X-Ratelimit-Limit-Requests"),
		RequestsLeft: headerInt(h, "X-Ratelimit-Remaining-Requests"),
		RequestReset: headerDuration(h, "X-Ratelimit-Reset-Requests"),
		TokenLimit:   headerInt(h, "X-Ratelimit-Limit-Tokens"),
		TokensLeft:   headerInt(h, "X-Ratelimit-Remaining-Tokens"),
		TokenReset:   headerDuration(h, "X-Ratelimit-Reset-Tokens"),
	}
	if l == (llm.RateLimits{RequestLimit: -1, RequestsLeft: -1, RequestReset: -1, TokenLimit: -1, TokensLeft: -1, TokenReset: -1}) {
		return nil
	}
	return new(l)
}

// headerInt returns a header's number, or -1.
func headerInt(h http.Header, name string) int {
	v := h[name]
	if len(v) == 0 {
		return -1
	}
	n, err := strconv.Atoi(v[0])
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// headerDuration returns a header's duration, "1m30s" or seconds, or -1.
func headerDuration(h http.Header, name string) time.Duration {
	v := h[name]
	if len(v) == 0 {
		return -1
	}
	if d, err := time.ParseDuration(v[0]); err == nil && d >= 0 {
		return d
	}
	if d, ok := seconds(v[0], time.Second); ok {
		return d
	}
	return -1
}

// retryAfter returns the wait that the server asks for: OpenAI's header in milliseconds, or
// otherwise seconds or a date as in RFC 9110, section 10.2.3. Some servers send fractions of
// seconds. A value that makes no sense is ignored, and the result is 0.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if d, ok := seconds(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	value := h.Get("Retry-After")
	if d, ok := seconds(value, time.Second); ok {
		return d
	}
	if date, err := http.ParseTime(value); err == nil {
		if d := date.Sub(now); d > 0 && d < absurd {
			return d
		}
	}
	return 0
}

// absurd is a wait that cannot be intended.
const absurd = 366 * 24 * time.Hour

// seconds reads a decimal number of units.
func seconds(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*float64(unit) >= float64(absurd) {
		return 0, false
	}
	return time.Duration(n * float64(unit)), true
}
