package anthropic

import (
	"fmt"

	"github.com/parley-llm/parley/llm"
)

// addThinking adds the thinking of the options, or otherwise the request's ReasoningEffort.
// https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
func (b *requestBuilder) addThinking() {
	o, effort := &b.options, b.req.ReasoningEffort
	switch {
	case o.ThinkingBudget > 0:
		b.body.Thinking = &thinkingConfig{Type: thinkByBudget, Budget: o.ThinkingBudget}
		b.fitBudget()
	case effort == llm.EffortDefault:
	case b.family.thinking == noThinking:
		if effort != llm.EffortNone {
			b.unsupported("ReasoningEffort", "the model does not think; the setting was omitted")
		}
	case effort == llm.EffortNone:
		b.turnOff()
	case b.family.thinking == adaptive:
		b.adapt(effort)
	default:
		b.addBudget(effort)
	}
	if o.ThinkingDisplay != "" {
		if b.body.Thinking == nil && b.family.thinking == adaptive {
			b.body.Thinking = &thinkingConfig{Type: thinkAdaptive}
		}
		if b.body.Thinking != nil {
			b.body.Thinking.Display = o.ThinkingDisplay
		}
	}
}

// turnOff turns thinking off, if the model can.
func (b *requestBuilder) turnOff() {
	switch b.family.off {
	case offByDefault:
	case cannotTurnOff:
		b.body.OutputConfig = &outputConfig{Effort: string(llm.EffortLow)}
		b.warn(llm.WarnChanged, "ReasoningEffort", "the model cannot turn thinking off; the effort low was sent")
	default:
		b.body.Thinking = &thinkingConfig{Type: b.family.off}
	}
}

// adapt requests adaptive thinking. By default, newer models do not show their thinking, so
// a summary is requested.
func (b *requestBuilder) adapt(effort llm.ReasoningEffort) {
	if effort == llm.EffortMinimal {
		effort = llm.EffortLow
		b.warn(llm.WarnChanged, "ReasoningEffort", "the API has no effort below low; low was sent")
	}
	b.body.Thinking = &thinkingConfig{Type: thinkAdaptive, Display: showSummarized}
	b.body.OutputConfig = &outputConfig{Effort: string(effort)}
}

// addBudget requests thinking with the number of tokens for an effort.
func (b *requestBuilder) addBudget(effort llm.ReasoningEffort) {
	tokens, known := budgets[effort]
	if !known {
		b.unsupported("ReasoningEffort", "the model does not support the effort "+string(effort)+"; it was omitted")
		return
	}
	b.body.Thinking = &thinkingConfig{Type: thinkByBudget, Budget: tokens}
	b.fitBudget()
}

// fitBudget makes the budget smaller than the limit of the answer, because the limit
// includes the thinking. If the request has no limit, the limit is raised.
func (b *requestBuilder) fitBudget() {
	body := &b.body
	t := body.Thinking
	switch {
	case t.Budget < body.MaxTokens:
	case b.req.MaxTokens == 0:
		body.MaxTokens = t.Budget + defaultMaxTokens
		body.Stream = body.Stream || body.MaxTokens > maxUnstreamed
	case body.MaxTokens <= minBudget:
		body.Thinking = nil
		b.unsupported("ReasoningEffort", fmt.Sprintf("MaxTokens is %d, and the model thinks with at least %d tokens; thinking was omitted", body.MaxTokens, minBudget))
	default:
		t.Budget = max(body.MaxTokens/2, minBudget)
		b.warn(llm.WarnChanged, "ReasoningEffort", fmt.Sprintf("the thinking budget was reduced to %d tokens, because MaxTokens includes it", t.Budget))
	}
}
