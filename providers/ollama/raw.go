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

// rawBody is the body of a request to go on with a prompt as it is.
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

// format returns the prompt format in which a call is to be put, or nil if the
// model's own template is to be used.
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

// complete answers a chat in a prompt format. An error that it returns has not
// been yielded.
func (p *Provider) complete(ctx context.Context, call *llm.Call, format *prompt.Format, yield func(llm.Event, error) bool) error {
	b := &requestBuilder{provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
	b.addSettings()
	b.addFormat()
	b.warnings = append(b.warnings, prompt.Lost(b.req)...)
	if err := b.addOptions(); err != nil {
		return err
	}
	if err := b.strict(); err != nil { // before anything is sent
		return err
	}
	text, _, stop, err := b.render(ctx, format)
	if err == nil {
		err = b.strict()
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
		CanContinue: call.Request.Format == nil, // which would begin anew
	}, true)
}

// strict returns an error if the request is strict and there is a warning.
func (b *requestBuilder) strict() error {
	if len(b.warnings) == 0 || !b.req.FailOnUnsupported {
		return nil
	}
	w := b.warnings[0]
	return b.fail(llm.Unsupported, "%s: %s", w.Setting, w.Message)
}

// render returns the prompt of the call in a format, with the vocabulary that
// it is to be read with and the texts to stop at.
//
// Ollama takes the name of a control token for the token wherever it stands in
// a prompt, and takes no tokens in place of texts. So the model's vocabulary,
// which the server shows, says what in the texts has to be made harmless.
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
				return "", nil, nil, b.fail(llm.Unsupported, "the texts have %q in them, which this model takes for control tokens, "+
					"and which cannot be made harmless", found)
			}
			text.WriteString(harmless)
			changed = append(changed, found...)
		case !slices.Contains(control, piece.Text):
			return "", nil, nil, b.fail(llm.Unsupported, "the model's vocabulary does not have the control token %s of the prompt format: "+
				"use the format that the model was trained with, or none if it has a template", piece.Text)
		default:
			text.WriteString(piece.Text)
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		b.warn(llm.WarnChanged, "Messages", fmt.Sprintf("the texts have %q in them, which this model takes for control tokens and Ollama cannot be told to leave alone; "+
			"a character that does not show (U+200B) was put into each", slices.Compact(changed)))
	}
	return text.String(), vocabulary, rendered.Stop, nil
}

// controlNames returns the names of control tokens, longest first.
func controlNames(vocabulary *tokens.Encoding) []string {
	names := vocabulary.Special()
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	return names
}

// hidden is the zero width space.
const hidden = "\u200b"

// maxPasses is how often a text is searched for names: a name may have another in
// it, but not many in each other.
const maxPasses = 8

// neutralize returns the text with a character that does not show within each
// name of a control token, so that it is one no more, and the names it found. It
// reports false if there are still some.
func neutralize(text string, control []string) (harmless string, found []string, ok bool) {
	for range maxPasses {
		before := len(found)
		for _, name := range control {
			if name == "" || !strings.Contains(text, name) {
				continue
			}
			_, size := utf8.DecodeRuneInString(name)
			if size == len(name) {
				return text, append(found, name), false // one character cannot be taken apart
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

// countFormatted answers how many tokens a chat is in a prompt format.
func (p *Provider) countFormatted(ctx context.Context, call *llm.Call, format *prompt.Format, yield func(llm.Event, error) bool) error {
	b := &requestBuilder{provider: p, call: call, req: call.Request}
	text, vocabulary, _, err := b.render(ctx, format)
	if err != nil {
		return err
	}
	count := &llm.TokenCount{
		Tokens: vocabulary.CountPrompt(text), Exact: true,
		Source: "the prompt in the format asked for, in the model's own vocabulary",
	}
	provider.LocalResult(p.name, call, count, yield)
	return nil
}
