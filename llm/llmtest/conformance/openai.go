package conformance

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// OpenAI returns the dialect of OpenAI's chat completions.
// https://platform.openai.com/docs/api-reference/chat-streaming/streaming
func OpenAI() Dialect {
	return Dialect{
		Name:         "openai",
		StreamType:   "text/event-stream",
		RenderStream: openAIStream,
		RenderWhole:  openAIWhole,
		RenderError:  openAIError,
		ErrorFrames:  openAIErrorFrames,
		Complete:     openAIComplete,
		FinishReasons: map[string]llm.FinishReason{
			"stop": llm.FinishStop, "length": llm.FinishLength, "content_filter": llm.FinishContentFilter,
			"tired": llm.FinishOther,
		},
		Usage: llm.Usage{
			Input: llm.Known(120), Output: llm.Known(34), CacheRead: llm.Known(64), Reasoning: llm.Known(20),
		},
	}
}

var openAIFinish = map[llm.FinishReason]string{
	llm.FinishStop: "stop", llm.FinishLength: "length", llm.FinishToolCalls: "tool_calls",
	llm.FinishContentFilter: "content_filter",
}

// openAIChunk is a chunk of a stream. The members are in the same order as in replies of OpenAI.
type openAIChunk struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Created int64          `json:"created"`
	Model   string         `json:"model"`
	Choices []openAIChoice `json:"choices"`
	Usage   object         `json:"usage,omitempty"`
}

type openAIChoice struct {
	Index        int     `json:"index"`
	Message      object  `json:"message,omitempty"`
	Delta        object  `json:"delta,omitzero"`
	FinishReason *string `json:"finish_reason"`
}

// openAIStream renders a chunk for the role, a chunk for each event, a chunk for the finish
// reason, a chunk for the usage, and [DONE].
func openAIStream(events []llm.Event) []byte {
	said := collect(events)
	var b bytes.Buffer
	chunk := openAIChunk{ID: said.id, Object: "chat.completion.chunk", Created: created.Unix(), Model: said.model}
	send := func(usage object, choices ...openAIChoice) {
		chunk.Choices, chunk.Usage = append([]openAIChoice{}, choices...), usage
		b.WriteString("data: ")
		b.Write(jsontext.Marshal(chunk))
		b.WriteString("\n\n")
	}
	send(nil, openAIChoice{Delta: object{"role": "assistant", "content": ""}})
	for _, ev := range events {
		if delta := openAIDelta(ev); delta != nil {
			send(nil, openAIChoice{Delta: delta})
		}
	}
	if said.done == nil {
		return b.Bytes()
	}
	send(nil, openAIChoice{Delta: object{}, FinishReason: new(finishWord(said.done, openAIFinish))})
	if usage := openAIUsage(said.done.Usage); usage != nil {
		send(usage)
	}
	b.WriteString("data: [DONE]\n\n")
	return b.Bytes()
}

// openAIDelta returns the delta for an event, or nil.
func openAIDelta(ev llm.Event) object {
	switch ev.Type {
	case llm.EventText:
		return object{"content": ev.Text}
	case llm.EventReasoning: // DeepSeek's extension, used by most servers
		return object{"reasoning_content": ev.Text}
	case llm.EventRefusal:
		return object{"refusal": ev.Text}
	case llm.EventToolCallStart:
		call, ok := ev.Detail.(*llm.ToolCall)
		if !ok {
			return nil
		}
		return object{"tool_calls": []object{{
			"index": ev.Index, "id": call.ID, "type": "function",
			"function": object{"name": call.Name, "arguments": ""},
		}}}
	case llm.EventToolCallDelta:
		return object{"tool_calls": []object{{
			"index": ev.Index, "function": object{"arguments": ev.Text},
		}}}
	}
	return nil
}

func openAIUsage(u llm.Usage) object {
	usage := object{}
	set := func(into object, name string, n llm.Tokens) {
		if n.IsKnown() {
			into[name] = n.N
		}
	}
	set(usage, "prompt_tokens", u.Input)
	set(usage, "completion_tokens", u.Output)
	set(usage, "total_tokens", u.Total())
	prompt, completion := object{}, object{}
	set(prompt, "cached_tokens", u.CacheRead)
	set(completion, "reasoning_tokens", u.Reasoning)
	if len(prompt) > 0 {
		usage["prompt_tokens_details"] = prompt
	}
	if len(completion) > 0 {
		usage["completion_tokens_details"] = completion
	}
	if len(usage) == 0 {
		return nil
	}
	return usage
}

