package egress_test

import (
	"fmt"
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
		"":                         "the host name is empty or has more than 253 bytes",
		"https://llm.example":      "give a host, an address or a network instead of a URL",
		"llm.example:8443/v1":      "give a host, an address or a network instead of a URL",
		"llm.example/v1":           "a host name consists of letters, digits, hyphens, underscores and dots; * is allowed only as the first label",
		"llm.example:http":         `invalid port "http"; give a number from 1 to 65535`,
		"llm.example:0":            `invalid port "0"; give a number from 1 to 65535`,
		"llm.example:70000":        `invalid port "70000"; give a number from 1 to 65535`,
		"10.20.0.7/16":             "the address has bits outside the prefix; write 10.20.0.0/16 for the network",
		"::ffff:0.0.0.0/95":        "the address has bits outside the prefix; write ::fffe:0:0/95 for the network",
		"fe80::1%eth0":             "an address with a zone is not supported",
		"127.1":                    "incomplete address; write all four numbers, for example 127.0.0.1",
		"0x7f000001":               "incomplete address; write all four numbers, for example 127.0.0.1",
		"2130706433":               "incomplete address; write all four numbers, for example 127.0.0.1",
		"*":                        "a host name consists of letters, digits, hyphens, underscores and dots; * is allowed only as the first label",
		"*.":                       "the host name is empty or has more than 253 bytes",
		"a.*.example":              "a host name consists of letters, digits, hyphens, underscores and dots; * is allowed only as the first label",
		"a..example":               "the host name has an empty label; remove the extra dot",
		"bücher.example":           "the host name is not ASCII; write its ASCII form (xn--…)",
		"unix:/run/llm.sock":       "give a host, an address or a network instead of a URL",
		"a b":                      "a host name consists of letters, digits, hyphens, underscores and dots; * is allowed only as the first label",
		strings.Repeat("a.", 200):  "the host name is empty or has more than 253 bytes",
		"user@llm.example":         "a host name consists of letters, digits, hyphens, underscores and dots; * is allowed only as the first label",
		"llm.example\r\nevil.test": "a host name consists of letters, digits, hyphens, underscores and dots; * is allowed only as the first label",
	} {
		_, err := egress.Allow("first.example", entry)
		if llm.KindOf(err) != llm.InvalidRequest {
			t.Errorf("Allow(%q) returns the error %v, want an invalid request", entry, err)
			continue
		}
		if _, got, _ := strings.Cut(err.Error(), fmt.Sprintf("invalid egress entry %q: ", entry)); got != want {
			t.Errorf("Allow(%q) fails with %q, want %q", entry, got, want)
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
		again, err := egress.Allow(list.String()) // String returns a valid list of entries
		if err != nil {
			t.Fatalf("%q prints as %q, which is not an entry: %v", entry, list, err)
		}
		if diff := cmp.Diff(list.String(), again.String()); diff != "" {
			t.Errorf("%q changes when it is read again (-first +second):\n%s", entry, diff)
		}
	})
}
