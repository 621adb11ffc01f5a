package llmutil

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// PlainCallID returns a [History.CallID] for servers that accept ids of letters, digits,
// underscores and hyphens, up to a length. Other characters become underscores, and an id
// that is too long ends in a hash.
func PlainCallID(maxLen int) func(id string) string {
	short := ShortCallID(maxLen)
	return func(id string) string {
		plain := strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
				return r
			}
			return '_'
		}, id)
		return short(plain)
	}
}

// ShortCallID returns a [History.CallID] for servers that limit only the length of ids, in
// bytes. An id that is too long ends in a hash.
func ShortCallID(maxLen int) func(id string) string {
	return func(id string) string {
		if len(id) <= maxLen {
			return id
		}
		sum := sha256.Sum256([]byte(id))
		hash := hex.EncodeToString(sum[:6])
		if len(hash) >= maxLen {
			return hash[:maxLen]
		}
		return strings.ToValidUTF8(id[:maxLen-len(hash)], "") + hash
	}
}

// HashCallID returns a [History.CallID] for servers that accept only ids of exactly so many
// letters and digits, for example 9 for Mistral. Every other id becomes a hash.
func HashCallID(length int) func(id string) string {
	return func(id string) string {
		if len(id) == length && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			return id
		}
		sum := sha256.Sum256([]byte(id))
		return hex.EncodeToString(sum[:])[:min(length, 2*sha256.Size)]
	}
}