func openAIWhole(events []llm.Event) []byte {
	said := collect(events)
	switch result := said.result.(type) {
	case *llm.EmbedResponse:
		data := make([]object, len(result.Vectors))
		for i, v := range result.Vectors {
			data[i] = object{"object": "embedding", "index": i, "embedding": v}
		}
		body := object{"object": "list", "data": data, "model": said.model}
		if said.done != nil {
			body["usage"] = openAIUsage(said.done.Usage)
		}
		return jsontext.Marshal(body)
	case *llm.ModelList:
		data := make([]object, len(result.Models))
		for i, m := range result.Models {
			data[i] = object{"id": m.Name, "object": "model", "created": created.Unix(), "owned_by": m.OwnedBy}
		}
		return jsontext.Marshal(object{"object": "list", "data": data})
	case *llm.TokenCount:
		return nil
	}
	message := object{"role": "assistant", "content": said.text}
	if said.reasoning != "" {
		message["reasoning_content"] = said.reasoning
	}
	if said.refusal != "" {
		message["refusal"] = said.refusal
	}
	var calls []object
	for _, call := range said.calls {
		calls = append(calls, object{
			"id": call.ID, "type": "function", "function": object{"name": call.Name, "arguments": call.Arguments},
		})
	}
	if calls != nil {
		message["tool_calls"] = calls
	}
	choice := openAIChoice{Message: message}
	body := openAIChunk{ID: said.id, Object: "chat.completion", Created: created.Unix(), Model: said.model}
	if said.done != nil {
		choice.FinishReason = new(finishWord(said.done, openAIFinish))
		body.Usage = openAIUsage(said.done.Usage)
	}
	body.Choices = []openAIChoice{choice}
	return jsontext.Marshal(body)
}

// openAIError renders an error object.
// https://platform.openai.com/docs/guides/error-codes
func openAIError(e *llm.Error) []byte { return jsontext.Marshal(object{"error": openAIErrorObject(e)}) }

func openAIErrorObject(e *llm.Error) object {
	inner := object{"message": e.Message, "type": nil, "param": nil, "code": nil}
	if e.Code != "" {
		inner["code"] = e.Code
	}
	return inner
}

// openAIErrorFrames renders an error inside a stream, in the forms seen from compatible servers
// and gateways.
func openAIErrorFrames(e *llm.Error) []NamedFrame {
	usual := string(openAIError(e))
	inner := openAIErrorObject(e)
	loose := "{ \"error\" : " + string(jsontext.Marshal(inner)) + " }"
	late := `{"choices":[],"error":` + string(jsontext.Marshal(inner)) + "}"
	flat := maps.Clone(inner)
	flat["object"] = "error"
	return []NamedFrame{
		{"data", "data: " + usual + "\n\n"},
		{"event: error", "event: error\ndata: " + usual + "\n\n"},
		{"event: error without an envelope", "event: error\ndata: " + string(jsontext.Marshal(flat)) + "\n\n"},
		{"error is not the first member", "data: " + late + "\n\n"},
		{"spaces in the JSON", "data: " + loose + "\n\n"},
		{"no data prefix", usual + "\n\n"},
		{"no data prefix, over several lines", jsontext.Indent(usual) + "\n\n"},
	}
}

// openAIComplete returns the end of the first chunk with a finish reason. [DONE] never comes
// before it.
func openAIComplete(body []byte) int {
	at := 0
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, "\r\n")
		if data, ok := bytes.CutPrefix(text, []byte("data: ")); ok {
			var chunk openAIChunk
			finished := func(c openAIChoice) bool { return c.FinishReason != nil }
			if json.Unmarshal(data, &chunk) == nil && slices.ContainsFunc(chunk.Choices, finished) {
				return at + len(text)
			}
		}
		at += len(line)
	}
	return -1
}
