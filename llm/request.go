package llm

import (
	"encoding/json"
	"reflect"
	"slices"
)

// Request is what a chat is asked. It names no model and no provider, so the
// same value can be sent to any. A call never modifies its request; one
// Request may be used by many calls at once.
//
// Optional settings are pointers, so that an explicit zero is sent as zero:
//
//	req := &llm.Request{Messages: history, Temperature: new(0.0)}
type Request struct {
	// Messages is the conversation, oldest first. There must be at least one.
	Messages []Message

	// Tools are what the model may call.
	Tools []Tool
	// ToolChoice says whether it may, must or must not call one.
	ToolChoice ToolChoice
	// ParallelToolCalls allows or forbids several calls in one answer.
	ParallelToolCalls *bool

	// MaxTokens limits the answer, reasoning included; 0 is the provider's default.
	MaxTokens        int
	Temperature      *float64 // 0 to 2, for most
	TopP             *float64 // sample from the likeliest tokens that make up this probability
	TopK             *int     // sample from this many of the likeliest tokens
	Seed             *int64   // to get the same answer again, as far as the provider can
	PresencePenalty  *float64 // -2 to 2: against tokens that have come already
	FrequencyPenalty *float64 // -2 to 2: the more against a token, the more often it has come
	Stop             []string // texts at which the answer ends, without them

	// Format constrains the answer to JSON; nil is free text.
	Format *Format
	// ReasoningEffort is how much the model should think, where it can.
	ReasoningEffort ReasoningEffort
	// Logprobs asks for the probability of each token of the answer. TopLogprobs
	// asks for that too, and for as many of the likeliest tokens at each place.
	Logprobs    bool
	TopLogprobs int

	// Options hold what only one provider has: at most one value for each,
	// such as openai.Options{…}. Providers ignore each other's options.
	Options []Options

	// NonStreaming asks the server for the whole answer at once, for servers
	// and settings that cannot stream. The events are the same, in fewer pieces.
	NonStreaming bool
	// FailOnUnsupported makes an error of every setting that the backend cannot honour,
	// where otherwise there is a [Warning].
	FailOnUnsupported bool
	// KeepRaw keeps the reply's body in [Response.Raw]: as it came, but that a
	// secret in the body of an error is hidden.
	KeepRaw bool
}

// Prompt returns a request with one user message: the shortest way to a question.
func Prompt(text string) *Request {
	return &Request{Messages: []Message{User(text)}}
}

// Options are settings that one provider has and others do not. They are plain
// data, so that they can stand in a config file or a cache key.
type Options interface {
	// ProviderName is the name of the provider that the options are for.
	ProviderName() string
}

// Tool describes a function that the model may ask to have called.
type Tool struct {
	Name        string // no two tools of a request have the same
	Description string // for the model: what the function does, and when to call it
	// Parameters is the JSON Schema of the arguments: an object. Empty means
	// that there are none.
	Parameters json.RawMessage
	// Strict makes the provider hold the model to the schema, where it can.
	Strict *bool
}

// ToolChoice says whether the model may call tools. The zero value leaves it
// to the provider, which is [ToolAuto] when there are tools.
type ToolChoice struct {
	Mode ToolMode // empty leaves it to the provider
	Name string   // the tool, for ToolNamed
}

// ToolMode is the kind of a [ToolChoice].
type ToolMode string

// The tool modes.
const (
	ToolAuto     ToolMode = "auto"     // the model decides
	ToolNone     ToolMode = "none"     // no calls
	ToolRequired ToolMode = "required" // at least one call
	ToolNamed    ToolMode = "named"    // a call of the tool named
)

// Format constrains an answer to JSON.
type Format struct {
	// Schema is the JSON Schema that the answer follows; empty is any JSON object.
	Schema json.RawMessage
	// Name and Description tell the model what the schema is of. Some
	// providers want a name; "answer" is sent if there is none.
	Name, Description string
	// Strict makes the provider hold the model to the schema, where it can.
	Strict *bool
}

// ReasoningEffort is how much a model should reason before it answers. Providers with
// other words for it translate the nearest.
type ReasoningEffort string

// The efforts, from none to the most. A provider may know others; they are passed
// on as they are.
const (
	EffortDefault ReasoningEffort = ""     // the model's own
	EffortNone    ReasoningEffort = "none" // do not reason
	EffortMinimal ReasoningEffort = "minimal"
	EffortLow     ReasoningEffort = "low"
	EffortMedium  ReasoningEffort = "medium"
	EffortHigh    ReasoningEffort = "high"
)

// EmbedRequest asks for the embedding vectors of texts.
type EmbedRequest struct {
	// Inputs are the texts: at least one.
	Inputs []string
	// Dimensions shortens the vectors, where the model can; 0 is its default.
	Dimensions int
	// Options hold what only one provider has, as those of a [Request] do.
	Options []Options
	// FailOnUnsupported makes an error of what the backend cannot honour, such as
	// Dimensions, where otherwise there is a warning.
	FailOnUnsupported bool
}

// EmbedResponse holds one vector for each input, in the same order.
type EmbedResponse struct {
	Vectors [][]float32
	Model   string // that answered
	Usage   Usage  // as in the [Done] event
	// Warnings is filled by [Model.Embed] with those of the call.
	Warnings []Warning
}

// withDefaults returns the request with the settings that it leaves open taken
// from d. Messages of d come before its own: a standing system message.
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
	if r.Tools == nil { // a choice goes with its tools
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

// withDefaultOptions returns the options, with those defaults that are for
// other providers.
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

// isNil reports whether there are no options, or only a nil pointer to some.
func isNil(o Options) bool {
	if o == nil {
		return true
	}
	v := reflect.ValueOf(o)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
