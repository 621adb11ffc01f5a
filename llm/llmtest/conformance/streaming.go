package conformance

import "strings"

// needStreaming has the prefixes of the names of checks that need events before the end of an
// answer.
var needStreaming = []string{
	"error in the stream/after text/",
	"break/",
	"cancel/between two frames",
	"cancel/inside a frame",
	"cancel/from inside the loop",
	"call/many left at once",
	"limit/on the next piece",
	"limit/on the size of a piece",
	"not the API/broken frame",
}

// lacksStreaming returns the reason to skip a check for a provider without streaming, or "".
func (s *Suite) lacksStreaming(check string) string {
	for _, name := range needStreaming {
		if strings.HasPrefix(check, name) {
			return s.NoStreaming
		}
	}
	return ""
}
