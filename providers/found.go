package providers

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// checkFound holds a file that was found, and that nobody named, to what a stranger's file may do: whoever wrote
// the folder wrote the file, and the person who runs a program in it has keys. So such a file
//
//   - runs no command and reads no other file,
//   - connects to no store, which would see answers and could lift limits,
//   - sets no proxy and no TLS settings, with which a connection can be listened to,
//   - names no environment variable but the provider's own key, and that only where the provider's own
//     address is used,
//   - gives no provider that the user may name another address, but one on this machine,
//   - where it gives another address, has a provider that sees no environment variable at all. Providers that
//     find credentials elsewhere, such as those of a cloud's command line, cannot be given another address.
//
// Whoever wrote it may still have prompts sent to an address of theirs, by a name in the file: the
// choice that Default reports says that the file was found.
//
// A name that the program or the user knows cannot be made another provider: that holds for every file.
func (b *builder) checkFound() {
	for _, p := range b.file.Providers {
		kind := p.name.value
		if p.value.Type != nil {
			kind = p.value.Type.value
		}
		b.checkFoundConnection(kind, p.value.connection)
		base := p.value.BaseURL
		if base != nil && mayHaveAddress(kind) && imported(p.name.value) && !isLoopback(base.value) {
			b.refuseFound(base.place, "give "+p.name.value+" another address (under another name, with type: "+kind+", it may)")
		}
	}
	for _, m := range b.file.Models {
		kind, section, _ := b.kindOf(m.value.Model)
		b.checkFoundConnection(kind, b.connection(section, &m.value))
		for _, mw := range m.value.Middleware {
			b.checkFoundMiddleware(mw)
		}
	}
	for _, s := range b.file.Stores {
		if s.value.Kind != nil && s.value.Kind.value != "memory" {
			b.refuseFound(s.name.place, "connect to a store")
		}
	}
	for _, g := range b.file.Groups {
		for _, mw := range g.value.Middleware {
			b.checkFoundMiddleware(mw)
		}
	}
}

// harmless are the middlewares that neither write files nor connect to anything of their own.
var harmless = []string{"retry", "timeout", "fallback", "balance", "hedge", "breaker", "concurrency", "rate_limit", "budget", "cache", "resume", "trim"}

func (b *builder) checkFoundMiddleware(m middlewareConfig) {
	if m.settings.node != nil && !slices.Contains(harmless, m.name.value) {
		b.refuseFound(m.name.place, "set up the middleware "+m.name.value)
	}
}

func (b *builder) checkFoundConnection(kind string, c connection) {
	vendor := readVendors().get(kind)
	if c.TLS != nil {
		b.refuseFound(c.TLS.place, "set up TLS")
	}
	if c.Proxy != nil {
		b.refuseFound(c.Proxy.place, "set a proxy")
	}
	if c.BaseURL != nil && !mayHaveAddress(kind) {
		b.refuseFound(c.BaseURL.place, "give the provider "+kind+" an address")
	}
	for _, h := range c.Headers {
		if h.value == nil {
			continue
		}
		if h.value.literal == "" {
			b.refuseFound(h.value.place, "take a header from elsewhere")
		}
		if strings.EqualFold(h.name.value, "Host") {
			b.refuseFound(h.name.place, "set the header Host")
		}
	}
	for _, k := range c.credentials() {
		switch {
		case k.from.Command != nil:
			b.refuseFound(k.place, "run a command")
		case k.from.File != nil:
			b.refuseFound(k.place, "read a key from a file")
		case k.from.Env != nil && c.BaseURL != nil:
			b.refuseFound(k.place, "send a key from the environment to an address that it gives itself")
		case k.from.Env != nil && (vendor == nil || !slices.Contains(vendor.value.Keys, k.from.Env.value)):
			b.refuseFound(k.place, "send "+k.from.Env.value+" to "+kind)
		}
	}
}

// mayHaveAddress reports whether a provider that is given another address can be kept from all credentials.
func mayHaveAddress(kind string) bool {
	vendor := readVendors().get(kind)
	return vendor != nil && vendor.value.OnlyByGetenv
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.Unmap().IsLoopback() || u.Hostname() == "localhost"
}

func (b *builder) refuseFound(at place, what string) {
	b.add(at, "a file that nobody named may not %s: if you trust it, set PARLEY_CONFIG=%s", what, b.problems.file)
}
