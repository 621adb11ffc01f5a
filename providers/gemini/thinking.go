package gemini

import (
	"strings"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
)

// Models before Gemini 3 have a thinking budget in tokens. Later models have a thinking level.
// https://ai.google.dev/gemini-api/docs/thinking

// thinksByBudget reports whether a model has a thinking budget.
func thinksByBudget(model string) bool {
	name := baseName(model)
	return strings.HasPrefix(name, "gemini-2") || strings.HasPrefix(name, "gemini-1")
}

// budgets are the reasoning efforts in tokens, for models without levels. They are Google's
// own numbers: https://ai.google.dev/gemini-api/docs/openai#thinking
var budgets = map[llm.ReasoningEffort]int32{
	llm.EffortNone: 0, llm.EffortMinimal: 1024, llm.EffortLow: 1024, llm.EffortMedium: 8192, llm.EffortHigh: 24576,
}

// leastBudget returns the smallest budget of a model. Pro models do not accept 0.
func leastBudget(model string) int32 {
	if strings.HasPrefix(baseName(model), "gemini-2.5-pro") {
		return 128
	}
	return 0
}

// minimal are the prefixes of models with the level MINIMAL. Other models (Pro, and Flash
// from 3.7 on) reject it; their lowest level is LOW.
var minimal = []string{"gemini-3-flash", "gemini-3.1-flash", "gemini-3.5-flash"}

// leastLevel returns the lowest level that a model is known to accept.
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

// addThinking adds the thinking of the options, or otherwise the request's ReasoningEffort.
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

// addBudget adds the request's effort as a number of tokens.
func (b *requestBuilder) addBudget(t *genai.ThinkingConfig) {
	effort := b.req.ReasoningEffort
	budget, known := budgets[effort]
	if !known {
		b.warn(llm.WarnUnsupported, "ReasoningEffort", "this model does not support the effort "+string(effort)+"; it was omitted")
		return
	}
	t.IncludeThoughts = budget != 0
	if least := leastBudget(b.call.Model); budget < least {
		budget = least
		b.warnOfThinking()
	}
	t.ThinkingBudget = &budget
}

func (b *requestBuilder) warnOfThinking() {
	b.warn(llm.WarnChanged, "ReasoningEffort", "this model cannot turn thinking off; the lowest setting was sent")
}
