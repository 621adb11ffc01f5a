package ollama_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// unreachable returns a provider whose calls fail the test if they are sent.
func unreachable(t *testing.T) *ollama.Provider {
	return provider(t, ollama.Config{HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("a request was sent to %s", r.URL)
		return nil, http.ErrServerClosed
	})}})
}

func TestHostVariableIsReadAsOllamaReadsIt(t *testing.T) {
	for value, want := range map[string]string{
		"":                           "http://127.0.0.1:11434",
		"1.2.3.4":                    "http://1.2.3.4:11434",
		":1234":                      "http://127.0.0.1:1234",
		"1.2.3.4:1234":               "http://1.2.3.4:1234",
		"example.com":                "http://example.com:11434",
		"example.com:1234":           "http://example.com:1234",
		"localhost":                  "http://localhost:11434",
		"[::1]":                      "http://[::1]:11434",
		"::1":                        "http://[::1]:11434",
		"[::1]:1337":                 "http://[::1]:1337",
		"0.0.0.0":                    "http://127.0.0.1:11434",
		"0.0.0.0:1234":               "http://127.0.0.1:1234",
		"[::]":                       "http://[::1]:11434",
		"::":                         "http://[::1]:11434",
		"[::]:1234":                  "http://[::1]:1234",
		"https://0.0.0.0:4321":       "https://127.0.0.1:4321",
		" 1.2.3.4 ":                  "http://1.2.3.4:11434",
		`"1.2.3.4"`:                  "http://1.2.3.4:11434",
		` " 1.2.3.4 " `:              "http://1.2.3.4:11434",
		"'1.2.3.4'":                  "http://1.2.3.4:11434",
		"http://1.2.3.4":             "http://1.2.3.4", // by its scheme, port 80
		"http://1.2.3.4:4321":        "http://1.2.3.4:4321",
		"https://1.2.3.4":            "https://1.2.3.4",
		"https://example.com/ollama": "https://example.com/ollama",
		"https://example.com/a/b/":   "https://example.com/a/b",
		"example.com:1/ollama":       "http://example.com:1/ollama",
		"ollama.com":                 "https://ollama.com",
		"https://ollama.com":         "https://ollama.com",
	} {
		t.Run(value, func(t *testing.T) {
			equal(t, "the base URL", opened(t, map[string]string{"OLLAMA_HOST": value}, providers.Config{}).Base, want)
		})
	}
}

func TestHostVariableThatIsNoHostIsRefused(t *testing.T) {
	for _, value := range []string{":66000", "localhost:-1", "localhost:http", "ftp://localhost", "http://user:pass@localhost", "a b", "http://localhost?x=1"} {
		t.Run(value, func(t *testing.T) {
			_, err := providers.Config{Getenv: environment{"OLLAMA_HOST": value}.get}.Open("ollama/m")
			wantError(t, err, llm.InvalidRequest)
			if strings.Contains(err.Error(), "pass") {
				t.Errorf("the error has the password: %v", err)
			}
		})
	}
}

type environment map[string]string

func (e environment) get(name string) string { return e[name] }

type request struct {
	Base          string
	Authorization string
}

// opened opens a model as programs do, and returns how it sends.
func opened(t *testing.T, env environment, config providers.Config) (sent request) {
	t.Helper()
	config.Getenv = env.get
	config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = request{strings.TrimSuffix(r.URL.String(), "/api/chat"), r.Header.Get("Authorization")}
		return respond(http.StatusOK, "application/x-ndjson", strings.NewReader(done+"\n")), nil
	})}
	model, err := config.Open("ollama/m")
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	if model.String() != "ollama/m" {
		t.Errorf("the model calls itself %q, want ollama/m", model)
	}
	if _, err := model.Generate(t.Context(), llm.Prompt("hi")); err != nil {
		t.Fatal(err)
	}
	return sent
}

