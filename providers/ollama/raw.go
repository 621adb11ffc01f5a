package ollama

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/llm/tokens"
)

// rawBody is the body of a request to complete a prompt in raw mode.
// https://github.com/ollama/ollama/blob/main/docs/api.md#request-raw-mode
type rawBody struct {
	Model       string          `json:"model"`
	Prompt      string          `json:"prompt"`
	Raw         bool            `json:"raw"`
	Stream      bool            `json:"stream"`
	Format      json.RawMessage `json:"format,omitempty"`
	KeepAlive   json.RawMessage `json:"keep_alive,omitempty"`
	Truncate    bool            `json:"truncate"`
	Shift       *bool           `json:"shift,omitempty"`
	Logprobs    bool            `json:"logprobs,omitempty"`
	TopLogprobs int             `json:"top_logprobs,omitempty"`
	Options     settings        `json:"options,omitempty"`
}

// format returns the prompt format of a call, or nil to use the model's chat template.
func (p *Provider) format(call *llm.Call) (*prompt.Format, error) {
	return p.namedFormat(call, llmutil.OptionsFor[Options](call.Request.Options).Template)
}

func (p *Provider) namedFormat(call *llm.Call, name string) (*prompt.Format, error) {
	if name == "" {
		name = p.template
	}
	if name == "" {
		return nil, nil
	}
	format, err := prompt.Named(name)
	if err != nil {
		return nil, p.fail(call, llm.InvalidRequest, "Template: %v", err)
	}
	return format, nil
}

// complete answers a chat with a prompt format. A returned error has not been yielded.
func (p *Provider) complete(ctx context.Context, call *llm.Call, format *prompt.Format, yield func(llm.Event, error) bool) error {
	b := &requestBuilder{provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
	b.addSettings()
	b.addFormat()
	b.warnings = append(b.warnings, prompt.Lost(b.req)...)
	if err := b.addOptions(); err != nil {
		return err
	}
	if err := b.checkSupported(); err != nil { // before render sends a request
		return err
	}
	text, _, stop, err := b.render(ctx, format)
	if err == nil {
		err = b.checkSupported()
	}
	if err != nil {
		return err
	}
	body := &b.body
	if stop = slices.Concat(call.Request.Stop, stop); len(stop) > 0 && b.options.Raw["stop"] == nil {
		body.Options["stop"] = stop
	}
	data, err := p.marshal(call, &rawBody{
		Model: body.Model, Prompt: text, Raw: true, Stream: body.Stream, Format: body.Format, KeepAlive: body.KeepAlive,
		Truncate: body.Truncate, Shift: body.Shift, Logprobs: body.Logprobs, TopLogprobs: body.TopLogprobs, Options: body.Options,
	}, b.options.Extra)
	if err != nil {
		return err
	}
	r, err := p.server.Do(ctx, call, "/api/generate", data)
	if err != nil {
		return err
	}
	defer r.Close()
	return p.answer(provider.Answer{
		Reply: r, Request: call.Request, Warnings: b.warnings, Yield: yield,
		CanContinue: call.Request.Format == nil, // a continued answer would start a second JSON object
	}, true)
}

// render returns the prompt of the call in a format, the model's vocabulary, and the
// format's stop sequences.
//
// Security: Ollama interprets the name of a control token anywhere in a prompt as the token,
// and it does not accept token ids in place of text. So render neutralizes the names of
// control tokens in the messages. It takes the names from the model's vocabulary, which the
// server provides.
func (b *requestBuilder) render(ctx context.Context, format *prompt.Format) (string, *tokens.Encoding, []string, error) {
	rendered, err := format.Render(b.req.Messages)
	if err != nil {
		return "", nil, nil, b.fail(llm.Unsupported, "%v", err)
	}
	vocabulary, err := b.provider.vocabulary(ctx, b.call)
	if err != nil {
		return "", nil, nil, err
	}
	control := controlNames(vocabulary)
	var text strings.Builder
	var changed []string
	for _, piece := range rendered.Pieces {
		switch {
		case !piece.Control:
			harmless, found, ok := neutralize(piece.Text, control)
			if !ok {
				return "", nil, nil, b.fail(llm.Unsupported, "the messages contain %q, which are control tokens of this model "+
					"and cannot be neutralized: remove them", found)
			}
			text.WriteString(harmless)
			changed = append(changed, found...)
		case !slices.Contains(control, piece.Text):
			return "", nil, nil, b.fail(llm.Unsupported, "the control token %s of the prompt format is not in the model's vocabulary: "+
				"set Template to the format that the model was trained with, or leave it empty if the model has a template", piece.Text)
		default:
			text.WriteString(piece.Text)
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		b.warn(llm.WarnChanged, "Messages", fmt.Sprintf("the messages contain %q, which are control tokens of this model; "+
			"an invisible character (U+200B) was inserted into each", slices.Compact(changed)))
	}
	return text.String(), vocabulary, rendered.Stop, nil
}

// controlNames returns the names of the control tokens, longest first.
func controlNames(vocabulary *tokens.Encoding) []string {
	names := vocabulary.Special()
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	return names
}

// hidden is the zero width space.
const hidden = "\u200b"

// maxPasses is the maximum number of searches of a text. A replacement can leave another
// name, but only a few are nested.
const maxPasses = 8

// neutralize inserts an invisible character into each name of a control token in the text.
// It returns the new text and the names that it found, and false if names remain.
func neutralize(text string, control []string) (harmless string, found []string, ok bool) {
	for range maxPasses {
		before := len(found)
		for _, name := range control {
			if name == "" || !strings.Contains(text, name) {
				continue
			}
			_, size := utf8.DecodeRuneInString(name)
			if size == len(name) {
				return text, append(found, name), false // a name of one character cannot be split
			}
			text = strings.ReplaceAll(text, name, name[:size]+hidden+name[size:])
			found = append(found, name)
		}
		if len(found) == before {
			return text, found, true
		}
	}
	return text, found, false
}

// countFormatted counts the tokens of a chat in a prompt format.
func (p *Provider) countFormatted(ctx context.Context, call *llm.Call, format *prompt.Format, yield func(llm.Event, error) bool) error {
	b := &requestBuilder{provider: p, call: call, req: call.Request}
	text, vocabulary, _, err := b.render(ctx, format)
	if err != nil {
		return err
	}
	count := &llm.TokenCount{
		Tokens: vocabulary.CountPrompt(text), Exact: true,
		Source: "the prompt in the requested format, with the model's vocabulary",
	}
	provider.LocalResult(p.name, call, count, yield)
	return nil
}
