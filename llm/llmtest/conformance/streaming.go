package conformance

import "strings"

// needStreaming are the checks, by how their names begin, of what a caller sees
// or does before an answer has ended.
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

// lacksStreaming returns why a check does not apply to a provider whose answers
// come in one piece, and "" if it does.
func (s *Suite) lacksStreaming(check string) string {
	for _, name := range needStreaming {
		if strings.HasPrefix(check, name) {
			return s.NoStreaming
		}
	}
	return ""
}
