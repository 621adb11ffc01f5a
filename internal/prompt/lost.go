package prompt

import (
	"slices"

	"github.com/parley-llm/parley/llm"
)

// Lost returns a warning for each thing that a request asks for and that needs a
// chat template of the model's own. A prompt in a named format goes without.
func Lost(r *llm.Request) []llm.Warning {
	var lost []llm.Warning
	warn := func(setting, message string) {
		lost = append(lost, llm.Warning{Code: llm.WarnUnsupported, Setting: setting, Message: message})
	}
	if len(r.Tools) > 0 && r.ToolChoice.Mode != llm.ToolNone {
		warn("Tools", "a prompt in a named format has no place for tools; they were left out")
	}
	if r.ReasoningEffort != "" && r.ReasoningEffort != llm.EffortNone {
		warn("ReasoningEffort", "a model that is asked in a named prompt format does not reason apart from its answer")
	}
	if slices.ContainsFunc(r.Messages, func(m llm.Message) bool { return m.Name != "" }) {
		warn("Messages", "a prompt in a named format has no names; they were left out")
	}
	return lost
}
