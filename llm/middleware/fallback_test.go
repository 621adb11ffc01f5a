package middleware_test

import (
	"testing"
	"testing/synctest"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

func TestFallbackChoosesByKind(t *testing.T) {
	for _, tt := range []struct {
		kind llm.Kind
		asks string // empty if no other model is asked
	}{
		{llm.ContextLength, "larger"},
		{llm.ContentFilter, "other"},
		{llm.Overloaded, "other"},
		{llm.Retired, "other"},
		{llm.RateLimited, "other"},
		{llm.Quota, "other"},
		{llm.NotFound, "other"},
		{llm.InvalidRequest, ""},
		{llm.Auth, ""},
		{llm.Unsupported, ""},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			larger := llmtest.Always(llmtest.Text("Hello")).Model(llm.WithName("larger"))
			other := llmtest.Always(llmtest.Text("Hello")).Named("second").Model(llm.WithName("other"))
			h := ask(t, llmtest.Always(failure(tt.kind)).Model(use(t, &middleware.Fallback{To: []middleware.FallbackTarget{
				{Model: larger, On: []llm.Kind{llm.ContextLength}},
				{Model: other},
			}})))
			if tt.asks == "" {
				h.want(t, "", tt.kind)
				return
			}
			h.want(t, "attempt start warning text done", "")
			equal(t, "the model that answered", h.resp.Model, tt.asks)
			equal(t, "the models of the attempts", []string{h.resp.Attempts[0].Model, h.resp.Attempts[1].Model},
				[]string{"scripted", tt.asks})
		})
	}
}

func TestFallbackSaysWhoAnswered(t *testing.T) {
	other := llmtest.Always(llmtest.Text("Hello")).Named("second").Model(llm.WithName("other"))
	h := ask(t, llmtest.Always(failure(llm.Overloaded)).Model(use(t, &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}})))
	equal(t, "the warnings", h.resp.Warnings, []llm.Warning{{
		Code: llm.WarnAnsweredBy, Message: "second/other answered instead of llmtest/scripted (overloaded)",
	}})
	equal(t, "the provider", h.resp.Provider, "second")
}

func TestFallbackEndsWithTheLastModelsError(t *testing.T) {
	second := llmtest.Always(failure(llm.Server)).Named("second")
	third := llmtest.Always(failure(llm.Auth)).Named("third")
	h := ask(t, llmtest.Always(failure(llm.Overloaded)).Model(use(t, &middleware.Fallback{
		To: []middleware.FallbackTarget{{Model: second.Model()}, {Model: third.Model()}},
	})))
	h.want(t, "attempt attempt", llm.Auth)
	equal(t, "the provider of the first attempts", []string{h.resp.Attempts[0].Provider, h.resp.Attempts[1].Provider},
		[]string{"llmtest", "second"})
}

func TestFallbackNeverAfterContent(t *testing.T) {
	other := llmtest.Always(llmtest.Text("Hello"))
	h := ask(t, llmtest.Always(llmtest.Text("Hel", "lo").CutAfter(1, nil)).Model(use(t, &middleware.Fallback{
		To: []middleware.FallbackTarget{{Model: other.Model()}},
	})))
	h.want(t, "start text", llm.Incomplete)
	equal(t, "calls of the other model", len(other.Calls()), 0)
}

func TestFallbackTakesAWithheldAnswerForAFailure(t *testing.T) {
	withheld := llmtest.Text().Finish(llm.FinishContentFilter).Usage(9, 0)
	cut := llmtest.Text("Well, ").Finish(llm.FinishContentFilter)
	for _, tt := range []struct {
		name          string
		first, second llmtest.Reply
		events        string
	}{
		{"all of it", withheld, llmtest.Text("Hello"), "attempt start warning text done"},
		{"the rest of it", cut, llmtest.Text("Hello"), "start text done"},
		{"by the last model as well", withheld, withheld, "attempt start warning done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				model := llmtest.Always(tt.first).Model(use(t, &middleware.Fallback{
					To: []middleware.FallbackTarget{{Model: llmtest.Always(tt.second).Model()}},
				}))
				ask(t, model).want(t, tt.events, "")
			})
		})
	}
}

// Attempts name the model, even if the provider is the same.
func TestFallbackNamesWhoAnsweredOrFailed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reply llmtest.Reply
		err   error
	}{
		{"answered", llmtest.Text("Hello"), nil},
		{"failed", failure(llm.Server), llm.Server},
	} {
		t.Run(tt.name, func(t *testing.T) {
			larger := llmtest.New(tt.reply).Model(llm.WithName("larger"))
			model := llmtest.New(failure(llm.ContextLength)).Model(llm.WithName("small"),
				use(t, &middleware.Fallback{To: []middleware.FallbackTarget{{Model: larger}}}))
			equal(t, "the attempts", ask(t, model).resp.Attempts, []llm.Attempt{
				{Provider: "llmtest", Model: "small", Err: llm.ContextLength},
				{Provider: "llmtest", Model: "larger", Err: tt.err},
			})
		})
	}
}
