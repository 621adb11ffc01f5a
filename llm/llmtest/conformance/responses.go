package conformance

import (
	"bytes"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// Responses returns the dialect of OpenAI's Responses API. Embeddings and lists of models are
// those of [OpenAI].
// https://platform.openai.com/docs/api-reference/responses-streaming
func Responses() Dialect {
	return Dialect{
		Name:         "openai responses",
		StreamType:   "text/event-stream; charset=utf-8",
		RenderStream: responsesStream,
		RenderWhole:  responsesWhole,
		RenderError:  openAIError,
		ErrorFrames:  responsesErrorFrames,
		Complete:     responsesComplete,
		FinishReasons: map[string]llm.FinishReason{
			"completed": llm.FinishStop, "max_output_tokens": llm.FinishLength, "content_filter": llm.FinishContentFilter,
			"tired": llm.FinishOther,
		},
		Usage: llm.Usage{
			Input: llm.Known(120), Output: llm.Known(34), CacheRead: llm.Known(64), CacheWrite: llm.Known(16), Reasoning: llm.Known(20),
		},
	}
}

// responsesReasons are the reasons of incomplete answers.
var responsesReasons = map[llm.FinishReason]string{
	llm.FinishStop: responsesCompleted, llm.FinishToolCalls: responsesCompleted, llm.FinishLength: "max_output_tokens",
	llm.FinishContentFilter: "content_filter",
}

const responsesCompleted = "completed"

// responsesWriter writes the events of a stream.
type responsesWriter struct {
	bytes.Buffer
	events int      // so far
	output []object // complete items
	open   string   // the type of the open item, or ""
	part   string   // the type of its text
	text   strings.Builder
	call   object // the open call
}

func (w *responsesWriter) send(name string, members object) {
	members["type"], members["sequence_number"] = name, w.events
	w.events++
	w.WriteString("event: " + name + "\ndata: ")
	w.Write(jsontext.Marshal(members))
	w.WriteString("\n\n")
}

// item returns an item with its text so far.
func (w *responsesWriter) item(text string) object {
	switch w.open {
	case "reasoning":
		return object{"type": w.open, "id": "rs_1", "summary": []object{}, "content": []object{{"type": "reasoning_text", "text": text}}}
	case "function_call":
		return object{"type": w.open, "id": "fc_1", "call_id": w.call["id"], "name": w.call["name"], "arguments": text, "status": responsesCompleted}
	}
	part := object{"type": w.part, "text": text, "annotations": []object{}}
	if w.part == "refusal" {
		part = object{"type": w.part, "refusal": text}
	}
	return object{"type": "message", "id": "msg_1", "role": "assistant", "status": responsesCompleted, "content": []object{part}}
}

// begin starts an item, unless an item with such texts is open.
func (w *responsesWriter) begin(typ, part string) {
	if w.open == typ && w.part == part {
		return
	}
	w.end()
	w.open, w.part = typ, part
	item := w.item("")
	if typ != "function_call" {
		item["content"] = []object{}
	}
	w.send("response.output_item.added", object{"output_index": len(w.output), "item": item})
}

// end ends the open item.
func (w *responsesWriter) end() {
	if w.open == "" {
		return
	}
	item := w.item(w.text.String())
	w.send("response.output_item.done", object{"output_index": len(w.output), "item": item})
	w.output = append(w.output, item)
	w.open, w.part = "", ""
	w.text.Reset()
}

// delta adds a piece to a text of the open item.
func (w *responsesWriter) delta(name, text string) {
	w.text.WriteString(text)
	members := object{"output_index": len(w.output), "item_id": "item_1", "delta": text}
	if w.open != "function_call" {
		members["content_index"] = 0
	}
	w.send("response."+name+".delta", members)
}

// responsesStream renders an event for each piece. The server sends the items one after
// another, so pieces of several tool calls must not be mixed.
func responsesStream(events []llm.Event) []byte {
	said := collect(events)
	w := new(responsesWriter)
	response := object{"id": said.id, "object": "response", "created_at": created.Unix(), "model": said.model, "status": "in_progress", "output": []object{}, "usage": nil}
	w.send("response.created", object{"response": response})
	w.send("response.in_progress", object{"response": response})
	for _, ev := range events {
		switch ev.Type {
		case llm.EventText:
			w.begin("message", "output_text")
			w.delta("output_text", ev.Text)
		case llm.EventReasoning:
			w.begin("reasoning", "reasoning_text")
			w.delta("reasoning_text", ev.Text)
		case llm.EventRefusal:
			w.begin("message", "refusal")
			w.delta("refusal", ev.Text)
		case llm.EventToolCallStart:
			if call, ok := ev.Detail.(*llm.ToolCall); ok {
				w.end()
				w.call = object{"id": call.ID, "name": call.Name}
				w.begin("function_call", "")
			}
		case llm.EventToolCallDelta:
			w.delta("function_call_arguments", ev.Text)
		}
	}
	if said.done == nil {
		return w.Bytes()
	}
	w.end()
	whole := responsesObject(said, w.output)
	w.send("response."+whole["status"].(string), object{"response": whole})
	return w.Bytes()
}

// responsesObject renders a response that has ended.
func responsesObject(said rendered, output []object) object {
	response := object{
		"id": said.id, "object": "response", "created_at": created.Unix(), "model": said.model, "status": responsesCompleted,
		"error": nil, "incomplete_details": nil, "output": output, "usage": responsesUsage(said.done.Usage),
	}
	if reason := finishWord(said.done, responsesReasons); reason != responsesCompleted {
		response["status"], response["incomplete_details"] = "incomplete", object{"reason": reason}
	}
	return response
}

func responsesUsage(u llm.Usage) object {
	usage, input, output := object{}, object{}, object{}
	set := func(into object, name string, n llm.Tokens) {
		if n.IsKnown() {
			into[name] = n.N
		}
	}
	set(usage, "input_tokens", u.Input)
	set(usage, "output_tokens", u.Output)
	set(usage, "total_tokens", u.Total())
	set(input, "cached_tokens", u.CacheRead)
	set(input, "cache_write_tokens", u.CacheWrite)
	set(output, "reasoning_tokens", u.Reasoning)
	if len(usage) == 0 {
		return nil
	}
	usage["input_tokens_details"], usage["output_tokens_details"] = input, output
	return usage
}

func responsesWhole(events []llm.Event) []byte {
	said := collect(events)
	if said.result != nil {
		if count, ok := said.result.(*llm.TokenCount); ok {
			return jsontext.Marshal(object{"object": "response.input_tokens", "input_tokens": count.Tokens})
		}
		return openAIWhole(events)
	}
	if said.done == nil {
		return jsontext.Marshal(object{"id": said.id, "object": "response", "model": said.model, "output": []object{}})
	}
	w := new(responsesWriter)
	for _, text := range []struct{ item, part, text string }{
		{"reasoning", "reasoning_text", said.reasoning}, {"message", "output_text", said.text}, {"message", "refusal", said.refusal},
	} {
		if text.text != "" {
			w.open, w.part = text.item, text.part
			w.output = append(w.output, w.item(text.text))
		}
	}
	for _, call := range said.calls {
		w.open, w.call = "function_call", object{"id": call.ID, "name": call.Name}
		w.output = append(w.output, w.item(call.Arguments))
	}
	if w.output == nil {
		w.output = []object{}
	}
	return jsontext.Marshal(responsesObject(said, w.output))
}

// responsesErrorFrames renders an error inside a stream.
func responsesErrorFrames(e *llm.Error) []NamedFrame {
	inner := openAIErrorObject(e)
	nested := string(jsontext.Marshal(object{"type": "error", "error": inner}))
	flat := string(jsontext.Marshal(object{"type": "error", "code": inner["code"], "message": e.Message, "param": nil}))
	failed := string(jsontext.Marshal(object{"type": "response.failed", "response": object{"object": "response", "status": "failed", "error": inner, "usage": nil}}))
	return []NamedFrame{
		{"event: error", "event: error\ndata: " + nested + "\n\n"},
		{"no event name", "data: " + nested + "\n\n"},
		{"flat", "event: error\ndata: " + flat + "\n\n"},
		{"flat, without an event name", "data: " + flat + "\n\n"},
		{"response.failed", "event: response.failed\ndata: " + failed + "\n\n"},
		{"an error and response.failed", "event: error\ndata: " + nested + "\n\nevent: response.failed\ndata: " + failed + "\n\n"},
		{"of chat completions", "data: " + string(openAIError(e)) + "\n\n"},
	}
}

// responsesComplete returns the end of the event that ends an answer.
func responsesComplete(body []byte) int {
	for _, name := range [...]string{"event: response.completed\n", "event: response.incomplete\n"} {
		if at := bytes.Index(body, []byte(name)); at >= 0 {
			at += len(name)
			return at + len(bytes.TrimRight(bytes.SplitN(body[at:], []byte("\n"), 2)[0], "\r"))
		}
	}
	return -1
}
