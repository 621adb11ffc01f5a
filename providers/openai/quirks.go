package openai

import (
	"slices"
	"strings"
)

// Quirks are the differences between a server and OpenAI. The zero value is OpenAI itself.
//
// The quirks of each [Server] follow from its source code, its vendor's client or its
// vendor's documents, which are cited in this package's source. Set Config.Quirks for a
// server that is not a [Server], or that has changed since.
//
// The JSON names of the fields are also their names in a config file.
type Quirks struct {
	// Unsupported lists the request settings that the server rejects or ignores. They are
	// omitted from requests, with a warning of code [llm.WarnUnsupported].
	Unsupported []Setting `json:"unsupported,omitempty"`

	// MaxTokensField is the name of the member that limits the answer. The default is
	// [MaxCompletionTokens].
	MaxTokensField MaxTokensField `json:"max_tokens_field,omitempty"`

	// SeedField is the name of the member for the request's Seed. The default is "seed".
	SeedField SeedField `json:"seed_field,omitempty"`

	// ReasoningField is the message member in which the server expects the reasoning of
	// earlier answers. The default is to send no reasoning back. In replies, reasoning is
	// read from both members, with any quirks.
	ReasoningField ReasoningField `json:"reasoning_field,omitempty"`

	// ThinkTags means that models write their reasoning into the text of the answer, between
	// <think> and </think> at its beginning. It becomes reasoning. Without it, the tags stay in
	// the text.
	ThinkTags bool `json:"think_tags,omitempty"`

	// DisableReasoningField is the member that turns reasoning off if the request's
	// ReasoningEffort is [llm.EffortNone]. The default is to send a reasoning_effort of "none".
	DisableReasoningField DisableReasoningField `json:"disable_reasoning_field,omitempty"`

	// NoMinimalEffort means that the server does not accept a reasoning_effort of
	// "minimal". "low" is sent instead.
	NoMinimalEffort bool `json:"no_minimal_effort,omitempty"`

	// NoInvalidArguments means that the server fails a request in which an earlier tool call
	// has arguments that are not a JSON object. "{}" is sent instead, with a warning.
	NoInvalidArguments bool `json:"no_invalid_arguments,omitempty"`

	// NoEmptyReasoning means that the server takes empty reasoning of an earlier tool call for
	// missing reasoning. A space is sent instead. It applies to [FieldReasoningContent].
	NoEmptyReasoning bool `json:"no_empty_reasoning,omitempty"`

	// ToolResultNames means that the server needs the name of the tool in tool results.
	ToolResultNames bool `json:"tool_result_names,omitempty"`

	// CallIDLength is the length of the ids of tool calls, for a server that accepts only ids
	// of so many letters and digits. Other ids are sent as a hash. By default, ids have at
	// most 40 bytes.
	CallIDLength int `json:"call_id_length,omitempty"`

	// AcceptsImages means that the server generates images and accepts them in assistant
	// messages, in the member "images". Without it, an image in an assistant message is an
	// error.
	AcceptsImages bool `json:"accepts_images,omitempty"`

	// AcceptsTopK means that the server has the setting top_k, which OpenAI does not have.
	// Without it, TopK is omitted, with a warning.
	AcceptsTopK bool `json:"accepts_top_k,omitempty"`

	// NoTools means that the server has no tools. They are omitted, with a warning.
	NoTools bool `json:"no_tools,omitempty"`

	// NoForcedToolCalls means that the server does not accept a tool choice that forces a
	// call while the model reasons. The choice is then omitted, with a warning.
	NoForcedToolCalls bool `json:"no_forced_tool_calls,omitempty"`

	// NoNamedToolChoice means that tool_choice must be a string, so that it cannot name a
	// tool. "required" is sent instead, with a warning.
	NoNamedToolChoice bool `json:"no_named_tool_choice,omitempty"`

	// NoJSONObject means that the server rejects the response format "json_object". A JSON
	// schema of any object is sent instead.
	NoJSONObject bool `json:"no_json_object,omitempty"`

	// NoJSONSchema means that the server rejects the response format "json_schema".
	// "json_object" is sent instead, with a warning.
	NoJSONSchema bool `json:"no_json_schema,omitempty"`

	// NoStreamOptions means that the server rejects stream_options. The usage of a streamed
	// answer is then unknown, unless the server reports it unasked.
	NoStreamOptions bool `json:"no_stream_options,omitempty"`

	// NoMessageNames means that the server rejects messages with a name. Names are omitted,
	// with a warning.
	NoMessageNames bool `json:"no_message_names,omitempty"`

	// EmbedInputs and EmbedTokens are the limits of one request for embeddings: the number of
	// texts, and of their tokens. Larger calls are split. The defaults are OpenAI's 2048 texts
	// and 300,000 tokens.
	EmbedInputs int `json:"embed_inputs,omitempty"`
	EmbedTokens int `json:"embed_tokens,omitempty"`

	// Body are additional members of every chat request. Options.Extra replaces members of
	// the same name.
	Body map[string]any `json:"body,omitempty"`
}

