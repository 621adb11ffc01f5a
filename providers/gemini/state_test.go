package gemini_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
)

// TestSignatureOfAnEditedPart edits a signed text and a signed call of an answer.
func TestSignatureOfAnEditedPart(t *testing.T) {
	resp := mustAsk(t, serve(t, streams(parts(`{"text":"a","thoughtSignature":"dA=="}`, `{"functionCall":{"id":"c1","name":"f","args":{}},"thoughtSignature":"Yw=="}`), stopped)), llm.Prompt("hi"))
	const changed = "signatures or reasoning of an earlier answer were omitted: the part has been changed"
	for name, tt := range map[string]struct {
		edit func(parts []llm.Part)
		want string
		warn []llm.Warning
	}{
		"unchanged": {func([]llm.Part) {}, `[{"text":"a","thoughtSignature":"dA=="},{"functionCall":{"id":"c1","name":"f","args":{}},"thoughtSignature":"Yw=="}]`, nil},
		"edited": {func(parts []llm.Part) {
			text := parts[0].(llm.Text)
			text.Text = "A"
			parts[0] = text
		}, `[{"text":"A"},{"functionCall":{"id":"c1","name":"f","args":{}},"thoughtSignature":"Yw=="}]`,
			[]llm.Warning{{Code: llm.WarnStateOmitted, Setting: "Messages", Message: changed}}},
	} {
		t.Run(name, func(t *testing.T) {
			message := llm.Message{Role: llm.RoleAssistant, Parts: append([]llm.Part(nil), resp.Messages[0].Parts...)}
			tt.edit(message.Parts)
			req := &llm.Request{Messages: []llm.Message{llm.User("hi"), message, llm.ToolResults(llm.ToolResult{CallID: "c1", Content: "1"})}, FailOnUnsupported: true}
			body := sentChat(t, model, req)
			equal(t, "the answer that is sent back", at[any](at[[]any](body, "contents")[1], "parts"), fromJSON(t, tt.want))
			again := mustAsk(t, serve(t, streams(parts(text("x")), stopped)), req)
			equal(t, "the warnings", again.Warnings, tt.warn)
		})
	}
}

// TestPartsOfToolResults sends an image in a result, to models that take it and to others.
func TestPartsOfToolResults(t *testing.T) {
	req := &llm.Request{Messages: []llm.Message{llm.User("go"), llm.Assistant("", llm.ToolCall{ID: "c", Name: "shot"}), llm.ToolResults(llm.ToolResult{
		CallID: "c", Content: "done", Parts: []llm.Part{llm.Image{MediaType: "image/png", Data: []byte("hi")}, llm.Audio{MediaType: "audio/wav", Data: []byte("hi")}},
	})}}
	const image, audio, intro = `{"inlineData":{"mimeType":"image/png","data":"aGk="}}`, `{"inlineData":{"mimeType":"audio/wav","data":"aGk="}}`, `{"text":"The result of the tool shot has this content:"}`
	for model, want := range map[string]string{
		"gemini-3-flash": `[{"role":"user","parts":[{"functionResponse":{"id":"c","name":"shot","response":{"output":"done"},"parts":[` + image + `]}}]},
			{"role":"user","parts":[` + intro + `,` + audio + `]}]`,
		"gemini-2.5-flash": `[{"role":"user","parts":[{"functionResponse":{"id":"c","name":"shot","response":{"output":"done"}}}]},
			{"role":"user","parts":[` + intro + `,` + image + `,` + audio + `]}]`,
	} {
		body := sentChat(t, model, req)
		equal(t, "the messages after the call, for "+model, any(at[[]any](body, "contents")[2:]), fromJSON(t, want))
	}
}

func TestCustomToolsAreUnsupported(t *testing.T) {
	_, err := llm.New(serve(t, streams(stopped)), model).Generate(t.Context(), with(func(r *llm.Request) {
		r.Tools = []llm.Tool{{Name: "sh", Custom: &llm.CustomInput{}}}
	}))
	wantError(t, err, llm.Unsupported, `the tool "sh" is a custom tool`)
}
