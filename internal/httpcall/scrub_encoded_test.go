package httpcall

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// TestEncodedKeyIsRemoved checks keys that a server echoes in another form, at each place in a
// message at which it is cut.
func TestEncodedKeyIsRemoved(t *testing.T) {
	const key = "sk-canary/12345+67890&x"
	encode := func(format string) string {
		var b strings.Builder
		for i := range len(key) {
			fmt.Fprintf(&b, format, key[i])
		}
		return b.String()
	}
	for name, echoed := range map[string]string{
		"plain":           key,
		"JSON":            encode(`\u%04x`),
		"JSON, upper":     encode(`\u%04X`),
		"JSON in JSON":    encode(`\\u%04x`),
		"slash":           strings.ReplaceAll(key, "/", `\/`),
		"percent":         encode("%%%02x"),
		"query":           url.QueryEscape(key),
		"path":            url.PathEscape(key),
		"HTML":            html.EscapeString(key),
		"HTML, numbers":   encode("&#%d;"),
		"base64":          base64.StdEncoding.EncodeToString([]byte(key)),
		"base64 URL":      base64.RawURLEncoding.EncodeToString([]byte(key)),
		"base64, after 1": base64.StdEncoding.EncodeToString([]byte("x" + key + "y")),
		"base64, bearer":  base64.StdEncoding.EncodeToString([]byte("Bearer " + key + ":z")),
	} {
		for _, before := range []int{0, 960, 985, 995} {
			body := `{"error":{"message":"` + strings.Repeat("x", before) + " " + echoed + `"}}`
			req := post(anyURL, "{}")
			req.Secrets = Secrets{key}
			e := refuse(t, client(t, inMemory(t, says(401, "application/json", body)), llm.Limits{}), req)
			said := e.Error()
			if strings.Contains(said, "canary") || strings.Contains(said, `u0063`) || strings.Contains(said, "%63%61") || strings.Contains(said, "&#99;") {
				t.Errorf("%s after %d characters: %s", name, before, said[max(0, len(said)-80):])
			}
			if strings.Contains(name, "base64") && len(echoed) > 20 && strings.Contains(said, echoed[6:20]) {
				t.Errorf("%s after %d characters: %s", name, before, said[max(0, len(said)-80):])
			}
		}
	}
}
