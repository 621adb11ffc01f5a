package openai_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func mustHide(t testing.TB, what string, v any) {
	t.Helper()
	providertest.MustHide(t, testKey, what, v)
}

func TestKeyShowsInNothingThatIsPrinted(t *testing.T) {
	for name, config := range map[string]openai.Config{
		"OpenAI": {APIKey: testKey},
		"Azure":  {Server: openai.Azure, BaseURL: "https://acme.openai.azure.com", AzureAPIVersion: "2024-10-21", APIKey: testKey},
	} {
		t.Run(name, func(t *testing.T) {
			config.Header = http.Header{"X-Gateway-Key": {testKey}, "Authorization": {"Bearer " + testKey}, "X-Team": {"blue"}}
			config.HTTPClient = providertest.HidingClient(t, testKey, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Request-Id", testKey)
				streams(events(text("x"), finish("stop"), usage))(w, r)
			})
			mustHide(t, "the config", config)
			if shown := fmt.Sprintf("%+v", config); !strings.Contains(shown, "blue") {
				t.Errorf("the config does not show a header that is no secret: %s", shown)
			}
			mustHide(t, "the config by pointer", &config)
			m := llm.New(provider(t, config), "m")
			resp, err := m.Generate(t.Context(), llm.Prompt("hi")) // what a first call learns is remembered
			if err != nil {
				t.Fatal(err)
			}
			mustHide(t, "the response, to whose id the server made the key", resp)
			mustHide(t, "the provider", m.Provider())
			mustHide(t, "the model", m)
			mustHide(t, "a stream", m.Stream(t.Context(), llm.Prompt("hi")))
		})
	}
	mustHide(t, "a config whose key is in the address", openai.Config{BaseURL: "https://me:" + testKey + "@gateway.example/?key=" + testKey})
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
