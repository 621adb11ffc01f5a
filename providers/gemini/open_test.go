package gemini_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/gemini"
)

// environment replaces the environment of the process.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

func TestOpenReadsTheEnvironment(t *testing.T) {
	const express = "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/m:streamGenerateContent?alt=sse"
	for name, tt := range map[string]struct {
		model  string
		env    environment
		config providers.Config
		url    string // of a chat
		header string // with the credential
		kind   llm.Kind
	}{
		"Gemini's key": {model: "gemini/m", env: environment{"GEMINI_API_KEY": "k1234567"}, url: "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse", header: "k1234567"},
		"Google's key comes first, as with genai": {model: "gemini/m", env: environment{"GEMINI_API_KEY": "k1", "GOOGLE_API_KEY": "k2"},
			url: "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse", header: "k2"},
		"a base URL": {model: "gemini/tunedModels/m", env: environment{"GEMINI_API_KEY": "k1", "GOOGLE_GEMINI_BASE_URL": "http://gw:1/x"}, url: "http://gw:1/x/v1beta/tunedModels/m:streamGenerateContent?alt=sse", header: "k1"},
		"settings come before the environment": {model: "gemini/m", env: environment{"GEMINI_API_KEY": "k1", "GOOGLE_GEMINI_BASE_URL": "http://gw"},
			config: providers.Config{APIKey: "own", BaseURL: "http://own"}, url: "http://own/v1beta/models/m:streamGenerateContent?alt=sse", header: "own"},
		"no key": {model: "gemini/m", kind: llm.Auth},
		"Vertex AI's project": {model: "vertex/m", env: environment{"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_REGION": "us-east5", "GOOGLE_API_KEY": "k1"},
			config: providers.Config{TokenSource: aToken},
			url:    "https://us-east5-aiplatform.googleapis.com/v1beta1/projects/p/locations/us-east5/publishers/google/models/m:streamGenerateContent?alt=sse", header: "Bearer ya29.token-0123456789"},
		"Vertex AI's express key":   {model: "vertex/m", env: environment{"GOOGLE_API_KEY": "k1"}, url: express, header: "k1"},
		"an express key of my own":  {model: "vertex/m", env: environment{"GOOGLE_CLOUD_PROJECT": "p"}, config: providers.Config{APIKey: "own"}, url: express, header: "own"},
		"Vertex AI without project": {model: "vertex/m", kind: llm.InvalidRequest},
		"a wrong base URL":          {model: "gemini/m", env: environment{"GEMINI_API_KEY": "k1", "GOOGLE_GEMINI_BASE_URL": "gw"}, kind: llm.InvalidRequest},
		"a wrong location":          {model: "vertex/m", env: environment{"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "evil.test/"}, kind: llm.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT"} {
				t.Setenv(variable, "of-the-process") // which must not be read
			}
			var got request
			tt.config.Getenv = tt.env.get
			tt.config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				got = request{URL: r.URL.String(), Header: r.Header}
				return nil, errors.New("only looking")
			})}
			m, err := tt.config.Open(tt.model)
			equal(t, "the kind of the error", llm.KindOf(err), tt.kind)
			if err != nil {
				return
			}
			defer m.Close()
			if _, err := m.Generate(t.Context(), llm.Prompt("hi")); llm.KindOf(err) != llm.Network {
				t.Fatalf("the call failed: %v", err)
			}
			equal(t, "the address", got.URL, tt.url)
			equal(t, "the credential", got.Header.Get("X-Goog-Api-Key")+got.Header.Get("Authorization"), tt.header)
		})
	}
}

func TestNewErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		config gemini.Config
		kind   llm.Kind
		says   string
	}{
		"no key":                 {gemini.Config{}, llm.Auth, "GEMINI_API_KEY"},
		"an unknown kind":        {gemini.Config{Server: "bard", APIKey: key}, llm.InvalidRequest, "bard"},
		"a project that is none": {gemini.Config{Server: gemini.Vertex, Project: "../x"}, llm.InvalidRequest, "is invalid: use only its name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := gemini.New(tt.config)
			wantError(t, err, tt.kind, tt.says)
		})
	}
	// Behind a gateway that has the credential, no key is needed.
	provider(t, gemini.Config{BaseURL: "http://gateway.test"})
}

func TestUserHeadersDoNotReplaceOwnHeaders(t *testing.T) {
	got := sent(t, gemini.Config{Header: http.Header{"x-team": {"a", "b"}, "Content-Type": {"text/plain"}}}, chats(model, llm.Prompt("hi")))
	equal(t, "the headers", []any{got.Header["X-Team"], got.Header["Content-Type"], got.Header["X-Goog-Api-Key"]}, []any{[]string{"a", "b"}, []string{"application/json"}, []string{key}})
}

