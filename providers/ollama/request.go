package ollama

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chatBody is the body of a chat request.
// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion
type chatBody struct {
	Model       string          `json:"model"`
	Messages    []message       `json:"messages"`
	Stream      bool            `json:"stream"`
	Tools       []tool          `json:"tools,omitempty"`
	Format      json.RawMessage `json:"format,omitempty"`
	Think       any             `json:"think,omitempty"` // a bool or an effort
	KeepAlive   json.RawMessage `json:"keep_alive,omitempty"`
	Truncate    bool            `json:"truncate"`
	Shift       *bool           `json:"shift,omitempty"`
	Logprobs    bool            `json:"logprobs,omitempty"`
	TopLogprobs int             `json:"top_logprobs,omitempty"`
	Options     settings        `json:"options,omitempty"`
}

// settings are the member "options" of a request.
type settings map[string]any

type tool struct {
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
}

// requestBuilder converts a request to the body of a chat. It collects a warning for each
// setting that Ollama does not support.
type requestBuilder struct {
	provider *Provider
	call     *llm.Call
	req      *llm.Request
	options  Options
	body     chatBody
	warnings []llm.Warning
}

// marshalChat returns the body for a chat, with warnings about settings that Ollama does not
// support. If the request has FailOnUnsupported, such a setting is an error.
func (p *Provider) marshalChat(call *llm.Call) ([]byte, []llm.Warning, error) {
	b := &requestBuilder{provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
	if problem := provider.CustomTool(b.req); problem != "" {
		return nil, nil, b.fail(llm.Unsupported, "%s", problem)
	}
	if err := b.addMessages(); err != nil {
		return nil, nil, err
	}
	b.addSettings()
	b.addTools()
	b.addFormat()
	b.addThinking()
	if err := b.addOptions(); err != nil {
		return nil, nil, err
	}
	if err := b.checkSupported(); err != nil {
		return nil, nil, err
	}
	data, err := b.provider.marshal(call, &b.body, b.options.Extra)
	return data, b.warnings, err
}

// checkSupported returns an error if there is a warning and the request has
// FailOnUnsupported.
func (b *requestBuilder) checkSupported() error {
	w := provider.Unsupported(b.req, b.warnings)
	if w == nil {
		return nil
	}
	return b.fail(llm.Unsupported, "%s: %s", w.Setting, w.Message)
}

// marshal returns the body as JSON, with the members of Options.Extra.
func (p *Provider) marshal(call *llm.Call, body any, extra map[string]any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err == nil {
		data, err = provider.Merge(data, extra)
	}
	if err != nil {
		return nil, p.fail(call, llm.InvalidRequest, "the request cannot be encoded as JSON: check Options: %v", err)
	}
	return data, nil
}

func (b *requestBuilder) fail(kind llm.Kind, format string, args ...any) error {
	return b.provider.fail(b.call, kind, format, args...)
}

func (b *requestBuilder) warn(code llm.WarningCode, setting, message string) {
	b.warnings = append(b.warnings, llm.Warning{Code: code, Setting: setting, Message: message})
}

func (b *requestBuilder) addSettings() {
	r, body := b.req, &b.body
	body.Model, body.Stream = b.call.Model, !r.NonStreaming
	body.Logprobs, body.TopLogprobs = r.Logprobs || r.TopLogprobs > 0, r.TopLogprobs

	body.Options = make(settings)
	if r.MaxTokens > 0 { // for the server, zero means no limit
		body.Options["num_predict"] = r.MaxTokens
	}
	provider.AddSampling(body.Options, r)
}

// noParameters is the schema of a tool without parameters. Chat templates read its members,
// so it is required.
var noParameters = json.RawMessage(`{"type":"object","properties":{}}`)

func (b *requestBuilder) addTools() {
	r := b.req
	switch r.ToolChoice.Mode {
	case llm.ToolNone:
		return // without tools in the prompt, the model calls none
	case llm.ToolRequired, llm.ToolNamed:
		b.warn(llm.WarnUnsupported, "ToolChoice", "Ollama does not support a forced tool call; the model decides")
	}
	if len(r.Tools) > 0 && r.ParallelToolCalls != nil && !*r.ParallelToolCalls {
		b.warn(llm.WarnUnsupported, "ParallelToolCalls", "Ollama does not support a limit of one tool call at a time; the model decides")
	}
	for _, t := range r.Tools {
		if t.Strict != nil && *t.Strict {
			b.warn(llm.WarnUnsupported, "Tools", "Ollama does not enforce the schema of the tool "+t.Name)
		}
		f := function{t.Name, t.Description, t.Parameters}
		if len(f.Parameters) == 0 {
			f.Parameters = noParameters
		}
		b.body.Tools = append(b.body.Tools, tool{"function", f})
	}
}

func (b *requestBuilder) addFormat() {
	f := b.req.Format
	switch {
	case f == nil:
	case len(f.Schema) == 0:
		b.body.Format = json.RawMessage(`"json"`)
	default:
		b.body.Format = f.Schema
		if f.Description != "" {
			b.warn(llm.WarnUnsupported, "Format", "Ollama accepts only the schema; its description was omitted")
		}
	}
}

func (b *requestBuilder) addThinking() {
	switch effort := b.req.ReasoningEffort; {
	case b.options.Think != nil:
		b.body.Think = *b.options.Think
	case effort == llm.EffortDefault:
	case effort == llm.EffortNone:
		b.body.Think = false
	case effort == llm.EffortMinimal:
		b.body.Think = llm.EffortLow
		b.warn(llm.WarnChanged, "ReasoningEffort", "Ollama has no effort below low; low was sent")
	default:
		b.body.Think = effort
	}
}

func (b *requestBuilder) addOptions() error {
	o := &b.options
	b.body.Truncate, b.body.Shift = o.Truncate != nil && *o.Truncate, o.Shift
	b.body.Options.add(o)
	var err error
	b.body.KeepAlive, err = b.provider.keepAlive(b.call, o.KeepAlive)
	return err
}

// add adds the settings of the options.
func (s settings) add(o *Options) {
	if o.NumCtx != 0 {
		s["num_ctx"] = o.NumCtx
	}
	if o.NumThread != 0 {
		s["num_thread"] = o.NumThread
	}
	for name, value := range o.Raw {
		s[name] = value
	}
}

// keepAlive returns the JSON for Options.KeepAlive: a number of seconds, or a string with a
// duration.
func (p *Provider) keepAlive(call *llm.Call, value string) (json.RawMessage, error) {
	if value == "" {
		return nil, nil
	}
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return strconv.AppendInt(nil, seconds, 10), nil
	}
	if _, err := time.ParseDuration(value); err != nil {
		return nil, p.fail(call, llm.InvalidRequest, `KeepAlive is %q: use a duration such as "1h30m", or a number of seconds`, value)
	}
	return json.Marshal(value)
}
