package openai

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// builder has the parts that the builders of all requests for chats share. It collects a
// warning for each setting that the server does not support.
type builder struct {
	provider    *Provider
	call        *llm.Call
	req         *llm.Request
	options     Options
	attachments attachments
	warnings    []llm.Warning
	hints       []llm.Warning // not about unsupported settings, so FailOnUnsupported ignores them
}

// requestBuilder converts a request to the body of a chat.
type requestBuilder struct {
	builder
	body    chatBody
	changes map[string]any // by the hook and by Options.Extra; see provider.Merge
}

func (p *Provider) newBuilder(call *llm.Call) builder {
	return builder{provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
}

// marshalChat returns the body for a chat, with warnings about settings that the server
// does not support. If the request has FailOnUnsupported, such a setting is an error.
func (p *Provider) marshalChat(call *llm.Call) ([]byte, []llm.Warning, error) {
	b, err := p.buildChat(call)
	if err != nil {
		return nil, nil, err
	}
	data, err := b.marshal()
	if err != nil {
		return nil, nil, err
	}
	return b.attachments.insert(data), b.warnings, nil
}

// buildChat builds the body of a chat, and calls the hook.
func (p *Provider) buildChat(call *llm.Call) (*requestBuilder, error) {
	b := &requestBuilder{builder: p.newBuilder(call)}
	if err := b.addMessages(); err != nil {
		return nil, err
	}
	b.addSettings()
	b.addReasoning()
	b.addTools()
	b.addFormat()
	b.addOptions()
	if err := b.adaptToGeneration(); err != nil {
		return nil, err
	}
	if w := provider.Unsupported(b.req, b.warnings); w != nil {
		return nil, b.fail(llm.Unsupported, w.Setting+": "+w.Message)
	}
	b.warnings = append(b.warnings, b.hints...)
	var err error
	if b.changes, err = b.runHook(b.options.Hook); err != nil {
		return nil, err
	}
	b.changes = b.withExtra(b.changes)
	return b, nil
}

// withExtra returns the members that the hook changed, with those of the server's quirks below
// and those of Options.Extra above them. It does not change a map of the quirks or the options.
func (b *requestBuilder) withExtra(hook map[string]any) map[string]any {
	fixed, extra := b.provider.quirks.Body, b.options.Extra
	if len(hook) == 0 && (len(fixed) == 0 || len(extra) == 0) {
		if len(extra) == 0 {
			return fixed
		}
		return extra
	}
	all := maps.Clone(fixed)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, hook)
	maps.Copy(all, extra)
	return all
}

// marshal returns the body as JSON, with placeholders for attachments.
func (b *requestBuilder) marshal() ([]byte, error) {
	data, err := json.Marshal(&b.body)
	if err == nil {
		data, err = provider.Merge(data, b.changes)
	}
	if err != nil {
		return nil, b.notJSON(err)
	}
	return data, nil
}

func (b *builder) fail(kind llm.Kind, message string) error {
	return b.provider.fail(b.call, kind, "%s", message)
}

// notJSON returns the error for a request that encoding/json refuses. Only Options.Extra,
// Options.ChatTemplateKwargs and the hook can cause it.
func (b *builder) notJSON(err error) error {
	return b.fail(llm.InvalidRequest, "the request cannot be encoded as JSON: check Options and the hook: "+err.Error())
}

// sends reports whether to send a setting: it is set and the server supports it. If the
// server does not support it, sends adds a warning.
func (b *builder) sends(setting Setting, isSet bool) bool {
	if isSet && slices.Contains(b.provider.quirks.Unsupported, setting) {
		b.unsupported(setting.field())
		return false
	}
	return isSet
}

// unsupported adds the warning for a setting that is omitted.
func (b *builder) unsupported(setting string) {
	b.warn(llm.WarnUnsupported, setting, string(b.provider.config.Server)+" does not support this setting; it was omitted")
}

