package apierror

import (
	"net/http"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Kind returns the kind of an error that came with this status, or inside a successful reply
// if the status is 0. It returns "" if an error inside a reply does not determine a
// kind.
//
// An exact code decides alone. Otherwise a code or the status gives a kind, and the texts
// refine it: for example, a rate limit whose text says that the account has no credit is
// [llm.Quota]. A code that says no more than "error" is used only if the status says no more.
func (e *Error) Kind(status int) llm.Kind {
	if status == 0 {
		status = e.status()
	}
	var kind, vague llm.Kind
	for _, code := range e.codes {
		switch c := codes[strings.ToLower(code)]; c.rank {
		case exact:
			return c.kind
		case refinable:
			if kind == "" {
				kind = c.kind
			}
		case lastResort:
			if vague == "" {
				vague = c.kind
			}
		}
	}
	switch {
	case kind != "":
	case vague != "" && !isPrecise(status):
		kind = vague
	default:
		kind = kindOfStatus(status)
	}
	return e.refine(kind)
}

// refine returns the kind of the first text in the table that the error contains and that
// refines the given kind.
func (e *Error) refine(kind llm.Kind) llm.Kind {
	text := strings.ToLower(strings.Join(e.texts, "\n"))
	for _, row := range texts {
		if slices.Contains(refines[row.kind], kind) && strings.Contains(text, row.text) {
			return row.kind
		}
	}
	return kind
}

// status returns the HTTP status that the error contains, or 0.
func (e *Error) status() int {
	if e.number != 0 {
		return e.number
	}
	return e.hidden
}

// refines lists the kinds that a text of a kind refines. The empty kind is an error inside a
// reply without a code. For example, no text makes an [llm.ContextLength] of a rate limit,
// because limits of tokens per minute mention the length of the prompt, too.
var refines = map[llm.Kind][]llm.Kind{
	llm.Quota:          {"", llm.RateLimited, llm.InvalidRequest, llm.Permission, llm.Auth, llm.Server, llm.Overloaded},
	llm.Retired:        {"", llm.NotFound, llm.InvalidRequest, llm.Permission},
	llm.ContextLength:  {"", llm.InvalidRequest, llm.Server, llm.Overloaded},
	llm.ContentFilter:  {"", llm.InvalidRequest, llm.Permission, llm.Server},
	llm.Auth:           {"", llm.InvalidRequest, llm.Permission, llm.Server},
	llm.NotFound:       {"", llm.InvalidRequest, llm.Server},
	llm.Unsupported:    {"", llm.InvalidRequest, llm.Server},
	llm.InvalidRequest: {"", llm.Server},
	llm.RateLimited:    {"", llm.Server},
	llm.Overloaded:     {"", llm.Server},
}

// isPrecise reports whether the status says more than that there was an error.
func isPrecise(status int) bool {
	return status >= 400 && status < 500 || status == http.StatusServiceUnavailable || status == overloaded
}

// overloaded is not a registered status. Several vendors use it.
const overloaded = 529

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
	case http.StatusServiceUnavailable, overloaded:
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
