package egress_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
)

func TestEntries(t *testing.T) {
	for entry, want := range map[string]string{
		"LLM.Office.Example.":    "llm.office.example",
		"*.office.example":       "*.office.example",
		"gpu-1.example:8443":     "gpu-1.example:8443",
		"10.20.0.0/16":           "10.20.0.0/16",
		"10.20.0.7":              "10.20.0.7",
		"10.20.0.7:80":           "10.20.0.7:80",
		"::ffff:10.20.0.7":       "10.20.0.7",
		"::ffff:10.20.0.0/112":   "10.20.0.0/16",
		"[::1]:8080":             "[::1]:8080",
		"fd00::/8":               "fd00::/8",
		"public":                 "public",
		"xn--bcher-kva.example":  "xn--bcher-kva.example",
		"under_score.example:80": "under_score.example:80",
	} {
		list, err := egress.Allow(entry)
		if err != nil {
			t.Errorf("Allow(%q): %v", entry, err)
			continue
		}
		if got := list.String(); got != want {
			t.Errorf("Allow(%q) is the list %q, want %q", entry, got, want)
		}
	}
}

func TestWrongEntries(t *testing.T) {
	for entry, want := range map[string]string{
		"":                         "there is no host name in it",
		"https://llm.example":      "give a host, an address or a network, and no URL",
		"llm.example:8443/v1":      "give a host, an address or a network, and no URL",
		"llm.example/v1":           "a host name has letters, digits, hyphens and dots; a star stands alone before the first dot",
		"llm.example:http":         `the port "http" is none`,
		"llm.example:0":            `the port "0" is none`,
		"llm.example:70000":        `the port "70000" is none`,
		"10.20.0.7/16":             "the network is 10.20.0.0/16, if that is what is meant",
		"::ffff:0.0.0.0/95":        "the network is ::fffe:0:0/95, if that is what is meant",
		"fe80::1%eth0":             "an address has no zone here",
		"127.1":                    "write the address in full, as in 127.0.0.1",
		"0x7f000001":               "write the address in full, as in 127.0.0.1",
		"2130706433":               "write the address in full, as in 127.0.0.1",
		"*":                        "a host name has letters, digits, hyphens and dots; a star stands alone before the first dot",
		"*.":                       "there is no host name in it",
		"a.*.example":              "a host name has letters, digits, hyphens and dots; a star stands alone before the first dot",
		"a..example":               "a part of the host name is empty",
		"bücher.example":           "write the host name in its ASCII form (xn--…)",
		"unix:/run/llm.sock":       "give a host, an address or a network, and no URL",
		"a b":                      "a host name has letters, digits, hyphens and dots; a star stands alone before the first dot",
		strings.Repeat("a.", 200):  "there is no host name in it",
		"user@llm.example":         "a host name has letters, digits, hyphens and dots; a star stands alone before the first dot",
		"llm.example\r\nevil.test": "a host name has letters, digits, hyphens and dots; a star stands alone before the first dot",
	} {
		_, err := egress.Allow("first.example", entry)
		if llm.KindOf(err) != llm.InvalidRequest {
			t.Errorf("Allow(%q) returns the error %v, want an invalid request", entry, err)
			continue
		}
		if _, got, _ := strings.Cut(err.Error(), " is none: "); got != want {
			t.Errorf("Allow(%q) says %q, want %q", entry, got, want)
		}
	}
}

func FuzzAllow(f *testing.F) {
	for _, seed := range []string{"llm.example", "*.a:80", "10.0.0.0/8", "[::1]:1", "::ffff:1.2.3.4/128", "public", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		list, err := egress.Allow(entry)
		if err != nil {
			return
		}
		again, err := egress.Allow(list.String()) // what a list prints is what it is made of
		if err != nil {
			t.Fatalf("%q prints as %q, which is not an entry: %v", entry, list, err)
		}
		if diff := cmp.Diff(list.String(), again.String()); diff != "" {
			t.Errorf("%q changes when it is read again (-first +second):\n%s", entry, diff)
		}
	})
}
