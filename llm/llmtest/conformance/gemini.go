package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// Gemini returns the dialect of the Gemini API and of Vertex AI.
// https://ai.google.dev/api/generate-content
func Gemini() Dialect {
	return Dialect{
		Name:         "gemini",
		StreamType:   "text/event-stream",
		RenderStream: geminiStream,
		RenderWhole:  geminiWhole,
		RenderError:  geminiError,
		ErrorFrames:  geminiErrorFrames,
		Complete:     geminiComplete,
		CleanEnd:     true,
		FinishReasons: map[string]llm.FinishReason{
			"STOP": llm.FinishStop, "MAX_TOKENS": llm.FinishLength, "SAFETY": llm.FinishContentFilter,
			"RECITATION": llm.FinishContentFilter, "TIRED": llm.FinishOther,
		},
		Usage: llm.Usage{
			Input: llm.Known(120), Output: llm.Known(34), CacheRead: llm.Known(64), Reasoning: llm.Known(20),
		},
		NoArguments: "{}",
	}
}

// The server sends "STOP" also for tool calls.
var geminiFinish = map[llm.FinishReason]string{
	llm.FinishStop: "STOP", llm.FinishToolCalls: "STOP", llm.FinishLength: "MAX_TOKENS", llm.FinishContentFilter: "SAFETY",
}

// geminiChunk is a piece of an answer, or a whole answer.
type geminiChunk struct {
	Candidates []geminiCandidate `json:"candidates"`
	Usage      object            `json:"usageMetadata,omitempty"`
	Model      string            `json:"modelVersion"`
	ID         string            `json:"responseId"`
}

type geminiCandidate struct {
	Content      geminiContent `json:"content"`
	FinishReason string        `json:"finishReason,omitempty"`
	Index        int           `json:"index"`
}

type geminiContent struct {
	Parts []object `json:"parts"`
	Role  string   `json:"role"`
}

// geminiStream renders a chunk for each event, and a chunk with the finish reason and the usage.
// Tool calls are in one chunk.
func geminiStream(events []llm.Event) []byte {
	said := collect(events)
	var b bytes.Buffer
	send := func(done *llm.Done, parts ...object) {
		b.WriteString("data: ")
		b.Write(jsontext.Marshal(geminiPiece(said, done, parts)))
		b.WriteString("\n\n")
	}
	for _, ev := range events {
		switch ev.Type {
		case llm.EventText:
			send(nil, object{"text": ev.Text})
		case llm.EventReasoning:
			send(nil, object{"text": ev.Text, "thought": true})
		case llm.EventToolCallEnd:
			if call, ok := ev.Detail.(*llm.ToolCall); ok {
				send(nil, geminiCall(call))
			}
		}
	}
	if said.done != nil {
		send(said.done, object{"text": ""})
	}
	return b.Bytes()
}

func geminiPiece(said rendered, done *llm.Done, parts []object) geminiChunk {
	candidate := geminiCandidate{Content: geminiContent{Parts: parts, Role: "model"}}
	chunk := geminiChunk{Model: said.model, ID: said.id}
	if done != nil {
		candidate.FinishReason = finishWord(done, geminiFinish)
		chunk.Usage = geminiUsage(done.Usage)
	}
	chunk.Candidates = []geminiCandidate{candidate}
	return chunk
}

func geminiCall(call *llm.ToolCall) object {
	var arguments any = json.RawMessage(call.Arguments)
	switch {
	case call.Arguments == "":
		arguments = object{}
	case !json.Valid([]byte(call.Arguments)):
		arguments = call.Arguments
	}
	return object{"functionCall": object{"id": call.ID, "name": call.Name, "args": arguments}}
}

// geminiUsage renders the counts. candidatesTokenCount does not include the thoughts.
func geminiUsage(u llm.Usage) object {
	usage := object{}
	set := func(name string, n llm.Tokens, less int) {
		if n.IsKnown() {
			usage[name] = n.N - less
		}
	}
	set("promptTokenCount", u.Input, 0)
	set("candidatesTokenCount", u.Output, u.Reasoning.N)
	set("thoughtsTokenCount", u.Reasoning, 0)
	set("cachedContentTokenCount", u.CacheRead, 0)
	set("totalTokenCount", u.Total(), 0)
	if len(usage) == 0 {
		return nil
	}
	return usage
}

