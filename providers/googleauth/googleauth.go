// Package googleauth finds Google's application-default credentials, for providers on Vertex AI:
//
//	var credentials googleauth.Credentials
//	p, err := anthropic.New(anthropic.Config{Server: anthropic.Vertex, BaseURL: url, TokenSource: credentials.Token})
//
// It is a separate package, because it links Google's packages for credentials. Package gemini
// uses it by itself.
package googleauth

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

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
)

// Credentials are Google's application-default credentials. The search for them starts when a
// token is needed, and is repeated until they are found. It reads files, and may send a
// request to the machine's metadata server. The zero value is ready to use. A Credentials is
// safe for concurrent use, and must not be copied after its first use.
type Credentials struct {
	// File is a file of credentials. If it is empty, they are searched for as Google's own
	// clients do: https://cloud.google.com/docs/authentication/application-default-credentials
	File string
	// Client sends the requests for tokens. The default is a client of Google's package.
	//
	// Security: if the client has an egress list (package egress), the metadata server is not
	// asked, because that request would bypass the list.
	Client *http.Client

	mu    sync.Mutex
	found *auth.Credentials
}

// scope is the OAuth scope of tokens for Vertex AI.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// Token returns an access token. It has the type of the TokenSource in the Config of a provider.
// The token is cached until it expires. The next call that needs it refreshes it, without
// another goroutine. If there are no credentials, the error says where they were searched for.
func (c *Credentials) Token(ctx context.Context) (string, error) {
	credential, err := c.find()
	if err != nil {
		return "", err
	}
	token, err := credential.Token(ctx)
	if err != nil {
		return "", err
	}
	return token.Value, nil
}

// QuotaProject returns the project that is billed if the credentials are a person's, or "". It
// is known after the first token.
func (c *Credentials) QuotaProject(ctx context.Context) string {
	found, err := c.find()
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

func (c *Credentials) find() (*auth.Credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found != nil {
		return c.found, nil
	}
	file := c.File
	if file == "" && egress.Enforced(c.Client) { // Google's package would use another client for the metadata server
		if file = credentialsFile(); file == "" {
			return nil, errNoFile
		}
	}
	found, err := credentials.DetectDefault(&credentials.DetectOptions{
		Scopes:              []string{scope},
		CredentialsFile:     file, //lint:ignore SA1019 the file is the user's own, so any type is trusted
		Client:              c.Client,
		DisableAsyncRefresh: true,
		// Security: the default logger writes tokens to the log if
		// GOOGLE_SDK_GO_LOGGING_LEVEL is set.
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	c.found = found
	return found, nil
}
