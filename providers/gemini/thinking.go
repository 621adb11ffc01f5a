package gemini

import (
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
)

// family is a group of models that think in the same way.
type family struct {
	pattern *regexp.Regexp // of the name without its path
	thinks  thinking
	least   int32                 // the smallest budget
	levels  []genai.ThinkingLevel // from the lowest; nil is every level from LOW on
}

// thinking is the form of the thinking settings of a model.
type thinking uint8

const (
	byLevel  thinking = iota // a level: Gemini 3 and later
	byBudget                 // a number of tokens
	never                    // there is no thinking
)

// Levels of models that do not accept all of them.
var (
	fromMinimal  = []genai.ThinkingLevel{genai.ThinkingLevelMinimal, genai.ThinkingLevelLow, genai.ThinkingLevelMedium, genai.ThinkingLevelHigh}
	minimalOrAll = []genai.ThinkingLevel{genai.ThinkingLevelMinimal, genai.ThinkingLevelHigh}
)

// families are the families of models, by exact patterns. The first one that matches applies.
// Models that are not listed have levels from LOW on: Gemini 3 and later, Pro and Flash.
//
// Sources: https://ai.google.dev/gemini-api/docs/thinking, and for Gemma 4 livekit/agents#7095,
// livekit/agents#7080, danny-avila/LibreChat#13088.
var families = []family{
	{regexp.MustCompile(`^gemma-4(n|-|$)`), byLevel, 0, minimalOrAll},
	{regexp.MustCompile(`^gemma-(3n?|[12])(-|$)`), never, 0, nil},
	{regexp.MustCompile(`^learnlm-`), never, 0, nil},
	{regexp.MustCompile(`^gemini-2\.5-pro(-|$)`), byBudget, 128, nil},
	{regexp.MustCompile(`^gemini-[12](\.|-)`), byBudget, 0, nil},
	{regexp.MustCompile(`^gemini-robotics-er-1(\.\d+)?(-|$)`), byBudget, 0, nil},
	{regexp.MustCompile(`^gemini-\d+(\.\d+)?-flash-lite(-|$)`), byLevel, 0, fromMinimal},
	{regexp.MustCompile(`^gemini-3(\.[15])?-flash(-|$)`), byLevel, 0, fromMinimal}, // Flash from 3.7 on rejects MINIMAL
	// A tuned model on Vertex AI, whose base is unknown. Gemini 3 accepts budgets as well.
	{regexp.MustCompile(`^\d+$`), byBudget, 0, nil},
}

// familyOf returns the family of a model.
func familyOf(model string) family {
	name := baseName(model)
	for _, f := range families {
		if f.pattern.MatchString(name) {
			return f
		}
	}
	return family{}
}

// thinksByBudget reports whether a model has a thinking budget.
func thinksByBudget(model string) bool { return familyOf(model).thinks == byBudget }

// budgets are the reasoning efforts in tokens, for models without levels. They are Google's
// own numbers: https://ai.google.dev/gemini-api/docs/openai#thinking
var budgets = map[llm.ReasoningEffort]int32{
	llm.EffortNone: 0, llm.EffortMinimal: 1024, llm.EffortLow: 1024, llm.EffortMedium: 8192, llm.EffortHigh: 24576,
}

// levels are the efforts as levels. "xhigh" and "max" are efforts of other vendors.
var levels = map[llm.ReasoningEffort]genai.ThinkingLevel{
	llm.EffortNone: genai.ThinkingLevelMinimal, llm.EffortMinimal: genai.ThinkingLevelMinimal, llm.EffortLow: genai.ThinkingLevelLow,
	llm.EffortMedium: genai.ThinkingLevelMedium, llm.EffortHigh: genai.ThinkingLevelHigh, "xhigh": genai.ThinkingLevelHigh, "max": genai.ThinkingLevelHigh,
}

// level returns the level for an effort that the models of the family accept. It rounds down,
// and medium up if there are only two levels. Other efforts are passed on.
func (f family) level(effort llm.ReasoningEffort) genai.ThinkingLevel {
	level, known := levels[effort]
	switch {
	case !known:
		return genai.ThinkingLevel(strings.ToUpper(string(effort)))
	case f.levels == nil && level == genai.ThinkingLevelMinimal:
		return genai.ThinkingLevelLow
	case f.levels == nil || slices.Contains(f.levels, level):
		return level
	case level == genai.ThinkingLevelMedium:
		return genai.ThinkingLevelHigh
	}
	return f.levels[0]
}

// addThinking adds the thinking of the options, or otherwise the request's ReasoningEffort.
func (b *requestBuilder) addThinking() {
	o, effort, family := &b.options, b.req.ReasoningEffort, familyOf(b.call.Model)
	var t genai.ThinkingConfig
	switch {
	case o.ThinkingBudget != nil:
		t.ThinkingBudget, t.IncludeThoughts = new(int32(*o.ThinkingBudget)), *o.ThinkingBudget != 0
	case o.ThinkingLevel != "":
		t.ThinkingLevel, t.IncludeThoughts = genai.ThinkingLevel(o.ThinkingLevel), true
	case effort == llm.EffortDefault:
	case family.thinks == never:
		if effort != llm.EffortNone {
			b.warn(llm.WarnUnsupported, "ReasoningEffort", "this model does not think; the effort was omitted")
		}
	case family.thinks == byBudget:
		b.addBudget(&t, family.least)
	default:
		t.ThinkingLevel, t.IncludeThoughts = family.level(effort), effort != llm.EffortNone
		switch wanted, known := levels[effort]; {
		case effort == llm.EffortNone:
			b.warnOfThinking()
		case known && wanted != t.ThinkingLevel && effort != llm.EffortMinimal, effort == "xhigh", effort == "max":
			b.warn(llm.WarnChanged, "ReasoningEffort", "this model does not have the effort "+string(effort)+"; the level "+string(t.ThinkingLevel)+" was sent")
		}
	}
	if o.IncludeThoughts != nil {
		t.IncludeThoughts = *o.IncludeThoughts
	}
	if t != (genai.ThinkingConfig{}) {
		b.config.ThinkingConfig = &t
	}
}

// addBudget adds the request's effort as a number of tokens.
func (b *requestBuilder) addBudget(t *genai.ThinkingConfig, least int32) {
	effort := b.req.ReasoningEffort
	budget, known := budgets[effort]
	if !known {
		b.warn(llm.WarnUnsupported, "ReasoningEffort", "this model does not support the effort "+string(effort)+"; it was omitted")
		return
	}
	t.IncludeThoughts = budget != 0
	if budget < least {
		budget = least
		b.warnOfThinking()
	}
	t.ThinkingBudget = &budget
}

func (b *requestBuilder) warnOfThinking() {
	b.warn(llm.WarnChanged, "ReasoningEffort", "this model cannot turn thinking off; the lowest setting was sent")
}
