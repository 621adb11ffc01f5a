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

// idlePerHost is how many idle connections to one host are kept. The standard
// library's 2 makes 64 streams at once connect anew for nearly every call.
const idlePerHost = 256

// readBuffer is the size of a connection's buffer in bytes. Where a server is
// fast, the standard library's 4 KB takes up to eight times the system calls; more
// than this was measured to gain nothing.
const readBuffer = 32 << 10

// NewTransport returns a transport for streams: many idle connections, limits
// for connecting alone, and no compression, which would hold events back.
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

// maxRedirects is enough for a server's own path changes.
const maxRedirects = 3

// checkRedirect follows a redirect only within the host, and only where the
// request stays what it is. Anywhere else would get the credentials that are
// in headers of the vendor's own, which net/http does not know to remove, and
// the prompt; and a POST that becomes a GET asks something else.
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

// ParseBaseURL checks the address of a server and returns it without a slash
// at its end. It must be http or https, have a host, and hold no credentials.
func ParseBaseURL(provider, base string) (string, error) {
	u, err := url.Parse(base)
	var problem string
	switch {
	case base != "" && !strings.Contains(base, "://") && !strings.HasPrefix(base, "http:") && !strings.HasPrefix(base, "https:"):
		problem = "it must begin with http:// or https://" + withScheme(ShownURL(base))
	case err != nil && strings.Contains(base, "@"):
		problem = "it cannot be parsed" // how not, could show a piece of the credentials
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

// hidden stands in messages for what may be a secret.
const hidden = "(not shown)"

// ShownURL returns of a base URL what can hold no credential: no user, query or
// fragment, and nothing of what may be a key that was put in the wrong place.
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

// withScheme returns what to write in place of an address without a scheme, if that can be shown: to a port
// of a server's own, or to an address, it is plain HTTP more often than not.
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

// withoutURL strips the URL that net/http and net/url put into their errors: it
// may hold what must not be logged.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok && u.Err != nil {
		return u.Err
	}
	return err
}
