package httpcall

import (
	"strings"
	"unicode/utf8"

	"github.com/parley-llm/parley/internal/apierror"
)

// Head is a writer that keeps the first 4,000 bytes, for quoting a body in an error message.
// The zero value is ready to use. It is not safe for concurrent use.
type Head struct{ data []byte }

// maxHead is larger than apierror.MaxExcerpt, in bytes, so that a secret at the end of the excerpt is
// complete. [Secrets.Scrub] cannot recognize a truncated secret.
const maxHead = 4 * apierror.MaxExcerpt

// Write keeps p up to the limit and discards the rest. It never returns an error.
func (h *Head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), maxHead-len(h.data))]...)
	return len(p), nil
}

// Bytes returns the bytes that were kept.
func (h *Head) Bytes() []byte { return h.data }

// Quote returns an excerpt of a body as the end of an error message: "; body: …". It is for
// replies that are not an answer, in which servers and proxies often explain the cause in
// plain text. It returns "" if the body is not text.
//
// Security: the secrets of the request are removed.
func (r *Reply) Quote(body []byte) string {
	body = body[:min(len(body), maxHead)]
	text := strings.ToValidUTF8(string(body), "")
	if len(text) < len(body)-utf8.UTFMax { // more invalid bytes than one truncated character
		return ""
	}
	if text = apierror.Excerpt([]byte(r.request.Secrets.Scrub(text))); text == "" {
		return ""
	}
	return "; body: " + text
}
