package anthropic

import (
	"bytes"
	"encoding/json"
)

// maxBreakpoints is the number of cache breakpoints that the server accepts.
const maxBreakpoints = 4

// addCache marks the end of the tools, of the system prompt and of the messages as cache
// breakpoints, if the options ask for it. Breakpoints in blocks and tools of the caller
// count first.
func (b *requestBuilder) addCache() {
	if b.options.Cache == "" {
		return
	}
	left := maxBreakpoints - b.givenBreakpoints()
	mark := &cacheControl{Type: "ephemeral"}
	if b.options.Cache != "5m" { // the default of the server
		mark.TTL = b.options.Cache
	}
	last := &b.body.Messages[len(b.body.Messages)-1]
	if left > 0 && markLast(last.Content, mark) {
		left--
	}
	if n := len(b.body.System); left > 0 && n > 0 {
		b.body.System[n-1].CacheControl = mark
		left--
	}
	if left > 0 {
		markLast(b.body.Tools, mark)
	}
}

// givenBreakpoints returns the number of breakpoints that the caller has set.
func (b *requestBuilder) givenBreakpoints() int {
	n := 0
	for _, t := range b.options.ServerTools {
		if t["cache_control"] != nil {
			n++
		}
	}
	for _, m := range b.body.Messages {
		for _, block := range m.Content {
			if raw, ok := block.(json.RawMessage); ok && bytes.Contains(raw, []byte(`"cache_control"`)) {
				n++
			}
		}
	}
	return n
}

// markLast marks the last block or tool that can have a breakpoint, and reports whether
// there is one. Thinking cannot have one.
func markLast(blocks []any, mark *cacheControl) bool {
	for i := len(blocks) - 1; i >= 0; i-- {
		switch b := blocks[i].(type) {
		case *textBlock:
			b.CacheControl = mark
		case *mediaBlock:
			b.CacheControl = mark
		case *toolUseBlock:
			b.CacheControl = mark
		case *toolResultBlock:
			b.CacheControl = mark
		case *tool:
			b.CacheControl = mark
		default:
			continue
		}
		return true
	}
	return false
}
