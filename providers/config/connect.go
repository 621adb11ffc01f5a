package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers"
)

// connector opens the providers of a file, with their keys, TLS settings and proxies.
type connector struct {
	*reading
	egress      *egress.List // nil if the file has none
	egressPlace place
	opened      map[string][]llm.Provider // by section, for models without a connection of their own; one for each key
	closers     []io.Closer
}

// allowList reads the egress list of the file.
func (c *connector) allowList() {
	if c.file.Egress == nil {
		return
	}
	c.egress = new(egress.List)
	var entries []string
	for _, e := range *c.file.Egress {
		if _, err := egress.Allow(e.value); err != nil {
			c.add(e.place, "%s", messageOf(err))
			continue
		}
		entries = append(entries, e.value)
		c.egressPlace = e.place
	}
	if list, err := egress.Allow(entries...); err == nil {
		c.egress = list
	}
}

// open opens the provider of a model, once with each of its keys. Models without a connection
// of their own share the providers of their section. If there are problems, open returns nil.
func (c *connector) open(t target, m *modelConfig) []llm.Provider {
	shared := !m.connection.isSet()
	if all := c.opened[t.section]; all != nil && shared {
		return all
	}
	conn := c.connection(t.section, m)
	settings := c.settings(conn)
	settings.Settings = c.ownSettings(t, conn.Settings)
	keys := conn.credentials()
	if len(keys) == 0 {
		keys = []*keySource{nil} // the one in the environment
	}
	var all []llm.Provider
	for _, key := range keys {
		if key != nil {
			if problem := key.missing(c.reading); problem != "" {
				all = append(all, c.lacking(t, key.from.Env.place, problem))
				continue
			}
			settings.APIKey, settings.TokenSource = key.resolve(c.reading)
		}
		if len(c.list) > 0 {
			continue // the problems of the other keys are reported as well
		}
		p, err := t.driver.New(settings)
		switch {
		case err != nil && llm.KindOf(err) == llm.Auth && key == nil:
			all = append(all, c.lacking(t, m.Model.place, "cannot open "+m.Model.value+": "+c.explain(t.driver, conn, err)))
			continue
		case err != nil:
			c.add(m.Model.place, "cannot open %s: %s", m.Model.value, c.explain(t.driver, conn, err))
			return nil
		}
		if closer, ok := p.(io.Closer); ok {
			c.closers = append(c.closers, closer)
		}
		all = append(all, p)
	}
	if len(c.list) > 0 {
		return nil
	}
	if shared {
		if c.opened == nil {
			c.opened = make(map[string][]llm.Provider)
		}
		c.opened[t.section] = all
	}
	return all
}

// ownSettings returns the settings that only this provider has, or nil.
func (c *connector) ownSettings(t target, part raw) any {
	if part.node == nil {
		return nil
	}
	if t.driver.Settings == nil {
		c.add(placeOf(part.node), "the provider %q has no settings; remove them", t.kind)
		return nil
	}
	v := reflect.New(reflect.TypeOf(t.driver.Settings))
	c.decode(part, v.Interface())
	return v.Elem().Interface()
}

// explain returns the message of a provider's error. If a key is missing, it says how to set
// one in the file or the environment, which the provider does not know.
func (c *connector) explain(d providers.Driver, conn connection, err error) string {
	switch {
	case llm.KindOf(err) != llm.Auth || conn.credentials() != nil:
		return messageOf(err)
	case len(d.KeyEnv) == 0:
		return messageOf(err) + "; add a key, for example \"key: {env: NAME}\""
	case c.untrusted && conn.BaseURL != nil:
		return "the key is missing; if a config file found in the working directory sets base_url, no key is read from the environment; add key, or remove base_url"
	}
	return "the key is missing; set " + d.KeyEnv[0] + " in the environment, or add \"key: {env: " + d.KeyEnv[0] + "}\""
}

