package prompt

import (
	"slices"

	"github.com/parley-llm/parley/llm"
)

// Lost returns a warning for each setting of a request that a plain prompt cannot
// express. These settings need the chat template of the model.
func Lost(r *llm.Request) []llm.Warning {
	var lost []llm.Warning
	warn := func(setting, message string) {
		lost = append(lost, llm.Warning{Code: llm.WarnUnsupported, Setting: setting, Message: message})
	}
	if len(r.Tools) > 0 && r.ToolChoice.Mode != llm.ToolNone {
		warn("Tools", "prompts in a named format do not support tools; they were left out")
	}
	if r.ReasoningEffort != "" && r.ReasoningEffort != llm.EffortNone {
		warn("ReasoningEffort", "prompts in a named format do not support separate reasoning; the setting was left out")
	}
	if slices.ContainsFunc(r.Messages, func(m llm.Message) bool { return m.Name != "" }) {
		warn("Messages", "prompts in a named format do not support names; they were left out")
	}
	return lost
}
