package openai

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// responsesBuilder converts a request to the body of the Responses API. It collects a warning
// for each setting that the API or the server does not support.
type responsesBuilder struct {
	builder
	family family
	body   responsesBody
	concessions
	counts     bool // the request is for the token counter
	reasonings int  // items with reasoning of earlier answers
}

// concessions are the parts of a request that are left out because the server rejected them.
type concessions struct {
	noReasoning bool // no reasoning of earlier answers
	noEncrypted bool // does not ask for encrypted reasoning
}

// buildResponses builds the body of a chat.
func (p *Provider) buildResponses(call *llm.Call, without concessions) (*responsesBuilder, error) {
	b := &responsesBuilder{builder: p.newBuilder(call), family: familyOf(call.Model), concessions: without, counts: call.Op == llm.OpCountTokens}
	if !p.isOpenAI() {
		b.family = family{isUnknown: true}
	}
	if b.options.Hook != nil {
		return nil, b.fail(llm.Unsupported, "Options.Hook changes requests to chat completions: set Options.API to openai.APIChat, or use Options.Extra")
	}
	b.addState()
	if err := b.addInput(); err != nil {
		return nil, err
	}
	b.addSettings()
	b.addReasoning()
	b.addTools()
	b.addFormat()
	b.addOptions()
	if w := provider.Unsupported(b.req, b.warnings); w != nil {
		return nil, b.fail(llm.Unsupported, w.Setting+": "+w.Message)
	}
	return b, nil
}

// marshal returns the body as JSON, with the members of Options.Extra.
func (b *responsesBuilder) marshal() ([]byte, error) {
	data, err := json.Marshal(&b.body)
	if err == nil {
		data, err = provider.Merge(data, b.options.Extra)
	}
	if err != nil {
		return nil, b.notJSON(err)
	}
	return b.attachments.insert(data), nil
}

// addState adds the settings about stored answers. Answers are not stored unless the options
// ask for it; the server's default is to store them.
func (b *responsesBuilder) addState() {
	o, body := &b.options, &b.body
	body.Store = new(o.Store != nil && *o.Store)
	body.Background = o.Background
	body.Previous, body.Talk = o.PreviousResponseID, o.Conversation
	body.Stream = !b.req.NonStreaming
}

// stores reports whether the server stores the answers of this conversation.
func (b *responsesBuilder) stores() bool { return *b.body.Store }

// minOutput is the smallest limit of an answer that OpenAI and Azure accept.
const minOutput = 16

func (b *responsesBuilder) addSettings() {
	r, body := b.req, &b.body
	body.Model = b.call.Model
	body.MaxTokens = max(r.MaxTokens, 0)
	if body.MaxTokens > 0 && body.MaxTokens < minOutput && b.provider.isOpenAI() {
		body.MaxTokens = minOutput
		b.warn(llm.WarnChanged, "MaxTokens", "the API accepts no limit below 16 tokens; 16 was sent")
	}
	for _, s := range [...]struct {
		setting Setting
		isSet   bool
	}{
		{SettingSeed, r.Seed != nil}, {SettingStop, len(r.Stop) > 0},
		{SettingPresencePenalty, r.PresencePenalty != nil}, {SettingFrequencyPenalty, r.FrequencyPenalty != nil},
	} {
		if s.isSet {
			b.noSetting(s.setting.field())
		}
	}
	if b.samples(SettingTemperature, r.Temperature != nil) {
		body.Temperature = r.Temperature
	}
	if b.samples(SettingTopP, r.TopP != nil) {
		body.TopP = r.TopP
	}
	if b.provider.quirks.AcceptsTopK {
		body.TopK = r.TopK
	} else if r.TopK != nil {
		b.noSetting("TopK")
	}
	if b.samples(SettingLogprobs, r.Logprobs || r.TopLogprobs > 0) {
		body.Include = append(body.Include, "message.output_text.logprobs")
		body.TopLogprobs = r.TopLogprobs
	}
}

// noSetting adds the warning for a setting that the API does not have.
func (b *responsesBuilder) noSetting(name string) {
	b.warn(llm.WarnUnsupported, name, "the Responses API does not have this setting; it was omitted")
}

// samples reports whether to send a setting about sampling. Reasoning models accept such
// settings only if they do not reason.
func (b *responsesBuilder) samples(setting Setting, isSet bool) bool {
	if isSet && b.family.reasons && b.req.ReasoningEffort != llm.EffortNone {
		b.warn(llm.WarnUnsupported, setting.field(), "reasoning models do not support this setting; it was omitted")
		return false
	}
	return b.sends(setting, isSet)
}

// encryptedReasoning is the name of encrypted reasoning in the setting include.
const encryptedReasoning = "reasoning.encrypted_content"

