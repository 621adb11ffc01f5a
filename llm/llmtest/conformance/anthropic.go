package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// Anthropic returns the dialect of Anthropic's Messages API.
// https://platform.claude.com/docs/en/build-with-claude/streaming
func Anthropic() Dialect {
	return Dialect{
		Name:         "anthropic",
		StreamType:   "text/event-stream; charset=utf-8",
		RenderStream: anthropicStream,
		RenderWhole:  anthropicWhole,
		RenderError:  anthropicError,
		ErrorFrames:  anthropicErrorFrames,
		Complete:     anthropicComplete,
		FinishReasons: map[string]llm.FinishReason{
			"end_turn": llm.FinishStop, "stop_sequence": llm.FinishStop, "max_tokens": llm.FinishLength,
			"model_context_window_exceeded": llm.FinishLength, "refusal": llm.FinishContentFilter, "pause_turn": llm.FinishOther,
			"tired": llm.FinishOther,
		},
		Usage: llm.Usage{
			Input: llm.Known(120), Output: llm.Known(34), CacheRead: llm.Known(64), CacheWrite: llm.Known(16), Reasoning: llm.Known(20),
		},
		NoArguments: "{}",
	}
}

var anthropicFinish = map[llm.FinishReason]string{
	llm.FinishStop: "end_turn", llm.FinishToolCalls: "tool_use", llm.FinishLength: "max_tokens", llm.FinishContentFilter: "refusal",
}

// anthropicWriter writes the events of a stream.
type anthropicWriter struct {
	bytes.Buffer
	blocks int    // so far
	open   string // the type of the open block, or ""
}

func (w *anthropicWriter) send(name string, members object) {
	members["type"] = name
	w.WriteString("event: " + name + "\ndata: ")
	w.Write(jsontext.Marshal(members))
	w.WriteString("\n\n")
}

// begin starts a block, unless a block of this type is open.
func (w *anthropicWriter) begin(typ string, block object) {
	if w.open == typ {
		return
	}
	w.stop()
	block["type"] = typ
	w.send("content_block_start", object{"index": w.blocks, "content_block": block})
	w.open = typ
}

func (w *anthropicWriter) stop() {
	if w.open != "" {
		w.send("content_block_stop", object{"index": w.blocks})
		w.blocks++
		w.open = ""
	}
}

func (w *anthropicWriter) delta(typ, member, text string) {
	w.send("content_block_delta", object{"index": w.blocks, "delta": object{"type": typ, member: text}})
}

// anthropicStream renders an event for each piece. The server sends the blocks one after
// another, so pieces of several tool calls must not be mixed.
func anthropicStream(events []llm.Event) []byte {
	said := collect(events)
	w := new(anthropicWriter)
	start := object{"id": said.id, "type": "message", "role": "assistant", "model": said.model, "content": []object{}, "stop_reason": nil}
	if said.done != nil {
		if usage := anthropicUsage(said.done.Usage); usage != nil {
			delete(usage, "output_tokens_details")
			usage["output_tokens"] = 1 // as the server counts at the beginning
			start["usage"] = usage
		}
	}
	w.send("message_start", object{"message": start})
	w.send("ping", object{})
	for _, ev := range events {
		switch ev.Type {
		case llm.EventText:
			w.begin("text", object{"text": ""})
			w.delta("text_delta", "text", ev.Text)
		case llm.EventReasoning:
			w.begin("thinking", object{"thinking": "", "signature": ""})
			w.delta("thinking_delta", "thinking", ev.Text)
		case llm.EventToolCallStart:
			if call, ok := ev.Detail.(*llm.ToolCall); ok {
				w.stop()
				w.begin("tool_use", object{"id": call.ID, "name": call.Name, "input": object{}})
				w.delta("input_json_delta", "partial_json", "")
			}
		case llm.EventToolCallDelta:
			w.delta("input_json_delta", "partial_json", ev.Text)
		}
	}
	if said.done == nil {
		return w.Bytes()
	}
	w.stop()
	end := object{"delta": object{"stop_reason": finishWord(said.done, anthropicFinish), "stop_sequence": nil}}
	if usage := anthropicUsage(said.done.Usage); usage != nil {
		end["usage"] = usage
	}
	w.send("message_delta", end)
	w.send("message_stop", object{})
	return w.Bytes()
}

