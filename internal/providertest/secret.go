package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// MustHide looks for a secret in everything that a value can come out as: with
// each verb, as JSON and in a log.
func MustHide(t testing.TB, secret, what string, v any) {
	t.Helper()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("value", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("value", "v", v)
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, v))
	}
	if data, err := json.Marshal(v); err == nil {
		texts = append(texts, string(data))
	}
	for _, text := range texts {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret)} {
			if strings.Contains(text, form) {
				t.Errorf("the key shows in %s: %.500s", what, text)
			}
		}
	}
}

// MustHideInError looks for a secret in the error of a call, which must have
// failed, and in all that it wraps.
func MustHideInError(t testing.TB, secret, call string, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("%s succeeds", call)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		MustHide(t, secret, call+"'s error", err)
	}
}

// MustHideInAnswer looks for a secret in a model that answers the request, and in
// its answer.
func MustHideInAnswer(t testing.TB, secret string, m *llm.Model, req *llm.Request) {
	t.Helper()
	resp, err := m.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for what, v := range map[string]any{"the provider": m.Provider(), "the model": m, "a stream": m.Stream(t.Context(), req), "a response": resp} {
		MustHide(t, secret, what, v)
	}
}

// HidingClient is a client whose requests a handler answers, without a connection,
// and which looks for the secret in their addresses.
func HidingClient(t testing.TB, secret string, handler http.HandlerFunc) *http.Client {
	return &http.Client{Transport: Handled(func(w http.ResponseWriter, r *http.Request) {
		MustHide(t, secret, "an address", r.URL.String())
		handler(w, r)
	})}
}
