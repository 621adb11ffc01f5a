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

// authenticate sets the source of the credential. It reports whether the credential is an API
// key. Otherwise it is a bearer token.
func (p *Provider) authenticate(config Config) (keyed bool, err error) {
	p.token, keyed = httpcall.Credential(config.APIKey, config.TokenSource)
	switch {
	case p.token != nil:
	case p.vertex && p.project != "":
		p.defaults = &defaultCredentials{file: config.CredentialsFile, client: config.HTTPClient}
		p.token = p.defaults.token
	case p.vertex && config.BaseURL == "":
		return false, p.invalidf("missing project: set Config.Project or GOOGLE_CLOUD_PROJECT, or use an express mode key")
	case config.BaseURL == "":
		return false, httpcall.Failf(p.name, nil, llm.Auth, "missing API key: set Config.APIKey or the environment variable GEMINI_API_KEY")
	}
	return keyed, nil
}

// defaultCredentials are Google's application default credentials. Each call for a token
// searches for them until they are found. The search reads files, and may send a request to
// the metadata server. It is safe for concurrent use.
type defaultCredentials struct {
	file   string
	client *http.Client

	mu    sync.Mutex
	found *auth.Credentials
}

// scope is the OAuth scope that Vertex AI requires.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// token is a TokenSource. The credentials cache the token until it expires. It is refreshed by
// the next call, not in a separate goroutine.
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

// quotaProject returns the project that is billed for calls with user credentials, or "" if
// the credentials have none.
func (d *defaultCredentials) quotaProject(ctx context.Context) string {
	found, err := d.find()
	if err != nil {
		return ""
	}
	project, _ := found.QuotaProjectID(ctx) // after an error, the header is not sent
	return project
}

var errNoFile = &llm.Error{Kind: llm.Auth, Message: "no file with Google credentials, and the metadata server is not used because an egress list is set: " +
	"set GOOGLE_APPLICATION_CREDENTIALS or a token source"}

// credentialsFile returns the file with the application default credentials, or "" if there is
// no such file. It checks the places that Google documents, in the same order:
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

// find returns the credentials, and searches for them if they are not known yet.
//
// Security: Google's package sends requests to the metadata server with a separate client,
// which the egress list does not restrict. If the list is set, only files are used.
func (d *defaultCredentials) find() (*auth.Credentials, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found != nil {
		return d.found, nil
	}
	if d.file == "" && egress.Enforced(d.client) {
		if d.file = credentialsFile(); d.file == "" {
			return nil, errNoFile
		}
	}
	found, err := credentials.DetectDefault(&credentials.DetectOptions{
		Scopes:              []string{scope},
		CredentialsFile:     d.file, //lint:ignore SA1019 the file is the user's own, of any type
		Client:              d.client,
		DisableAsyncRefresh: true,
		// Security: the package's logger logs tokens if GOOGLE_SDK_GO_LOGGING_LEVEL is "debug".
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	d.found = found
	return found, nil
}
