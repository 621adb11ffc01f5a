package apierror

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Find returns the error in a reply with a status of success, or in a frame of a stream,
// that contains no part of an answer. It returns false if the value does not say that it is
// an error. Servers report errors this way without a member "error": MiniMax, NVIDIA,
// DashScope, and programs with FastAPI.
func Find(data []byte) (Error, bool) {
	data = bytes.TrimSpace(data)
	var o object
	if len(data) == 0 || data[0] != '{' || !o.decode(data) || !o.isError(data) {
		return Error{}, false
	}
	return Read(data), true
}

// isError reports whether an object says that it is an error.
func (o *object) isError(data []byte) bool {
	for _, raw := range [...]json.RawMessage{o.Error, o.Errors, o.Fault, o.Detail, o.ErrorMessage, o.ErrorMsg, o.ErrorType, o.ErrorCode} {
		if !isBlank(raw) {
			return true
		}
	}
	switch {
	case o.BaseResp != nil && o.BaseResp.Code != 0:
		return true
	case isText(o.Message) || isText(o.Msg):
		return true
	case string(o.Type) == `"error"`:
		return true
	}
	return unknownMember(data) != ""
}

func isText(raw json.RawMessage) bool { return len(raw) > len(`""`) && raw[0] == '"' }

// Mentions reports whether a message of the error contains the text, in lower case.
func (e *Error) Mentions(text string) bool {
	return strings.Contains(strings.ToLower(strings.Join(e.texts, "\n")), text)
}
