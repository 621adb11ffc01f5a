package llm

import (
	"encoding/json"
	"reflect"
	"slices"
)

// Request is the input of a chat. It names no model and no provider, so the same value can be
// sent to any of them. A call does not modify its request, so many calls may use one Request
// at the same time.
//
// Settings whose zero has a meaning are pointers. nil means the default of the provider:
//
//	req := &llm.Request{Messages: history, Temperature: new(0.0)}
type Request struct {
	// Messages is the conversation, oldest first. At least one is required.
	Messages []Message

	// Tools are the tools that the model may call.
	Tools []Tool
	// ToolChoice allows, requires or forbids tool calls.
	ToolChoice ToolChoice
	// ParallelToolCalls allows or forbids several calls in one answer.
	ParallelToolCalls *bool

	// MaxTokens limits the answer in tokens, including reasoning. 0 means the provider's
	// default.
	MaxTokens        int
	Temperature      *float64 // 0 to 2 for most models
	TopP             *float64 // sample from the most likely tokens with this total probability
	TopK             *int     // sample from this number of the most likely tokens
	Seed             *int64   // makes answers reproducible, if the provider supports it
	PresencePenalty  *float64 // -2 to 2: reduces the probability of tokens that have occurred
	FrequencyPenalty *float64 // -2 to 2: the same, in proportion to their number
	Stop             []string // texts that end the answer; they are not part of it

	// Format constrains the answer to JSON. nil means free text.
	Format *Format
	// ReasoningEffort is the amount of reasoning, for models that reason.
	ReasoningEffort ReasoningEffort
	// Logprobs requests the log probability of each token of the answer. TopLogprobs is the
	// number of most likely tokens to return at each position. It implies Logprobs.
	Logprobs    bool
	TopLogprobs int

	// Options are settings that only one provider has, for example openai.Options{…}. There
	// may be one value for each provider. Providers ignore the options of others.
	Options []Options

	// NonStreaming requests the answer in one piece, for servers and settings that cannot
	// stream. The events are the same, in fewer pieces.
	NonStreaming bool
	// FailOnUnsupported fails the call with kind [Unsupported] if the provider does not
	// support a setting. By default there is a [Warning]. Image.Quality and ToolResult.IsError
	// are exempt: they are hints, and a provider that does not have them ignores them.
	FailOnUnsupported bool
	// KeepRaw keeps the body of the reply, up to the end of the answer, in [Response.Raw].
	//
	// Security: secrets in the body of an error are removed.
	KeepRaw bool
}

// Prompt returns a request with one user message.
func Prompt(text string) *Request {
	return &Request{Messages: []Message{User(text)}}
}

// Options are settings that only one provider has. These rules hold for every type:
//
//   - The type is a struct of plain data with exported fields, so that config files can set
//     it and caches can compare it.
//   - A zero field means the provider's default.
//   - A request has at most one value for each provider: a struct or a pointer to it.
//   - The provider finds its value with
//     github.com/parley-llm/parley/llm/llmutil.OptionsFor, and does not modify it.
//   - Other providers ignore it.
//   - Many calls may use one value at the same time.
type Options interface {
	// ProviderName returns the name of the provider that uses the options.
	ProviderName() string
}

// Tool describes a function that the model may call.
type Tool struct {
	Name        string // unique in a request
	Description string // tells the model the purpose of the function and when to call it
	// Parameters is the JSON Schema of the arguments, of type object. Empty means that the
	// function has no arguments.
	Parameters json.RawMessage
	// Strict makes the provider enforce the schema, if it supports that.
	Strict *bool
	// Custom makes this a custom tool: its arguments are free text in place of JSON. A
	// provider without custom tools fails the call with kind [Unsupported].
	Custom *CustomInput
}

// CustomInput is the input of a custom tool. The zero value is any text.
type CustomInput struct {
	// Syntax and Grammar constrain the text: the language of the grammar, for example "lark"
	// or "regex", and the grammar itself. Set both or none.
	Syntax, Grammar string
}

// ToolChoice allows, requires or forbids tool calls. The zero value means the provider's
// default: [ToolAuto] if there are tools.
type ToolChoice struct {
	Mode ToolMode // empty means the provider's default
	Name string   // the name of the tool, for ToolNamed
}

// ToolMode is the mode of a [ToolChoice].
type ToolMode string

// The tool modes.
const (
	ToolAuto     ToolMode = "auto"     // the model decides
	ToolNone     ToolMode = "none"     // no calls
	ToolRequired ToolMode = "required" // at least one call
	ToolNamed    ToolMode = "named"    // a call of the tool ToolChoice.Name
)