func (b *builder) warn(code llm.WarningCode, setting, message string) {
	w := llm.Warning{Code: code, Setting: setting, Message: message}
	if !slices.Contains(b.warnings, w) {
		b.warnings = append(b.warnings, w)
	}
}

// warnOther adds a warning about a request that is sent unchanged.
func (b *requestBuilder) warnOther(setting, message string) {
	b.hints = append(b.hints, llm.Warning{Code: llm.WarnOther, Setting: setting, Message: message})
}

func (b *requestBuilder) addSettings() {
	r, body, quirks := b.req, &b.body, &b.provider.quirks
	body.Model = b.call.Model
	if quirks.MaxTokensField == MaxTokens {
		body.MaxTokens = max(r.MaxTokens, 0)
	} else {
		body.MaxCompletionTokens = max(r.MaxTokens, 0)
	}
	for _, s := range [...]struct {
		setting Setting
		from    *float64
		to      **float64
	}{
		{SettingTemperature, r.Temperature, &body.Temperature},
		{SettingTopP, r.TopP, &body.TopP},
		{SettingPresencePenalty, r.PresencePenalty, &body.PresencePenalty},
		{SettingFrequencyPenalty, r.FrequencyPenalty, &body.FrequencyPenalty},
	} {
		if b.sends(s.setting, s.from != nil) {
			*s.to = s.from
		}
	}
	if quirks.AcceptsTopK {
		body.TopK = r.TopK
	} else if r.TopK != nil {
		b.unsupported("TopK")
	}
	if b.sends(SettingSeed, r.Seed != nil) {
		if quirks.SeedField == RandomSeed {
			body.RandomSeed = r.Seed
		} else {
			body.Seed = r.Seed
		}
	}
	if b.sends(SettingStop, len(r.Stop) > 0) {
		body.Stop = r.Stop
	}
	body.Logprobs = b.sends(SettingLogprobs, r.Logprobs || r.TopLogprobs > 0)
	if b.sends(SettingTopLogprobs, r.TopLogprobs > 0) {
		body.TopLogprobs = r.TopLogprobs
	}
	body.Stream = !r.NonStreaming
	if body.Stream && !quirks.NoStreamOptions {
		body.StreamOptions = &streamOptions{IncludeUsage: true}
	}
}

func (b *requestBuilder) addReasoning() {
	effort, body, quirks := b.req.ReasoningEffort, &b.body, &b.provider.quirks
	switch {
	case !b.sends(SettingReasoningEffort, effort != ""):
	case effort == llm.EffortNone && quirks.DisableReasoningField == DisableByThinking:
		body.Thinking = &switchObject{Type: "disabled"}
	case effort == llm.EffortNone && quirks.DisableReasoningField == DisableByReasoning:
		body.Reasoning = &switchObject{Enabled: new(false)}
	case effort == llm.EffortNone && quirks.DisableReasoningField == DisableByEnableThinking:
		body.EnableThinking = new(false)
	case effort == llm.EffortMinimal && quirks.NoMinimalEffort:
		body.ReasoningEffort = string(llm.EffortLow)
	default:
		body.ReasoningEffort = string(effort)
	}
}

func (b *requestBuilder) addTools() {
	r, quirks := b.req, &b.provider.quirks
	if quirks.NoTools && len(r.Tools) > 0 {
		b.unsupported("Tools")
		return
	}
	for _, t := range r.Tools {
		b.checkStrict("Tools", " of the tool "+t.Name, t.Parameters, t.Strict)
		b.body.Tools = append(b.body.Tools, toolOf(t))
	}
	if b.sends(SettingParallelToolCalls, r.ParallelToolCalls != nil && len(r.Tools) > 0) {
		b.body.ParallelToolCalls = r.ParallelToolCalls
	}
	switch mode := r.ToolChoice.Mode; {
	case mode == "":
	case (mode == llm.ToolRequired || mode == llm.ToolNamed) && quirks.NoForcedToolCalls && r.ReasoningEffort != llm.EffortNone:
		b.warn(llm.WarnChanged, "ToolChoice",
			"this server does not support forced tool calls while the model reasons, so the tool choice was omitted; set ReasoningEffort to none to force a call")
	case mode != llm.ToolNamed:
		b.body.ToolChoice = string(mode)
	case quirks.NoNamedToolChoice:
		b.body.ToolChoice = string(llm.ToolRequired)
		b.warn(llm.WarnChanged, "ToolChoice", "this server does not support a tool choice by name; a call of any tool was required instead")
	default:
		b.body.ToolChoice = choiceOf(r)
	}
}

