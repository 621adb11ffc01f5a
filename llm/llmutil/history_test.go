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
		{
			name:    "ids are unique, in the right form, and paired by position",
			history: llmutil.History{CallID: llmutil.PlainCallID(10), ResultNames: true},
			messages: []llm.Message{
				llm.Assistant("", llm.ToolCall{Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "a:0", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "a:0", Name: "g", Arguments: "{}"}),
				llm.ToolResults(llm.ToolResult{CallID: "a:0", Content: "1"}, llm.ToolResult{CallID: "a:0", Content: "2"}, llm.ToolResult{Name: "f", Content: "0"}),
				llm.Assistant("", llm.ToolCall{ID: "a:0", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "toolongforit", Name: "h", Arguments: "{}"}),
				llm.ToolResults(llm.ToolResult{CallID: "toolongforit", Content: "4"}, llm.ToolResult{CallID: "a:0", Content: "3"}),
			},
			want: []llm.Message{
				llm.Assistant("", llm.ToolCall{ID: "call_0_0", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "a_0", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "a_0_2", Name: "g", Arguments: "{}"}),
				llm.ToolResults(llm.ToolResult{CallID: "a_0", Name: "f", Content: "1"}, llm.ToolResult{CallID: "a_0_2", Name: "g", Content: "2"}, llm.ToolResult{CallID: "call_0_0", Name: "f", Content: "0"}),
				llm.Assistant("", llm.ToolCall{ID: "a_0_3", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: llmutil.PlainCallID(10)("toolongforit"), Name: "h", Arguments: "{}"}),
				llm.ToolResults(llm.ToolResult{CallID: llmutil.PlainCallID(10)("toolongforit"), Name: "h", Content: "4"}, llm.ToolResult{CallID: "a_0_3", Name: "f", Content: "3"}),
			},
		},
		{
			name:    "the server's own ids stay",
			history: llmutil.History{CallID: llmutil.PlainCallID(3), TakeBack: llm.TakeBack{Provider: "p", Formats: []string{""}}},
			messages: []llm.Message{llm.Assistant("", llm.ToolCall{ID: "own id", Name: "f", Arguments: "{}", ProviderData: &llm.ProviderData{Provider: "p"}}),
				llm.ToolResults(llm.ToolResult{CallID: "own id"})},
			want: []llm.Message{llm.Assistant("", llm.ToolCall{ID: "own id", Name: "f", Arguments: "{}", ProviderData: &llm.ProviderData{Provider: "p"}}),
				llm.ToolResults(llm.ToolResult{CallID: "own id"})},
		},
		{
			name: "arguments are an object",
			messages: []llm.Message{llm.Assistant("", llm.ToolCall{ID: "a", Name: "f"}, llm.ToolCall{ID: "b", Name: "f", Arguments: " \n"}, llm.ToolCall{ID: "c", Name: "g", Arguments: `{"a"`},
				llm.ToolCall{ID: "d", Name: "g", Arguments: `[]`}, llm.ToolCall{ID: "e", Name: "h", Arguments: ` {"a": 1}`})},
			want: []llm.Message{llm.Assistant("", llm.ToolCall{ID: "a", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "b", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "c", Name: "g", Arguments: "{}"},
				llm.ToolCall{ID: "d", Name: "g", Arguments: "{}"}, llm.ToolCall{ID: "e", Name: "h", Arguments: ` {"a": 1}`})},
			warnings: []string{"the arguments of an earlier call of g are not a JSON object; they were omitted"},
		},
		{
			name:     "servers that take any arguments",
			history:  llmutil.History{AnyArguments: true},
			messages: []llm.Message{llm.Assistant("", llm.ToolCall{Name: "f"}, llm.ToolCall{Name: "g", Arguments: `{"a"`})},
			want:     []llm.Message{llm.Assistant("", llm.ToolCall{Name: "f", Arguments: "{}"}, llm.ToolCall{Name: "g", Arguments: `{"a"`})},
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

func TestCallIDs(t *testing.T) {
	for _, test := range []struct {
		name   string
		rule   func(string) string
		id     string
		want   string // "" if it must only be another one of the length
		length int
	}{
		{"plain", llmutil.PlainCallID(64), "toolu_01-Ab", "toolu_01-Ab", 11},
		{"plain", llmutil.PlainCallID(64), "functions.f:0", "functions_f_0", 13},
		{"plain and too long", llmutil.PlainCallID(20), "functions.get_weather:0", "", 20},
		{"short", llmutil.ShortCallID(40), "a.b|c", "a.b|c", 5},
		{"too long", llmutil.ShortCallID(40), "0123456789012345678901234567890123456789x", "", 40},
		{"hash", llmutil.HashCallID(9), "aB3dE6gH9", "aB3dE6gH9", 9},
		{"hash", llmutil.HashCallID(9), "call_0_1", "", 9},
		{"hash", llmutil.HashCallID(9), "aB3dE6gH_", "", 9},
	} {
		got := test.rule(test.id)
		if test.want != "" && got != test.want || test.want == "" && got == test.id || len(got) != test.length {
			t.Errorf("%s: the id %q is sent as %q, want %q of %d bytes", test.name, test.id, got, test.want, test.length)
		}
		if again := test.rule(got); again != got {
			t.Errorf("%s: the id %q is sent as %q and then as %q", test.name, test.id, got, again)
		}
	}
}

// TestHistoryThatFitsIsNotCopied checks the usual case, which every request pays for.
func TestHistoryThatFitsIsNotCopied(t *testing.T) {
	messages := []llm.Message{llm.User("a"), llm.Assistant("", llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}), llm.ToolResults(llm.ToolResult{CallID: "c", Name: "f"})}
	got, warnings := llmutil.History{CallID: llmutil.PlainCallID(64), ResultNames: true}.Messages(messages)
	if &got[0] != &messages[0] || warnings != nil {
		t.Error("the history was changed")
	}
}
