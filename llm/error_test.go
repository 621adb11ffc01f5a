package llm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

var kinds = []llm.Kind{
	llm.InvalidRequest, llm.ContextLength, llm.ContentFilter, llm.Auth, llm.Permission, llm.Quota, llm.NotFound, llm.Retired,
	llm.RateLimited, llm.Overloaded, llm.Server, llm.Timeout, llm.Network, llm.Protocol, llm.Incomplete, llm.Canceled, llm.Unsupported,
}

func TestErrorText(t *testing.T) {
	for _, test := range []struct {
		err  llm.Error
		want string
	}{
		{llm.Error{}, "parley: failed"},
		{llm.Error{Kind: llm.Network}, "parley: network error"},
		{llm.Error{Kind: llm.Auth, Provider: "openai"}, "parley: openai: authentication failed"},
		{llm.Error{Kind: llm.Auth, Model: "gpt-4o"}, "parley: gpt-4o: authentication failed"},
		{llm.Error{Kind: llm.Server, Provider: "ollama", Model: "llama3.2:1b", Op: llm.OpChat, Code: "x", Status: 500}, "parley: ollama/llama3.2:1b: server error (500)"},
		{llm.Error{Kind: llm.Server, Status: 200, Message: "runner died"}, "parley: server error: runner died"},
		{llm.Error{Kind: llm.RateLimited, Provider: "openai", Model: "gpt-4o", Status: 429, RetryAfter: 20 * time.Second, Message: "Rate limit reached for gpt-4o"},
			"parley: openai/gpt-4o: rate limited (429): Rate limit reached for gpt-4o; retry in 20s"},
		{llm.Error{Kind: llm.Overloaded, RetryAfter: 1234567 * time.Microsecond}, "parley: overloaded; retry in 1.235s"},
		{llm.Error{Kind: llm.Overloaded, RetryAfter: -time.Second}, "parley: overloaded"},
		{llm.Error{Kind: llm.Network, Err: errors.New("connection refused")}, "parley: network error: connection refused"},
		{llm.Error{Kind: llm.Network, Message: "no reply", Err: errors.New("connection refused")}, "parley: network error: no reply"},
		{llm.Error{Kind: llm.Server, Message: "oops", RequestID: "req_1"}, "parley: server error: oops [request req_1]"},
		{llm.Error{Kind: llm.Server, Message: "Traceback:\n\tline 1\r\n\x1b[31mred🦙"}, "parley: server error: Traceback:  line 1   [31mred🦙"},
	} {
		check(t, fmt.Sprintf("text of %+v", test.err), test.want, test.err.Error())
	}
}

func TestErrorMatchesItsKindAndNoOther(t *testing.T) {
	cause := errors.New("cause")
	for _, kind := range kinds {
		err := fmt.Errorf("loop: %w", &llm.Error{Kind: kind, Message: "m", Err: cause})
		for _, other := range kinds {
			if got := errors.Is(err, other); got != (kind == other) {
				t.Errorf("errors.Is(%v, %q) = %t", err, other, got)
			}
		}
		if !errors.Is(err, cause) {
			t.Errorf("%v does not match its underlying error", err)
		}
		check(t, "KindOf", kind, llm.KindOf(err))
		check(t, "text of the kind", strings.ReplaceAll(string(kind), "_", " "), kind.Error())
		if e := (*llm.Error)(nil); !errors.As(err, &e) || e.Message != "m" {
			t.Errorf("errors.As finds %v in %v", e, err)
		}
	}
	if !errors.Is(&llm.Error{}, llm.Kind("")) {
		t.Error("an error without a kind does not match the empty kind")
	}
	if errors.Is(&llm.Error{Kind: llm.Canceled}, context.Canceled) {
		t.Error("an error matches context.Canceled by its kind alone")
	}
}

func TestKindOf(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want llm.Kind
	}{
		{"nil", nil, ""},
		{"foreign", errors.New("x"), ""},
		{"an Error that is nil, in a chain", fmt.Errorf("no luck: %w", (*llm.Error)(nil)), ""},
		{"a kind by itself", llm.Auth, llm.Auth},
		{"a kind in a chain", fmt.Errorf("no luck: %w", llm.Auth), llm.Auth},
		{"an Error before a kind", errors.Join(llm.Auth, &llm.Error{Kind: llm.Quota}), llm.Quota},
		{"first of a tree", errors.Join(errors.New("x"), &llm.Error{Kind: llm.Quota}, &llm.Error{Kind: llm.Auth}), llm.Quota},
		{"outermost of a chain", &llm.Error{Kind: llm.Timeout, Err: &llm.Error{Kind: llm.Auth}}, llm.Timeout},
	} {
		check(t, "KindOf: "+test.name, test.want, llm.KindOf(test.err))
	}
}

