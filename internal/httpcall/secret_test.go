package httpcall

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

const secret = "sk-proj-abcdefghijklmnop"

// mustHide fails the test if any form in which an error can be printed contains the secret.
func mustHide(t testing.TB, e *llm.Error) {
	t.Helper()
	var unwrapped []string
	for err := error(e); err != nil; err = errors.Unwrap(err) {
		unwrapped = append(unwrapped, err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err))
	}
	for _, text := range append(unwrapped, e.Message, e.Code, e.RequestID, fmt.Sprint(e.Header)) {
		if strings.Contains(text, secret) {
			t.Errorf("the text contains the secret: %s", text)
		}
	}
}

func TestEchoedSecretsAreRemoved(t *testing.T) {
	c := client(t, inMemory(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "for-"+secret)
		w.Header().Set("X-Ratelimit-Limit-Requests", secret)
		w.Header().Set("Openai-Organization", "acme")
		says(401, "application/json", `{"error":{"message":"Incorrect API key provided: `+secret+`.","code":"key_`+secret+`"}}`)(w, r)
	}), llm.Limits{})
	req := post(anyURL, "{}")
	req.Secrets = Secrets{"", secret}
	e := refuse(t, c, req)
	equal(t, "message", e.Message, "Incorrect API key provided: [secret].")
	equal(t, "code", e.Code, "key_[secret]")
	equal(t, "request id", e.RequestID, "for-[secret]")
	equal(t, "limit header", e.Header["X-Ratelimit-Limit-Requests"], []string{"[secret]"})
	equal(t, "organization header", e.Header["Openai-Organization"], []string{"acme"})
	mustHide(t, e)
}

func TestSecretsInErrorsInsideReplyAreRemoved(t *testing.T) {
	c := client(t, inMemory(t, says(200, "text/event-stream", "")), llm.Limits{})
	req := post(anyURL, "{}")
	req.Secrets = Secrets{secret}
	r, err := c.Do(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, e := range []*llm.Error{
		r.APIError([]byte(`{"error":"the key `+secret+` is wrong"}`), llm.Server),
		r.ReplyError(llm.Protocol, "this is no chunk: "+secret),
		r.ReadError(fmt.Errorf("broken by %s: %w", secret, io.ErrUnexpectedEOF)),
	} {
		mustHide(t, e)
	}
}

func TestSecretsInTransportErrorsAreRemoved(t *testing.T) {
	cause := errors.New("proxy refused " + secret)
	c := client(t, &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("dialing: %w", cause)
	})}, llm.Limits{})
	req := post("http://server.test/"+secret+"?key="+secret, "{}")
	req.Secrets = Secrets{secret}
	e := refuse(t, c, req)
	equal(t, "kind", e.Kind, llm.Network)
	if !strings.Contains(e.Message, "server.test") || !strings.Contains(e.Message, "proxy refused [secret]") {
		t.Errorf("the message lacks the host or the reason: %s", e.Message)
	}
	if !errors.Is(e, cause) {
		t.Error("the error no longer matches its cause")
	}
	mustHide(t, e)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestErrorsDoNotContainURLs(t *testing.T) {
	for _, url := range []string{
		"http://user:" + secret + "@server.test:1/v1?key=" + secret,
		"http://server.test:1/" + secret,
		"http://[" + secret,
		"ht tp://" + secret,
		"http://server.test:1?key=" + secret,
	} {
		t.Run(strings.ReplaceAll(url, secret, "SECRET"), func(t *testing.T) {
			c := client(t, &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, errors.New("no network")
			})}, llm.Limits{})
			mustHide(t, refuse(t, c, post(url, "{}")))
		})
	}
}

func TestShortSecretsAreNotRemoved(t *testing.T) {
	equal(t, "text with the key none", Secrets{"none"}.Scrub("none of the models is loaded"), "none of the models is loaded")
	equal(t, "text with a real key", Secrets{secret, "other-secret"}.Scrub(secret+other("other-secret")), "[secret] and [secret]")
}

func other(s string) string { return " and " + s }

