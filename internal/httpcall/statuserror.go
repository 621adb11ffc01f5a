package httpcall

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/parley-llm/parley/internal/apierror"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// statusError returns the error for a reply whose status is not 2xx.
func (r *Reply) statusError() *llm.Error {
	data := r.readErrorBody()
	r.End() // Close then reads a short rest of the body, so that the connection can be reused
	if ended, ok := errors.AsType[*llm.Error](llm.FromContext(r.parent)); ok {
		return r.annotate(ended)
	}
	status := r.resp.StatusCode
	parsed := apierror.Read(data)
	e := &llm.Error{
		Kind:       parsed.Kind(status),
		Status:     status,
		Code:       parsed.Code,
		Message:    parsed.Message,
		RequestID:  cmp.Or(requestID(r.resp.Header), parsed.RequestID),
		RetryAfter: llmutil.RetryAfter(r.resp.Header, time.Now()),
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

// FindError returns the error in a reply of status 200 that contains no answer, or nil if the
// value does not say that it is an error. The error is like that of [Reply.APIError].
func (r *Reply) FindError(data []byte, otherwise llm.Kind) *llm.Error {
	parsed, ok := apierror.Find([]byte(r.request.Secrets.Scrub(string(data))))
	if !ok {
		return nil
	}
	return r.errorInside(&parsed, otherwise)
}

// APIError returns the error for an error that the server reported inside a reply of status
// 200, as a JSON value or as text. If the server's error does not determine a kind, the error
// has the kind otherwise. Security: the secrets of the request are removed.
func (r *Reply) APIError(data []byte, otherwise llm.Kind) *llm.Error {
	parsed := apierror.Read([]byte(r.request.Secrets.Scrub(string(data))))
	return r.errorInside(&parsed, otherwise)
}

// errorInside returns the error that a reply of status 200 contains.
func (r *Reply) errorInside(parsed *apierror.Error, otherwise llm.Kind) *llm.Error {
	kind := parsed.Kind(0)
	if kind == "" {
		kind = otherwise
	}
	e := &llm.Error{
		Kind:       kind,
		Status:     r.resp.StatusCode,
		Code:       parsed.Code,
		Message:    parsed.Message,
		RequestID:  cmp.Or(requestID(r.resp.Header), parsed.RequestID),
		RetryAfter: parsed.RetryAfter,
	}
	if e.Message == "" {
		e.Message = "the server ended the answer with an error and gave no reason"
	}
	return r.annotate(e)
}
