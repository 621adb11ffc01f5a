package llmutil_test

import (
	"context"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chatter keeps the call of a chat and answers with events.
type chatter struct {
	call   *llm.Call
	events []llm.Event
}

func (c *chatter) Name() string { return "chatter" }

func (c *chatter) Chat(_ context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	c.call = call
	for _, ev := range c.events {
		if !yield(ev, nil) {
			break
		}
	}
	return nil
}

func TestDispatchMapsNamesOfTools(t *testing.T) {
	dotted := llmutil.WireToolName("files.read")
	call := func(name string) llm.ToolCall { return llm.ToolCall{ID: "1", Name: name, Arguments: "{}"} }
	request := func(a, gone string) *llm.Request {
		return &llm.Request{
			Tools: []llm.Tool{{Name: a}, {Name: "plain"}}, ToolChoice: llm.ToolChoice{Mode: llm.ToolNamed, Name: a},
			Messages: []llm.Message{llm.User("hi"), llm.Assistant("", call(a), call("plain"), call(gone)),
				llm.ToolResults(llm.ToolResult{Name: a}, llm.ToolResult{CallID: "1"}, llm.ToolResult{CallID: "1", Name: gone})},
		}
	}
	given := request("files.read", "gone tool")
	answer := func(name string) []llm.Event {
		return []llm.Event{
			{Type: llm.EventToolCallStart, Detail: &llm.ToolCall{Name: name}}, {Type: llm.EventToolCallEnd, Detail: new(call(name))},
			{Type: llm.EventToolCallEnd, Index: 1, Detail: new(call("plain"))}, done(),
		}
	}
	c := &chatter{events: answer(dotted)}
	events, err := read(llmutil.Dispatch(t.Context(), &llm.Call{Op: llm.OpChat, Model: "m", Request: given}, c))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "the request of the provider", request(dotted, llmutil.WireToolName("gone tool")), c.call.Request)
	check(t, "the given request, which must not change", request("files.read", "gone tool"), given)
	check(t, "the events", answer("files.read"), events)

	plain := &llm.Call{Op: llm.OpChat, Model: "m", Request: request("read", "gone")}
	if _, err := read(llmutil.Dispatch(t.Context(), plain, c)); err != nil || c.call != plain {
		t.Errorf("a call with accepted names was copied, or failed: %v", err)
	}
}

func TestDispatchRefusesDecisions(t *testing.T) {
	call := llm.ToolCall{ID: "1", Name: "pay", Arguments: "{}"}
	req := &llm.Request{Messages: []llm.Message{llm.Assistant("", call), {Role: llm.RoleTool, Parts: []llm.Part{call.Approve()}}}}
	_, err := read(llmutil.Dispatch(t.Context(), &llm.Call{Op: llm.OpChat, Model: "m", Request: req}, &chatter{}))
	wantError(t, err, llm.InvalidRequest, `message 1 has a decision about the tool call "1": run the call and send its result, or use llm.CloseCalls`)
}

// TestSignatureOfAToolWithAnotherName checks that a mapped name is not taken for an edit.
func TestSignatureOfAToolWithAnotherName(t *testing.T) {
	signed := llm.ToolCall{ID: "1", Name: llmutil.WireToolName("files.read"), Arguments: "{}", ProviderData: &llm.ProviderData{Provider: "chatter", Format: "c", Data: []byte("sig")}}
	c := &chatter{events: []llm.Event{{Type: llm.EventToolCallEnd, Detail: &signed}, done()}}
	req := &llm.Request{Messages: []llm.Message{llm.User("hi")}, Tools: []llm.Tool{{Name: "files.read"}}}
	ask := func() *llm.Response {
		resp, err := llm.Collect(llmutil.Dispatch(t.Context(), &llm.Call{Op: llm.OpChat, Model: "m", Request: req}, c))
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := ask()
	check(t, "name", "files.read", resp.ToolCalls()[0].Name)
	req.Messages = append(req.Messages, resp.Messages...)
	ask()
	kept, warnings := llm.TakeBack{Provider: "chatter", Formats: []string{"c"}}.Messages(c.call.Request.Messages)
	check(t, "warnings", []llm.Warning(nil), warnings)
	check(t, "data", []byte("sig"), kept[1].ToolCalls()[0].ProviderData.Data)
}