func TestParseBaseURL(t *testing.T) {
	for _, tt := range []struct{ base, want, problem string }{
		{"https://api.openai.com/v1", "https://api.openai.com/v1", ""},
		{"http://localhost:8080/v1/", "http://localhost:8080/v1", ""},
		{"http://localhost:8080///", "http://localhost:8080", ""},
		{"http://[::1]:8080/v1", "http://[::1]:8080/v1", ""},
		{"HTTPS://Example.com/a%20b/", "https://Example.com/a%20b", ""},
		{"localhost:8080/v1", "", "it must begin with http:// or https://, for example http://localhost:8080/v1"},
		{"127.0.0.1:9999", "", "it must begin with http:// or https://, for example http://127.0.0.1:9999"},
		{"10.20.0.7/v1", "", "it must begin with http:// or https://, for example http://10.20.0.7/v1"},
		{"llm.office.example:443", "", "it must begin with http:// or https://, for example https://llm.office.example:443"},
		{"api.openai.com/v1", "", "it must begin with http:// or https://, for example https://api.openai.com/v1"},
		{"localhost", "", "it must begin with http:// or https://"},
		{"", "", "it must begin with http:// or https://"},
		{"ftp://host/v1", "", "it must begin with http:// or https://"},
		{"http://", "", "it has no host"},
		{"http://:8080", "", "it has no host"},
		{"http:///v1", "", "it has no host"},
		{"http:v1", "", "it has no host"},
		{"http://host:port/", "", "invalid port"},
		{"http://ho st/", "", "invalid character"},
		{"http://host/%zz", "", "invalid URL escape"},
		{"http://host/v1?key=" + secret, "", "remove the query and the fragment"},
		{"http://host/v1?", "", "remove the query and the fragment"},
		{"http://host/v1#" + secret, "", "remove the query and the fragment"},
		{"http://user:" + secret + "@host/v1", "", "put credentials in the API key, not in the URL"},
		{"ftp://user:" + secret + "@host/v1?key=" + secret, "", "it must begin with http:// or https://"},
		{"http://user:" + secret + " x@host/v1", "", "it cannot be parsed"},
		{"http://user:" + secret + "@host:port/v1", "", "it cannot be parsed"},
		{"http:///v1?key=" + secret, "", "it has no host"},
		{secret, "", "it must begin with http:// or https://"},
		{"http://host/%zz?key=" + secret, "", "invalid URL escape"},
		{"http://user:" + secret[:9] + "/" + secret[9:] + "@host/v1", "", "it cannot be parsed"},
	} {
		t.Run(strings.ReplaceAll(tt.base, secret, "SECRET"), func(t *testing.T) {
			got, err := ParseBaseURL("test", tt.base)
			if tt.problem == "" {
				equal(t, "base URL", got, tt.want)
				equal(t, "error", err, error(nil))
				return
			}
			e := asLLM(t, err)
			equal(t, "kind and provider", []any{e.Kind, e.Provider}, []any{llm.InvalidRequest, "test"})
			if !strings.Contains(e.Message, tt.problem) {
				t.Errorf("the message does not say %q: %s", tt.problem, e.Message)
			}
			mustHide(t, e)
			if shown := tt.base != secret && tt.base != "localhost"; shown != strings.Contains(e.Message, strings.Split(tt.base, "//")[0]) {
				t.Errorf("the message does not show the URL, or shows what may be a key: %s", e.Message)
			}
		})
	}
}

func TestHoldsCredential(t *testing.T) {
	header := http.Header{
		"X-Team": {"blue"}, "Content-Type": {"text/plain"}, "X-Ratelimit-Remaining-Tokens": {"7"}, "X-Ratelimit-Token-Limit": {"8"},
	}
	for _, name := range []string{
		"Authorization", "Cookie", "api-key", "X-Gateway-Token", "X-Client-Secret", "X-Proxy-Password", "X-Auth-Tokens",
		"Cf-Access-Jwt-Assertion", "X-Amz-Signature", "X-Amz-Credential",
	} {
		header[name] = []string{"value of " + name}
	}
	for name, shown := range ShownHeader(header) {
		want := header[name]
		if strings.HasPrefix(want[0], "value of ") {
			want = []string{"[secret]"}
		}
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("ShownHeader: wrong value of %s (-want +got):\n%s", name, diff)
		}
		if got := HeaderSecrets(header).Scrub(header[name][0]); got != want[0] {
			t.Errorf("the value of %s in an error is %q, want %q", name, got, want[0])
		}
	}
	if len(ShownHeader(header)) != len(header) {
		t.Errorf("of %d headers, %d are shown", len(header), len(ShownHeader(header)))
	}
}
