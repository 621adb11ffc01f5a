package conformance

import (
	"bytes"
	"encoding/json"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// LlamaCppCompletion returns the dialect of llama.cpp's completions. Answers have only text. The
// chats of the server use the dialect [OpenAI].
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
func LlamaCppCompletion() Dialect {
	return Dialect{
		Name:         "llama.cpp completion",
		StreamType:   "text/event-stream",
		RenderStream: llamaCppStream,
		RenderWhole:  llamaCppWhole,
		RenderError:  llamaCppError,
		ErrorFrames:  llamaCppErrorFrames,
		Complete:     llamaCppComplete,
		FinishReasons: map[string]llm.FinishReason{
			"eos": llm.FinishStop, "word": llm.FinishStop, "limit": llm.FinishLength, "none": llm.FinishOther,
		},
		Usage: llm.Usage{Input: llm.Known(120), Output: llm.Known(34), CacheRead: llm.Known(64)},
	}
}

var llamaCppFinish = map[llm.FinishReason]string{llm.FinishStop: "eos", llm.FinishLength: "limit"}

// llamaCppStream renders a frame for each text, and a last frame with stop.
func llamaCppStream(events []llm.Event) []byte {
	said := collect(events)
	var b bytes.Buffer
	send := func(frame object) {
		b.WriteString("data: ")
		b.Write(jsontext.Marshal(frame))
		b.WriteString("\n\n")
	}
	for _, ev := range events {
		if ev.Type == llm.EventText {
			send(object{"index": 0, "content": ev.Text, "tokens": []int{384}, "stop": false, "id_slot": -1})
		}
	}
	if said.done != nil {
		send(llamaCppLast(said, ""))
	}
	return b.Bytes()
}

// llamaCppLast returns the last frame of an answer, with this text.
func llamaCppLast(said rendered, text string) object {
	last := object{
		"index": 0, "content": text, "tokens": []int{}, "id_slot": 0, "stop": true, "model": said.model,
		"stop_type": finishWord(said.done, llamaCppFinish), "stopping_word": "", "truncated": false,
	}
	usage := said.done.Usage
	if usage.Input.IsKnown() {
		last["tokens_evaluated"] = usage.Input.N
	}
	if usage.Output.IsKnown() {
		last["tokens_predicted"] = usage.Output.N
	}
	if usage.CacheRead.IsKnown() {
		last["timings"] = object{"cache_n": usage.CacheRead.N, "prompt_n": usage.Input.N - usage.CacheRead.N}
	}
	return last
}

func llamaCppWhole(events []llm.Event) []byte {
	said := collect(events)
	switch said.result.(type) {
	case nil:
	case *llm.ModelList, *llm.EmbedResponse: // the server uses the OpenAI dialect for these
		return openAIWhole(events)
	default:
		return nil
	}
	if said.done == nil {
		return jsontext.Marshal(object{"index": 0, "content": said.text, "stop": false})
	}
	return jsontext.Marshal(llamaCppLast(said, said.text))
}

func llamaCppError(e *llm.Error) []byte {
	return jsontext.Marshal(object{"error": llamaCppErrorObject(e)})
}

func llamaCppErrorObject(e *llm.Error) object {
	inner := object{"message": e.Message, "type": "server_error"}
	if e.Status >= 400 {
		inner["code"] = e.Status
		inner["type"] = "invalid_request_error" // the status code is more exact
	}
	if e.Code != "" {
		inner["type"] = e.Code
	}
	return inner
}

// llamaCppErrorFrames renders an error inside a stream, including the form of older versions:
// a separate field.
func llamaCppErrorFrames(e *llm.Error) []NamedFrame {
	usual := string(llamaCppError(e))
	return []NamedFrame{
		{"data", "data: " + usual + "\n\n"},
		{"a separate field", "error: " + string(jsontext.Marshal(llamaCppErrorObject(e))) + "\n\n"},
		{"a separate field, with an envelope", "error: " + usual + "\n\n"},
		{"event: error", "event: error\ndata: " + usual + "\n\n"},
		{"spaces in the JSON", "data: { \"error\" : " + string(jsontext.Marshal(llamaCppErrorObject(e))) + " }\n\n"},
		{"no data prefix", usual + "\n\n"},
	}
}

// llamaCppComplete returns the end of the frame with stop.
func llamaCppComplete(body []byte) int {
	at := 0
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, "\r\n")
		var piece struct {
			Stop bool `json:"stop"`
		}
		if data, ok := bytes.CutPrefix(text, []byte("data: ")); ok && json.Unmarshal(data, &piece) == nil && piece.Stop {
			return at + len(text)
		}
		at += len(line)
	}
	return -1
}
