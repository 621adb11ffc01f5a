package llm_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
)

func TestMessageConstructors(t *testing.T) {
	image := llm.Image{URL: "u"}
	call := llm.ToolCall{ID: "c", Name: "f"}
	for _, test := range []struct {
		name      string
		got, want llm.Message
	}{
		{"System", llm.System("a"), llm.Message{Role: llm.RoleSystem, Parts: []llm.Part{llm.Text{Text: "a"}}}},
		{"User", llm.User("a", image), llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.Text{Text: "a"}, image}}},
		{"User without a text", llm.User("", image), llm.Message{Role: llm.RoleUser, Parts: []llm.Part{image}}},
		{"User with nothing", llm.User(""), llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.Text{}}}},
		{"Assistant", llm.Assistant("", call), llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{call}}},
		{"ToolResults", llm.ToolResults(llm.ToolResult{CallID: "c"}, llm.ToolResult{CallID: "d"}),
			llm.Message{Role: llm.RoleTool, Parts: []llm.Part{llm.ToolResult{CallID: "c"}, llm.ToolResult{CallID: "d"}}}},
		{"Ask", llm.Prompt("a").Messages[0], llm.User("a")},
	} {
		check(t, test.name, test.want, test.got)
	}
}

func TestMessageTextAndToolCalls(t *testing.T) {
	call := llm.ToolCall{ID: "c", Name: "f"}
	for _, test := range []struct {
		name  string
		m     llm.Message
		text  string
		calls []llm.ToolCall
	}{
		{"empty", llm.Message{}, "", nil},
		{"one text", llm.User("a"), "a", nil},
		{"one part that is not text", llm.Assistant("", call), "", []llm.ToolCall{call}},
		{"texts among others", llm.Message{Parts: []llm.Part{llm.Text{Text: "a"}, call, llm.Reasoning{Text: "r"}, llm.Text{Text: "b"}, call}},
			"ab", []llm.ToolCall{call, call}},
	} {
		check(t, "Text: "+test.name, test.text, test.m.Text())
		check(t, "ToolCalls: "+test.name, test.calls, test.m.ToolCalls())
	}
}
