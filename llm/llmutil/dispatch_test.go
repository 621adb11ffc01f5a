package llmutil_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// lister is a provider that only lists models, and always fails.
type lister struct{}

var errEmpty = errors.New("the list is empty")

func (lister) Name() string { return "lister" }

func (lister) ListModels(context.Context, *llm.Call, func(llm.Event, error) bool) error {
	return errEmpty
}

// able is a provider that answers every operation with no events.
type able struct{ lister }

func (able) Chat(context.Context, *llm.Call, func(llm.Event, error) bool) error        { return nil }
func (able) Embed(context.Context, *llm.Call, func(llm.Event, error) bool) error       { return nil }
func (able) CountTokens(context.Context, *llm.Call, func(llm.Event, error) bool) error { return nil }
func (able) ListModels(context.Context, *llm.Call, func(llm.Event, error) bool) error  { return nil }

// recorder records which method answers.
type recorder struct{ called string }

func (*recorder) Name() string { return "recorder" }

func (r *recorder) Chat(_ context.Context, _ *llm.Call, yield func(llm.Event, error) bool) error {
	r.called += "chat "
	return yieldDone(yield)
}

func (r *recorder) Embed(_ context.Context, _ *llm.Call, yield func(llm.Event, error) bool) error {
	r.called += "embed "
	return yieldDone(yield)
}

func (r *recorder) CountTokens(_ context.Context, _ *llm.Call, yield func(llm.Event, error) bool) error {
	r.called += "count_tokens "
	return yieldDone(yield)
}

func (r *recorder) ListModels(_ context.Context, _ *llm.Call, yield func(llm.Event, error) bool) error {
	r.called += "list_models "
	return yieldDone(yield)
}

func yieldDone(yield func(llm.Event, error) bool) error {
	yield(done(), nil)
	return nil
}

func TestDispatchCallsTheMethodForTheOperation(t *testing.T) {
	embed := &llm.EmbedRequest{Inputs: []string{"x"}}
	for _, op := range []llm.Op{llm.OpChat, llm.OpEmbed, llm.OpCountTokens, llm.OpListModels} {
		var r recorder
		call := &llm.Call{Op: op, Model: "m", Request: llm.Prompt("x"), Embed: embed}
		events, err := read(llmutil.Dispatch(t.Context(), call, &r))
		if err != nil {
			t.Errorf("%s fails: %v", op, err)
		}
		check(t, "events of "+string(op), []llm.Event{done()}, events)
		check(t, "method called", strings.ReplaceAll(string(op), " ", "_")+" ", r.called)
	}
}

func TestDispatchAnswersWhatTheProviderSupportsAndRefusesTheRest(t *testing.T) {
	ask := func(op llm.Op) (errs []error) {
		for ev, err := range llmutil.Dispatch(t.Context(), &llm.Call{Op: op, Model: "m"}, lister{}) {
			check(t, "the event of an error", llm.Event{}, ev)
			errs = append(errs, err)
		}
		return errs
	}
	if errs := ask(llm.OpListModels); len(errs) != 1 || errs[0] != errEmpty {
		t.Errorf("the operation fails with %v, and the provider with %v", errEmpty, errs)
	}
	for op, want := range map[llm.Op]string{
		llm.OpEmbed:       "this provider cannot embed",
		llm.OpCountTokens: "this provider cannot count tokens",
		"sing":            "this provider cannot sing",
	} {
		errs := ask(op)
		if len(errs) != 1 {
			t.Fatalf("an operation that is not supported gives the errors %v, want one", errs)
		}
		e := wantError(t, errs[0], llm.Unsupported, want)
		check(t, "names in the error", []string{"lister", "m", string(op)}, []string{e.Provider, e.Model, string(e.Op)})
	}
}

