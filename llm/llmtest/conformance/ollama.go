package conformance

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// Ollama returns the dialect of the Ollama API.
// https://github.com/ollama/ollama/blob/main/docs/api.md
func Ollama() Dialect {
	return Dialect{
		Name:         "ollama",
		StreamType:   "application/x-ndjson",
		RenderStream: ollamaStream,
		RenderWhole:  ollamaWhole,
		RenderError:  ollamaError,
		ErrorFrames:  ollamaErrorFrames,
		Complete:     ollamaComplete,
		FinishReasons: map[string]llm.FinishReason{
			"stop": llm.FinishStop, "length": llm.FinishLength, "tired": llm.FinishOther,
		},
		Usage:       llm.Usage{Input: llm.Known(120), Output: llm.Known(34)},
		NoArguments: "{}",
	}
}

// The server sends "stop" also for tool calls.
var ollamaFinish = map[llm.FinishReason]string{
	llm.FinishStop: "stop", llm.FinishToolCalls: "stop", llm.FinishLength: "length",
}

// ollamaLine is a piece of an answer, or a whole answer.
type ollamaLine struct {
	Model      string        `json:"model"`
	CreatedAt  time.Time     `json:"created_at"`
	Message    ollamaMessage `json:"message"`
	Done       bool          `json:"done"`
	DoneReason string        `json:"done_reason,omitempty"`

	TotalDuration   int64 `json:"total_duration,omitempty"` // nanoseconds
	PromptEvalCount *int  `json:"prompt_eval_count,omitempty"`
	EvalCount       *int  `json:"eval_count,omitempty"`
}

type ollamaMessage struct {
	Role      string   `json:"role"`
	Content   string   `json:"content"`
	Thinking  string   `json:"thinking,omitempty"`
	ToolCalls []object `json:"tool_calls,omitempty"`
}

// ollamaStream renders a line for each event, and a last line with done. Tool calls are in one
// line.
func ollamaStream(events []llm.Event) []byte {
	said := collect(events)
	var b bytes.Buffer
	send := func(line ollamaLine) {
		line.Model, line.CreatedAt, line.Message.Role = said.model, created, "assistant"
		b.Write(jsontext.Marshal(line))
		b.WriteByte('\n')
	}
	for _, ev := range events {
		switch ev.Type {
		case llm.EventText:
			send(ollamaLine{Message: ollamaMessage{Content: ev.Text}})
		case llm.EventReasoning:
			send(ollamaLine{Message: ollamaMessage{Thinking: ev.Text}})
		case llm.EventToolCallEnd:
			if call, ok := ev.Detail.(*llm.ToolCall); ok {
				send(ollamaLine{Message: ollamaMessage{ToolCalls: []object{ollamaCall(call, ev.Index)}}})
			}
		}
	}
	if said.done != nil {
		send(ollamaLast(said.done))
	}
	return b.Bytes()
}

func ollamaCall(call *llm.ToolCall, index int) object {
	var arguments any = json.RawMessage(call.Arguments)
	switch {
	case call.Arguments == "":
		arguments = object{}
	case !json.Valid([]byte(call.Arguments)):
		arguments = call.Arguments
	}
	return object{"id": call.ID, "function": object{"index": index, "name": call.Name, "arguments": arguments}}
}

// ollamaLast returns the last line of an answer.
func ollamaLast(done *llm.Done) ollamaLine {
	line := ollamaLine{Done: true, DoneReason: finishWord(done, ollamaFinish), TotalDuration: int64(time.Second)}
	if n := done.Usage.Input; n.IsKnown() {
		line.PromptEvalCount = &n.N
	}
	if n := done.Usage.Output; n.IsKnown() {
		line.EvalCount = &n.N
	}
	return line
}

func ollamaWhole(events []llm.Event) []byte {
	said := collect(events)
	switch result := said.result.(type) {
	case *llm.EmbedResponse:
		body := object{"model": said.model, "embeddings": result.Vectors}
		if said.done != nil && said.done.Usage.Input.IsKnown() {
			body["prompt_eval_count"] = said.done.Usage.Input.N
		}
		return jsontext.Marshal(body)
	case *llm.ModelList:
		models := make([]object, len(result.Models))
		for i, m := range result.Models {
			models[i] = object{
				"name": m.Name, "model": m.Name, "modified_at": created, "size": m.Bytes, "digest": "",
				"details": object{"family": m.Family, "parameter_size": m.Parameters, "quantization_level": m.Quantization},
			}
		}
		return jsontext.Marshal(object{"models": models})
	case *llm.TokenCount:
		return nil
	}
	line := ollamaLine{}
	if said.done != nil {
		line = ollamaLast(said.done)
	}
	line.Model, line.CreatedAt = said.model, created
	line.Message = ollamaMessage{Role: "assistant", Content: said.text, Thinking: said.reasoning}
	for i, call := range said.calls {
		line.Message.ToolCalls = append(line.Message.ToolCalls, ollamaCall(&call, i))
	}
	return jsontext.Marshal(line)
}

func ollamaError(e *llm.Error) []byte { return jsontext.Marshal(object{"error": e.Message}) }

// ollamaErrorFrames renders an error inside a stream. The error may be JSON in a string: the
// error of the process that runs the model.
func ollamaErrorFrames(e *llm.Error) []NamedFrame {
	inner := string(jsontext.Marshal(object{"error": object{"message": e.Message}}))
	return []NamedFrame{
		{"a line", string(ollamaError(e)) + "\n"},
		{"spaces in the JSON", "{ \"error\" : " + string(jsontext.Marshal(e.Message)) + " }\n"},
		{"error is not the first member", `{"done":false,"error":` + string(jsontext.Marshal(e.Message)) + "}\n"},
		{"JSON in a string", string(jsontext.Marshal(object{"error": inner})) + "\n"},
		{"an object", inner + "\n"},
	}
}

// ollamaComplete returns the end of the line with done.
func ollamaComplete(body []byte) int {
	at := 0
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, "\r\n")
		var piece ollamaLine
		if json.Unmarshal(text, &piece) == nil && piece.Done {
			return at + len(text)
		}
		at += len(line)
	}
	return -1
}
