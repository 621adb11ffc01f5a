package tokens

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// These are the numbers of tokens that harmony adds around the texts of a request.
const (
	toRole    = 3  // <|start|>role<|message|>
	end       = 1  // <|end|>
	toChannel = 2  // <|channel|> and its name
	toReply   = 2  // <|start|>assistant
	toCall    = 12 // <|start|>assistant<|channel|>commentary to=functions.… <|constrain|>json<|message|>…<|call|>
	toResult  = 10 // <|start|>functions.… to=assistant<|channel|>commentary<|message|>"…"<|end|>
)

// harmony returns the tokens of the request as gpt-oss receives it, following
// https://cookbook.openai.com/articles/openai-harmony and the chat template of the model.
// Two details are unknown here and hardly change the count: the date, and the formatting
// of a tool call's arguments by the template.
func (c *counter) harmony() int {
	effort := string(c.req.ReasoningEffort)
	if effort == "" {
		effort = string(llm.EffortMedium)
	}
	system := "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\nCurrent date: 2026-01-01\n\nReasoning: " +
		effort + "\n\n# Valid channels: analysis, commentary, final. Channel must be included for every message."
	if len(c.req.Tools) > 0 {
		system += "\nCalls to these tools must go to the commentary channel: 'functions'."
	}
	n := toReply + toRole + c.encoding.Count(system) + end

	var developer strings.Builder
	names := make(map[string]string)
	for _, m := range c.req.Messages {
		switch m.Role {
		case llm.RoleSystem:
			developer.WriteString("# Instructions\n\n" + m.Text() + "\n\n")
			continue
		case llm.RoleTool:
			for _, part := range m.Parts {
				if r, ok := part.(llm.ToolResult); ok {
					n += toResult + c.encoding.Count(resultName(r, names)) + c.encoding.Count(`"`+r.Content+`"`)
				}
			}
			continue
		}
		n += c.harmonyMessage(m, names)
	}
	if len(c.req.Tools) > 0 {
		developer.WriteString(toolsHeading + namespace(c.req.Tools))
	}
	if developer.Len() > 0 {
		n += toRole + c.encoding.Count(developer.String()) + end
	}
	return n
}

// harmonyMessage returns the tokens of a message from the user or the model.
func (c *counter) harmonyMessage(m llm.Message, names map[string]string) int {
	n := 0
	calls := m.ToolCalls()
	if content := c.parts(m.Parts); content > 0 || len(calls) == 0 {
		n += toRole + content + end
		if m.Role == llm.RoleAssistant {
			n += toChannel
		}
	}
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Reasoning: // sent back with the calls that it led to
			if len(calls) > 0 {
				n += toRole + toChannel + c.encoding.Count(p.Text) + end
			}
		case llm.ToolCall:
			names[p.ID] = p.Name
			n += toCall + c.encoding.Count(p.Name) + c.encoding.Count(p.Arguments)
		}
	}
	return n
}
