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

// settings are what a request has under "options".
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

// requestBuilder makes a chat body of a request and notes what is lost.
type requestBuilder struct {
	provider *Provider
	call     *llm.Call
	req      *llm.Request
	options  Options
	body     chatBody
	warnings []llm.Warning
}

// marshalChat returns the body for the call, with warnings about what Ollama
// cannot be asked for, or an error if the request is strict about that.
func (p *Provider) marshalChat(call *llm.Call) ([]byte, []llm.Warning, error) {
	b := &requestBuilder{provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
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
	if len(b.warnings) > 0 && b.req.FailOnUnsupported {
		w := b.warnings[0]
		return nil, nil, b.fail(llm.Unsupported, "%s: %s", w.Setting, w.Message)
	}
	data, err := b.provider.marshal(call, &b.body, b.options.Extra)
	return data, b.warnings, err
}

// marshal returns a request's body with the user's own members in it.
func (p *Provider) marshal(call *llm.Call, body any, extra map[string]any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err == nil {
		data, err = provider.Merge(data, extra)
	}
	if err != nil {
		return nil, p.fail(call, llm.InvalidRequest, "the request cannot be written as JSON: %v", err)
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
	if r.MaxTokens > 0 { // to the server, zero is no limit
		body.Options["num_predict"] = r.MaxTokens
	}
	provider.AddSampling(body.Options, r)
}

// noParameters is the schema of a tool without parameters. Templates of models
// read its members, so it cannot be left out.
var noParameters = json.RawMessage(`{"type":"object","properties":{}}`)

func (b *requestBuilder) addTools() {
	r := b.req
	switch r.ToolChoice.Mode {
	case llm.ToolNone:
		return // a model that sees no tools calls none
	case llm.ToolRequired, llm.ToolNamed:
		b.warn(llm.WarnUnsupported, "ToolChoice", "Ollama cannot be told to call a tool; the model decides")
	}
	if len(r.Tools) > 0 && r.ParallelToolCalls != nil && !*r.ParallelToolCalls {
		b.warn(llm.WarnUnsupported, "ParallelToolCalls", "Ollama cannot be told to make one call at a time; the model decides")
	}
	for _, t := range r.Tools {
		if t.Strict != nil && *t.Strict {
			b.warn(llm.WarnUnsupported, "Tools", "Ollama does not hold the model to the parameters of the tool "+t.Name)
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
			b.warn(llm.WarnUnsupported, "Format", "Ollama takes the schema alone; its description was left out")
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
		b.warn(llm.WarnChanged, "ReasoningEffort", "Ollama knows no less effort than low")
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

// add puts in what the options say.
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

// keepAlive returns the JSON for a time to stay loaded: a number of seconds, or
// a duration in a string.
func (p *Provider) keepAlive(call *llm.Call, value string) (json.RawMessage, error) {
	if value == "" {
		return nil, nil
	}
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return strconv.AppendInt(nil, seconds, 10), nil
	}
	if _, err := time.ParseDuration(value); err != nil {
		return nil, p.fail(call, llm.InvalidRequest, `KeepAlive is %q; it must be a duration such as "1h30m" or a number of seconds`, value)
	}
	return json.Marshal(value)
}
