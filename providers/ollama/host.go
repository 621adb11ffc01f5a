package ollama

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/parley-llm/parley/llm"
)

const defaultPort = "11434"

// hostURL returns the base URL for a value of OLLAMA_HOST. The value can be a host, a port
// after a colon, both, or a URL with or without a path. Quotes and spaces around it are
// ignored. The default port is 11434, or the scheme's port if the value has a scheme. An
// address that servers listen on but clients cannot connect to, for example 0.0.0.0, means
// this machine.
// https://github.com/ollama/ollama/blob/main/docs/faq.mdx#how-do-i-configure-ollama-server
func hostURL(value string) (string, error) {
	value = strings.TrimSpace(strings.Trim(strings.TrimSpace(value), `"'`))
	scheme, rest, hasScheme := strings.Cut(value, "://")
	if !hasScheme {
		scheme, rest = "http", value
		if value == "ollama.com" {
			scheme, hasScheme = "https", true
		}
	}
	hostPort, path, _ := strings.Cut(rest, "/")
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil { // no port, or an IPv6 address without brackets
		host, port = strings.Trim(hostPort, "[]"), ""
	}
	if strings.Contains(hostPort, "@") {
		return "", badHost("OLLAMA_HOST contains credentials: set OLLAMA_API_KEY instead")
	}
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", badHost(fmt.Sprintf("OLLAMA_HOST has an invalid port %q: use a number up to 65535", port))
		}
	} else if !hasScheme {
		port = defaultPort
	}
	base := scheme + "://" + connectable(host)
	if port != "" {
		base += ":" + port
	}
	if path != "" {
		base += "/" + path
	}
	return base, nil
}

func badHost(message string) error {
	return &llm.Error{Kind: llm.InvalidRequest, Provider: providerName, Message: message}
}

// connectable returns the host in the form for a URL. An unspecified address is replaced
// with the loopback address.
func connectable(host string) string {
	if host == "" {
		return "127.0.0.1"
	}
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case addr.IsUnspecified() && addr.Is4():
		return "127.0.0.1"
	case addr.IsUnspecified():
		return "[::1]"
	case addr.Is6():
		return "[" + strings.ReplaceAll(addr.String(), "%", "%25") + "]" // RFC 6874: a zone's % is escaped
	}
	return host
}
