package anthropic_test

import (
	"context"
	"slices"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
)

// TestThinkingOfAChangedConversation edits and trims a conversation with signed thinking.
// Models that bind thinking to the messages before it reject it after that.
func TestThinkingOfAChangedConversation(t *testing.T) {
	answered := func(model string) []llm.Message {
		p := handledBy(t, says(200, jsonType, `{"type":"message","content":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},{"type":"text","text":"Yes."}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`))
		history := []llm.Message{llm.User("a"), llm.Assistant("b"), llm.User("c")}
		resp, err := llm.New(p, model).Generate(t.Context(), &llm.Request{Messages: history})
		if err != nil {
			t.Fatal(err)
		}
		return append(append(history, resp.Messages...), llm.User("d"))
	}
	const signed, plain = `[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},{"type":"text","text":"Yes."}]`, `[{"type":"text","text":"Yes."}]`
	for _, test := range []struct {
		name, model, next string
		edit              func([]llm.Message) []llm.Message
		want, warning     string
	}{
		{name: "unchanged", model: "claude-opus-5-5", want: signed},
		{name: "trimmed", model: "claude-opus-5-5", edit: func(m []llm.Message) []llm.Message { return m[2:] },
			want: plain, warning: "signatures or reasoning of an earlier answer were omitted: messages before it have been changed or removed"},
		{name: "trimmed, of a model that does not mind", model: "claude-sonnet-4-5", edit: func(m []llm.Message) []llm.Message { return m[2:] }, want: signed},
		{name: "edited thinking", model: "claude-sonnet-4-5", edit: func(m []llm.Message) []llm.Message {
			m[3].Parts = slices.Clone(m[3].Parts)
			thought := m[3].Parts[0].(llm.Reasoning)
			thought.Text = "Hmm."
			m[3].Parts[0] = thought
			return m
		}, want: plain, warning: "signatures or reasoning of an earlier answer were omitted: the part has been changed"},
		{name: "another model", model: "claude-sonnet-4-5", next: "claude-opus-4-5",
			want: plain, warning: "signatures or reasoning of an earlier answer were omitted: data of the model claude-sonnet-4-5 is not valid for another model"},
	} {
		t.Run(test.name, func(t *testing.T) {
			messages := answered(test.model)
			if test.edit != nil {
				messages = test.edit(messages)
			}
			next := test.model
			if test.next != "" {
				next = test.next
			}
			body, warnings := sent(t, next, &llm.Request{Messages: messages})
			all := body["messages"].([]any)
			equal(t, "the answer that is sent back", all[len(all)-2].(map[string]any)["content"], fromJSON(t, test.want))
			var texts []string
			for _, w := range warnings {
				texts = append(texts, w.Message)
			}
			var want []string
			if test.warning != "" {
				want = []string{test.warning}
			}
			equal(t, "the warnings", texts, want)
		})
	}
}

func TestPartsOfToolResults(t *testing.T) {
	call := llm.ToolCall{ID: "c", Name: "shot", Arguments: "{}"}
	body, _ := sent(t, modelName, &llm.Request{Messages: []llm.Message{llm.User("go"), llm.Assistant("", call), llm.ToolResults(llm.ToolResult{
		CallID: "c", Content: "two", IsError: true,
		Parts: []llm.Part{llm.Image{MediaType: "image/png", Data: []byte("png")}, llm.Text{Text: " "}, llm.File{MediaType: "application/pdf", Data: []byte("%PDF")}},
	})}})
	equal(t, "the result", body["messages"].([]any)[2], fromJSON(t, `{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","is_error":true,"content":[{"type":"text","text":"two"},
		{"type":"image","source":{"type":"base64","media_type":"image/png","data":"cG5n"}},
		{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERg=="}}]}]}`))
}

func TestCustomToolsAreUnsupported(t *testing.T) {
	_, err := ask(t, provider(t, anthropic.Config{APIKey: key}), &llm.Request{
		Messages: []llm.Message{llm.User("hi")}, Tools: []llm.Tool{{Name: "sh", Custom: &llm.CustomInput{}}},
	})
	wantError(t, err, llm.Unsupported, `the tool "sh" is a custom tool, and this API has none: describe its input with Parameters`)
}

// TestResultsOfACallWithoutAModel sends histories that an [llm.Model] refuses.
func TestResultsOfACallWithoutAModel(t *testing.T) {
	c1, c2 := llm.ToolCall{ID: "c1", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "c2", Name: "f", Arguments: "{}"}
	one, two := llm.ToolResult{CallID: "c1", Content: "one"}, llm.ToolResult{CallID: "c2", Content: "two", IsError: true}
	for name, test := range map[string]struct {
		after []llm.Message
		want  string
		warns bool
	}{
		"results come first and together": {
			after: []llm.Message{llm.User("and?"), llm.ToolResults(one), llm.ToolResults(two)},
			want:  `[{"type":"tool_result","tool_use_id":"c1","content":"one"},{"type":"tool_result","tool_use_id":"c2","content":"two","is_error":true},{"type":"text","text":"and?"}]`,
		},
		"a call without result": {
			after: []llm.Message{llm.ToolResults(two), llm.User("and?")},
			want: `[{"type":"tool_result","tool_use_id":"c1","content":"The tool was not run.","is_error":true},{"type":"tool_result","tool_use_id":"c2","content":"two","is_error":true},` +
				`{"type":"text","text":"and?"}]`,
			warns: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := &llm.Request{Messages: append([]llm.Message{llm.User("hi"), llm.Assistant("", c1, c2)}, test.after...)}
			var warnings []llm.Warning
			got := received(t, anthropic.Config{APIKey: key}, func(ctx context.Context, p *anthropic.Provider) error {
				resp, err := llm.Collect(p.Do(ctx, &llm.Call{Op: llm.OpChat, Provider: p.Name(), Model: modelName, Request: req}))
				warnings = resp.Warnings
				return err
			})
			equal(t, "the results", got.body["messages"].([]any)[2].(map[string]any)["content"], fromJSON(t, test.want))
			equal(t, "a warning", len(warnings) == 1 && warnings[0].Setting == "Messages", test.warns)
		})
	}
}
