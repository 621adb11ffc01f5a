package anthropic

import (
	"net/http"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// kindOfType maps the server's error types to kinds. They are the same with a status and
// inside a stream.
// https://platform.claude.com/docs/en/api/errors
var kindOfType = map[string]llm.Kind{
	"invalid_request_error": llm.InvalidRequest,
	"authentication_error":  llm.Auth,
	"billing_error":         llm.Quota,
	"permission_error":      llm.Permission,
	"not_found_error":       llm.NotFound,
	"conflict_error":        llm.InvalidRequest,
	"request_too_large":     llm.InvalidRequest,
	"rate_limit_error":      llm.RateLimited,
	"api_error":             llm.Server,
	"timeout_error":         llm.Timeout,
	"overloaded_error":      llm.Overloaded,
}

// knownText is a part of an error's message, in lower case, and the kind of that error.
type knownText struct {
	text string
	kind llm.Kind
}

// requestErrors are errors of type invalid_request_error that have another kind.
var requestErrors = []knownText{
	{"prompt is too long", llm.ContextLength},
	{"exceed context limit", llm.ContextLength}, // input length and `max_tokens` exceed context limit
	{"credit balance is too low", llm.Quota},
	{"specified api usage limits", llm.Quota}, // the owner's spend limit
}

// spendCaps are the words of a rate limit that is a spend limit. It has no Retry-After.
var spendCaps = []string{"spend", "usage limit"}

// explain corrects the kind of an error if the status code does not determine it. The error
// must not have been returned to a caller yet.
func explain(err error) error {
	e, ok := err.(*llm.Error)
	if !ok || e.Status == 0 {
		return err
	}
	kind, known := kindOfType[e.Code]
	if !known || e.Kind == llm.ContextLength || e.Kind == llm.Retired {
		return e
	}
	// A type without details does not override the kind that the status determines.
	if e.Status == http.StatusOK || kind != llm.InvalidRequest && kind != llm.Server {
		e.Kind = kind
	}
	text := strings.ToLower(e.Message)
	switch {
	case kind == llm.InvalidRequest:
		for _, k := range requestErrors {
			if strings.Contains(text, k.text) {
				e.Kind = k.kind
			}
		}
	case kind == llm.RateLimited && e.RetryAfter == 0:
		for _, words := range spendCaps {
			if strings.Contains(text, words) {
				e.Kind = llm.Quota
			}
		}
	}
	return e
}
