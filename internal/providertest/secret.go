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

// MustHide fails the test if the secret appears in a formatted value. It tries all verbs,
// JSON and log/slog.
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
				t.Errorf("%s contains the key: %.500s", what, text)
			}
		}
	}
}

// MustHideInError fails the test if the secret appears in the error of a call, or in an
// error that it wraps. It stops the test if err is nil.
func MustHideInError(t testing.TB, secret, call string, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("%s succeeds, want an error", call)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		MustHide(t, secret, "the error of "+call, err)
	}
}

// MustHideInAnswer fails the test if the secret appears in a model, or in the response of
// the model to the request.
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

// HidingClient returns a client that answers requests with a handler, without a
// connection. It fails the test if the secret appears in the URL of a request.
func HidingClient(t testing.TB, secret string, handler http.HandlerFunc) *http.Client {
	return &http.Client{Transport: Handled(func(w http.ResponseWriter, r *http.Request) {
		MustHide(t, secret, "an address", r.URL.String())
		handler(w, r)
	})}
}
