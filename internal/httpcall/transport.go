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

// idlePerHost is the number of idle connections that are kept for one host. With the standard
// library's 2, 64 concurrent streams open a new connection for nearly every call.
const idlePerHost = 256

// readBuffer is the size of a connection's buffer in bytes. With the standard library's 4 KB, a
// fast server causes up to eight times as many system calls. A larger buffer than this showed
// no gain in measurements.
const readBuffer = 32 << 10

// NewTransport returns a transport for streams. It keeps up to 256 idle connections for one
// host, limits only the time for connecting and for the TLS handshake, and does not ask for
// compression, because compression delays events. A connect limit of zero or less means no
// limit.
func NewTransport(connect time.Duration) *http.Transport {
	connect = max(connect, 0) // net.Dialer and http.Transport use 0 for no limit
	dialer := &net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           Quiet(dialer.DialContext),
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

// maxRedirects limits the redirects of one request.
const maxRedirects = 3

// checkRedirect follows a redirect only to the same host with the same method.
//
// Security: another host would receive the prompt, and the credential in the vendor's header,
// because net/http removes only the credential headers it knows. A redirect from https to
// http is not followed either.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first, status := via[0], 0
	if req.Response != nil {
		status = req.Response.StatusCode
	}
	sameHost := req.URL.Host == first.URL.Host
	downgrade := first.URL.Scheme == "https" && req.URL.Scheme != "https"
	if !sameHost || downgrade || req.Method != first.Method || len(via) > maxRedirects {
		e := &redirectError{status: status, host: req.URL.Scheme + "://" + req.URL.Host}
		e.loop = sameHost && !downgrade && req.Method == first.Method
		return e
	}
	return nil
}

// redirectError is a redirect that is not followed.
type redirectError struct {
	status int
	host   string
	loop   bool // the server redirects too often within its own host
}

func (e *redirectError) Error() string {
	if e.loop {
		return fmt.Sprintf("the server redirects more than %d times, the last time to %s: check the base URL and the server's redirects", maxRedirects, e.host)
	}
	return fmt.Sprintf("the server redirects to %s: redirects are followed only within the configured host, to protect credentials and prompts; set the base URL to that address if it is the API", e.host)
}

// ParseBaseURL checks the address of a server and returns it without trailing slashes. The
// address must have the scheme http or https, a host, and no credentials, query or fragment.
// Errors have the kind [llm.InvalidRequest].
func ParseBaseURL(provider, base string) (string, error) {
	u, err := url.Parse(base)
	var problem string
	switch {
	case base != "" && !strings.Contains(base, "://") && !strings.HasPrefix(base, "http:") && !strings.HasPrefix(base, "https:"):
		problem = "it must begin with http:// or https://" + withScheme(ShownURL(base))
	case err != nil && strings.Contains(base, "@"):
		problem = "it cannot be parsed" // the details could contain a part of the credentials
	case err != nil:
		problem = withoutURL(err).Error()
	case u.Scheme != "http" && u.Scheme != "https":
		problem = "it must begin with http:// or https://"
	case u.Host == "" || u.Hostname() == "":
		problem = "it has no host"
	case u.User != nil:
		problem = "put credentials in the API key, not in the URL"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		problem = "remove the query and the fragment"
	default:
		return strings.TrimRight(u.String(), "/"), nil
	}
	return "", &llm.Error{
		Kind:     llm.InvalidRequest,
		Provider: provider,
		Message:  fmt.Sprintf("invalid base URL %q: %s", ShownURL(base), problem),
	}
}

// hidden replaces text in messages that may be a secret.
const hidden = "(not shown)"

// ShownURL returns a base URL for display. Security: the user, the query and the fragment are
// removed, because they can contain credentials. A text without any of ".:/" may be a key in
// the wrong setting, and is hidden completely.
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

// withScheme returns a suggestion for an address without a scheme, or "" if the address is
// hidden. It suggests http for ports other than 443, for IP addresses and for localhost, and
// https otherwise.
func withScheme(address string) string {
	if address == hidden {
		return ""
	}
	host, _, _ := strings.Cut(address, "/")
	scheme := "https"
	if name, port, err := net.SplitHostPort(host); err == nil && port != "443" || net.ParseIP(strings.Trim(host, "[]")) != nil || name == "localhost" {
		scheme = "http"
	}
	return ", for example " + scheme + "://" + address
}

// withoutURL removes the URL that net/http and net/url add to their errors. Security: a URL
// can contain secrets.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok && u.Err != nil {
		return u.Err
	}
	return err
}
