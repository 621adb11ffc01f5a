package gemini

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
)

// authenticate sets the credential of the provider. It reports whether it is an API key and
// not a bearer token.
func (p *Provider) authenticate(config Config) (keyed bool, err error) {
	p.token, keyed = httpcall.Credential(config.APIKey, config.TokenSource)
	switch {
	case p.token != nil:
	case p.vertex && p.project != "":
		p.defaults = &defaultCredentials{file: config.CredentialsFile, client: config.HTTPClient}
		p.token = p.defaults.token
	case p.vertex && config.BaseURL == "":
		return false, p.invalidf("there is no project for Vertex AI: set Config.Project or GOOGLE_CLOUD_PROJECT, or use an express key")
	case config.BaseURL == "":
		return false, httpcall.UnsentErrorf(p.name, nil, llm.Auth, "there is no API key: set Config.APIKey, or the environment variable %s", keyEnv[len(keyEnv)-1])
	}
	return keyed, nil
}

// defaultCredentials are Google's application-default credentials. The search for them starts
// when a token is needed, and is repeated until they are found. It reads files, and may send
// a request to the machine's metadata server.
type defaultCredentials struct {
	file   string
	client *http.Client

	mu    sync.Mutex
	found *auth.Credentials
}

// scope is the OAuth scope of tokens for Vertex AI.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// token is a TokenSource. The credentials cache their token until it expires. It is refreshed
// by the next call that needs it, without another goroutine.
func (d *defaultCredentials) token(ctx context.Context) (string, error) {
	credential, err := d.find()
	if err != nil {
		return "", err
	}
	token, err := credential.Token(ctx)
	if err != nil {
		return "", err
	}
	return token.Value, nil
}

// quotaProject returns the project that is billed if the credentials are a person's, or "".
// It is known after the first token.
func (d *defaultCredentials) quotaProject(ctx context.Context) string {
	found, err := d.find()
	if err != nil {
		return ""
	}
	project, _ := found.QuotaProjectID(ctx) // an error means there is none
	return project
}

var errNoFile = &llm.Error{Kind: llm.Auth, Message: "there is no file of Google's credentials, and the metadata server is not asked because such requests bypass the egress list: " +
	"set GOOGLE_APPLICATION_CREDENTIALS or Config.TokenSource"}

// credentialsFile returns the first existing file of Google's application-default
// credentials, or "".
// https://cloud.google.com/docs/authentication/application-default-credentials
func credentialsFile() string {
	if file := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"); file != "" {
		return file
	}
	folder := os.Getenv("APPDATA")
	if runtime.GOOS != "windows" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		folder = filepath.Join(home, ".config")
	}
	file := filepath.Join(folder, "gcloud", "application_default_credentials.json")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

func (d *defaultCredentials) find() (*auth.Credentials, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found != nil {
		return d.found, nil
	}
	if d.file == "" && egress.Enforced(d.client) { // Google's package would use another client for the metadata server
		if d.file = credentialsFile(); d.file == "" {
			return nil, errNoFile
		}
	}
	found, err := credentials.DetectDefault(&credentials.DetectOptions{
		Scopes:              []string{scope},
		CredentialsFile:     d.file, //lint:ignore SA1019 the file is the user's own, so any type is trusted
		Client:              d.client,
		DisableAsyncRefresh: true,
		// Security: the default logger writes tokens to the log if
		// GOOGLE_SDK_GO_LOGGING_LEVEL is set.
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	d.found = found
	return found, nil
}
