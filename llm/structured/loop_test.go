package structured_test

import (
	"context"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/structured"
	"github.com/parley-llm/parley/llm/tool"
)

func TestValueAfterToolsOfALoop(t *testing.T) {
	stock := tool.Must(tool.New("stock", "", func(context.Context, struct{}) (string, error) { return "flour", nil }))
	p := llmtest.New(llmtest.Text("Let me look.").ToolCall("stock", `{}`), llmtest.Text(pieces(pancakes, 7)...))
	model := p.Model(llm.WithOuterMiddleware(&tool.Loop{Tools: []*tool.Tool{stock}}))
	var last recipe
	answer := structured.Stream[recipe](t.Context(), model, llm.Prompt("x"))
	for part, err := range answer.Values() {
		ok(t, err)
		last = part
	}
	equal(t, "value", last, wantPancakes)
	equal(t, "messages", len(answer.Response().Messages), 3)
}