// anthropicUsage renders the counts. input_tokens does not include the cache.
func anthropicUsage(u llm.Usage) object {
	usage := object{}
	set := func(name string, n llm.Tokens, less int) {
		if n.IsKnown() {
			usage[name] = n.N - less
		}
	}
	set("input_tokens", u.Input, u.CacheRead.N+u.CacheWrite.N)
	set("cache_read_input_tokens", u.CacheRead, 0)
	set("cache_creation_input_tokens", u.CacheWrite, 0)
	set("output_tokens", u.Output, 0)
	if u.Reasoning.IsKnown() {
		usage["output_tokens_details"] = object{"thinking_tokens": u.Reasoning.N}
	}
	if len(usage) == 0 {
		return nil
	}
	return usage
}

func anthropicWhole(events []llm.Event) []byte {
	said := collect(events)
	switch result := said.result.(type) {
	case *llm.EmbedResponse:
		return nil // the API has no embeddings
	case *llm.ModelList:
		models := make([]object, len(result.Models))
		for i, m := range result.Models {
			models[i] = object{
				"type": "model", "id": m.Name, "display_name": m.DisplayName, "max_input_tokens": m.ContextWindow, "max_tokens": m.MaxOutput,
				"created_at": created,
			}
		}
		return jsontext.Marshal(object{"data": models, "has_more": false})
	case *llm.TokenCount:
		return jsontext.Marshal(object{"input_tokens": result.Tokens})
	}
	var content []object
	if said.reasoning != "" {
		content = append(content, object{"type": "thinking", "thinking": said.reasoning, "signature": ""})
	}
	if said.text != "" || len(said.calls) == 0 {
		content = append(content, object{"type": "text", "text": said.text})
	}
	for _, call := range said.calls {
		var input any = json.RawMessage(call.Arguments)
		switch {
		case call.Arguments == "":
			input = object{}
		case !json.Valid([]byte(call.Arguments)):
			input = call.Arguments
		}
		content = append(content, object{"type": "tool_use", "id": call.ID, "name": call.Name, "input": input})
	}
	message := object{"type": "message", "role": "assistant", "id": said.id, "model": said.model, "content": content, "stop_reason": nil}
	if said.done != nil {
		message["stop_reason"] = finishWord(said.done, anthropicFinish)
		if usage := anthropicUsage(said.done.Usage); usage != nil {
			message["usage"] = usage
		}
	}
	return jsontext.Marshal(message)
}

// anthropicTypes are the error types of the server by HTTP status code.
// https://platform.claude.com/docs/en/api/errors
var anthropicTypes = map[int]string{
	http.StatusBadRequest: "invalid_request_error", http.StatusUnauthorized: "authentication_error",
	http.StatusPaymentRequired: "billing_error", http.StatusForbidden: "permission_error", http.StatusNotFound: "not_found_error",
	http.StatusRequestEntityTooLarge: "request_too_large", http.StatusTooManyRequests: "rate_limit_error",
	http.StatusServiceUnavailable: "overloaded_error", 529: "overloaded_error",
}

func anthropicError(e *llm.Error) []byte { return jsontext.Marshal(anthropicErrorObject(e)) }

func anthropicErrorObject(e *llm.Error) object {
	typ := e.Code
	if typ == "" {
		typ = anthropicTypes[e.Status]
	}
	switch {
	case typ != "":
	case e.Status > http.StatusBadRequest && e.Status < http.StatusInternalServerError:
		typ = "invalid_request_error"
	default:
		typ = "api_error" // also an error inside a stream
	}
	return object{"type": "error", "error": object{"type": typ, "message": e.Message}}
}

// anthropicErrorFrames renders an error inside a stream.
func anthropicErrorFrames(e *llm.Error) []NamedFrame {
	usual := string(anthropicError(e))
	inner := string(jsontext.Marshal(anthropicErrorObject(e)["error"]))
	return []NamedFrame{
		{"event: error", "event: error\ndata: " + usual + "\n\n"},
		{"no event name", "data: " + usual + "\n\n"},
		{"the type is not the first member", `data: {"error":` + inner + `,"type":"error"}` + "\n\n"},
		{"no type", `data: {"error":` + inner + "}\n\n"},
		{"spaces in the JSON", "event: error\ndata: { \"type\" : \"error\", \"error\" : " + inner + " }\n\n"},
		{"lines end in CRLF", "event: error\r\ndata: " + usual + "\r\n\r\n"},
		{
			"after a reason to stop",
			"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\nevent: error\ndata: " + usual + "\n\n",
		},
	}
}

// anthropicComplete returns the end of the event that ends an answer.
func anthropicComplete(body []byte) int {
	const end = `data: {"type":"message_stop"}`
	if at := strings.Index(string(body), end); at >= 0 {
		return at + len(end)
	}
	return -1
}
