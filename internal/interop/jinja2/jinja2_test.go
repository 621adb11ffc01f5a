package jinja2_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/chattemplate"
	"github.com/parley-llm/parley/llm"
)

//go:embed render.py
var program string

// job is one rendering: a line for the oracle, and the same for Parley.
type job struct {
	name     string
	Template string         `json:"template"`
	Data     map[string]any `json:"data"`
	input    chattemplate.Input
}

type result struct {
	Text  *string
	Error string
}

// render asks Python's jinja2.
func render(t *testing.T, jobs []job) []result {
	t.Helper()
	if err := exec.Command("python3", "-c", "import jinja2").Run(); err != nil {
		t.Skip("python3 with jinja2 is not installed (Debian: python3-jinja2)")
	}
	input, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", program)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var results []result
	if err := json.Unmarshal(output, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// folder returns the folder of a module in the module cache.
func folder(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// templates returns real chat templates: those of the engine's own tests, and those that
// Ollama recognises.
func templates(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	paths, err := filepath.Glob(filepath.Join(folder(t, "github.com/ardanlabs/jinja"), "testdata", "templates", "*.jinja"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no templates in the engine's module: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".jinja")] = string(data)
	}
	data, err := os.ReadFile(filepath.Join(folder(t, "github.com/ollama/ollama"), "template", "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []struct{ Template, Name string }
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	for _, entry := range index {
		name := "ollama-" + entry.Name
		for all[name] != "" && all[name] != entry.Template {
			name += "+"
		}
		all[name] = entry.Template
	}
	return all
}

const schema = `{"type":"object","properties":{"city":{"type":"string","description":"the city"},` +
	`"days":{"type":"integer","enum":[1,2,3]},"a":{"type":"array","items":{"type":"number"}}},"required":["city"]}`

type conversation struct {
	name      string
	messages  []llm.Message
	tools     []llm.Tool
	variables map[string]any
}

func conversations() []conversation {
	tools := []llm.Tool{
		{Name: "get_weather", Description: "Tells the \"weather\" & more <now>.", Parameters: json.RawMessage(schema)},
		{Name: "get_time", Description: "Tells the time.", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)},
	}
	call := llm.ToolCall{ID: "abcdef123", Name: "get_weather", Arguments: `{"city":"Zürich 🦙","days":2}`}
	called := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{call}}
	answered := llm.ToolResults(llm.ToolResult{CallID: "abcdef123", Name: "get_weather", Content: `{"sky":"blue"}`})
	return []conversation{
		{name: "one turn", messages: []llm.Message{llm.User("  Why is the sky blue?\n")}},
		{name: "system", messages: []llm.Message{llm.System("Be brief."), llm.User("Hello")}},
		{name: "turns", messages: []llm.Message{llm.User("Hello"), llm.Assistant("Hi there."), llm.User("How are you?")}},
		{name: "system and turns", messages: []llm.Message{llm.System("Be kind."), llm.User("1"), llm.Assistant("2"), llm.User("3"), llm.Assistant("4"), llm.User("5")}},
		{name: "tools", messages: []llm.Message{llm.User("Weather in Zürich?")}, tools: tools},
		{name: "tools and system", messages: []llm.Message{llm.System("Use tools."), llm.User("Weather?")}, tools: tools},
		{name: "tool result", messages: []llm.Message{llm.User("Weather?"), called, answered}, tools: tools},
		{name: "after a tool", messages: []llm.Message{llm.User("Weather?"), called, answered, llm.Assistant("Blue."), llm.User("Thanks")}, tools: tools},
		{name: "thinking", messages: []llm.Message{llm.User("1"), {Role: llm.RoleAssistant, Parts: []llm.Part{llm.Reasoning{Text: "Hm."}, llm.Text{Text: "2"}}}, llm.User("3")},
			variables: map[string]any{"enable_thinking": true}},
	}
}

// data is the conversation as Hugging Face's library takes it, written apart from the code
// under test.
func (c conversation) data(t *testing.T) map[string]any {
	t.Helper()
	var messages []any
	for _, m := range c.messages {
		out := map[string]any{"role": string(m.Role), "content": m.Text()}
		for _, part := range m.Parts {
			switch p := part.(type) {
			case llm.Reasoning:
				out["reasoning_content"] = p.Text
			case llm.ToolCall:
				out["tool_calls"] = []any{map[string]any{"id": p.ID, "type": "function",
					"function": map[string]any{"name": p.Name, "arguments": json.RawMessage(p.Arguments)}}}
			case llm.ToolResult:
				out["content"], out["name"], out["tool_call_id"] = p.Content, p.Name, p.CallID
			}
		}
		messages = append(messages, out)
	}
	data := map[string]any{"messages": messages, "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"}
	type function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	}
	type tool struct {
		Type     string   `json:"type"`
		Function function `json:"function"`
	}
	var tools []tool
	for _, one := range c.tools {
		tools = append(tools, tool{"function", function{one.Name, one.Description, one.Parameters}})
	}
	if tools != nil {
		data["tools"] = tools
	}
	for name, value := range c.variables {
		data[name] = value
	}
	return data
}

// known are the renderings that differ from jinja2's, with the reason.
var known = map[string]string{}

func TestRenderingsAreThoseOfJinja2(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	var jobs []job
	for name, source := range templates(t) {
		for _, c := range conversations() {
			jobs = append(jobs, job{name + "/" + c.name, source, c.data(t),
				chattemplate.Input{Messages: c.messages, Tools: c.tools, Variables: c.variables, Now: now}})
		}
	}
	equal, refused := 0, 0
	for i, want := range render(t, jobs) {
		j := jobs[i]
		var got string
		compiled, err := chattemplate.Compile(j.Template, chattemplate.Config{BOS: "<s>", EOS: "</s>"})
		if err == nil {
			p, renderErr := compiled.Render(t.Context(), j.input)
			if err = renderErr; err == nil {
				got = p.String()
			}
		}
		switch {
		case want.Text == nil && err != nil:
			refused++
		case want.Text == nil:
			t.Logf("%s: jinja2 refuses it (%s), and Parley renders it another way", j.name, want.Error)
		case err != nil:
			t.Errorf("%s: %v", j.name, err)
		case got != *want.Text:
			if known[j.name] == "" {
				at := 0
				for at < min(len(got), len(*want.Text)) && got[at] == (*want.Text)[at] {
					at++
				}
				from := max(0, at-40)
				t.Errorf("%s differs at byte %d\n got: …%.120q\nwant: …%.120q", j.name, at, got[from:], (*want.Text)[from:])
			}
		default:
			equal++
		}
	}
	t.Logf("%d renderings: %d equal, %d refused by both", len(jobs), equal, refused)
}
