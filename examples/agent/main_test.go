package main

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm/llmtest"
)

func TestAgentRunsToolsAndAsksBeforeOneWithEffects(t *testing.T) {
	for input, want := range map[string]string{
		"y\n": `[book {"city":"Oslo","persons":2,"at":"2026-12-05T19:00:00Z"}: booked for 2 in Oslo]`,
		"n\n": `[book {"city":"Oslo","persons":2,"at":"2026-12-05T19:00:00Z"}: The user denied this call: The user said no.]`,
	} {
		p := llmtest.New(
			llmtest.Text("I will look.").ToolCall("weather", `{"city":"Oslo"}`).ToolCall("clock", `{}`),
			llmtest.ToolCall("book", `{"city":"Oslo","persons":2,"at":"2026-12-05T19:00:00Z"}`),
			llmtest.Text("Take a coat.").Usage(30, 3))
		var out strings.Builder
		if err := answer(t.Context(), p.Model(), "Oslo?", strings.NewReader(input), &out); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`[weather {"city":"Oslo"}: {"Degrees":12}]`, "[clock {}: ", "book {", "? [y/N] ", want, "Take a coat."} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the output lacks %q:\n%s", want, &out)
			}
		}
	}
}
