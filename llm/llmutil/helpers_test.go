package llmutil_test

import (
	"github.com/parley-llm/parley/internal/eventtest"
	"github.com/parley-llm/parley/llm"
)

// Helpers of package eventtest, under short names.
type fake = eventtest.Provider

var (
	script, failing = eventtest.Script, eventtest.Failing

	text, reasoning, refusal      = eventtest.Text, eventtest.Reasoning, eventtest.Refusal
	callStart, callDelta, callEnd = eventtest.CallStart, eventtest.CallDelta, eventtest.CallEnd
	start, warning, attempt, done = eventtest.Start, eventtest.Warning, eventtest.Attempt, eventtest.Done

	read, check = eventtest.Read, eventtest.Check
)

func provider(data string) *llm.ProviderData {
	return &llm.ProviderData{Provider: "fake", Data: []byte(data)}
}
