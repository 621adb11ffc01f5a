package chattemplate

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/ardanlabs/jinja"

	"github.com/parley-llm/parley/llm"
)

// writer makes the variables of a template from a conversation, in the form that Hugging Face
// describes: https://huggingface.co/docs/transformers/chat_templating
type writer struct {
	template *Template
	marker   *marker
	begun    bool   // the conversation ends with the beginning of an answer
	end      string // the text after it
}

// data returns the variables.
func (w *writer) data(in Input) (map[string]jinja.Value, error) {
	n := len(in.Messages)
	w.begun = n > 0 && in.Messages[n-1].Role == llm.RoleAssistant
	w.end = w.marker.mark + "end" + w.marker.mark
	data := map[string]jinja.Value{"add_generation_prompt": jinja.NewBool(!w.begun)}
	for name, value := range in.Variables {
		data[name] = jinja.FromGoValue(value)
	}
	for name, token := range w.template.tokens {
		data[name] = jinja.NewString(token)
	}
	var messages []jinja.Value
	for i, m := range in.Messages {
		list, err := w.message(m, w.begun && i == n-1)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		messages = append(messages, list...)
	}
	data["messages"] = jinja.NewList(messages)
	if len(in.Tools) > 0 {
		tools, err := w.tools(in.Tools)
		if err != nil {
			return nil, err
		}
		data["tools"] = tools
	}
	return data, nil
}

// object returns an object with these members.
func object(members ...any) jinja.Value {
	v := jinja.NewDict()
	for i := 0; i < len(members); i += 2 {
		value, ok := members[i+1].(jinja.Value)
		if !ok {
			value = jinja.NewString(members[i+1].(string))
		}
		v.AsDict().Set(members[i].(string), value)
	}
	return v
}

// message returns the messages of the template for one message: each tool result is one of its
// own.
func (w *writer) message(m llm.Message, begun bool) ([]jinja.Value, error) {
	if m.Role == llm.RoleTool {
		var list []jinja.Value
		for _, part := range m.Parts {
			if r, ok := part.(llm.ToolResult); ok {
				list = append(list, object("role", "tool", "name", w.marker.add(r.Name),
					"tool_call_id", w.id(r.CallID), "content", w.marker.add(r.Content)))
			}
		}
		return list, nil
	}
	var text, reasoning strings.Builder
	var calls []jinja.Value
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			text.WriteString(p.Text)
		case llm.Refusal: // the model sees it as its earlier answer
			text.WriteString(p.Text)
		case llm.Reasoning:
			reasoning.WriteString(p.Text)
		case llm.ToolCall:
			call, err := w.call(p)
			if err != nil {
				return nil, err
			}
			calls = append(calls, call)
		default:
			return nil, fmt.Errorf("a part of type %T is not supported: remove it", part)
		}
	}
	content := w.marker.add(text.String())
	if begun {
		content += w.end
	}
	v := object("role", string(m.Role), "content", content)
	if m.Name != "" {
		v.AsDict().Set("name", jinja.NewString(w.marker.add(m.Name)))
	}
	if reasoning.Len() > 0 {
		v.AsDict().Set("reasoning_content", jinja.NewString(w.marker.add(reasoning.String())))
	}
	if len(calls) > 0 {
		v.AsDict().Set("tool_calls", jinja.NewList(calls))
	}
	return []jinja.Value{v}, nil
}

// call returns a tool call of an earlier answer.
func (w *writer) call(c llm.ToolCall) (jinja.Value, error) {
	text := strings.TrimSpace(c.Arguments)
	if text == "" {
		text = "{}"
	}
	arguments, err := fromJSON([]byte(text), w.marker.add)
	if err != nil || !arguments.IsDict() { // a model wrote it
		arguments = jinja.NewDict()
		text = "{}"
	}
	if !w.template.objects {
		arguments = jinja.NewString(w.marker.add(text))
	}
	return object("id", w.id(c.ID), "type", "function",
		"function", object("name", w.marker.add(c.Name), "arguments", arguments)), nil
}

var nineLetters = regexp.MustCompile(`^[A-Za-z0-9]{9}$`)

// id returns the id of a tool call in the form that the template accepts.
func (w *writer) id(id string) string {
	if w.template.shortID && !nineLetters.MatchString(id) {
		sum := sha256.Sum256([]byte(id))
		text := base64.StdEncoding.EncodeToString(sum[:])
		return strings.NewReplacer("+", "A", "/", "B").Replace(text)[:9]
	}
	return w.marker.add(id)
}

// tools returns the tools.
func (w *writer) tools(tools []llm.Tool) (jinja.Value, error) {
	var list []jinja.Value
	for _, tool := range tools {
		schema := tool.Parameters
		if len(schema) == 0 {
			schema = []byte(`{"type":"object","properties":{}}`)
		}
		parameters, err := fromJSON(schema, w.marker.add)
		if err != nil {
			return jinja.Undefined(), fmt.Errorf("the parameters of the tool %s: %w", tool.Name, err)
		}
		list = append(list, object("type", "function", "function", object(
			"name", w.marker.add(tool.Name), "description", w.marker.add(tool.Description), "parameters", parameters)))
	}
	return jinja.NewList(list), nil
}

// allTexts returns the texts of a conversation.
func allTexts(in Input) []string {
	var list []string
	for _, m := range in.Messages {
		list = append(list, m.Name)
		for _, part := range m.Parts {
			switch p := part.(type) {
			case llm.Text:
				list = append(list, p.Text)
			case llm.Refusal:
				list = append(list, p.Text)
			case llm.Reasoning:
				list = append(list, p.Text)
			case llm.ToolCall:
				list = append(list, p.ID, p.Name, p.Arguments)
			case llm.ToolResult:
				list = append(list, p.CallID, p.Name, p.Content)
			}
		}
	}
	for _, tool := range in.Tools {
		list = append(list, tool.Name, tool.Description, string(tool.Parameters))
	}
	return list
}