// Setting is a setting of [llm.Request] that a server may not support, by its name in a
// config file.
type Setting string

// The settings that [Quirks.Unsupported] can list.
const (
	SettingTemperature       Setting = "temperature"
	SettingTopP              Setting = "top_p"
	SettingPresencePenalty   Setting = "presence_penalty"
	SettingFrequencyPenalty  Setting = "frequency_penalty"
	SettingSeed              Setting = "seed"
	SettingStop              Setting = "stop"
	SettingLogprobs          Setting = "logprobs"
	SettingTopLogprobs       Setting = "top_logprobs"
	SettingReasoningEffort   Setting = "reasoning_effort"
	SettingParallelToolCalls Setting = "parallel_tool_calls"
)

var settings = []Setting{
	SettingTemperature, SettingTopP, SettingPresencePenalty, SettingFrequencyPenalty, SettingSeed, SettingStop,
	SettingLogprobs, SettingTopLogprobs, SettingReasoningEffort, SettingParallelToolCalls,
}

// field returns the name of the field of llm.Request, which is the name in warnings.
func (s Setting) field() string {
	var name strings.Builder
	for word := range strings.SplitSeq(string(s), "_") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}

// MaxTokensField is the name of the member that limits the number of generated tokens.
type MaxTokensField string

// The names of the limit.
const (
	MaxCompletionTokens MaxTokensField = "max_completion_tokens" // OpenAI's current name
	MaxTokens           MaxTokensField = "max_tokens"            // the older name
)

// SeedField is the name of the member for the seed.
type SeedField string

// The names of the seed.
const (
	Seed       SeedField = "seed"
	RandomSeed SeedField = "random_seed" // Mistral
)

// ReasoningField is the member of a message that contains reasoning.
type ReasoningField string

// The members for reasoning.
const (
	FieldReasoning        ReasoningField = "reasoning"
	FieldReasoningContent ReasoningField = "reasoning_content"
)

// DisableReasoningField is the member of a request that turns reasoning off.
type DisableReasoningField string

// The members that turn reasoning off.
const (
	DisableByThinking  DisableReasoningField = "thinking"  // {"type": "disabled"}
	DisableByReasoning DisableReasoningField = "reasoning" // {"enabled": false}

	DisableByEnableThinking DisableReasoningField = "enable_thinking" // false
)

// problem returns a description of the first invalid value, or "".
func (q *Quirks) problem() string {
	if q.EmbedInputs < 0 || q.EmbedTokens < 0 {
		return "Config.Quirks.EmbedInputs or EmbedTokens is negative: use 0 for the default"
	}
	for _, s := range q.Unsupported {
		if text := notOneOf("Unsupported", s, settings...); text != "" {
			return text
		}
	}
	for _, text := range []string{
		notOneOf("MaxTokensField", q.MaxTokensField, "", MaxCompletionTokens, MaxTokens),
		notOneOf("SeedField", q.SeedField, "", Seed, RandomSeed),
		notOneOf("ReasoningField", q.ReasoningField, "", FieldReasoning, FieldReasoningContent),
		notOneOf("DisableReasoningField", q.DisableReasoningField, "", DisableByThinking, DisableByReasoning, DisableByEnableThinking),
	} {
		if text != "" {
			return text
		}
	}
	return ""
}

// notOneOf returns a description of a value that is not allowed, or "".
func notOneOf[T ~string](field string, value T, allowed ...T) string {
	if slices.Contains(allowed, value) {
		return ""
	}
	var names []string
	for _, a := range allowed {
		if a != "" {
			names = append(names, string(a))
		}
	}
	return "Config.Quirks." + field + " is \"" + string(value) + "\": use one of " + strings.Join(names, ", ")
}
