package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// PaLM returns the dialect of the PaLM protocol. Answers are in one piece, without finish reason
// and usage. Package providers/palm/palmtest has a server for the protocol.
// https://github.com/googleapis/googleapis/blob/master/google/ai/generativelanguage/v1beta2/discuss_service.proto
func PaLM() Dialect {
	return Dialect{
		Name:         "palm",
		StreamType:   "application/json",
		RenderStream: palmStream,
		RenderWhole:  palmWhole,
		RenderError:  palmError,
		ErrorFrames: func(e *llm.Error) []NamedFrame {
			return []NamedFrame{{"the reply", string(palmError(e))}}
		},
		Complete: func(body []byte) int {
			if body = bytes.TrimSpace(body); json.Valid(body) {
				return len(body)
			}
			return -1
		},
		CleanEnd: true,
	}
}

// palmStream renders the reply. If the answer has no end, the end of the reply is missing.
func palmStream(events []llm.Event) []byte {
	body := palmWhole(events)
	if collect(events).done == nil {
		return bytes.TrimRight(body, "}")
	}
	return body
}

func palmWhole(events []llm.Event) []byte {
	said := collect(events)
	switch result := said.result.(type) {
	case nil:
		return jsontext.Marshal(object{"candidates": []object{{"author": "1", "content": said.text}}, "messages": []object{}})
	case *llm.TokenCount:
		return jsontext.Marshal(object{"tokenCount": result.Tokens})
	}
	return nil
}

// palmError renders an error in the format of all Google APIs:
// https://cloud.google.com/apis/design/errors
func palmError(e *llm.Error) []byte {
	code := e.Status
	if code < 400 {
		code = http.StatusInternalServerError
	}
	inner := object{"message": e.Message, "code": code}
	if word := palmStatus[code]; word != "" {
		inner["status"] = word
	}
	return jsontext.Marshal(object{"error": inner})
}

var palmStatus = map[int]string{
	http.StatusBadRequest:          "INVALID_ARGUMENT",
	http.StatusUnauthorized:        "UNAUTHENTICATED",
	http.StatusForbidden:           "PERMISSION_DENIED",
	http.StatusNotFound:            "NOT_FOUND",
	http.StatusTooManyRequests:     "RESOURCE_EXHAUSTED",
	http.StatusInternalServerError: "INTERNAL",
	http.StatusServiceUnavailable:  "UNAVAILABLE",
}
