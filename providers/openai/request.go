package openai

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"

	openai "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chatBody is the body of a chat request: the vendor's type, with those fields
// shadowed whose JSON would lose something. The outer field of a name wins.
// https://platform.openai.com/docs/api-reference/chat/create
type chatBody struct {
	openai.ChatCompletionRequest

	Messages         []any    `json:"messages"`                    // parts that the vendor's type lacks, empty texts
	Tools            []tool   `json:"tools,omitempty"`             // the vendor's marshals by way of a map
	Temperature      *float64 `json:"temperature,omitempty"`       // an explicit zero; no float32 rounding
	TopP             *float64 `json:"top_p,omitempty"`             // likewise
	PresencePenalty  *float64 `json:"presence_penalty,omitempty"`  // likewise
	FrequencyPenalty *float64 `json:"frequency_penalty,omitempty"` // likewise
	Store            *bool    `json:"store,omitempty"`             // an explicit false
	TopK             *int     `json:"top_k,omitempty"`             // not OpenAI's; several servers have it
	Thinking         *object  `json:"thinking,omitempty"`          // DeepSeek's
	Reasoning        *object  `json:"reasoning,omitempty"`         // Together's
	Stream           bool     `json:"stream,omitempty"`
}

// object is a JSON object that switches something.
type object struct {
	Type    string `json:"type,omitempty"`
	Enabled *bool  `json:"enabled,omitempty"`
}

