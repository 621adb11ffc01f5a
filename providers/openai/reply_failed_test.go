package openai_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func TestFailedAnswerKeepsItsTextUsageAndBody(t *testing.T) {
	body := events(text("Hel"), text("lo"), usage, `{"error":"the runner died"}`)
	_, err := model(t, openai.Config{}, streams(body)).Generate(t.Context(), &llm.Request{Messages: hi, KeepRaw: true})
	e := wantError(t, err, llm.Server, "the runner died")
	equal(t, "partial text and usage", []any{e.Partial.Text(), e.Partial.Usage}, []any{"Hello", usage7and5})
	equal(t, "raw body", string(e.Partial.Raw), body)
}
