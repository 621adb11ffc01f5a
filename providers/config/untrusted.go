package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-llm/parley/providers"
)

// checkUntrusted checks a file that was found in the working directory and that nobody named.
// The author of the directory wrote the file, and the user who runs a program there has keys.
//
// Security: such a file
//
//   - runs no command and reads no other file,
//   - uses no store outside the process, which could read answers and lift limits,
//   - sets no proxy and no TLS settings, which make it possible to read connections,
//   - names no environment variable except the provider's own key, and that one only if the
//     provider's own address is used,
//   - does not give another address, unless it is on this machine, to a provider under a name
//     that the user knows,
//   - if it gives another address, its provider gets no environment variable at all. A
//     provider that finds credentials elsewhere, such as those of a cloud's command-line tool,
//     cannot get another address.
//
// The file can still send prompts to an address of its author, under a name in the file. So
// the Result of Default says where the file was found.
//
// No file can give another type to the name of a registered provider: see checkProviders.
func (c checker) checkUntrusted() {
	for _, p := range c.file.Providers {
		kind := c.kindOf(p.name.value)
		driver, _ := providers.Lookup(kind)
		c.checkUntrustedConnection(kind, driver, p.value.connection)
		c.checkUntrustedAddress(p.name.value, kind, driver, p.value.BaseURL)
	}
	for _, m := range c.file.Models {
		if t, ok := c.target(m.value.Model); ok {
			c.checkUntrustedConnection(t.kind, t.driver, c.connection(t.section, &m.value))
			c.checkUntrustedAddress(t.section, t.kind, t.driver, m.value.BaseURL)
		}
		c.checkUntrustedMiddleware(m.value.Middleware)
	}
	for _, g := range c.file.Groups {
		c.checkUntrustedMiddleware(g.value.Middleware)
	}
	for _, s := range c.file.Stores {
		c.checkUntrustedStore(s.name.place, s.value)
	}
}

// checkUntrustedAddress checks the address that a section or a model gives to a provider. A
// provider under a name that the user knows gets no other address.
func (c checker) checkUntrustedAddress(section, kind string, driver providers.Driver, address *text) {
	if _, registered := providers.Lookup(section); registered && address != nil && driver.ConfigCredentials && !isLoopback(address.value) {
		c.refuse(address.place, "give "+section+" another address (under another name, with type: "+kind+", it may)")
	}
}

// checkUntrustedStore checks the settings of a store.
//
// Security: it also refuses settings that this kind of store does not use. To read the URL of
// a store can mean to run a command.
func (c checker) checkUntrustedStore(at place, s storeConfig) {
	if s.Kind != nil {
		if kind, _ := storeKind(s.Kind.value); !kind.AllowUntrusted {
			c.refuse(at, "connect to a store")
			return
		}
	}
	if s.URL != nil && s.URL.literal == "" {
		c.refuse(s.URL.place, "take the address of a store from elsewhere")
	}
	if s.TLS != nil {
		c.refuse(s.TLS.place, "set up TLS")
	}
}

// checkUntrustedMiddleware allows every middleware without settings, and the settings of those
// that are registered as allowed.
func (c checker) checkUntrustedMiddleware(list []middlewareConfig) {
	for _, m := range list {
		if kind, _ := middlewareNamed(m.name.value); m.settings.node != nil && !kind.allowUntrusted {
			c.refuse(m.name.place, "set up the middleware "+m.name.value)
		}
	}
}

func (c checker) checkUntrustedConnection(kind string, driver providers.Driver, conn connection) {
	if conn.TLS != nil {
		c.refuse(conn.TLS.place, "set up TLS")
	}
	if conn.Proxy != nil {
		c.refuse(conn.Proxy.place, "set a proxy")
	}
	if conn.BaseURL != nil && !driver.ConfigCredentials {
		c.refuse(conn.BaseURL.place, "give the provider "+kind+" an address")
	}
	for _, h := range conn.Headers {
		if h.value == nil {
			continue
		}
		if h.value.literal == "" {
			c.refuse(h.value.place, "take a header from elsewhere")
		}
		if strings.EqualFold(h.name.value, "Host") {
			c.refuse(h.name.place, "set the header Host")
		}
	}
	for _, k := range conn.credentials() {
		switch {
		case k.from.Command != nil:
			c.refuse(k.place, "run a command")
		case k.from.File != nil:
			c.refuse(k.place, "read a key from a file")
		case k.from.Env != nil && conn.BaseURL != nil:
			c.refuse(k.place, "send a key from the environment to an address that it gives itself")
		case k.from.Env != nil && !slices.Contains(driver.KeyEnv, k.from.Env.value):
			c.refuse(k.place, "send "+k.from.Env.value+" to "+kind)
		}
	}
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.Unmap().IsLoopback() || u.Hostname() == "localhost"
}

// refuse adds the problem that the file may not do something.
func (c checker) refuse(at place, act string) {
	c.add(at, "a file that nobody named may not %s; if you trust it, set PARLEY_CONFIG=%s", act, c.path)
}
