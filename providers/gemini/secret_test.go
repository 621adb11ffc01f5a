package gemini_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

func mustHide(t testing.TB, what string, v any) {
	t.Helper()
	providertest.MustHide(t, key, what, v)
}

func TestPrintedConfigHasNoKey(t *testing.T) {
	for _, server := range []gemini.Server{gemini.Gemini, gemini.Vertex} {
		t.Run(string(server), func(t *testing.T) {
			config := gemini.Config{Server: server, APIKey: key, HTTPClient: providertest.HidingClient(t, key, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Request-Id", key)
				streams(parts(text("x")), stopped)(w, r)
			})}
			config.Header = http.Header{"X-Gateway-Key": {key}, "Authorization": {"Bearer " + key}, "X-Team": {"blue"}}
			mustHide(t, "the config", config)
			if shown := fmt.Sprintf("%+v", config); !strings.Contains(shown, "blue") {
				t.Errorf("the printed config lacks a header without a secret: %s", shown)
			}
			mustHide(t, "the config by pointer", &config)
			m := llm.New(provider(t, config), model)
			providertest.MustHideInAnswer(t, key, m, llm.Prompt("hi")) // to whose id the server made the key
		})
	}
	mustHide(t, "a config whose key is in the address", gemini.Config{BaseURL: "https://me:" + key + "@gateway.example/?key=" + key})
}

func TestErrorsHaveNoKey(t *testing.T) {
	echo := `{"error":{"code":400,"message":"API key ` + key + ` not valid.","status":"BAD_` + key + `","details":[{"@type":"x/google.rpc.ErrorInfo","reason":"` + key + `"},` +
		`{"@type":"type.googleapis.com/google.rpc.DebugInfo","detail":"Invalid API key: ` + key + `"}]}}`
	for name, answer := range map[string]http.HandlerFunc{
		"a refusal":         says(400, "application/json", echo),
		"a web page":        says(200, "text/html", "<title>"+key+"</title>"),
		"a header":          func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Request-Id", key); w.WriteHeader(500) },
		"an error frame":    streams(echo),
		"a bare error":      says(200, "text/event-stream", echo+"\n"),
		"a broken frame":    streams(key),
		"a blocked prompt":  streams(`{"promptFeedback":{"blockReason":"` + key + `","blockReasonMessage":"` + key + `"}}`),
		"a wrong type":      says(200, "text/"+key, "x"),
		"a JSON error":      says(200, "application/json", echo),
		"JSON of no answer": says(200, "application/json", `{"`+key+`"`),
		"the transport":     nil,
	} {
		t.Run(name, func(t *testing.T) {
			transport := handled(answer)
			if answer == nil {
				transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("the proxy does not like " + key) })
			}
			p := provider(t, gemini.Config{APIKey: key, HTTPClient: &http.Client{Transport: transport}})
			m := llm.New(p, model)
			for op, call := range map[string]func() error{
				"chat":  func() error { _, err := m.Generate(t.Context(), llm.Prompt("hi")); return err },
				"embed": func() error { _, err := m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"x"}}); return err },
				"list":  func() error { _, err := m.ListModels(t.Context()); return err },
				"count": func() error {
					_, err := m.CountTokens(t.Context(), with(own(gemini.Options{CountBy: gemini.CountRemote})))
					return err
				},
			} {
				providertest.MustHideInError(t, key, op, call())
			}
		})
	}
}