// serviceAccount writes the file of a service account with a token endpoint on loopback.
func serviceAccount(t *testing.T, tokenURL string) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	content := mustJSON(t, map[string]string{
		"type": "service_account", "project_id": "p", "client_email": "robot@p.iam.gserviceaccount.com", "private_key_id": "1", "token_uri": tokenURL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDefaultCredentials(t *testing.T) {
	asked := 0
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		says(200, "application/json", `{"access_token":"ya29.from-the-account","token_type":"Bearer","expires_in":3600}`)(w, r)
	}))
	t.Cleanup(tokens.Close)
	var headers []http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header)
		streams(stopped)(w, r)
	}))
	t.Cleanup(server.Close)
	env := environment{"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_VERTEX_BASE_URL": server.URL, "GOOGLE_APPLICATION_CREDENTIALS": serviceAccount(t, tokens.URL)}
	m, err := providers.Config{Getenv: env.get}.Open("vertex/m")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	equal(t, "tokens asked for before a call", asked, 0)
	for range 3 {
		if _, err := m.Generate(t.Context(), llm.Prompt("hi")); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "tokens asked for by three calls", asked, 1)
	equal(t, "the credential sent", headers[2].Get("Authorization"), "Bearer ya29.from-the-account")
}

// TestDefaultCredentialsLogNothing checks that no token is logged. By default, Google's package
// logs tokens if an environment variable is set.
func TestDefaultCredentialsLogNothing(t *testing.T) {
	const token = "ya29.not-to-be-logged"
	tokens := httptest.NewServer(says(200, "application/json", `{"access_token":"`+token+`","token_type":"Bearer","expires_in":3600}`))
	t.Cleanup(tokens.Close)
	t.Setenv("GOOGLE_SDK_GO_LOGGING_LEVEL", "debug")
	log, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	stderr := os.Stderr
	os.Stderr = log
	defer func() { os.Stderr = stderr }()

	server := httptest.NewServer(streams(stopped))
	t.Cleanup(server.Close)
	p := provider(t, gemini.Config{Server: gemini.Vertex, Project: "p", BaseURL: server.URL, CredentialsFile: serviceAccount(t, tokens.URL)})
	mustAsk(t, p, llm.Prompt("hi"))
	written, err := os.ReadFile(log.Name())
	if err != nil || len(written) > 0 {
		t.Errorf("a call wrote to standard error; contains the token: %v, %q (%v)", strings.Contains(string(written), token), written, err)
	}
}

func TestQuotaProjectOfUserCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "person.json")
	content := `{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r","quota_project_id":"payer"}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var header http.Header
	client := &http.Client{Transport: handled(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host == "oauth2.googleapis.com" {
			says(200, "application/json", `{"access_token":"ya29.person","token_type":"Bearer","expires_in":3600}`)(w, r)
		} else {
			header = r.Header
			streams(stopped)(w, r)
		}
	})}
	p := provider(t, gemini.Config{Server: gemini.Vertex, Project: "p", CredentialsFile: file, HTTPClient: client})
	mustAsk(t, p, llm.Prompt("hi"))
	equal(t, "who pays, and the credential", []string{header.Get("X-Goog-User-Project"), header.Get("Authorization")}, []string{"payer", "Bearer ya29.person"})
}

func TestMissingCredentials(t *testing.T) {
	p := provider(t, gemini.Config{Server: gemini.Vertex, Project: "p", CredentialsFile: filepath.Join(t.TempDir(), "none.json")})
	_, err := ask(t, p, llm.Prompt("hi"))
	wantError(t, err, llm.Auth, "no such file")
}

// Google's package asks the metadata server with a separate client that the egress list does not restrict.
func TestEgressListDisablesMetadataServer(t *testing.T) {
	asked := 0
	metadata := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(metadata.Close)
	t.Setenv("GCE_METADATA_HOST", metadata.Listener.Addr().String())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("APPDATA", t.TempDir())
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	list, err := egress.Allow("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	m, err := providers.Config{Egress: list, Getenv: environment{"GOOGLE_CLOUD_PROJECT": "p"}.get}.Open("vertex/m")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	_, err = m.Generate(t.Context(), llm.Prompt("hi"))
	wantError(t, err, llm.Auth, "the metadata server is not asked")
	equal(t, "requests past the list", asked, 0)
}

func TestTokenSourceIsCalledForEachCall(t *testing.T) {
	n := 0
	got := sent(t, gemini.Config{TokenSource: func(context.Context) (string, error) { n++; return strings.Repeat("t", 20), nil }}, chats(model, llm.Prompt("hi")))
	equal(t, "the token and how often it was asked for", []any{got.Header.Get("Authorization"), n}, []any{"Bearer tttttttttttttttttttt", 1})
}
