// Package toolname has the rule for names of tools that servers do not accept.
package toolname

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxLen is the maximum length of a name that all servers accept.
const maxLen = 64

// Wire returns the name under which a tool is sent. The documentation is that of
// llmutil.WireToolName.
func Wire(name string) string {
	if IsWire(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	suffix := "_" + hex.EncodeToString(sum[:4])
	plain := strings.Map(func(r rune) rune {
		if r < 128 && isWireByte(byte(r)) {
			return r
		}
		return '_'
	}, name)
	return plain[:min(len(plain), maxLen-len(suffix))] + suffix
}

// IsWire reports whether all servers accept a name.
func IsWire(name string) bool {
	if name == "" || len(name) > maxLen {
		return false
	}
	for i := range len(name) {
		if !isWireByte(name[i]) {
			return false
		}
	}
	return true
}

func isWireByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
