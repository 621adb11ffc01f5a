package anthropic

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// family has the facts about the models whose names begin with a prefix. They say which
// settings the server rejects. For a model that is not listed, all settings are sent.
type family struct {
	prefix    string
	maxTokens int // of an answer if the request has no limit; 0 means [defaultMaxTokens]

	thinking thinking
	// off is the type of thinking that turns thinking off. It is empty if thinking is off by
	// default, and "-" if it cannot be turned off.
	off string
	// noSampling means that the server rejects temperature, top_p and top_k.
	noSampling   bool
	noForced     bool // rejects a forced tool call
	noPrefill    bool // rejects an assistant message at the end
	noFormat     bool // has no structured output
	boundHistory bool // rejects thinking after a change of the messages before it
	lateSystem   bool // accepts a system message between the other messages
}

// thinking is the kind of thinking that a model has.
type thinking uint8

const (
	unknownThinking thinking = iota
	adaptive                 // the model decides, guided by the effort
	budget                   // a number of tokens
	noThinking
)

// The values of family.off, and of thinking.type.
const (
	disabled       = "disabled"
	betweenTools   = "between_tools"
	cannotTurnOff  = "-"
	offByDefault   = ""
	thinkAdaptive  = "adaptive"
	thinkByBudget  = "enabled"
	showSummarized = "summarized"
)

// families are the models of Anthropic. The first row that matches is used. To add a model,
// add a row.
//
// Sources: platform.claude.com/docs, pages thinking-troubleshooting, errors,
// structured-outputs, mid-conversation-system-messages, whats-new-opus-5-5. For the tool choice of Fable and Mythos:
// github.com/sst/opencode/issues/46735 and profiles/anthropic.py of pydantic-ai. Models of
// generation 4.5 and newer answer with at least 64,000 tokens.
var families = []family{
	{prefix: "claude-fable-5-", boundHistory: true, maxTokens: 64000, thinking: adaptive, off: cannotTurnOff, noSampling: true, noForced: true, noPrefill: true},
	{prefix: "claude-fable-5", maxTokens: 64000, thinking: adaptive, off: cannotTurnOff, noSampling: true, noForced: true, noPrefill: true, lateSystem: true},
	{prefix: "claude-mythos-5-", boundHistory: true, maxTokens: 64000, thinking: adaptive, off: cannotTurnOff, noSampling: true, noForced: true, noPrefill: true},
	{prefix: "claude-mythos-5", maxTokens: 64000, thinking: adaptive, off: cannotTurnOff, noSampling: true, noForced: true, noPrefill: true, lateSystem: true},
	{prefix: "claude-mythos-preview", thinking: adaptive, off: cannotTurnOff, noSampling: true, noForced: true, noPrefill: true},
	{prefix: "claude-opus-5-5", boundHistory: true, maxTokens: 64000, thinking: adaptive, off: cannotTurnOff, noSampling: true, noForced: true, noPrefill: true},
	{prefix: "claude-opus-5", maxTokens: 64000, thinking: adaptive, off: disabled, noSampling: true, noPrefill: true, lateSystem: true},
	{prefix: "claude-sonnet-5-5", maxTokens: 64000, thinking: adaptive, off: betweenTools, noSampling: true, noPrefill: true},
	{prefix: "claude-sonnet-5", maxTokens: 64000, thinking: adaptive, off: disabled, noSampling: true, noPrefill: true},
	{prefix: "claude-haiku-5-5", maxTokens: 64000, thinking: adaptive, off: disabled, noSampling: true, noPrefill: true},
	{prefix: "claude-opus-4-8", maxTokens: 64000, thinking: adaptive, noSampling: true, noPrefill: true, lateSystem: true},
	{prefix: "claude-opus-4-7", maxTokens: 64000, thinking: adaptive, noSampling: true, noPrefill: true},
	{prefix: "claude-opus-4-6", maxTokens: 64000, thinking: adaptive, noPrefill: true},
	{prefix: "claude-sonnet-4-6", maxTokens: 64000, thinking: adaptive, noPrefill: true},
	{prefix: "claude-opus-4-5", maxTokens: 64000, thinking: budget},
	{prefix: "claude-sonnet-4-5", maxTokens: 64000, thinking: budget},
	{prefix: "claude-haiku-4-5", maxTokens: 64000, thinking: budget},
	{prefix: "claude-opus-4", maxTokens: 8192, thinking: budget, noFormat: true},
	{prefix: "claude-sonnet-4", maxTokens: 8192, thinking: budget, noFormat: true},
	{prefix: "claude-3-7", maxTokens: 8192, thinking: budget, noFormat: true},
	{prefix: "claude-3", thinking: noThinking, noFormat: true},
	{prefix: "claude-2", thinking: noThinking, noFormat: true},
	{prefix: "claude-", boundHistory: true, maxTokens: 64000, thinking: adaptive, off: disabled, noSampling: true, noPrefill: true}, // newer than this table
}

// familyOf returns the facts about a model. Names of other hosts end like Anthropic's:
// "anthropic.claude-opus-5", "us.anthropic.claude-opus-4-6-v1".
func familyOf(model string) family {
	if i := strings.Index(model, "claude-"); i > 0 {
		model = model[i:]
	}
	for _, f := range families {
		if strings.HasPrefix(model, f.prefix) {
			return f
		}
	}
	return family{off: disabled}
}

// Limits of answers.
const (
	// defaultMaxTokens is the limit of an answer for models that are not listed.
	defaultMaxTokens = 4096
	// maxUnstreamed is the longest answer that can be requested in one piece. A longer one
	// takes more than ten minutes, after which connections are closed. Anthropic's own
	// clients refuse to request it; this provider then requests a stream.
	maxUnstreamed = 21333
)

// budgets are the reasoning efforts in tokens, for models without efforts.
var budgets = map[llm.ReasoningEffort]int{
	llm.EffortMinimal: minBudget, llm.EffortLow: 2048, llm.EffortMedium: 8192, llm.EffortHigh: 24576,
	"xhigh": 32000, "max": 32000,
}

// minBudget is the smallest thinking budget that the API accepts, in tokens.
const minBudget = 1024
