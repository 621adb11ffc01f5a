package anthropic

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// requestBuilder converts a request to the body of a chat. It collects a warning for each
// setting that the model does not support.
type requestBuilder struct {
	provider   *Provider
	call       *llm.Call
	req        *llm.Request
	options    Options
	messages   []llm.Message // of the request, in the form that can be sent
	family     family
	body       chatBody
	answerTool string // the name of the tool whose input is the answer, or ""
	warnings   []llm.Warning
}

// build returns the builder of a chat's body, with warnings about settings that are not
// supported. If the request has FailOnUnsupported, such a setting is an error.
func (p *Provider) build(call *llm.Call) (*requestBuilder, error) {
	b := &requestBuilder{
		provider: p, call: call, req: call.Request,
		options: llmutil.OptionsFor[Options](call.Request.Options), family: familyOf(call.Model),
	}
	if err := b.addMessages(); err != nil {
		return nil, err
	}
	b.addLimits()
	b.addThinking()
	b.addSampling()
	if problem := provider.CustomTool(b.req); problem != "" {
		return nil, b.fail(llm.Unsupported, "%s", problem)
	}
	b.addTools()
	b.addFormat()
	b.addOptions()
	b.addCache()
	return b, b.checkSupported()
}

// checkSupported returns an error if a setting is not supported and the request has
// FailOnUnsupported. Reasoning that another model signed is not a setting.
func (b *requestBuilder) checkSupported() error {
	if !b.req.FailOnUnsupported {
		return nil
	}
	for _, w := range b.warnings {
		if w.Code != llm.WarnOther && w.Code != llm.WarnStateOmitted {
			return b.fail(llm.Unsupported, "%s: %s", w.Setting, w.Message)
		}
	}
	return nil
}

// marshal returns the body as JSON, with the members of Options.Extra.
func (b *requestBuilder) marshal() ([]byte, error) {
	data, err := json.Marshal(&b.body)
	if err == nil {
		data, err = provider.Merge(data, b.options.Extra)
	}
	if err != nil {
		return nil, b.fail(llm.InvalidRequest, "the request cannot be encoded as JSON: check Options, and parts made with Block: %v", err)
	}
	return data, nil
}

func (b *requestBuilder) fail(kind llm.Kind, format string, args ...any) error {
	return b.provider.fail(b.call, kind, format, args...)
}

func (b *requestBuilder) warn(code llm.WarningCode, setting, message string) {
	w := llm.Warning{Code: code, Setting: setting, Message: message}
	if !slices.Contains(b.warnings, w) {
		b.warnings = append(b.warnings, w)
	}
}

// addLimits adds the model and the limits of the answer.
func (b *requestBuilder) addLimits() {
	body, r := &b.body, b.req
	body.StopSequences = r.Stop
	if body.Version = b.provider.facts.bodyVersion; body.Version == "" {
		body.Model = b.call.Model
	}
	body.Stream = !r.NonStreaming
	switch {
	case r.MaxTokens > 0:
		body.MaxTokens = r.MaxTokens
		body.Stream = body.Stream || r.MaxTokens > maxUnstreamed
	case r.NonStreaming:
		body.MaxTokens = min(b.defaultLimit(), maxUnstreamed)
	default:
		body.MaxTokens = b.defaultLimit()
	}
}

// defaultLimit returns the limit of an answer if the request has none.
func (b *requestBuilder) defaultLimit() int { return cmp.Or(b.family.maxTokens, defaultMaxTokens) }

// addSampling adds the sampling settings that the model accepts.
func (b *requestBuilder) addSampling() {
	r, body := b.req, &b.body
	for _, s := range [...]struct {
		name string
		set  bool
	}{
		{"Seed", r.Seed != nil}, {"PresencePenalty", r.PresencePenalty != nil}, {"FrequencyPenalty", r.FrequencyPenalty != nil},
		{"Logprobs", r.Logprobs}, {"TopLogprobs", r.TopLogprobs > 0},
	} {
		if s.set {
			b.unsupported(s.name, "the API does not have this setting; it was omitted")
		}
	}
	body.Temperature, body.TopP, body.TopK = r.Temperature, r.TopP, r.TopK
	byBudget := body.Thinking != nil && body.Thinking.Type == thinkByBudget
	switch {
	case b.family.noSampling || b.provider.version > DefaultVersion:
		b.omitSampling(true, true, true, "the model accepts only its own sampling; the setting was omitted")
	case byBudget:
		b.omitSampling(value(r.Temperature) != 1, value(r.TopP) < minTopP, true,
			"the model rejects this setting while it thinks; it was omitted")
	case b.family.thinking == budget && r.Temperature != nil:
		b.omitSampling(false, true, false, "the model rejects TopP beside Temperature; it was omitted")
	}
}

// minTopP is the smallest top_p that the API accepts together with a thinking budget.
const minTopP = 0.95

