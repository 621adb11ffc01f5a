package openai_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/openai"
)

// printed returns everything that a value can come out as.
func printed(t testing.TB, v any) []string {
	t.Helper()
	var texts []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, v))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("value", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("value", "v", v)
	texts = append(texts, log.String())
	if data, err := json.Marshal(v); err == nil {
		texts = append(texts, string(data))
	}
	return texts
}

func mustHide(t testing.TB, what string, v any) {
	t.Helper()
	for _, text := range printed(t, v) {
		for _, secret := range []string{testKey, fmt.Sprintf("%x", testKey)} {
			if strings.Contains(text, secret) {
				t.Errorf("the key shows in %s: %.500s", what, text)
			}
		}
	}
}

func TestKeyShowsInNothingThatIsPrinted(t *testing.T) {
	for name, config := range map[string]openai.Config{
		"OpenAI": {APIKey: testKey},
		"Azure":  {Server: openai.Azure, BaseURL: "https://acme.openai.azure.com", AzureAPIVersion: "2024-10-21", APIKey: testKey},
	} {
		t.Run(name, func(t *testing.T) {
			mustHide(t, "the config", config)
			mustHide(t, "the config by pointer", &config)
			m := model(t, config, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.String(), testKey) {
					t.Errorf("the key is in the URL %s", r.URL)
				}
				streams(events(text("x"), finish("stop"), usage))(w, r)
			})
			answer(t, m, llm.Ask("hi")) // what a first call learns is remembered
			mustHide(t, "the provider", m.Provider())
			mustHide(t, "the model", m)
			mustHide(t, "a stream", m.Stream(t.Context(), llm.Ask("hi")))
		})
	}
	mustHide(t, "the config of package providers", providers.Config{APIKey: testKey})
}

func TestKeyShowsInNoError(t *testing.T) {
	echo := `{"error":{"message":"Incorrect API key provided: ` + testKey + `.","code":"bad_` + testKey + `"}}`
	broken := errors.New("the proxy does not like " + testKey)
	for name, transport := range map[string]http.RoundTripper{
		"a refusal":  handled(says(401, "application/json", echo)),
		"a web page": handled(says(200, "text/html", "<title>"+testKey+"</title>")),
		"a header": handled(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", testKey)
			w.WriteHeader(500)
		}),
		"an error frame":    handled(streams("data: " + echo + "\n\n")),
		"a bare error":      handled(streams(echo + "\n")),
		"a broken frame":    handled(streams("data: " + testKey + "\n\n")),
		"a wrong type":      handled(says(200, "text/"+testKey, "x")),
		"a JSON error":      handled(says(200, "application/json", echo)),
		"JSON of no answer": handled(says(200, "application/json", `{"`+testKey+`"`)),
		"the transport":     providertest.RoundTrip(func(*http.Request) (*http.Response, error) { return nil, broken }),
	} {
		t.Run(name, func(t *testing.T) {
			m := llm.New(provider(t, openai.Config{HTTPClient: &http.Client{Transport: transport}}), "m")
			for op, call := range map[string]func() error{
				"chat":  func() error { _, err := ask(t, m); return err },
				"embed": func() error { _, err := m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"x"}}); return err },
				"list":  func() error { _, err := m.ListModels(t.Context()); return err },
			} {
				for err := call(); err != nil; err = errors.Unwrap(err) {
					mustHide(t, op+"'s error", err)
					if !strings.Contains(fmt.Sprintf("%+v", err), "secret") && name == "the transport" {
						t.Errorf("the error does not say that something was left out: %+v", err)
					}
				}
			}
		})
	}
}

func TestCredentialsAmongTheUsersHeadersAreScrubbed(t *testing.T) {
	const own = "gateway-secret-123"
	m := model(t, openai.Config{Header: http.Header{"x-gateway-token": {own}, "X-Plain": {"visible-value"}}},
		says(403, "application/json", `{"error":"`+own+` and visible-value"}`))
	_, err := ask(t, m)
	e := wantError(t, err, llm.Permission)
	equal(t, "message", e.Message, "[secret] and visible-value")
}