func geminiWhole(events []llm.Event) []byte {
	said := collect(events)
	switch result := said.result.(type) {
	case *llm.EmbedResponse:
		list := make([]object, len(result.Vectors))
		for i, v := range result.Vectors {
			list[i] = object{"values": v}
		}
		return jsontext.Marshal(object{"embeddings": list})
	case *llm.ModelList:
		models := make([]object, len(result.Models))
		for i, m := range result.Models {
			models[i] = object{"name": "models/" + m.Name, "displayName": m.DisplayName, "inputTokenLimit": m.ContextWindow, "outputTokenLimit": m.MaxOutput}
		}
		return jsontext.Marshal(object{"models": models})
	case *llm.TokenCount:
		return jsontext.Marshal(object{"totalTokens": result.Tokens})
	}
	var parts []object
	if said.reasoning != "" {
		parts = append(parts, object{"text": said.reasoning, "thought": true})
	}
	if said.text != "" || len(said.calls) == 0 {
		parts = append(parts, object{"text": said.text})
	}
	for _, call := range said.calls {
		parts = append(parts, geminiCall(&call))
	}
	return jsontext.Marshal(geminiPiece(said, said.done, parts))
}

// geminiStatuses are the status names of the server by HTTP status code.
// https://cloud.google.com/apis/design/errors#handling_errors
var geminiStatuses = map[int]string{
	http.StatusBadRequest: "INVALID_ARGUMENT", http.StatusUnauthorized: "UNAUTHENTICATED",
	http.StatusForbidden: "PERMISSION_DENIED", http.StatusNotFound: "NOT_FOUND",
	http.StatusTooManyRequests: "RESOURCE_EXHAUSTED", http.StatusInternalServerError: "INTERNAL",
	http.StatusServiceUnavailable: "UNAVAILABLE",
}

func geminiError(e *llm.Error) []byte { return jsontext.Marshal(object{"error": geminiErrorObject(e)}) }

func geminiErrorObject(e *llm.Error) object {
	status := e.Status
	if status == 0 || status == http.StatusOK { // an error inside a stream
		status = http.StatusInternalServerError
	}
	inner := object{"code": status, "message": e.Message}
	if word, ok := geminiStatuses[status]; ok {
		inner["status"] = word
	}
	if e.Code != "" {
		inner["details"] = []object{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": e.Code}}
	}
	return inner
}

// geminiErrorFrames renders an error inside a stream. Google's servers send it without a field
// name, on several lines.
func geminiErrorFrames(e *llm.Error) []NamedFrame {
	usual := string(geminiError(e))
	inner := string(jsontext.Marshal(geminiErrorObject(e)))
	return []NamedFrame{
		{"no data prefix, over several lines", jsontext.Indent(usual) + "\n"},
		{"no data prefix", usual + "\n\n"},
		{"no data prefix, in a list", "[" + usual + "]\n"},
		{"no data prefix, lines end in CRLF", string(bytes.ReplaceAll([]byte(jsontext.Indent(usual)+"\n"), []byte("\n"), []byte("\r\n")))},
		{"data", "data: " + usual + "\n\n"},
		{"event: error", "event: error\ndata: " + usual + "\n\n"},
		{"error is not the first member", `data: {"candidates":[],"error":` + inner + "}\n\n"},
		{"spaces in the JSON", "data: { \"error\" : " + inner + " }\n\n"},
		{"after a reason to end", "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"index\":0}]}\n\n" + jsontext.Indent(usual) + "\n"},
	}
}

// geminiComplete returns the end of the first chunk with a finish reason. More chunks may
// follow, and the last finish reason is valid.
func geminiComplete(body []byte) int {
	at := 0
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, "\r\n")
		if data, ok := bytes.CutPrefix(text, []byte("data: ")); ok {
			var chunk geminiChunk
			if json.Unmarshal(data, &chunk) == nil && len(chunk.Candidates) > 0 && chunk.Candidates[0].FinishReason != "" {
				return at + len(text)
			}
		}
		at += len(line)
	}
	return -1
}
