package prompt

import (
	"slices"

	"github.com/parley-llm/parley/llm"
)

// Lost returns a warning for each setting of a request that a prompt in a named format does
// not support. Such settings need the model's chat template.
func Lost(r *llm.Request) []llm.Warning {
	var lost []llm.Warning
	warn := func(setting, message string) {
		lost = append(lost, llm.Warning{Code: llm.WarnUnsupported, Setting: setting, Message: message})
	}
	if len(r.Tools) > 0 && r.ToolChoice.Mode != llm.ToolNone {
		warn("Tools", "a named prompt format does not support tools; they were omitted")
	}
	if r.ReasoningEffort != "" && r.ReasoningEffort != llm.EffortNone {
		warn("ReasoningEffort", "a named prompt format does not support reasoning apart from the answer; it was not requested")
	}
	if slices.ContainsFunc(r.Messages, func(m llm.Message) bool { return m.Name != "" }) {
		warn("Messages", "a named prompt format does not support names in messages; they were omitted")
	}
	return lost
}
