package providers

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
)

// client returns the HTTP client that a connection asks for, or nil if any will do.
func (b *builder) client(c connection, limits llm.Limits) *http.Client {
	if c.TLS == nil && c.Proxy == nil && b.egress == nil {
		return b.with.HTTPClient
	}
	if b.with.HTTPClient != nil {
		switch {
		case c.TLS != nil:
			b.add(c.TLS.place, "tls cannot be set: the program has an HTTP client of its own")
		case c.Proxy != nil:
			b.add(c.Proxy.place, "proxy cannot be set: the program has an HTTP client of its own")
		default:
			b.add(b.egressPlace, "egress cannot be held: the program has an HTTP client of its own")
		}
		return nil
	}
	if c.Proxy != nil && b.egress != nil {
		b.add(c.Proxy.place, "proxy and egress exclude each other: behind a proxy nobody can check where a connection goes")
		return nil
	}
	config := b.tls(c.TLS)
	if b.egress != nil {
		client := b.egress.Client(egress.Config{TLS: config, Connect: limits.Connect})
		b.closers = append(b.closers, idleCloser{client})
		return client
	}
	transport := httpcall.NewTransport(limits.WithDefaults().Connect)
	transport.TLSClientConfig = config
	if c.Proxy != nil {
		transport.Proxy = b.proxy(c.Proxy)
	}
	client := &http.Client{Transport: transport}
	b.closers = append(b.closers, idleCloser{client})
	return client
}

func (b *builder) proxy(t *text) func(*http.Request) (*url.URL, error) {
	if t.value == "none" { // not even the environment's
		return nil
	}
	u, err := url.Parse(t.value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		b.add(t.place, "the proxy must be none, or begin with http://, https:// or socks5:// and name a host")
		return nil
	}
	return http.ProxyURL(u)
}

// tls returns the settings with the files read.
func (b *builder) tls(c *tlsConfig) *tls.Config {
	if c == nil {
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.ServerName != nil {
		config.ServerName = c.ServerName.value
	}
	if c.CA != nil {
		config.RootCAs = x509.NewCertPool()
		pem, err := os.ReadFile(b.beside(c.CA.value))
		switch {
		case err != nil:
			b.add(c.CA.place, "the CA cannot be read: %v", err)
		case !config.RootCAs.AppendCertsFromPEM(pem):
			b.add(c.CA.place, "the CA's file has no certificate in PEM form")
		}
		b.watchFile(c.CA.value)
	}
	switch {
	case (c.Cert == nil) != (c.Key == nil):
		b.add(c.place, "a client certificate has both cert and key")
	case c.Cert != nil:
		pair, err := tls.LoadX509KeyPair(b.beside(c.Cert.value), b.beside(c.Key.value))
		if err != nil {
			b.add(c.Cert.place, "the client certificate cannot be used: %v", err)
		}
		config.Certificates = []tls.Certificate{pair}
		b.watchFile(c.Cert.value)
		b.watchFile(c.Key.value)
	}
	return config
}