// Format constrains an answer to JSON.
type Format struct {
	// Schema is the JSON Schema of the answer. Empty means any JSON object.
	Schema json.RawMessage
	// Name and Description describe the schema to the model. The default name is "answer",
	// because some providers require one.
	Name, Description string
	// Strict makes the provider enforce the schema, if it supports that. A provider translates
	// the schema to the part of JSON Schema that the server accepts, and the answer back. A
	// schema that it cannot translate is sent without Strict, with a [Warning].
	Strict *bool
}

// ReasoningEffort is the amount of reasoning before an answer. Providers with other levels use
// the nearest one.
type ReasoningEffort string

// The levels. A provider may have others: they are sent unchanged.
const (
	EffortDefault ReasoningEffort = ""     // the default of the model
	EffortNone    ReasoningEffort = "none" // do not reason
	EffortMinimal ReasoningEffort = "minimal"
	EffortLow     ReasoningEffort = "low"
	EffortMedium  ReasoningEffort = "medium"
	EffortHigh    ReasoningEffort = "high"
)

// EmbedRequest is the input of an embedding call.
type EmbedRequest struct {
	// Inputs are the texts. At least one is required, and there may be thousands: providers
	// split them by the limits of their server, send several requests at the same time, and
	// return all vectors in the order of the texts, with the sum of the usage. If one request
	// fails, the call fails.
	Inputs []string
	// Dimensions is the length of the vectors, for models that support it. 0 means the
	// default of the model.
	Dimensions int
	// Options are settings that only one provider has, as in [Request.Options].
	Options []Options
	// FailOnUnsupported fails the call with kind [Unsupported] if the provider does not
	// support a setting, such as Dimensions. By default there is a [Warning].
	FailOnUnsupported bool
}

// EmbedResponse has one vector for each input, in the same order.
type EmbedResponse struct {
	Vectors [][]float32
	Model   string // the model that answered
	// Usage is the same as in the [Done] event. If a provider sets only that one, [Model.Embed]
	// copies it.
	Usage Usage
	// Cost is the cost of the call. [Model.Embed] sets it if the model has prices.
	Cost Cost
	// Warnings are the warnings of the call. [Model.Embed] sets them.
	Warnings []Warning
}

// withDefaults returns the request with its unset settings taken from d. The messages of d
// come first.
func (r *Request) withDefaults(d *Request) *Request {
	merged := *r
	if len(d.Messages) > 0 {
		merged.Messages = slices.Concat(d.Messages, r.Messages)
	}
	if r.Tools == nil {
		merged.Tools = d.Tools
	}
	if r.Stop == nil {
		merged.Stop = d.Stop
	}
	if r.Tools == nil { // the choice belongs to the tools
		orDefault(&merged.ToolChoice, d.ToolChoice)
	}
	orDefault(&merged.ParallelToolCalls, d.ParallelToolCalls)
	orDefault(&merged.MaxTokens, d.MaxTokens)
	orDefault(&merged.Temperature, d.Temperature)
	orDefault(&merged.TopP, d.TopP)
	orDefault(&merged.TopK, d.TopK)
	orDefault(&merged.Seed, d.Seed)
	orDefault(&merged.PresencePenalty, d.PresencePenalty)
	orDefault(&merged.FrequencyPenalty, d.FrequencyPenalty)
	orDefault(&merged.Format, d.Format)
	orDefault(&merged.ReasoningEffort, d.ReasoningEffort)
	orDefault(&merged.Logprobs, d.Logprobs)
	orDefault(&merged.TopLogprobs, d.TopLogprobs)
	orDefault(&merged.NonStreaming, d.NonStreaming)
	orDefault(&merged.FailOnUnsupported, d.FailOnUnsupported)
	orDefault(&merged.KeepRaw, d.KeepRaw)
	merged.Options = withDefaultOptions(r.Options, d.Options)
	return &merged
}

// withDefaultOptions returns the options and the defaults for providers that have none.
func withDefaultOptions(options, defaults []Options) []Options {
	merged := slices.Clip(options)
	for _, o := range defaults {
		if !slices.ContainsFunc(options, func(own Options) bool { return sameProvider(own, o) }) {
			merged = append(merged, o)
		}
	}
	return merged
}

func orDefault[T comparable](setting *T, otherwise T) {
	var unset T
	if *setting == unset {
		*setting = otherwise
	}
}

func sameProvider(a, b Options) bool {
	return !isNil(a) && !isNil(b) && a.ProviderName() == b.ProviderName()
}

// isNil reports whether o is nil or a nil pointer.
func isNil(o Options) bool {
	if o == nil {
		return true
	}
	v := reflect.ValueOf(o)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