// settings returns the settings of a provider, except its key.
func (c *connector) settings(conn connection) providers.Config {
	settings := providers.Config{Getenv: c.options.Getenv}
	if c.untrusted && conn.BaseURL != nil { // see untrusted.go
		settings.Getenv = func(string) string { return "" }
	}
	if conn.BaseURL != nil {
		settings.BaseURL = conn.BaseURL.value
	}
	for _, h := range conn.Headers {
		if h.value == nil {
			continue
		}
		value, source := h.value.resolve(c.reading)
		switch {
		case source != nil:
			c.add(h.value.place, "a header cannot expire; remove expires")
		case !validHeader(h.name.value, string(value)):
			c.add(h.name.place, "the header's name or value has a character that headers cannot contain; remove it")
		default:
			if settings.Headers == nil {
				settings.Headers = make(http.Header)
			}
			settings.Headers.Set(h.name.value, string(value))
		}
	}
	if conn.Limits != nil {
		settings.Limits = llm.Limits(*conn.Limits)
	}
	settings.HTTPClient = c.client(conn, settings.Limits)
	return settings
}

// validHeader reports whether this can be a header (RFC 9110, section 5).
func validHeader(name, value string) bool {
	const token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return name != "" && strings.Trim(name, token) == "" &&
		!strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// client returns the HTTP client for a connection, or nil if the provider's own will do.
func (c *connector) client(conn connection, limits llm.Limits) *http.Client {
	if conn.TLS == nil && conn.Proxy == nil && c.egress == nil {
		return c.options.HTTPClient
	}
	if c.options.HTTPClient != nil {
		switch {
		case conn.TLS != nil:
			c.add(conn.TLS.place, "tls is set, and the program sets an HTTP client; remove one of them")
		case conn.Proxy != nil:
			c.add(conn.Proxy.place, "proxy is set, and the program sets an HTTP client; remove one of them")
		default:
			c.add(c.egressPlace, "egress is set, and the program sets an HTTP client, on which the list cannot be enforced; remove one of them")
		}
		return nil
	}
	if conn.Proxy != nil && c.egress != nil {
		c.add(conn.Proxy.place, "both proxy and egress are set, and the destination of a connection through a proxy cannot be checked; remove one of them")
		return nil
	}
	config := c.tls(conn.TLS)
	var client *http.Client
	if c.egress != nil {
		client = c.egress.Client(egress.Config{TLS: config, Connect: limits.Connect})
	} else {
		transport := httpcall.NewTransport(limits.WithDefaults().Connect)
		transport.TLSClientConfig = config
		if conn.Proxy != nil {
			transport.Proxy = c.proxy(conn.Proxy)
		}
		client = &http.Client{Transport: transport}
	}
	c.closers = append(c.closers, httpcall.IdleCloser{Client: client})
	return client
}

func (c *connector) proxy(t *text) func(*http.Request) (*url.URL, error) {
	if t.value == "none" { // not the environment's either
		return nil
	}
	u, err := url.Parse(t.value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		c.add(t.place, "invalid proxy; use none, or an address that begins with http://, https:// or socks5://")
		return nil
	}
	return http.ProxyURL(u)
}

// tls returns the TLS settings, with their files read. It returns nil if there are none.
func (c *connector) tls(t *tlsConfig) *tls.Config {
	if t == nil {
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.ServerName != nil {
		config.ServerName = t.ServerName.value
	}
	if t.CA != nil {
		config.RootCAs = x509.NewCertPool()
		pem, err := c.readPEM(t.CA)
		switch {
		case err != nil:
			c.add(t.CA.place, "cannot read the CA: %v", withoutPath(err))
		case !config.RootCAs.AppendCertsFromPEM(pem):
			c.add(t.CA.place, "the CA file contains no certificate; use a file in PEM format")
		}
		c.watch(t.CA.value)
	}
	switch {
	case (t.Cert == nil) != (t.Key == nil):
		c.add(t.place, "a client certificate needs both cert and key; add the other one")
	case t.Cert != nil:
		var pair tls.Certificate
		cert, err := c.readPEM(t.Cert)
		key, err2 := c.readPEM(t.Key)
		if err = cmp.Or(err, err2); err == nil {
			pair, err = tls.X509KeyPair(cert, key)
		}
		if err != nil {
			c.add(t.Cert.place, "cannot use the client certificate: %v", withoutPath(err))
		}
		config.Certificates = []tls.Certificate{pair}
		c.watch(t.Cert.value)
		c.watch(t.Key.value)
	}
	return config
}

// readPEM reads a file of certificates or a key.
func (c *connector) readPEM(name *text) ([]byte, error) {
	return readFile(c.ctx, c.beside(name.value), maxFileBytes, false)
}
