package httpcall

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// statusError returns the error for a reply whose status is not 2xx.
func (r *Reply) statusError() *llm.Error {
	data := r.readErrorBody()
	r.End() // Close then reads a short rest of the body, so that the connection can be reused
	if ended, ok := errors.AsType[*llm.Error](llm.FromContext(r.parent)); ok {
		return r.annotate(ended)
	}
	status := r.resp.StatusCode
	parsed := readAPIError(data)
	e := &llm.Error{
		Kind:       parsed.kind(status),
		Status:     status,
		Code:       parsed.name(),
		Message:    parsed.Message,
		RequestID:  parsed.RequestID,
		RetryAfter: retryAfter(r.resp.Header, time.Now()),
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = parsed.RetryAfter
	}
	if e.Message == "" {
		e.Message = "the server gave no reason"
		if text := http.StatusText(status); text != "" {
			e.Message = strings.ToLower(text) + ", and " + e.Message
		}
	}
	return r.annotate(e)
}

// APIError returns the error for an error that the server reported inside a reply of status
// 200, as a JSON value or as text. If the server's error does not determine a kind, the error
// has the kind otherwise. Security: the secrets of the request are removed.
func (r *Reply) APIError(data []byte, otherwise llm.Kind) *llm.Error {
	parsed := readAPIError([]byte(r.request.Secrets.Scrub(string(data))))
	kind := parsed.kind(0)
	if kind == "" {
		kind = otherwise
	}
	e := &llm.Error{
		Kind:       kind,
		Status:     r.resp.StatusCode,
		Code:       parsed.name(),
		Message:    parsed.Message,
		RequestID:  parsed.RequestID,
		RetryAfter: parsed.RetryAfter,
	}
	if e.Message == "" {
		e.Message = "the server ended the answer with an error and gave no reason"
	}
	return r.annotate(e)
}

// kind returns the kind of an error that came with this status, or inside a reply if the
// status is 0. It returns "" if an error inside a reply does not determine a kind. The
// server's code takes precedence over the status. The codes are documented at
// https://platform.openai.com/docs/guides/error-codes and
// https://cloud.google.com/apis/design/errors.
func (e apiError) kind(status int) llm.Kind {
	if status == 0 {
		status = e.Number
	}
	text := strings.ToLower(e.Message)
	request := status == 0 || status >= 400 && status < 500 || status == 500
	// The message of a rate limit (429) may also mention the length of the prompt.
	if request && status != http.StatusTooManyRequests && reportsContextLength(text) {
		return llm.ContextLength
	}
	for _, code := range e.codes() {
		if kind, ok := kindOfCode[strings.ToLower(code)]; ok {
			if kind == llm.NotFound && reportsRetirement(text) {
				return llm.Retired
			}
			return kind
		}
	}
	kind := kindOfStatus(status)
	switch {
	case (kind == llm.NotFound || kind == llm.InvalidRequest) && reportsRetirement(text):
		return llm.Retired
	case kind == llm.InvalidRequest && strings.Contains(text, "does not support"):
		return llm.Unsupported
	}
	return kind
}

// kindOfCode maps the codes and types of servers, in lower case, to kinds. A new code is one
// row here. Types that are no more exact than the status, such as invalid_request_error, are
// absent, so that the status (for example 404 or 413) determines the kind.
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
	"cancelled":                            llm.Server, // Google, with 499; not canceled by the caller, because the reply was read
	"deadline_exceeded":                    llm.Timeout,
	"timeout":                              llm.Timeout,
	"unsupported_country_region_code":      llm.Permission,
	"unsupported_country_region_territory": llm.Permission,
}

// kindOfStatus returns the kind of a status without a known code.
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
	case http.StatusServiceUnavailable, 529: // 529 is not a registered status; several vendors use it for "overloaded"
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

// reportsContextLength reports whether an error's text says that the prompt is too long. Some
// servers have no code for it: OpenAI's older models, vLLM, Gemini, Ollama and llama.cpp. The
// text must be in lower case.
func reportsContextLength(text string) bool {
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

// reportsRetirement reports whether an error's text says that the model no longer exists. The
// text must be in lower case.
func reportsRetirement(text string) bool {
	return strings.Contains(text, "has been deprecated") ||
		strings.Contains(text, "has been decommissioned") ||
		strings.Contains(text, "is no longer available") ||
		strings.Contains(text, "has been retired")
}

// itoa formats a number, and returns "" for 0.
func itoa(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