func TestKeyFromTheEnvironmentIsSentByHTTPSAlone(t *testing.T) {
	env := environment{"OLLAMA_API_KEY": "from-the-environment"}
	equal(t, "to this machine", opened(t, env, providers.Config{}), request{"http://127.0.0.1:11434", ""})
	env["OLLAMA_HOST"] = "ollama.com"
	equal(t, "to ollama.com", opened(t, env, providers.Config{}), request{"https://ollama.com", "Bearer from-the-environment"})
	equal(t, "a key that the program gives", opened(t, env, providers.Config{BaseURL: "http://gateway", APIKey: "given"}),
		request{"http://gateway", "Bearer given"})
	source := func(context.Context) (string, error) { return "fresh", nil }
	equal(t, "a token source", opened(t, env, providers.Config{TokenSource: source}), request{"https://ollama.com", "Bearer fresh"})
}

func TestConfiguredHeadersAreSent(t *testing.T) {
	_, _, header := sent(t, ollama.Config{Header: http.Header{"x-team": {"a", "b"}, "Content-Type": {"text/plain"}}},
		func(ctx context.Context, p *ollama.Provider) error {
			_, err := llm.New(p, "m").Generate(ctx, llm.Prompt("hi"))
			return err
		})
	equal(t, "the headers", header, http.Header{"X-Team": {"a", "b"}, "Content-Type": {"application/json"}})
}

func TestSecretsThatAServerEchoesAreHidden(t *testing.T) {
	const key, cookie = "sk-very-secret-key", "session=very-secret-cookie"
	echo := func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusUnauthorized, "application/json", `{"error":"unauthorized: `+r.Header.Get("Authorization")+` `+r.Header.Get("Cookie")+`"}`)(w, r)
	}
	for name, config := range map[string]ollama.Config{
		"a key":          {APIKey: key, Header: http.Header{"Cookie": {cookie}}},
		"a token source": {TokenSource: func(context.Context) (string, error) { return key, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			config.HTTPClient = &http.Client{Transport: handled(echo)}
			_, err := ask(t, provider(t, config), llm.Prompt("hi"))
			wantError(t, err, llm.Auth, "[secret]")
			if strings.Contains(err.Error(), "very-secret") {
				t.Errorf("the error has the secret: %v", err)
			}
		})
	}
}

func TestTokenSourceThatFailsIsAnAuthError(t *testing.T) {
	config := ollama.Config{TokenSource: func(context.Context) (string, error) { return "", http.ErrNoCookie }}
	_, err := ask(t, provider(t, config), llm.Prompt("hi"))
	wantError(t, err, llm.Auth, "the token source failed")
}

func TestBadConfigurationIsRefused(t *testing.T) {
	for _, base := range []string{"localhost:11434", "ftp://localhost", "http://", "http://user:password@localhost", "://", "http://localhost?key=1"} {
		if _, err := ollama.New(ollama.Config{BaseURL: base}); llm.KindOf(err) != llm.InvalidRequest {
			t.Errorf("the base URL %q gives the error %v, want one of kind %q", base, err, llm.InvalidRequest)
		}
	}
}

func TestNameIsConfigurable(t *testing.T) {
	p := provider(t, ollama.Config{Name: "gpu-box", HTTPClient: &http.Client{Transport: handled(says(500, "application/json", `{"error":"x"}`))}})
	equal(t, "the provider's name", p.Name(), "gpu-box")
	_, err := ask(t, p, llm.Prompt("hi"))
	wantError(t, err, llm.Server, "gpu-box/m: server error (500): x")
}

func TestServerThatIsNotRunning(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := (&url.URL{Scheme: "http", Host: listener.Addr().String()}).String()
	listener.Close()
	p := provider(t, ollama.Config{BaseURL: base})

	_, err = ask(t, p, llm.Prompt("hi"))
	wantError(t, err, llm.Network, listener.Addr().String(), "connection refused", "ollama serve")
	_, err = p.Version(t.Context())
	wantError(t, err, llm.Network, "ollama serve")
	for _, err := range p.Pull(t.Context(), "m") {
		wantError(t, err, llm.Network, "ollama serve")
	}
}
