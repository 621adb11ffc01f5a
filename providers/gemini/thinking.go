package gemini

import (
	"strings"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
)

// How much a model thinks is told to those before Gemini 3 by a budget of tokens,
// and to later ones by a level. https://ai.google.dev/gemini-api/docs/thinking

// thinksByBudget reports whether a model takes a budget.
func thinksByBudget(model string) bool {
	name := baseName(model)
	return strings.HasPrefix(name, "gemini-2") || strings.HasPrefix(name, "gemini-1")
}

// budgets are the efforts in tokens, for models that know no levels, as Google
// itself translates them: https://ai.google.dev/gemini-api/docs/openai#thinking
var budgets = map[llm.ReasoningEffort]int32{
	llm.EffortNone: 0, llm.EffortMinimal: 1024, llm.EffortLow: 1024, llm.EffortMedium: 8192, llm.EffortHigh: 24576,
}

// leastBudget returns the smallest budget that a model takes. The Pro ones cannot
// do without.
func leastBudget(model string) int32 {
	if strings.HasPrefix(baseName(model), "gemini-2.5-pro") {
		return 128
	}
	return 0
}

// minimal begins the names of models that take the level MINIMAL. To others, Pro
// ones and Flash from 3.7 on, it is an error, and LOW is the least.
var minimal = []string{"gemini-3-flash", "gemini-3.1-flash", "gemini-3.5-flash"}

// leastLevel returns the lowest level that a model is sure to take.
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

// addThinking asks for the thinking that the options name, or else for the effort
// of the request.
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

// addBudget puts the request's effort into tokens.
func (b *requestBuilder) addBudget(t *genai.ThinkingConfig) {
	effort := b.req.ReasoningEffort
	budget, known := budgets[effort]
	if !known {
		b.warn(llm.WarnUnsupported, "ReasoningEffort", "there is no number of tokens for the effort "+string(effort)+" on this model; it was left out")
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
	b.warn(llm.WarnChanged, "ReasoningEffort", "this model always thinks; it was asked for the least")
}