// omitSampling removes settings that are set, with a warning for each.
func (b *requestBuilder) omitSampling(temperature, topP, topK bool, why string) {
	body := &b.body
	if temperature && body.Temperature != nil {
		body.Temperature = nil
		b.unsupported("Temperature", why)
	}
	if topP && body.TopP != nil {
		body.TopP = nil
		b.unsupported("TopP", why)
	}
	if topK && body.TopK != nil {
		body.TopK = nil
		b.unsupported("TopK", why)
	}
}

func (b *requestBuilder) unsupported(setting, message string) {
	b.warn(llm.WarnUnsupported, setting, message)
}

func value(n *float64) float64 {
	if n == nil {
		return 0
	}
	return *n
}

// noParameters is the schema of a tool without parameters.
var noParameters = json.RawMessage(`{"type":"object","properties":{}}`)

// anyObject is the schema of any JSON object.
var anyObject = json.RawMessage(`{"type":"object"}`)

// The types of a tool choice.
const (
	chooseAuto = "auto"
	chooseAny  = "any"
	chooseTool = "tool"
	chooseNone = "none"
)

func (b *requestBuilder) addTools() {
	r, body := b.req, &b.body
	for _, t := range b.options.ServerTools {
		body.Tools = append(body.Tools, t)
	}
	for _, t := range r.Tools {
		schema := t.Parameters
		if len(schema) == 0 {
			schema = noParameters
		}
		body.Tools = append(body.Tools, &tool{Name: t.Name, Description: t.Description, InputSchema: schema, Strict: t.Strict})
	}
	if len(r.Tools) == 0 {
		return
	}
	switch r.ToolChoice.Mode {
	case llm.ToolAuto:
		body.ToolChoice = &toolChoice{Type: chooseAuto}
	case llm.ToolNone:
		body.ToolChoice = &toolChoice{Type: chooseNone}
	case llm.ToolRequired:
		b.force(toolChoice{Type: chooseAny}, "ToolChoice")
	case llm.ToolNamed:
		b.force(toolChoice{Type: chooseTool, Name: r.ToolChoice.Name}, "ToolChoice")
	}
	if r.ParallelToolCalls != nil && !*r.ParallelToolCalls && r.ToolChoice.Mode != llm.ToolNone {
		if body.ToolChoice == nil {
			body.ToolChoice = &toolChoice{Type: chooseAuto}
		}
		body.ToolChoice.DisableParallel = true
	}
}

// force adds a tool choice that forces a call, if the model accepts that. Otherwise the model
// decides.
func (b *requestBuilder) force(choice toolChoice, setting string) {
	switch {
	case b.family.noForced || b.provider.facts.noForced:
		b.warn(llm.WarnChanged, setting, "the model does not support a forced tool call; the model decides")
		choice = toolChoice{Type: chooseAuto}
	case b.body.Thinking != nil && b.body.Thinking.Type == thinkByBudget:
		b.warn(llm.WarnChanged, setting, "the model does not support a forced tool call while it thinks; the model decides")
		choice = toolChoice{Type: chooseAuto}
	}
	b.body.ToolChoice = &choice
}

// defaultFormatName is the name of the tool whose input is the answer.
const defaultFormatName = "answer"

// addFormat adds the schema of the answer. A model without structured output gets a tool
// whose input is the answer.
func (b *requestBuilder) addFormat() {
	f := b.req.Format
	if f == nil {
		return
	}
	if len(f.Schema) > 0 && !b.family.noFormat && !b.provider.facts.noFormat {
		if b.body.OutputConfig == nil {
			b.body.OutputConfig = new(outputConfig)
		}
		b.body.OutputConfig.Format = &outputFormat{Type: "json_schema", Schema: f.Schema}
		if f.Description != "" {
			b.unsupported("Format", "the API accepts only the schema; its description was omitted")
		}
		return
	}
	b.answerTool = cmp.Or(f.Name, defaultFormatName)
	for _, t := range b.req.Tools {
		if t.Name == b.answerTool { // two tools with one name are an error
			b.answerTool += "_format"
		}
	}
	schema := f.Schema
	if len(schema) == 0 {
		schema = anyObject
	}
	description := cmp.Or(f.Description, "Call this tool with the final answer.")
	b.body.Tools = append(b.body.Tools, &tool{Name: b.answerTool, Description: description, InputSchema: schema})
	choice := toolChoice{Type: chooseTool, Name: b.answerTool}
	if len(b.body.Tools) > 1 {
		choice = toolChoice{Type: chooseAny} // the model may call the other tools first
	}
	b.force(choice, "Format")
}

func (b *requestBuilder) addOptions() {
	o, body := &b.options, &b.body
	body.ServiceTier, body.Container = o.ServiceTier, o.Container
	if o.UserID != "" {
		body.Metadata = &metadata{UserID: o.UserID}
	}
}

// canContinue reports whether an answer that was cut can be continued by sending its text
// back as the last message.
func (b *requestBuilder) canContinue() bool {
	f := &b.family
	return f.thinking != unknownThinking && !f.noPrefill && b.body.Thinking == nil && b.req.Format == nil && len(b.body.Tools) == 0
}
