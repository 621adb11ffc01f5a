// Package egress makes HTTP clients that can connect to nothing outside an
// allow-list of hosts and networks: for premises that data must not leave.
//
//	list, err := egress.Allow("llm.office.example", "10.20.0.0/16")
//	…
//	p, err := openai.New(openai.Config{Server: openai.VLLM, BaseURL: "https://llm.office.example/v1", HTTPClient: list.Client(egress.Config{})})
//
// The list is held where connections are made. A redirect, a name whose
// address changes between two look-ups, an IPv4 address inside an IPv6 one, a
// proxy named in the environment, and addresses that are not of the web (file,
// unix) all end there: they are errors of kind [llm.Permission], and nothing is sent.
// Names that are not on the list are not even looked up.
//
// What it does not do: it is no sandbox. Code that makes a client of its own, or runs a command,
// is not held back; neither is a listed host that passes on what it gets.
package egress

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// List says where connections may go. It comes from [Allow], is immutable and
// safe for concurrent use. The zero List allows nothing.
type List struct {
	names    []name
	networks []network
	public   bool
}

// A name allows a host by its name, or all hosts below a domain.
type name struct {
	host string // lower case, without a dot at its end
	sub  bool   // the hosts below host, and not itself
	port string // empty is any
}

// A network allows addresses.
type network struct {
	prefix netip.Prefix // of an unmapped address
	port   string       // empty is any
}

// Public stands, in a list, for every address of the public internet.
const Public = "public"

// Allow returns a list of these entries:
//
//	llm.office.example          a host, by exactly this name
//	*.office.example            every host below it, at any depth, but not itself
//	10.20.0.0/16, fd00::/8      a network
//	10.20.0.7, ::1              an address
//	HOST:8443, [::1]:8443       any of the hosts and addresses above, at this port only
//	public                      every public address
//
// A host is asked for by name or by address. A name must be on the list, unless the
// list has no names. The address — that of the name, or the one asked for — must be
// in a network on the list; if the list has neither networks nor "public", a
// name's address must be a public one, so that a name cannot be turned to a
// machine inside. An address that was asked for as such must be on the list.
//
// So a list of names alone is for services on the internet, and a list for
// premises has networks. A list with no entries allows nothing. An entry that is
// none of these is an error of kind [llm.InvalidRequest].
func Allow(entries ...string) (*List, error) {
	l := new(List)
	for _, entry := range entries {
		if err := l.add(entry); err != nil {
			return nil, &llm.Error{
				Kind:    llm.InvalidRequest,
				Message: fmt.Sprintf("the egress entry %q is none: %v", entry, err),
			}
		}
	}
	return l, nil
}

func (l *List) add(entry string) error {
	if entry == Public {
		l.public = true
		return nil
	}
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		return l.addNetwork(prefix, "")
	}
	host, port, err := splitPort(entry)
	if err != nil {
		return err
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return fmt.Errorf("an address has no zone here")
		}
		return l.addNetwork(netip.PrefixFrom(addr, addr.BitLen()), port)
	}
	parent, sub := strings.CutPrefix(host, "*.")
	parent = normal(parent)
	if err := checkName(parent); err != nil {
		return err
	}
	l.names = append(l.names, name{parent, sub, port})
	return nil
}

func (l *List) addNetwork(prefix netip.Prefix, port string) error {
	if prefix.Masked() != prefix {
		return fmt.Errorf("the network is %s, if that is what is meant", prefix.Masked())
	}
	if addr := prefix.Addr(); addr.Is4In6() { // of 96 bits or more: fewer would have masked the mark of it
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	l.networks = append(l.networks, network{prefix, port})
	return nil
}

// splitPort splits a port off, if there is one.
func splitPort(entry string) (host, port string, err error) {
	if _, err := netip.ParseAddr(entry); err == nil { // IPv6 has colons of its own
		return entry, "", nil
	}
	if !strings.Contains(entry, ":") {
		return entry, "", nil
	}
	host, port, err = net.SplitHostPort(entry)
	if err != nil || strings.Contains(entry, "/") {
		return "", "", fmt.Errorf("give a host, an address or a network, and no URL")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", fmt.Errorf("the port %q is none", port)
	}
	return host, port, nil
}

// checkName refuses what no host is called. A name in other letters than ASCII
// reaches the dialer in its encoded form, so it must stand in the list in that form.
func checkName(host string) error {
	if host == "" || len(host) > 253 {
		return fmt.Errorf("there is no host name in it")
	}
	for _, label := range strings.Split(host, ".") {
		switch {
		case label == "":
			return fmt.Errorf("a part of the host name is empty")
		case strings.ContainsFunc(label, func(r rune) bool { return r > 0x7f }):
			return fmt.Errorf("write the host name in its ASCII form (xn--…)")
		case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
			return fmt.Errorf("a host name has letters, digits, hyphens and dots; a star stands alone before the first dot")
		}
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") { // an address, to many resolvers
		return fmt.Errorf("write the address in full, as in 127.0.0.1")
	}
	return nil
}

// normal returns the host name as lists and look-ups compare it.
func normal(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// allowsName reports whether a host may be looked up.
func (l *List) allowsName(host, port string) bool {
	if len(l.names) == 0 {
		return len(l.networks) > 0 || l.public
	}
	host = normal(host)
	return slices.ContainsFunc(l.names, func(n name) bool {
		if n.port != "" && n.port != port {
			return false
		}
		return !n.sub && host == n.host || n.sub && strings.HasSuffix(host, "."+n.host)
	})
}

// allowsAddr reports whether an address may be connected to. named says that it is
// the address of a name that the list allows.
func (l *List) allowsAddr(addr netip.Addr, port string, named bool) bool {
	addr = addr.Unmap().WithZone("")
	public := l.public || named && len(l.networks) == 0
	allowed := public && isPublic(addr) || slices.ContainsFunc(l.networks, func(n network) bool {
		return (n.port == "" || n.port == port) && n.prefix.Contains(addr)
	})
	if !allowed {
		return false
	}
	for _, inner := range embedded(addr) { // a gateway passes it on to that address
		if !l.allowsAddr(inner, port, named) {
			return false
		}
	}
	return true
}

// String returns the entries, as [Allow] takes them.
func (l *List) String() string {
	var entries []string
	for _, n := range l.names {
		host := n.host
		if n.sub {
			host = "*." + host
		}
		entries = append(entries, withPort(host, n.port))
	}
	for _, n := range l.networks {
		host := n.prefix.String()
		if n.prefix.IsSingleIP() {
			host = n.prefix.Addr().String()
		}
		entries = append(entries, withPort(host, n.port))
	}
	if l.public {
		entries = append(entries, Public)
	}
	return strings.Join(entries, ", ")
}

func withPort(host, port string) string {
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}
