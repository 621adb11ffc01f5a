package httpcall

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// idlePerHost is the maximum number of idle connections to one host. With the default of
// net/http, 2, a program with 64 streams opens a connection for nearly every call.
const idlePerHost = 256

// readBuffer is the size of a connection's buffer in bytes. With a fast server, the default of
// net/http, 4 KB, needs up to eight times as many system calls. In measurements, a larger
// buffer was not faster.
const readBuffer = 32 << 10

// NewTransport returns a transport for streams. It keeps many idle connections, limits only the
// time to connect, and does not ask for compression, which would delay events.
func NewTransport(connect time.Duration) *http.Transport {
	connect = max(connect, 0) // here, zero is none
	dialer := &net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   connect,
		ForceAttemptHTTP2:     true,
		ReadBufferSize:        readBuffer,
		MaxIdleConns:          2 * idlePerHost,
		MaxIdleConnsPerHost:   idlePerHost,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
	}
}

// maxRedirects is enough for a server that changes the path.
const maxRedirects = 3

// checkRedirect allows a redirect only to the same host, and only with the same method: a POST
// that becomes a GET is a different request.
//
// Security: another host would get the prompt, and the credentials in vendor-specific headers,
// which net/http does not remove.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first, status := via[0], 0
	if req.Response != nil {
		status = req.Response.StatusCode
	}
	sameHost := req.URL.Host == first.URL.Host
	downgrade := first.URL.Scheme == "https" && req.URL.Scheme != "https"
	if !sameHost || downgrade || req.Method != first.Method || len(via) > maxRedirects {
		return &redirectError{status: status, host: req.URL.Scheme + "://" + req.URL.Host}
	}
	return nil
}

// redirectError is a redirect that is not followed.
type redirectError struct {
	status int
	host   string
}

func (e *redirectError) Error() string {
	return fmt.Sprintf("the server redirects to %s, which is not followed: credentials and prompts go to the configured host only; set the base URL if that is where the API is", e.host)
}

// ParseBaseURL checks the address of a server and returns it without a final slash. It must be
// an http or https URL with a host and without credentials.
func ParseBaseURL(provider, base string) (string, error) {
	u, err := url.Parse(base)
	var problem string
	switch {
	case base != "" && !strings.Contains(base, "://") && !strings.HasPrefix(base, "http:") && !strings.HasPrefix(base, "https:"):
		problem = "it must begin with http:// or https://" + withScheme(ShownURL(base))
	case err != nil && strings.Contains(base, "@"):
		problem = "it cannot be parsed" // the reason could contain a part of the credentials
	case err != nil:
		problem = withoutURL(err).Error()
	case u.Scheme != "http" && u.Scheme != "https":
		problem = "it must begin with http:// or https://"
	case u.Host == "" || u.Hostname() == "":
		problem = "it names no host"
	case u.User != nil:
		problem = "put credentials in the API key, not in the URL"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		problem = "it must have no query and no fragment"
	default:
		return strings.TrimRight(u.String(), "/"), nil
	}
	return "", &llm.Error{
		Kind:     llm.InvalidRequest,
		Provider: provider,
		Message:  fmt.Sprintf("the base URL %q cannot be used: %s", ShownURL(base), problem),
	}
}

// hidden replaces a possible secret in messages.
const hidden = "(not shown)"

// ShownURL returns a base URL without the parts that can contain a credential: user, query and
// fragment. A text that can be a key in the wrong place is hidden.
func ShownURL(base string) string {
	if base != "" && !strings.ContainsAny(base, ".:/") {
		return hidden
	}
	if i := strings.IndexAny(base, "?#"); i >= 0 {
		base = base[:i]
	}
	if i := strings.LastIndex(base, "@"); i >= 0 {
		scheme, _, found := strings.Cut(base[:i], "://")
		if base = base[i+1:]; found {
			base = scheme + "://" + base
		}
	}
	return base
}

// withScheme returns advice for an address without a scheme, if the address can be shown. If
// it has a port or is an IP address, the advice is plain HTTP.
func withScheme(address string) string {
	if address == hidden {
		return ""
	}
	host, _, _ := strings.Cut(address, "/")
	scheme := "https"
	if name, port, err := net.SplitHostPort(host); err == nil && port != "443" || net.ParseIP(strings.Trim(host, "[]")) != nil || name == "localhost" {
		scheme = "http"
	}
	return ", as in " + scheme + "://" + address
}

// withoutURL removes the URL from errors of net/http and net/url.
//
// Security: a URL can contain a secret.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok && u.Err != nil {
		return u.Err
	}
	return err
}
