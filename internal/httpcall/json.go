package httpcall

import (
	"bytes"
	"encoding/json"
)

// IsSet reports whether a member of a JSON object is present and not null.
func IsSet(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

// IsBlank reports whether a member of a JSON object is absent, null, or an empty value of
// any type. Some servers send such values for members that they do not use.
func IsBlank(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "false", "0", `""`, "{}", "[]":
		return true
	}
	return false
}
