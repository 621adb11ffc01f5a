package config_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// echo is a provider that answers with the settings that it was opened with.
type echo struct {
	config providers.Config
	closed int
	err    error
}

func (e *echo) Name() string { return "echo" }

func (e *echo) Do(_ context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		lastCall = call
		_ = yield(llm.Event{Type: llm.EventText, Text: call.Model + " at " + e.config.BaseURL}, nil) &&
			yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{FinishReason: llm.FinishStop}}, nil)
	}
}

func (e *echo) Close() error {
	e.closed++
	return e.err
}

// plain is a provider that holds nothing.
type plain struct{}

func (plain) Name() string                             { return "plain" }
func (plain) Do(context.Context, *llm.Call) llm.Events { return nil }

var (
	opened    *echo // by the last New of echo
	openedAt  = map[string]providers.Config{}
	opens     int
	lastCall  *llm.Call // that echo was asked
	errOpened = &llm.Error{Kind: llm.Auth, Provider: "locked", Message: "there is no API key"}
)

func TestMain(m *testing.M) {
	driver := func(open func(providers.Config) (llm.Provider, error)) providers.Driver {
		return providers.Driver{New: open}
	}
	e := driver(func(c providers.Config) (llm.Provider, error) {
		opened = &echo{config: c}
		openedAt[c.BaseURL] = c
		opens++
		return opened, nil
	})
	e.Options = echoOptions{}
	providers.Register("echo", e)
	providers.Register("plain", driver(func(providers.Config) (llm.Provider, error) { return plain{}, nil }))
	providers.Register("gone", driver(func(providers.Config) (llm.Provider, error) { return gone, nil }))
	providers.Register("direct", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return plain{}, nil }, ConfigCredentials: true})
	providers.Register("locked", driver(func(providers.Config) (llm.Provider, error) { return nil, errOpened }))
	registerForFiles()
	registerForChains()
	goleak.VerifyTestMain(m)
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