func (b *responsesBuilder) addReasoning() {
	effort, body, o := b.req.ReasoningEffort, &b.body, &b.options
	plain := !b.family.reasons && !b.family.isUnknown // the model does not reason
	switch {
	case !b.sends(SettingReasoningEffort, effort != ""):
		effort = ""
	case plain:
		if effort != llm.EffortNone {
			b.warn(llm.WarnUnsupported, "ReasoningEffort", "the model does not reason; the setting was omitted")
		}
		effort = ""
	case effort == llm.EffortMinimal && (b.provider.quirks.NoMinimalEffort || b.family.atLeast(5, 1)):
		effort = llm.EffortLow
		b.warn(llm.WarnChanged, "ReasoningEffort", "the model does not have the effort minimal; low was sent")
	}
	if effort != "" || o.ReasoningSummary != "" {
		body.Reasoning = &responsesReasoning{string(effort), o.ReasoningSummary}
	}
	if !plain && !b.stores() && !b.noEncrypted && encrypts(b.provider.config.Server) {
		body.Include = append(body.Include, encryptedReasoning)
	}
	for _, name := range o.Include {
		if !slices.Contains(body.Include, name) {
			body.Include = append(body.Include, name)
		}
	}
}

// asksForEncrypted reports whether the request asks for encrypted reasoning.
func (b *responsesBuilder) asksForEncrypted() bool {
	return slices.Contains(b.body.Include, encryptedReasoning)
}

// hasReasoning reports whether the request has reasoning of earlier answers.
func (b *responsesBuilder) hasReasoning() bool { return b.reasonings > 0 }

// encrypts reports whether a server can have encrypted reasoning. Local servers have none.
func encrypts(server Server) bool {
	switch server {
	case LlamaCpp, VLLM, LMStudio, DeepSeek:
		return false
	}
	return true
}

func (b *responsesBuilder) addTools() {
	r, body := b.req, &b.body
	for _, t := range b.options.ServerTools {
		body.Tools = append(body.Tools, t)
	}
	chosen := responsesChoice{typeFunction, r.ToolChoice.Name}
	for _, t := range r.Tools {
		if c := t.Custom; c != nil {
			tool := responsesCustom{Type: typeCustom, Name: t.Name, Description: t.Description}
			if c.Grammar != "" {
				tool.Format = &customGrammar{"grammar", c.Syntax, c.Grammar}
			}
			if t.Name == chosen.Name {
				chosen.Type = typeCustom
			}
			body.Tools = append(body.Tools, &tool)
			continue
		}
		schema := t.Parameters
		if len(schema) == 0 {
			schema = noParameters
		}
		body.Tools = append(body.Tools, &responsesFunction{typeFunction, t.Name, t.Description, schema, t.Strict != nil && *t.Strict})
	}
	if b.sends(SettingParallelToolCalls, r.ParallelToolCalls != nil && len(r.Tools) > 0) {
		body.Parallel = r.ParallelToolCalls
	}
	switch mode := r.ToolChoice.Mode; {
	case mode == "":
	case mode != llm.ToolNamed:
		body.ToolChoice = string(mode)
	case b.provider.quirks.NoNamedToolChoice:
		body.ToolChoice = string(llm.ToolRequired)
		b.warn(llm.WarnChanged, "ToolChoice", "this server does not support a tool choice by name; a call of any tool was required instead")
	default:
		body.ToolChoice = &chosen
	}
}

func (b *responsesBuilder) addFormat() {
	f := b.req.Format
	if b.options.Verbosity != "" || f != nil {
		b.body.Text = &responsesText{Verbosity: b.options.Verbosity}
	}
	if f == nil {
		return
	}
	schema := f.Schema
	if len(schema) == 0 && b.provider.quirks.NoJSONObject {
		schema = anyObject
	}
	b.body.Text.Format = &responsesFormat{Type: "json_object"}
	if len(schema) > 0 {
		strict := f.Strict != nil && *f.Strict
		b.body.Text.Format = &responsesFormat{"json_schema", cmp.Or(f.Name, defaultSchemaName), f.Description, schema, &strict}
	}
}

func (b *responsesBuilder) addOptions() {
	o, body := &b.options, &b.body
	body.User, body.SafetyIdentifier, body.ServiceTier = o.User, o.SafetyIdentifier, o.ServiceTier
	body.PromptCacheKey, body.Metadata, body.ChatTemplateKwargs = o.PromptCacheKey, o.Metadata, o.ChatTemplateKwargs
	if len(o.LogitBias) > 0 {
		b.noSetting("Options.LogitBias")
	}
	if o.Prediction != "" {
		b.noSetting("Options.Prediction")
	}
}
