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

// authenticate takes the credential from the configuration, and says whether it
// is a key rather than a bearer token.
func (p *Provider) authenticate(config Config) (keyed bool, err error) {
	p.token, keyed = httpcall.Credential(config.APIKey, config.TokenSource)
	switch {
	case p.token != nil:
	case p.vertex && p.project != "":
		p.defaults = &defaultCredentials{file: config.CredentialsFile, client: config.HTTPClient}
		p.token = p.defaults.token
	case p.vertex && config.BaseURL == "":
		return false, p.invalidf("Vertex AI needs a project, or an express key: set Config.Project or GOOGLE_CLOUD_PROJECT")
	case config.BaseURL == "":
		return false, httpcall.Failf(p.name, nil, llm.Auth, "there is no API key: set Config.APIKey, or the environment variable GEMINI_API_KEY")
	}
	return keyed, nil
}

// defaultCredentials are Google's application-default credentials. They are
// looked for when the first token is needed, and until they are found: that
// reads files, and may ask the machine's metadata server.
type defaultCredentials struct {
	file   string
	client *http.Client

	mu    sync.Mutex
	found *auth.Credentials
}

// scope is what Vertex AI wants tokens to be for.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// token is a TokenSource. The credentials keep their token while it is fresh;
// it is refreshed by whoever needs it next, in no goroutine of its own.
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

// quotaProject returns the project that pays for a person's own credentials, or
// "". It is known once there is a token.
func (d *defaultCredentials) quotaProject(ctx context.Context) string {
	found, err := d.find()
	if err != nil {
		return ""
	}
	project, _ := found.QuotaProjectID(ctx) // without one, none is named
	return project
}

var errNoFile = &llm.Error{Kind: llm.Auth, Message: "there is no file of Google's credentials, and the metadata server is not asked, " +
	"as that cannot be held to the egress list: set GOOGLE_APPLICATION_CREDENTIALS, or give a token source"}

// credentialsFile returns the first file that there is of those in which Google's credentials are looked for, or "".
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
	if d.file == "" && egress.Enforced(d.client) { // Google's package asks the metadata server with a client of its own
		if d.file = credentialsFile(); d.file == "" {
			return nil, errNoFile
		}
	}
	found, err := credentials.DetectDefault(&credentials.DetectOptions{
		Scopes:              []string{scope},
		CredentialsFile:     d.file, //lint:ignore SA1019 the file is the user's own, of whatever type
		Client:              d.client,
		DisableAsyncRefresh: true,
		// Its own logs the tokens that it gets, where GOOGLE_SDK_GO_LOGGING_LEVEL says so.
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	d.found = found
	return found, nil
}
