package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
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

// HidingClient is a client whose requests a handler answers, without a connection,
// and which looks for the secret in their addresses.
func HidingClient(t testing.TB, secret string, handler http.HandlerFunc) *http.Client {
	return &http.Client{Transport: Handled(func(w http.ResponseWriter, r *http.Request) {
		MustHide(t, secret, "an address", r.URL.String())
		handler(w, r)
	})}
}
