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

// Config is what a client may be given. The zero Config is right for most.
type Config struct {
	// TLS is for private CAs and client certificates; nil is the system's CAs.
	TLS *tls.Config
	// Connect is how long connecting may take, and as long again the TLS
	// handshake. Zero is the default of [llm.Limits].
	Connect time.Duration
	// LookupIP looks up the addresses of a host; nil is the system's resolver.
	LookupIP func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Client returns a client that connects to what the list allows and to nothing
// else. It uses no proxy: behind one nobody could check where a connection
// goes. Its transport is made for many streams; do not replace it.
//
// The client is safe for concurrent use. Its CloseIdleConnections closes what is idle.
func (l *List) Client(c Config) *http.Client {
	d := l.dialer(c)
	transport := httpcall.NewTransport(d.connect)
	transport.Proxy = nil // the environment's would take the place of the checked address
	transport.DialContext = d.dial
	transport.TLSClientConfig = c.TLS.Clone()
	return &http.Client{Transport: &guard{transport}}
}

// Enforced reports whether a client comes from a [List], so that whatever is sent with it is held to one. It
// is for providers with clients of others inside, which would go past it.
func Enforced(client *http.Client) bool {
	if client == nil {
		return false
	}
	_, held := client.Transport.(*guard)
	return held
}

// Dialer returns a function that connects to what the list allows and to nothing else, for clients
// of other protocols than HTTP. It may be called by many goroutines at once. TLS is for who calls it.
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

// guard is the transport that a client's user sees: one whose dialer and proxy
// cannot be changed.
type guard struct{ transport *http.Transport }

// RoundTrip sends a request to a web address. Where it may go, the dialer
// decides.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL == nil || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		if req.Body != nil {
			_ = req.Body.Close() // as RoundTripper asks; nothing has been read from it
		}
		scheme := ""
		if req.URL != nil {
			scheme = req.URL.Scheme
		}
		return nil, refuse("the address is of the kind %q, and only http and https are allowed", scheme)
	}
	return g.transport.RoundTrip(req)
}

// CloseIdleConnections closes the connections that no request uses.
func (g *guard) CloseIdleConnections() { g.transport.CloseIdleConnections() }

// dialer connects to what its list allows.
type dialer struct {
	list    *List
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	connect time.Duration // negative is without limit
	net     net.Dialer
}

// dial looks the host up once, checks its addresses, and connects to one that
// was checked: a second look-up could give another.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, refuse("a connection of the kind %q is not one over TCP", network)
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

// try connects to one address, in its share of the time that is left.
func (d *dialer) try(ctx context.Context, network, address string, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return d.net.DialContext(ctx, network, address)
}

// addresses returns the addresses of the host that may be connected to.
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
			hint = ": names alone are for public addresses, and a network is listed beside them, as in 10.20.0.0/16"
		}
		return nil, refuse("the host %s has the addresses %v, of which none is on the allow-list%s", withPort(host, port), found, hint)
	}
	return allowed, nil
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

func refuse(format string, args ...any) error {
	return &llm.Error{Kind: llm.Permission, Message: "refused before sending: " + fmt.Sprintf(format, args...)}
}
