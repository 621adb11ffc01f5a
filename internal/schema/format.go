package schema

import (
	"net/mail"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// format is a check of the format keyword, with an example for messages.
type format struct {
	valid   func(string) bool
	example string
}

// formats are checked if Options.Formats is set. Other formats are never checked. They are
// the formats that OpenAI's strict mode accepts.
var formats = map[string]format{
	"date-time": {layout(time.RFC3339Nano), "2026-11-30T14:05:00Z"},
	"date":      {layout(time.DateOnly), "2026-11-30"},
	"time":      {clock, "14:05:00Z"},
	"duration":  {duration, "PT1H30M"},
	"email":     {email, "ada@example.com"},
	"hostname":  {hostname, "www.example.com"},
	"ipv4":      {func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() }, "192.0.2.1"},
	"ipv6":      {func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is6() && a.Zone() == "" }, "2001:db8::1"},
	"uuid":      {uuidPattern.MatchString, "8c36c2be-5fd4-4d06-a9d0-5f7e7d5f7a4e"},
}

var (
	uuidPattern     = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	hostPattern     = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)
	durationPattern = regexp.MustCompile(`^P(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?)$`)
)

func layout(layout string) func(string) bool {
	return func(s string) bool {
		_, err := time.Parse(layout, s)
		return err == nil
	}
}

func clock(s string) bool { return layout(time.RFC3339Nano)("2000-01-01T" + s) }

func duration(s string) bool {
	return durationPattern.MatchString(s) && s != "P" && !strings.HasSuffix(s, "T")
}

func hostname(s string) bool { return len(s) <= 253 && hostPattern.MatchString(s) }

func email(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
