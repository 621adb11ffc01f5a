package conformance

import (
	"bytes"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// OllamaGenerate returns the dialect of Ollama's completions of plain prompts. Answers have only
// text.
// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-completion
func OllamaGenerate() Dialect {
	d := Ollama()
	d.Name = "ollama generate"
	d.RenderStream, d.RenderWhole = ollamaGenerateStream, ollamaGenerateWhole
	return d
}

// ollamaGenerated replaces the message of a chat line.
type ollamaGenerated struct {
	ollamaLine
	Message  *struct{} `json:"message,omitempty"` // always absent
	Response string    `json:"response"`
}

func ollamaGenerateStream(events []llm.Event) []byte {
	said := collect(events)
	var b bytes.Buffer
	send := func(line ollamaLine, text string) {
		line.Model, line.CreatedAt = said.model, created
		b.Write(jsontext.Marshal(ollamaGenerated{ollamaLine: line, Response: text}))
		b.WriteByte('\n')
	}
	for _, ev := range events {
		if ev.Type == llm.EventText {
			send(ollamaLine{}, ev.Text)
		}
	}
	if said.done != nil {
		send(ollamaLast(said.done), "")
	}
	return b.Bytes()
}

func ollamaGenerateWhole(events []llm.Event) []byte {
	said := collect(events)
	if said.result != nil {
		return ollamaWhole(events)
	}
	line := ollamaLine{}
	if said.done != nil {
		line = ollamaLast(said.done)
	}
	line.Model, line.CreatedAt = said.model, created
	return jsontext.Marshal(ollamaGenerated{ollamaLine: line, Response: said.text})
}