func TestKindAloneFailsACallAsAnErrorOfIt(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		text string
	}{
		"a kind by itself":  {llm.Overloaded, "parley: fake/tiny: overloaded"},
		"a kind in a chain": {fmt.Errorf("no luck: %w", llm.Overloaded), "parley: fake/tiny: overloaded: no luck: overloaded"},
	} {
		_, err := answering(failing(test.err)).Generate(t.Context(), llm.Prompt("hi"))
		check(t, name+": kind", llm.Overloaded, asError(t, err).Kind)
		check(t, name+": text", test.text, err.Error())
	}
}

func TestTemporaryKinds(t *testing.T) {
	temporary := map[llm.Kind]bool{
		llm.RateLimited: true, llm.Overloaded: true, llm.Server: true, llm.Timeout: true,
		llm.Network: true, llm.Protocol: true, llm.Incomplete: true,
	}
	for _, kind := range append(kinds, "", "new") {
		if got := kind.Temporary(); got != temporary[kind] {
			t.Errorf("Kind(%q).Temporary() = %t, want %t", string(kind), got, temporary[kind])
		}
	}
}

func TestFromContext(t *testing.T) {
	mine := errors.New("mine")
	live, cancelLive := context.WithCancelCause(t.Context())
	defer cancelLive(nil)
	if err := llm.FromContext(live); err != nil {
		t.Errorf("a context that is not done gives %v, want nil", err)
	}

	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(mine)
	expired, cancelExpired := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancelExpired()
	byDeadlineCause, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	byLimit, cancel := context.WithCancelCause(t.Context())
	limit := &llm.Error{Kind: llm.Timeout, Message: "the idle limit ran out"}
	cancel(limit)
	for _, test := range []struct {
		name    string
		ctx     context.Context
		want    llm.Error
		matches []error
		not     error
	}{
		{"canceled with a cause", canceled,
			llm.Error{Kind: llm.Canceled, Message: "the caller canceled the call: mine", Err: mine},
			[]error{llm.Canceled, context.Canceled, mine}, context.DeadlineExceeded},
		{"expired", expired,
			llm.Error{Kind: llm.Timeout, Message: "the caller's deadline passed", Err: context.DeadlineExceeded},
			[]error{llm.Timeout, context.DeadlineExceeded}, context.Canceled},
		{"canceled because of some other deadline", byDeadlineCause,
			llm.Error{Kind: llm.Canceled, Message: "the caller canceled the call: context deadline exceeded", Err: context.DeadlineExceeded},
			[]error{llm.Canceled, context.Canceled, context.DeadlineExceeded}, llm.Timeout},
		{"canceled because of an error with a kind", byLimit,
			llm.Error{Kind: llm.Timeout, Message: "the idle limit ran out", Err: limit},
			[]error{llm.Timeout, context.Canceled, limit}, llm.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, ok := errors.AsType[*llm.Error](llm.FromContext(test.ctx))
			if !ok {
				t.Fatalf("%v is no *llm.Error", llm.FromContext(test.ctx))
			}
			check(t, "error", test.want, *e)
			for _, target := range test.matches {
				if !errors.Is(e, target) {
					t.Errorf("errors.Is(%v, %v) is false", e, target)
				}
			}
			if errors.Is(e, test.not) {
				t.Errorf("errors.Is(%v, %v) is true", e, test.not)
			}
			if e.Err.Error() == "" {
				t.Error("the underlying error has no text")
			}
		})
	}
}

func TestAnErrorAroundANilErrorIsAnErrorOfNoKind(t *testing.T) {
	_, err := answering(failing(fmt.Errorf("no luck: %w", (*llm.Error)(nil)))).Generate(t.Context(), llm.Prompt("hi"))
	check(t, "kind", llm.Kind(""), asError(t, err).Kind)
	if errors.Is(err, context.Canceled) || errors.Is(err, llm.Auth) {
		t.Errorf("the error matches what it is not: %v", err)
	}
}