// tool is a function that the model may call.
type tool struct {
	Type     openai.ToolType `json:"type"`
	Function function        `json:"function"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

// requestBuilder makes a chat body of a request and notes what is lost.
type requestBuilder struct {
	provider *Provider
	call     *llm.Call
	req      *llm.Request
	options  Options
	body     chatBody
	warnings []llm.Warning
}

// marshalChat returns the body for the call, with warnings about what the
// server cannot be asked for, or an error if the request is strict about that.
func (p *Provider) marshalChat(call *llm.Call) ([]byte, []llm.Warning, error) {
	b := &requestBuilder{provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
	if err := b.addMessages(); err != nil {
		return nil, nil, err
	}
	b.addSettings()
	b.addTools()
	b.addFormat()
	b.addOptions()
	if len(b.warnings) > 0 && b.req.FailOnUnsupported {
		w := b.warnings[0]
		return nil, nil, b.fail(llm.Unsupported, w.Setting+": "+w.Message)
	}
	if err := b.runHook(); err != nil {
		return nil, nil, err
	}
	data, err := json.Marshal(&b.body)
	if err == nil {
		data, err = provider.Merge(data, b.options.Extra)
	}
	if err != nil {
		return nil, nil, b.fail(llm.InvalidRequest, "the request cannot be written as JSON: "+err.Error())
	}
	return data, b.warnings, nil
}

func (b *requestBuilder) fail(kind llm.Kind, message string) error {
	return &llm.Error{Kind: kind, Provider: b.provider.name, Model: b.call.Model, Op: b.call.Op, Message: message}
}

// sends reports whether a setting is to be sent: it is set, and the server has
// it. One that the server does not have is noted.
func (b *requestBuilder) sends(setting string, isSet bool) bool {
	if isSet && slices.Contains(b.provider.quirks.Refuses, setting) {
		b.lacks(setting)
		return false
	}
	return isSet
}

func (b *requestBuilder) lacks(setting string) {
	b.warn(llm.WarnUnsupported, setting, string(b.provider.config.Server)+" does not have this setting; it was left out")
}

func (b *requestBuilder) warn(code llm.WarningCode, setting, message string) {
	b.warnings = append(b.warnings, llm.Warning{Code: code, Setting: setting, Message: message})
}

func (b *requestBuilder) addSettings() {
	r, body, quirks := b.req, &b.body, &b.provider.quirks
	body.Model = b.call.Model
	if r.MaxTokens > 0 {
		if quirks.MaxTokens == "max_tokens" {
			body.MaxTokens = r.MaxTokens //lint:ignore SA1019 these servers know no other
		} else {
			body.MaxCompletionTokens = r.MaxTokens
		}
	}
	for _, s := range [...]struct {
		name string
		from *float64
		to   **float64
	}{
		{"Temperature", r.Temperature, &body.Temperature},
		{"TopP", r.TopP, &body.TopP},
		{"PresencePenalty", r.PresencePenalty, &body.PresencePenalty},
		{"FrequencyPenalty", r.FrequencyPenalty, &body.FrequencyPenalty},
	} {
		if b.sends(s.name, s.from != nil) {
			*s.to = s.from
		}
	}
	switch {
	case r.TopK == nil:
	case quirks.TopK:
		body.TopK = r.TopK
	default:
		b.lacks("TopK")
	}
	if b.sends("Seed", r.Seed != nil) {
		body.Seed = new(int(*r.Seed))
	}
	if b.sends("Stop", len(r.Stop) > 0) {
		body.Stop = r.Stop
	}
	if b.sends("Logprobs", r.Logprobs || r.TopLogprobs > 0) {
		body.LogProbs = true
	}
	if b.sends("TopLogprobs", r.TopLogprobs > 0) {
		body.TopLogProbs = r.TopLogprobs
	}
	switch {
	case !b.sends("ReasoningEffort", r.ReasoningEffort != ""):
	case r.ReasoningEffort == llm.EffortNone && quirks.ThinkingSwitch == "thinking":
		body.Thinking = &object{Type: "disabled"}
	case r.ReasoningEffort == llm.EffortNone && quirks.ThinkingSwitch == "reasoning":
		body.Reasoning = &object{Enabled: new(false)}
	case r.ReasoningEffort == llm.EffortMinimal && quirks.NoMinimalEffort:
		body.ReasoningEffort = string(llm.EffortLow)
	default:
		body.ReasoningEffort = string(r.ReasoningEffort)
	}
	if !r.NonStreaming {
		body.Stream = true
		if !quirks.NoStreamUsage {
			body.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
		}
	}
}

func (b *requestBuilder) addTools() {
	r := b.req
	for _, t := range r.Tools {
		b.body.Tools = append(b.body.Tools, tool{openai.ToolTypeFunction, function(t)})
	}
	if b.sends("ParallelToolCalls", r.ParallelToolCalls != nil && len(r.Tools) > 0) {
		b.body.ParallelToolCalls = *r.ParallelToolCalls
	}
	switch mode := r.ToolChoice.Mode; {
	case mode == "":
	case (mode == llm.ToolRequired || mode == llm.ToolNamed) && b.provider.quirks.NoForcedCalls && r.ReasoningEffort != llm.EffortNone:
		b.warn(llm.WarnChanged, "ToolChoice", "this server cannot make a model call a tool while it reasons, so it was left to the model: set Reasoning to none to force a call")
	case mode != llm.ToolNamed:
		b.body.ToolChoice = string(mode)
	case b.provider.quirks.NoNamedToolChoice:
		b.body.ToolChoice = "required"
		b.warn(llm.WarnChanged, "ToolChoice", "this server cannot be told which tool to call; it was told to call one")
	default:
		b.body.ToolChoice = openai.ToolChoice{
			Type: openai.ToolTypeFunction, Function: openai.ToolFunction{Name: r.ToolChoice.Name},
		}
	}
}

// anyObject is the schema of any JSON object.
var anyObject = json.RawMessage(`{"type":"object"}`)

func (b *requestBuilder) addFormat() {
	f := b.req.Format
	if f == nil {
		return
	}
	quirks := &b.provider.quirks
	schema := f.Schema
	if len(schema) > 0 && quirks.NoJSONSchema {
		b.warn(llm.WarnChanged, "Format", "this server follows no schema; it was told to answer with any JSON object")
		schema = nil
	} else if len(schema) == 0 && quirks.NoJSONObject {
		schema = anyObject
	}
	if len(schema) == 0 {
		b.body.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
		return
	}
	name := f.Name
	if name == "" {
		name = "answer"
	}
	b.body.ResponseFormat = &openai.ChatCompletionResponseFormat{
		Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
		JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
			Name: name, Description: f.Description, Schema: schema, Strict: f.Strict != nil && *f.Strict,
		},
	}
}

func (b *requestBuilder) addOptions() {
	o, body := &b.options, &b.body
	body.User, body.SafetyIdentifier = o.User, o.SafetyIdentifier
	body.ServiceTier, body.Verbosity = openai.ServiceTier(o.ServiceTier), o.Verbosity
	body.Store, body.Metadata, body.LogitBias = o.Store, o.Metadata, o.LogitBias
	body.ChatTemplateKwargs = o.ChatTemplateKwargs
	if o.Prediction != "" {
		body.Prediction = &openai.Prediction{Type: "content", Content: o.Prediction}
	}
}

// runHook hands the user the vendor's request and takes over what the hook
// changed in those fields that are shadowed.
func (b *requestBuilder) runHook() error {
	if b.options.Hook == nil {
		return nil
	}
	body := &b.body
	vendor := &body.ChatCompletionRequest
	vendor.Stream = body.Stream
	for _, f := range b.shadowedFloats() {
		if *f.ours != nil {
			*f.theirs = float32(**f.ours)
		}
	}
	vendor.Store = body.Store != nil && *body.Store
	vendor.Stop, vendor.Metadata = slices.Clone(vendor.Stop), maps.Clone(vendor.Metadata) // the caller's, which the hook must not reach
	vendor.LogitBias, vendor.ChatTemplateKwargs = maps.Clone(vendor.LogitBias), maps.Clone(vendor.ChatTemplateKwargs)
	vendor.Messages, vendor.Tools = vendorMessages(body.Messages), vendorTools(b.req.Tools)
	before, handed := *vendor, slices.Clone(vendor.Messages)
	before.Messages, before.Tools = vendorMessages(body.Messages), vendorTools(b.req.Tools) // the hook may change its own in place

	b.options.Hook(vendor)

	for i, f := range b.shadowedFloats() {
		if was := [...]float32{before.Temperature, before.TopP, before.PresencePenalty, before.FrequencyPenalty}[i]; *f.theirs != was {
			*f.ours = new(exactly(*f.theirs))
		}
	}
	if vendor.Store != before.Store {
		body.Store = &vendor.Store
	}
	body.Messages = afterHook(body.Messages, handed, before.Messages, vendor.Messages)
	if !reflect.DeepEqual(vendor.Tools, before.Tools) {
		return b.fail(llm.Unsupported, "the hook changed the tools: set Request.Tools, or Options.Extra for tools that are not functions")
	}
	if vendor.N > 1 {
		return b.fail(llm.Unsupported, "the hook asks for more than one candidate (n): make several calls instead")
	}
	if vendor.Stream != body.Stream {
		return b.fail(llm.Unsupported, "the hook changed stream: set Request.NonStreaming")
	}
	return nil
}

// exactly returns the number that a user of the vendor's type means: by its
// decimal text, since 0.7 as a float32 is 0.699999988, and zero for the number
// that stands for it there (https://github.com/sashabaranov/go-openai#frequently-asked-questions).
func exactly(n float32) float64 {
	if n == math.SmallestNonzeroFloat32 {
		return 0
	}
	exact, _ := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', -1, 32), 64) // its own text parses
	return exact
}

type shadowedFloat struct {
	ours   **float64
	theirs *float32
}

func (b *requestBuilder) shadowedFloats() [4]shadowedFloat {
	body, vendor := &b.body, &b.body.ChatCompletionRequest
	return [...]shadowedFloat{
		{&body.Temperature, &vendor.Temperature},
		{&body.TopP, &vendor.TopP},
		{&body.PresencePenalty, &vendor.PresencePenalty},
		{&body.FrequencyPenalty, &vendor.FrequencyPenalty},
	}
}
