package anthropic

import (
	"strconv"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// callIDs gives each tool call of a conversation an id that the server accepts. Ids of other
// servers can be missing or contain characters that it rejects. The zero value is ready to
// use.
type callIDs struct {
	sent  map[string]string // by the call's own id: the id that is sent with its last call
	names map[string]string // by tool name: the id of its last call without an id
	used  map[string]bool   // ids that are sent
}

// call returns the id to send with a call.
func (c *callIDs) call(call llm.ToolCall) string {
	if c.sent == nil {
		c.sent, c.names, c.used = make(map[string]string), make(map[string]string), make(map[string]bool)
	}
	id := acceptable(call.ID)
	for n := len(c.used); id == "" || c.used[id]; n++ { // some servers use an id again
		id = acceptable(call.ID) + "call_" + strconv.Itoa(n)
	}
	c.used[id] = true
	if call.ID == "" {
		c.names[call.Name] = id
	} else {
		c.sent[call.ID] = id
	}
	return id
}

// result returns the id to send with a result: that of its call.
func (c *callIDs) result(result llm.ToolResult) string {
	if id, ok := c.sent[result.CallID]; ok && result.CallID != "" {
		return id
	}
	if id, ok := c.names[result.Name]; ok && result.CallID == "" {
		return id
	}
	return acceptable(result.CallID)
}

// acceptable returns the id with an underscore for each character that the server rejects.
// The server accepts letters, digits, underscores and hyphens.
func acceptable(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, id)
}
