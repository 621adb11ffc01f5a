package httpcall

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// requestID returns the server's ID of the request. Headers in this order: OpenAI and Groq,
// Azure's gateway, Azure's service, Anthropic, Mistral, Amazon, LiteLLM.
func requestID(h http.Header) string {
	for _, name := range [...]string{
		"X-Request-Id", "Apim-Request-Id", "X-Ms-Request-Id", "Request-Id", "Mistral-Correlation-Id", "X-Amzn-Requestid", "X-Litellm-Call-Id",
	} {
		if v := h[name]; len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	return ""
}

// explanatory returns the headers that help to diagnose a reply: IDs, limits, retry hints and
// timings. It returns nil if the reply has no such header.
func explanatory(h http.Header) http.Header {
	var kept http.Header
	for name, values := range h {
		if isExplanatory(name) {
			if kept == nil {
				kept = make(http.Header, 8)
			}
			kept[name] = values
		}
	}
	return kept
}

func isExplanatory(name string) bool {
	switch name {
	case "X-Request-Id", "Apim-Request-Id", "X-Ms-Request-Id", "Request-Id", "Cf-Ray",
		"Mistral-Correlation-Id", "X-Amzn-Requestid", "X-Litellm-Call-Id",
		"Retry-After", "Retry-After-Ms", "X-Should-Retry", "Date",
		"Openai-Processing-Ms", "Openai-Version", "Openai-Organization", "X-Ms-Region":
		return true
	}
	return strings.Contains(name, "Ratelimit") || strings.HasPrefix(name, "X-Tokenlimit-")
}

// retryAfter returns the wait that the server requests: from OpenAI's header in milliseconds,
// otherwise from Retry-After, a date or a number of seconds (RFC 9110 section 10.2.3). Some
// servers send fractions of a second. Invalid values are ignored: 0.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if d, ok := seconds(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	value := h.Get("Retry-After")
	if d, ok := seconds(value, time.Second); ok {
		return d
	}
	if date, err := http.ParseTime(value); err == nil {
		if d := date.Sub(now); d > 0 && d < maxWait {
			return d
		}
	}
	return 0
}

// maxWait is the limit from which a requested wait is considered invalid.
const maxWait = 366 * 24 * time.Hour

// seconds parses a decimal number of units.
func seconds(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*float64(unit) >= float64(maxWait) {
		return 0, false
	}
	return time.Duration(n * float64(unit)), true
}
