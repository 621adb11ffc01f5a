// Package egress makes HTTP clients that can connect only to an allow-list of hosts and
// networks. It is for programs whose data must not leave the premises.
//
//	list, err := egress.Allow("llm.office.example", "10.20.0.0/16")
//	…
//	p, err := openai.New(openai.Config{
//		Server:     openai.VLLM,
//		BaseURL:    "https://llm.office.example/v1",
//		HTTPClient: list.Client(egress.Config{}),
//	})
//
// Security: the list is checked each time a connection is made, and the address that was
// checked is the one that is used. The check therefore also applies to redirects, names
// with changing addresses, IPv4 addresses inside IPv6 addresses, proxies set in the
// environment, and URLs other than http and https (file, unix). A refused request fails
// with an [*llm.Error] of kind [llm.Permission], and nothing is sent. Names that are not
// on the list are not looked up.
//
// Security: a list is not a sandbox. It does not restrict code that makes another client
// or runs a command, and it does not restrict a listed host that forwards the data.
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

// List is a set of hosts and networks that connections may go to. Get one from [Allow]. A
// List is immutable and safe for concurrent use. The zero List allows nothing.
type List struct {
	names    []name
	networks []network
	public   bool
}

// A name allows a host by its name, or all hosts below a domain.
type name struct {
	host string // lower case, without a trailing dot
	sub  bool   // allows the hosts below host, but not host itself
	port string // empty for every port
}

// A network allows addresses.
type network struct {
	prefix netip.Prefix // without IPv4-mapped addresses
	port   string       // empty for every port
}

// Public is the list entry for every address of the public internet.
const Public = "public"

// Allow returns a list of the given entries:
//
//	llm.office.example          a host with exactly this name
//	*.office.example            every host below it, at any depth, but not itself
//	10.20.0.0/16, fd00::/8      a network
//	10.20.0.7, ::1              an address
//	HOST:8443, [::1]:8443       any of the hosts and addresses above, at this port only
//	public                      every public address
//
// A request to a name is allowed if two conditions are true:
//
//   - The name is on the list, or the list contains no names.
//   - The address of the name is in a network on the list. If the list has neither
//     networks nor "public", the address must be a public one.
//
// A request to an IP address is allowed if the address is on the list.
//
// For services on the internet, list their names. For servers in a private network, list
// the network, and optionally their names. An empty list allows nothing.
//
// Security: because of the second condition, DNS cannot redirect an allowed name to a
// machine in the private network.
//
// An invalid entry is an [*llm.Error] of kind [llm.InvalidRequest] that quotes the entry.
func Allow(entries ...string) (*List, error) {
	l := new(List)
	for _, entry := range entries {
		if err := l.add(entry); err != nil {
			return nil, &llm.Error{
				Kind:    llm.InvalidRequest,
				Message: fmt.Sprintf("invalid egress entry %q: %v", entry, err),
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
			return fmt.Errorf("an address with a zone is not supported")
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
		return fmt.Errorf("the address has bits outside the prefix; write %s for the network", prefix.Masked())
	}
	if addr := prefix.Addr(); addr.Is4In6() { // at least 96 bits, or Masked would have removed the marker
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	l.networks = append(l.networks, network{prefix, port})
	return nil
}

// splitPort separates the port from an entry, if there is one.
func splitPort(entry string) (host, port string, err error) {
	if _, err := netip.ParseAddr(entry); err == nil { // IPv6 addresses contain colons
		return entry, "", nil
	}
	if !strings.Contains(entry, ":") {
		return entry, "", nil
	}
	host, port, err = net.SplitHostPort(entry)
	if err != nil || strings.Contains(entry, "/") {
		return "", "", fmt.Errorf("give a host, an address or a network instead of a URL")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", fmt.Errorf("invalid port %q; give a number from 1 to 65535", port)
	}
	return host, port, nil
}

// checkName returns an error if host cannot be a host name. The dialer receives
// internationalized names in their ASCII form, so the list must contain that form.
func checkName(host string) error {
	if host == "" || len(host) > 253 {
		return fmt.Errorf("the host name is empty or has more than 253 bytes")
	}
	for _, label := range strings.Split(host, ".") {
		switch {
		case label == "":
			return fmt.Errorf("the host name has an empty label; remove the extra dot")
		case strings.ContainsFunc(label, func(r rune) bool { return r > 0x7f }):
			return fmt.Errorf("the host name is not ASCII; write its ASCII form (xn--…)")
		case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
			return fmt.Errorf("a host name consists of letters, digits, hyphens, underscores and dots; * is allowed only as the first label")
		}
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") { // many resolvers treat it as an address
		return fmt.Errorf("incomplete address; write all four numbers, for example 127.0.0.1")
	}
	return nil
}

// normal returns the host name in the form in which lists and lookups compare it.
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

// allowsAddr reports whether connections to an address are allowed. named reports whether
// it is the address of a name that the list allows.
func (l *List) allowsAddr(addr netip.Addr, port string, named bool) bool {
	addr = addr.Unmap().WithZone("")
	public := l.public || named && len(l.networks) == 0
	allowed := public && isPublic(addr) || slices.ContainsFunc(l.networks, func(n network) bool {
		return (n.port == "" || n.port == port) && n.prefix.Contains(addr)
	})
	if !allowed {
		return false
	}
	for _, inner := range embedded(addr) { // a gateway may forward the connection to that address
		if !l.allowsAddr(inner, port, named) {
			return false
		}
	}
	return true
}

// String returns the entries in the form that [Allow] accepts, separated by commas.
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
