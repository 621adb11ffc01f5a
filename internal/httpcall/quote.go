package httpcall

import (
	"strings"
	"unicode/utf8"
)

// Head keeps the beginning of the bytes written to it, enough to quote a body in an error. The
// zero value is ready to use.
type Head struct{ data []byte }

// maxHead is the number of bytes kept. It is more than is quoted, because a secret that is
// cut cannot be recognized.
const maxHead = 4 * maxExcerpt

// Write never fails.
func (h *Head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), maxHead-len(h.data))]...)
	return len(p), nil
}

// Bytes returns the bytes kept.
func (h *Head) Bytes() []byte { return h.data }

// Quote returns the end of an error message that quotes a body. It is for bodies that are not
// an answer: the text of a server or a proxy explains the failure best. It is empty if the
// body is not text.
//
// Security: secrets of the request are removed from the quote.
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
