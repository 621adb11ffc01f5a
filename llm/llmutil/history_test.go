package llmutil_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

func TestHistory(t *testing.T) {
	png, pdf := llm.Image{MediaType: "image/png", Data: []byte("png")}, llm.File{Name: "a.pdf", Data: []byte("%PDF")}
	call := llm.ToolCall{ID: "c", Name: "shot", Arguments: "{}"}
	custom := llm.ToolCall{ID: "s", Name: "sh", Arguments: "ls \"a\"", Custom: true}
	text := func(s string) llm.Text { return llm.Text{Text: s} }
	images := func(part llm.Part) bool { _, ok := part.(llm.Image); return ok }
	const moved = "the images and files of tool results were sent in a user message after them: results have only text"
	for _, test := range []struct {
		name     string
		history  llmutil.History
		messages []llm.Message
		want     []llm.Message
		warnings []string
	}{
		{
			name: "texts are joined",
			messages: []llm.Message{llm.Assistant("", call), llm.ToolResults(
				llm.ToolResult{CallID: "c", Content: "a", Parts: []llm.Part{text("b"), text("c")}})},
			want: []llm.Message{llm.Assistant("", call), llm.ToolResults(llm.ToolResult{CallID: "c", Content: "a\nb\nc"})},
		},
		{
			name: "images follow all results of the turn",
			messages: []llm.Message{llm.Assistant("", call, call),
				llm.ToolResults(llm.ToolResult{CallID: "c", Content: "a", Parts: []llm.Part{png}}),
				llm.ToolResults(llm.ToolResult{CallID: "c", Name: "other", Parts: []llm.Part{pdf}}), llm.User("go on")},
			want: []llm.Message{llm.Assistant("", call, call),
				llm.ToolResults(llm.ToolResult{CallID: "c", Content: "a"}),
				llm.ToolResults(llm.ToolResult{CallID: "c", Name: "other", Content: "The result is in the next user message."}),
				{Role: llm.RoleUser, Parts: []llm.Part{text("The result of the tool shot has this content:"), png, text("The result of the tool other has this content:"), pdf}},
				llm.User("go on")},
			warnings: []string{moved},
		},
		{
			name:    "parts that the dialect takes stay",
			history: llmutil.History{ResultPart: images},
			messages: []llm.Message{llm.Assistant("", call),
				llm.ToolResults(llm.ToolResult{CallID: "c", Content: "a", Parts: []llm.Part{png, pdf, text("b")}})},
			want: []llm.Message{llm.Assistant("", call),
				llm.ToolResults(llm.ToolResult{CallID: "c", Content: "a\nb", Parts: []llm.Part{png}}),
				{Role: llm.RoleUser, Parts: []llm.Part{text("The result of the tool shot has this content:"), pdf}}},
			warnings: []string{moved},
		},
		{
			name:     "a custom call becomes a function's",
			messages: []llm.Message{llm.Assistant("", custom), llm.ToolResults(llm.ToolResult{CallID: "s", Content: "x"})},
			want: []llm.Message{llm.Assistant("", llm.ToolCall{ID: "s", Name: "sh", Arguments: `{"input":"ls \"a\""}`}),
				llm.ToolResults(llm.ToolResult{CallID: "s", Content: "x"})},
			warnings: []string{"an earlier call of the custom tool sh was sent as the call of a function: custom tools are not supported"},
		},
		{
			name:     "custom calls stay where the dialect has them",
			history:  llmutil.History{CustomCalls: true},
			messages: []llm.Message{llm.Assistant("", custom)},
			want:     []llm.Message{llm.Assistant("", custom)},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, _ := json.Marshal(test.messages)
			got, warnings := test.history.Messages(test.messages)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			var texts []string
			for _, w := range warnings {
				texts = append(texts, w.Message)
			}
			if diff := cmp.Diff(test.warnings, texts); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if after, _ := json.Marshal(test.messages); string(after) != string(before) {
				t.Errorf("the given messages changed to %s", after)
			}
		})
	}
}
