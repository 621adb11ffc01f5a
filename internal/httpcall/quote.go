package httpcall

import (
	"strings"
	"unicode/utf8"
)

// Head keeps the beginning of what is written to it: enough of a body to quote
// in an error. Its zero value is ready.
type Head struct{ data []byte }

// maxHead is more than is quoted, in bytes: a secret that is cut is no longer
// recognised as one.
const maxHead = 4 * maxExcerpt

// Write never fails.
func (h *Head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), maxHead-len(h.data))]...)
	return len(p), nil
}

// Bytes returns what has been kept.
func (h *Head) Bytes() []byte { return h.data }

// Quote returns the end of an error's message that quotes a body which is no
// answer: what a server or a proxy says in plain text explains the most. It is
// empty if the body is no text.
func (r *Reply) Quote(body []byte) string {
	body = body[:min(len(body), maxHead)]
	text := strings.ToValidUTF8(string(body), "")
	if len(text) < len(body)-utf8.UTFMax { // more than a character that was cut
		return ""
	}
	if text = excerpt([]byte(r.request.Secrets.Scrub(text))); text == "" {
		return ""
	}
	return "; it says: " + text
}
