package httpcall

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// statusError returns the error for a reply whose status is not a success.
func (r *Reply) statusError() *llm.Error {
	data := r.readErrorBody()
	r.End() // so that Close drains the rest, and the connection can be used again
	if ended, ok := errors.AsType[*llm.Error](llm.FromContext(r.parent)); ok {
		return r.describe(ended)
	}
	status := r.resp.StatusCode
	said := readAPIError(data)
	e := &llm.Error{
		Kind:       said.kind(status),
		Status:     status,
		Code:       said.name(),
		Message:    said.Message,
		RetryAfter: retryAfter(r.resp.Header, time.Now()),
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = said.RetryAfter
	}
	if e.Message == "" {
		e.Message = "the server gave no reason"
		if text := http.StatusText(status); text != "" {
			e.Message = strings.ToLower(text) + ", and " + e.Message
		}
	}
	return r.describe(e)
}

// APIError returns the error for an error inside a reply of status 200. The data is JSON or
// text. If the data does not determine the kind, it is otherwise.
func (r *Reply) APIError(data []byte, otherwise llm.Kind) *llm.Error {
	said := readAPIError([]byte(r.request.Secrets.Scrub(string(data))))
	kind := said.kind(0)
	if kind == "" {
		kind = otherwise
	}
	e := &llm.Error{
		Kind:       kind,
		Status:     r.resp.StatusCode,
		Code:       said.name(),
		Message:    said.Message,
		RetryAfter: said.RetryAfter,
	}
	if e.Message == "" {
		e.Message = "the server broke the answer off with an error and gave no reason"
	}
	return r.describe(e)
}

// kind returns the kind of an error. The status is 0 for an error inside a reply; then the
// kind is "" if the error does not determine it. The server's codes and texts take
// precedence over the status. For the codes, see
// https://platform.openai.com/docs/guides/error-codes and
// https://cloud.google.com/apis/design/errors.
func (c apiError) kind(status int) llm.Kind {
	if status == 0 {
		status = c.Number
	}
	text := strings.ToLower(c.Message)
	request := status == 0 || status >= 400 && status < 500 || status == 500
	if request && status != http.StatusTooManyRequests && tellsOfLength(text) { // a rate limit may speak of lengths too
		return llm.ContextLength
	}
	for _, word := range c.words() {
		if kind, ok := kindOfCode[word]; ok {
			if kind == llm.NotFound && tellsOfRetirement(text) {
				return llm.Retired
			}
			return kind
		}
	}
	kind := kindOfStatus(status)
	switch {
	case (kind == llm.NotFound || kind == llm.InvalidRequest) && tellsOfRetirement(text):
		return llm.Retired
	case kind == llm.InvalidRequest && strings.Contains(text, "does not support"):
		return llm.Unsupported
	}
	return kind
}

// kindOfCode maps the codes and types of servers, in lower case. Types that
// say no more than the status (invalid_request_error) are absent, so that
// a status of 404 or 413 keeps its own meaning.
var kindOfCode = map[string]llm.Kind{
	"context_length_exceeded":   llm.ContextLength,
	"exceed_context_size_error": llm.ContextLength, // llama.cpp

	"content_filter":                       llm.ContentFilter, // Azure
	"content_policy_violation":             llm.ContentFilter,
	"responsibleaipolicyviolation":         llm.ContentFilter, // Azure, in innererror
	"moderation_blocked":                   llm.ContentFilter,
	"insufficient_quota":                   llm.Quota,
	"billing_hard_limit_reached":           llm.Quota,
	"billing_not_active":                   llm.Quota,
	"rate_limit_exceeded":                  llm.RateLimited,
	"rate_limit_error":                     llm.RateLimited,
	"resource_exhausted":                   llm.RateLimited, // Google
	"invalid_api_key":                      llm.Auth,
	"api_key_invalid":                      llm.Auth, // Google, with status 400
	"authentication_error":                 llm.Auth,
	"invalid_authentication":               llm.Auth,
	"unauthenticated":                      llm.Auth, // Google
	"permission_denied":                    llm.Permission,
	"permission_error":                     llm.Permission,
	"model_not_found":                      llm.NotFound,
	"deploymentnotfound":                   llm.NotFound, // Azure
	"not_found_error":                      llm.NotFound,
	"not_found":                            llm.NotFound,
	"model_deprecated":                     llm.Retired,
	"model_decommissioned":                 llm.Retired, // Groq
	"unavailable":                          llm.Overloaded,
	"overloaded_error":                     llm.Overloaded,
	"engine_overloaded":                    llm.Overloaded,
	"server_error":                         llm.Server,
	"internal_server_error":                llm.Server,
	"api_error":                            llm.Server,
	"internal":                             llm.Server, // Google
	"cancelled":                            llm.Server, // Google, with 499: not by the caller, who would not read it
	"deadline_exceeded":                    llm.Timeout,
	"timeout":                              llm.Timeout,
	"unsupported_country_region_code":      llm.Permission,
	"unsupported_country_region_territory": llm.Permission,
}

// kindOfStatus returns the kind of a status that comes without a code.
func kindOfStatus(status int) llm.Kind {
	switch status {
	case 0:
		return ""
	case http.StatusUnauthorized:
		return llm.Auth
	case http.StatusPaymentRequired:
		return llm.Quota
	case http.StatusForbidden:
		return llm.Permission
	case http.StatusNotFound:
		return llm.NotFound
	case http.StatusRequestTimeout:
		return llm.Timeout
	case http.StatusTooManyRequests:
		return llm.RateLimited
	case http.StatusServiceUnavailable, 529: // 529 is nobody's standard and several vendors' "overloaded"
		return llm.Overloaded
	}
	switch {
	case status >= 500:
		return llm.Server
	case status >= 400:
		return llm.InvalidRequest
	}
	return llm.Protocol
}

// tellsOfLength recognises the texts of servers that have no code for a prompt
// that is too long: OpenAI's older models and vLLM, Gemini, Ollama, llama.cpp.
func tellsOfLength(text string) bool {
	for _, phrase := range [...]string{
		"maximum context length is",
		"exceeds the maximum number of tokens allowed",
		"exceeds the context length",
		"exceeds the available context size",
		"exceeds maximum context length",
		"prompt is too long",
	} {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}

// tellsOfRetirement recognises the texts about models that are gone.
func tellsOfRetirement(text string) bool {
	return strings.Contains(text, "has been deprecated") ||
		strings.Contains(text, "has been decommissioned") ||
		strings.Contains(text, "is no longer available") ||
		strings.Contains(text, "has been retired")
}

func itoa(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
