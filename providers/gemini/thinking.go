package gemini

import (
	"strings"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
)

// thinksByBudget reports whether a model has a thinking budget in tokens. Models before Gemini
// 3 do. Later models have a thinking level: https://ai.google.dev/gemini-api/docs/thinking
func thinksByBudget(model string) bool {
	name := baseName(model)
	return strings.HasPrefix(name, "gemini-2") || strings.HasPrefix(name, "gemini-1")
}

// budgets maps reasoning efforts to thinking budgets in tokens, with the values that Google
// uses in its OpenAI compatibility: https://ai.google.dev/gemini-api/docs/openai#thinking
var budgets = map[llm.ReasoningEffort]int32{
	llm.EffortNone: 0, llm.EffortMinimal: 1024, llm.EffortLow: 1024, llm.EffortMedium: 8192, llm.EffortHigh: 24576,
}

// leastBudget returns the smallest thinking budget of a model, in tokens. Pro models cannot
// disable thinking.
func leastBudget(model string) int32 {
	if strings.HasPrefix(baseName(model), "gemini-2.5-pro") {
		return 128
	}
	return 0
}

// minimal lists prefixes of models that support the level MINIMAL. For other models, such as
// Pro models and Flash models from 3.7 on, MINIMAL is an error, and LOW is the lowest level.
var minimal = []string{"gemini-3-flash", "gemini-3.1-flash", "gemini-3.5-flash"}

// leastLevel returns the lowest thinking level that a model supports.
func leastLevel(model string) genai.ThinkingLevel {
	name := baseName(model)
	if strings.Contains(name, "flash-lite") {
		return genai.ThinkingLevelMinimal
	}
	for _, prefix := range minimal {
		if strings.HasPrefix(name, prefix) {
			return genai.ThinkingLevelMinimal
		}
	}
	return genai.ThinkingLevelLow
}

// addThinking sets the thinking from the options, or otherwise from the request's effort.
func (b *requestBuilder) addThinking() {
	o, effort := &b.options, b.req.ReasoningEffort
	var t genai.ThinkingConfig
	switch {
	case o.ThinkingBudget != nil:
		t.ThinkingBudget, t.IncludeThoughts = new(int32(*o.ThinkingBudget)), *o.ThinkingBudget != 0
	case o.ThinkingLevel != "":
		t.ThinkingLevel, t.IncludeThoughts = genai.ThinkingLevel(o.ThinkingLevel), true
	case effort == llm.EffortDefault:
	case thinksByBudget(b.call.Model):
		b.addBudget(&t)
	case effort == llm.EffortNone:
		t.ThinkingLevel = leastLevel(b.call.Model)
		b.warnOfThinking()
	case effort == llm.EffortMinimal:
		t.ThinkingLevel, t.IncludeThoughts = leastLevel(b.call.Model), true
	default:
		t.ThinkingLevel, t.IncludeThoughts = genai.ThinkingLevel(strings.ToUpper(string(effort))), true
	}
	if o.IncludeThoughts != nil {
		t.IncludeThoughts = *o.IncludeThoughts
	}
	if t != (genai.ThinkingConfig{}) {
		b.config.ThinkingConfig = &t
	}
}

// addBudget converts the request's effort to a budget in tokens.
func (b *requestBuilder) addBudget(t *genai.ThinkingConfig) {
	effort := b.req.ReasoningEffort
	budget, known := budgets[effort]
	if !known {
		b.warn(llm.WarnUnsupported, "ReasoningEffort", "this model has no thinking budget for the effort "+string(effort)+"; it was not sent")
		return
	}
	t.IncludeThoughts = budget != 0
	if least := leastBudget(b.call.Model); budget < least {
		budget = least
		b.warnOfThinking()
	}
	t.ThinkingBudget = &budget
}

// warnOfThinking adds a warning that thinking cannot be disabled.
func (b *requestBuilder) warnOfThinking() {
	b.warn(llm.WarnChanged, "ReasoningEffort", "this model always thinks; the lowest setting was sent")
}
