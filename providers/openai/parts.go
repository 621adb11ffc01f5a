package openai

import (
	"encoding/json"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/stream"
)

// mixedText is a text, or a list of parts.
type mixedText = stream.TextOr[[]mixedPart]

// mixedPart is a part of a text. Some servers send a string in place of an object.
type mixedPart = stream.TextOr[textPart]

// textPart is a part of a text. https://docs.mistral.ai/capabilities/reasoning
type textPart struct {
	Type     string      `json:"type"` // "text", "thinking", "reasoning", or others
	Text     partText    `json:"text"`
	Refusal  partText    `json:"refusal"`
	Thinking mixedText   `json:"thinking"` // Mistral
	Summary  []mixedPart `json:"summary"`  // Databricks

	Source stream.Source `json:"-"`
}

// partText is the text of a part. OpenAI's Assistants API sends an object with the text in
// the member "value".
type partText string

// UnmarshalJSON takes any value. A value that is not a text becomes its JSON.
func (t *partText) UnmarshalJSON(data []byte) error {
	var object struct {
		Value *string `json:"value"`
	}
	switch {
	case data[0] == '"':
		return json.Unmarshal(data, (*string)(t))
	case data[0] == '{' && json.Unmarshal(data, &object) == nil && object.Value != nil:
		*t = partText(*object.Value)
	case !httpcall.IsBlank(data) || string(data) == "0":
		*t = partText(data)
	}
	return nil
}

// texts returns the text and the reasoning of the content.
func (c *content) texts() (text, reasoning string) {
	text = jsonText(c.Content.Value)
	if text == "" && len(c.Content.Value) > 0 {
		var inText, inReasoning strings.Builder
		split(c.Content.Value, true, &inText, &inReasoning)
		text, reasoning = inText.String(), inReasoning.String()
	}
	if raw := c.Content.Raw; raw != nil && string(raw) != "{}" {
		text = string(raw) // JSON in place of a text: a number, or an object in JSON mode
	}
	for _, m := range c.reasonings() {
		if reasoning == "" { // servers that send two of these send the same reasoning twice
			reasoning = joined(m)
		}
	}
	return c.Content.Text + text, reasoning
}

// reasonings returns the members that hold reasoning.
func (c *content) reasonings() [3]*mixedText {
	return [...]*mixedText{&c.ReasoningContent, &c.Reasoning, &c.ReasoningText}
}

// joined returns a text, with those of its parts.
func joined(m *mixedText) string {
	if len(m.Value) == 0 {
		return m.Text
	}
	var b strings.Builder
	join(m, &b)
	return b.String()
}

// join writes a text, with those of its parts: first their reasoning.
func join(m *mixedText, to *strings.Builder) {
	to.WriteString(m.Text)
	var text strings.Builder
	split(m.Value, false, &text, to)
	to.WriteString(text.String())
}

// split writes the text and the reasoning of a list of parts. Numbers and booleans in place
// of parts are text if the list is the content, and are left out of reasoning.
func split(parts []mixedPart, isContent bool, text, reasoning *strings.Builder) {
	for i := range parts {
		p := &parts[i].Value
		switch p.Type {
		case "thinking", "reasoning":
			join(&p.Thinking, reasoning)
			reasoning.WriteString(string(p.Text))
			split(p.Summary, false, reasoning, new(strings.Builder))
		default:
			text.WriteString(parts[i].Text)
			text.WriteString(string(p.Text))
		}
		if isContent {
			text.Write(parts[i].Raw)
		}
	}
}

// jsonText returns the JSON of a list that is not a list of parts: an answer in JSON that a
// server has decoded. It returns "" for other lists.
func jsonText(parts []mixedPart) string {
	var b strings.Builder
	isBlank := true
	for i := range parts {
		p := &parts[i]
		value := p.Raw
		if value == nil {
			value = json.RawMessage(p.Value.Source)
		}
		if len(value) == 0 || p.Value.Type != "" || p.Value.hasContent() { // null, a string or a part
			return ""
		}
		isBlank = isBlank && httpcall.IsBlank(value)
		b.WriteByte(',')
		b.Write(value)
	}
	if isBlank {
		return ""
	}
	return "[" + b.String()[1:] + "]"
}

// hasContent reports whether the part has a text, a refusal or reasoning.
func (p *textPart) hasContent() bool {
	return p.Text != "" || p.Refusal != "" || p.Thinking.Text != "" || len(p.Thinking.Value)+len(p.Summary) > 0
}

// takeParts takes the refusal out of a list of parts. It returns the type of a part that has
// no content that is known, or "".
func (c *content) takeParts() (unknown string) {
	for i := range c.Content.Value {
		p := &c.Content.Value[i].Value
		if c.Refusal == "" {
			c.Refusal = string(p.Refusal)
		}
		switch p.Type {
		case "", "text", "output_text", "thinking", "reasoning", "refusal":
		default:
			if !p.hasContent() {
				unknown = p.Type
			}
		}
	}
	return unknown
}