func TestDispatchRefusesCallsWithoutContent(t *testing.T) {
	for name, test := range map[string]struct {
		ctx  context.Context
		call *llm.Call
		want string
	}{
		"a chat without request":       {t.Context(), &llm.Call{Op: llm.OpChat, Model: "m"}, "the request is nil"},
		"a chat without messages":      {t.Context(), &llm.Call{Op: llm.OpChat, Model: "m", Request: &llm.Request{}}, "the request has no messages"},
		"a count of another's request": {t.Context(), &llm.Call{Op: llm.OpCountTokens, Model: "m", Embed: &llm.EmbedRequest{Inputs: []string{"x"}}}, "the request is nil"},
		"an embedding of a chat":       {t.Context(), &llm.Call{Op: llm.OpEmbed, Model: "m", Request: llm.Prompt("x")}, "the embed request is nil"},
		"an embedding without inputs":  {t.Context(), &llm.Call{Op: llm.OpEmbed, Model: "m", Embed: &llm.EmbedRequest{}}, "the embed request has no inputs"},
		"no call":                      {t.Context(), nil, "the call is nil"},
		"no context":                   {nil, &llm.Call{Op: llm.OpListModels}, "the context is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			var errs []error
			for _, err := range llmutil.Dispatch(test.ctx, test.call, able{}) {
				errs = append(errs, err)
			}
			if len(errs) != 1 {
				t.Fatalf("there are the errors %v, want one", errs)
			}
			e := wantError(t, errs[0], llm.InvalidRequest, test.want)
			check(t, "provider in the error", "lister", e.Provider)
		})
	}
}

// failingChat fails every chat with an error.
type failingChat struct{ err error }

func (failingChat) Name() string { return "failing" }

func (f failingChat) Chat(context.Context, *llm.Call, func(llm.Event, error) bool) error {
	return f.err
}

func TestDispatchAddsMissingNamesToErrors(t *testing.T) {
	bare := llm.Errorf(llm.Server, "oops")
	own := &llm.Error{Kind: llm.Server, Provider: "other", Model: "big", Op: "own", Message: "oops"}
	foreign := errors.New("oops")
	for _, test := range []struct{ err, want error }{
		{bare, &llm.Error{Kind: llm.Server, Provider: "failing", Model: "m", Op: llm.OpChat, Message: "oops"}},
		{own, own},
		{foreign, foreign},
	} {
		_, err := read(llmutil.Dispatch(t.Context(), &llm.Call{Op: llm.OpChat, Model: "m", Request: llm.Prompt("x")}, failingChat{test.err}))
		if e, ok := test.want.(*llm.Error); ok {
			check(t, "error", *e, *err.(*llm.Error))
		} else if err != test.want {
			t.Errorf("the error is %v, want %v", err, test.want)
		}
	}
	check(t, "provider of the original error", "", bare.Provider)
}

// wantError returns err as an *llm.Error of the kind whose message contains text.
func wantError(t *testing.T, err error, kind llm.Kind, text string) *llm.Error {
	t.Helper()
	e, ok := err.(*llm.Error)
	if !ok || e.Kind != kind || !strings.Contains(e.Message, text) {
		t.Fatalf("the error is %#v, want an *llm.Error of kind %q that says %q", err, kind, text)
	}
	return e
}

func TestWarnAfterStartAddsWarningsOnce(t *testing.T) {
	w := llm.Warning{Code: llm.WarnOther, Message: "w"}
	boom := errors.New("boom")
	for _, test := range []struct {
		name         string
		events, want []llm.Event
		err          error
	}{
		{"after start and attempts", []llm.Event{attempt("a"), start("1"), text("x"), text("y"), done()},
			[]llm.Event{attempt("a"), start("1"), warning("w"), text("x"), text("y"), done()}, nil},
		{"without a start", []llm.Event{text("x"), done()}, []llm.Event{warning("w"), text("x"), done()}, nil},
		{"not before an error", []llm.Event{start("1")}, []llm.Event{start("1")}, boom},
	} {
		events, err := read(llmutil.WarnAfterStart(failing(test.err, test.events...), w))
		check(t, test.name, test.want, events)
		check(t, test.name+": error", test.err, err)
	}
	n := 0
	for range llmutil.WarnAfterStart(script(start("1"), text("x"), done()), w) {
		if n++; n == 2 { // the warning
			break
		}
	}
	check(t, "events before the loop was left", 2, n)
}

func TestYieldResultStopsWhenTheCallerLeaves(t *testing.T) {
	count := &llm.TokenCount{Tokens: 7}
	all := []llm.Event{
		start("1"), warning("w"), {Type: llm.EventResult, Detail: count},
		{Type: llm.EventDone, Detail: &llm.Done{Usage: llm.Usage{Input: llm.Known(7)}}},
	}
	for leave := range all {
		var got []llm.Event
		llmutil.YieldResult(func(ev llm.Event, _ error) bool {
			got = append(got, ev)
			return len(got) <= leave
		}, &llm.Start{ID: "1"}, count, llm.Usage{Input: llm.Known(7)}, llm.Warning{Code: llm.WarnOther, Message: "w"})
		check(t, "events", all[:leave+1], got)
	}
}
