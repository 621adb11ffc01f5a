package httpcall

import (
	"net/http"
	"strings"
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
