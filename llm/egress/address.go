package egress

import "net/netip"

// special are the addresses outside the public internet: this machine, private and shared
// networks, link-local addresses (including cloud metadata services), documentation,
// benchmarks, multicast, and reserved ranges.
//
// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry
var special = parsed(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

// globalUnicast contains all public IPv6 addresses except those of translators.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// isPublic reports whether an address belongs to the public internet.
func isPublic(addr netip.Addr) bool {
	for _, prefix := range special {
		if prefix.Contains(addr) {
			return false
		}
	}
	return addr.Is4() || globalUnicast.Contains(addr) || translated.Contains(addr)
}

// translated is NAT64, through which IPv6-only networks reach IPv4 addresses (RFC 6052).
var translated = netip.MustParsePrefix("64:ff9b::/96")

// embedded returns the IPv4 addresses inside an IPv6 address. A gateway or this machine
// may forward the connection to them.
func embedded(addr netip.Addr) []netip.Addr {
	if !addr.Is6() {
		return nil
	}
	b := addr.As16()
	last := netip.AddrFrom4([4]byte(b[12:]))
	switch {
	case localTranslated.Contains(addr):
		return translations(b)
	case translated.Contains(addr), translatedHost.Contains(addr):
		return []netip.Addr{last}
	case compatible.Contains(addr) && addr != netip.IPv6Loopback() && addr != netip.IPv6Unspecified():
		return []netip.Addr{last}
	case sixToFour.Contains(addr):
		return []netip.Addr{netip.AddrFrom4([4]byte(b[2:6]))}
	case teredo.Contains(addr): // the client's address, inverted (RFC 4380)
		return []netip.Addr{netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP (RFC 5214)
		return []netip.Addr{last}
	}
	return nil
}

// translations returns the IPv4 addresses that a translator may extract from an address.
// The position of the IPv4 address depends on the length of the translator's prefix (RFC
// 6052, section 2.2), and the length is unknown here. The caller must therefore allow all
// of them. Addresses in 0.0.0.0/8 are left out, because unused positions are filled with
// zeros. If all positions are zero, the result is the position for a prefix of 96 bits.
func translations(b [16]byte) []netip.Addr {
	last := netip.AddrFrom4([4]byte(b[12:]))
	var all []netip.Addr
	for _, inner := range [][4]byte{{b[6], b[7], b[9], b[10]}, {b[7], b[9], b[10], b[11]}, {b[9], b[10], b[11], b[12]}, last.As4()} {
		if inner[0] != 0 {
			all = append(all, netip.AddrFrom4(inner))
		}
	}
	if all == nil {
		return []netip.Addr{last}
	}
	return all
}

var (
	localTranslated = netip.MustParsePrefix("64:ff9b:1::/48")  // RFC 8215
	translatedHost  = netip.MustParsePrefix("::ffff:0:0:0/96") // translators of RFC 7915, formerly RFC 2765
	compatible      = netip.MustParsePrefix("::/96")           // RFC 4291, deprecated
	sixToFour       = netip.MustParsePrefix("2002::/16")       // RFC 3056
	teredo          = netip.MustParsePrefix("2001::/32")       // RFC 4380
)

func parsed(prefixes ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		all[i] = netip.MustParsePrefix(p)
	}
	return all
}
