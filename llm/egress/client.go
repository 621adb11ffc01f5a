package egress

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Config configures the clients and dialers of a [List]. The zero Config is suitable for
// most programs.
type Config struct {
	// TLS sets private CAs and client certificates. It is copied. Nil uses the system's
	// CAs.
	TLS *tls.Config
	// Connect is the timeout for looking up the host and connecting. The TLS handshake
	// has a separate timeout of the same length. Zero is the default of [llm.Limits], 15
	// seconds. A negative value means no timeout.
	Connect time.Duration
	// LookupIP returns the addresses of a host. Nil uses the system's resolver.
	LookupIP func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Client returns an HTTP client that can connect only to the hosts and networks on the
// list. A nil list allows nothing. Other requests fail with an [*llm.Error] of kind
// [llm.Permission].
//
// Security: the client uses no proxy, because the target of a connection behind a proxy
// cannot be checked. Do not replace the client's transport.
//
// The transport is configured for many concurrent streams. The client is safe for
// concurrent use. Its CloseIdleConnections closes idle connections.
func (l *List) Client(c Config) *http.Client {
	d := l.dialer(c)
	transport := httpcall.NewTransport(d.connect)
	transport.Proxy = nil // a proxy from the environment would replace the checked address
	transport.DialContext = httpcall.Quiet(d.dial)
	transport.TLSClientConfig = c.TLS.Clone()
	return &http.Client{Transport: &guard{transport}}
}

// Enforced reports whether a client comes from a [List], so that all its requests are
// checked against the list. Providers use it if they contain other clients that would
// bypass the list.
func Enforced(client *http.Client) bool {
	if client == nil {
		return false
	}
	_, held := client.Transport.(*guard)
	return held
}

// Dialer returns a dial function that can connect only to the hosts and networks on the
// list, for clients of protocols other than HTTP. Other addresses fail with an
// [*llm.Error] of kind [llm.Permission]. The caller is responsible for TLS. The function
// is safe for concurrent use.
func (l *List) Dialer(c Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	return l.dialer(c).dial
}

func (l *List) dialer(c Config) *dialer {
	if l == nil {
		l = new(List)
	}
	d := &dialer{list: l, lookup: c.LookupIP, connect: llm.Limits{Connect: c.Connect}.WithDefaults().Connect}
	d.net.KeepAlive = 30 * time.Second
	if d.lookup == nil {
		d.lookup = lookup
	}
	return d
}

// guard is the transport of a list's client. Its dialer and proxy cannot be changed.
type guard struct{ transport *http.Transport }

// RoundTrip sends a request with an http or https URL. The dialer checks the target.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL == nil || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		if req.Body != nil {
			_ = req.Body.Close() // required by RoundTripper; nothing has been read from it
		}
		scheme := ""
		if req.URL != nil {
			scheme = req.URL.Scheme
		}
		return nil, refuse("the scheme %q is not allowed: use http or https", scheme)
	}
	return g.transport.RoundTrip(req)
}

// CloseIdleConnections closes connections that no request uses.
func (g *guard) CloseIdleConnections() { g.transport.CloseIdleConnections() }

// dialer connects to the addresses that its list allows.
type dialer struct {
	list    *List
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	connect time.Duration // negative means no timeout
	net     net.Dialer
}

// dial looks the host up once, checks its addresses, and connects to one of the checked
// addresses. A second lookup could return a different address.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, refuse("the network %q is not allowed: use tcp, tcp4 or tcp6", network)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if d.connect > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.connect)
		defer cancel()
	}
	allowed, err := d.addresses(ctx, host, port)
	if err != nil {
		return nil, err
	}
	var first error
	for i, addr := range allowed {
		conn, err := d.try(ctx, network, net.JoinHostPort(addr.String(), port), len(allowed)-i)
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// try connects to one address within its share of the remaining time.
func (d *dialer) try(ctx context.Context, network, address string, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return d.net.DialContext(ctx, network, address)
}

// addresses returns the addresses of the host that the list allows.
func (d *dialer) addresses(ctx context.Context, host, port string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if !d.list.allowsAddr(addr, port, false) {
			return nil, refuse("the address %s is not on the allow-list", withPort(host, port))
		}
		return []netip.Addr{addr.Unmap()}, nil
	}
	if !d.list.allowsName(host, port) {
		return nil, refuse("the host %s is not on the allow-list", withPort(host, port))
	}
	found, err := d.lookup(ctx, normal(host))
	if err != nil {
		return nil, err
	}
	var allowed []netip.Addr
	for _, addr := range found {
		if d.list.allowsAddr(addr, port, true) {
			allowed = append(allowed, addr.Unmap())
		}
	}
	if len(allowed) == 0 {
		hint := ""
		if len(d.list.networks) == 0 && !d.list.public {
			hint = ": a list without networks allows only public addresses; add the network, for example 10.20.0.0/16"
		}
		return nil, refuse("the host %s has the addresses %v, and none of them is on the allow-list%s", withPort(host, port), found, hint)
	}
	return allowed, nil
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

func refuse(format string, args ...any) error {
	return &llm.Error{Kind: llm.Permission, Message: "refused before sending: " + fmt.Sprintf(format, args...)}
}