// noParameters is the schema of a tool without parameters. llama.cpp and others require one:
// https://github.com/ggml-org/llama.cpp/issues/17667.
var noParameters = json.RawMessage(`{"type":"object","properties":{}}`)

// toolOf converts a tool.
func toolOf(t llm.Tool) tool {
	if t.Custom == nil {
		parameters := t.Parameters
		if len(parameters) == 0 {
			parameters = noParameters
		}
		return tool{Type: typeFunction, Function: &function{t.Name, t.Description, parameters, t.Strict}}
	}
	custom := &customTool{Name: t.Name, Description: t.Description}
	if t.Custom.Grammar != "" {
		custom.Format = &customFormat{"grammar", grammar{t.Custom.Syntax, t.Custom.Grammar}}
	}
	return tool{Type: typeCustom, Custom: custom}
}

// choiceOf returns the choice of the named tool.
func choiceOf(r *llm.Request) namedTool {
	name := &functionName{r.ToolChoice.Name}
	if slices.ContainsFunc(r.Tools, func(t llm.Tool) bool { return t.Name == name.Name && t.Custom != nil }) {
		return namedTool{Type: typeCustom, Custom: name}
	}
	return namedTool{Type: typeFunction, Function: name}
}

// anyObject is the schema of any JSON object.
var anyObject = json.RawMessage(`{"type":"object"}`)

// defaultSchemaName is the name of a schema without a name, which the API requires.
const defaultSchemaName = "answer"

func (b *requestBuilder) addFormat() {
	f := b.req.Format
	if f == nil {
		return
	}
	quirks := &b.provider.quirks
	schema := f.Schema
	if len(schema) > 0 && quirks.NoJSONSchema {
		b.warn(llm.WarnChanged, "Format", "this server does not support JSON schemas; any JSON object was requested instead")
		schema = nil
	} else if len(schema) == 0 && quirks.NoJSONObject {
		schema = anyObject
	}
	if len(schema) == 0 {
		b.body.ResponseFormat = &responseFormat{Type: "json_object"}
		return
	}
	b.checkStrict("Format", "", schema, f.Strict)
	b.body.ResponseFormat = &responseFormat{
		Type: "json_schema",
		JSONSchema: &jsonSchema{
			Name: cmp.Or(f.Name, defaultSchemaName), Description: f.Description, Schema: schema, Strict: f.Strict != nil && *f.Strict,
		},
	}
}

func (b *requestBuilder) addOptions() {
	o, body := &b.options, &b.body
	body.User, body.SafetyIdentifier = o.User, o.SafetyIdentifier
	body.ServiceTier, body.Verbosity, body.PromptCacheKey = o.ServiceTier, o.Verbosity, o.PromptCacheKey
	body.Store, body.Metadata, body.LogitBias = o.Store, o.Metadata, o.LogitBias
	body.ChatTemplateKwargs = o.ChatTemplateKwargs
	if o.ReasoningSummary != "" || len(o.Include) > 0 {
		b.warn(llm.WarnUnsupported, "Options", "ReasoningSummary and Include are settings of the Responses API; they were omitted")
	}
	if o.Prediction != "" {
		body.Prediction = &prediction{Type: "content", Content: o.Prediction}
	}
}
