package llamacpp

import (
	"context"
	"strings"

	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// format returns the prompt format of a call whose options name this one, or nil
// if the model's own template is to be used.
func (p *Provider) format(call *llm.Call, name string) (*prompt.Format, error) {
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

// promptTokens returns the tokens of a prompt, with the one that begins a text
// if the model wants one.
//
// The server would tokenize a prompt itself, but takes what looks like a control
// token for one in every text of it, also in a list of texts and tokens. So its
// tokenizer, which can be told not to, is asked first for the control tokens of
// the format, then for the prompt with those in their places. Vocabularies
// are not remembered: the server may have another model the next time.
func (p *Provider) promptTokens(ctx context.Context, call *llm.Call, rendered *prompt.Prompt) ([]int, error) {
	control, err := p.controlTokens(ctx, call, rendered)
	if err != nil {
		return nil, err
	}
	// The token that begins a text comes with the first text of a list: an empty one
	// brings it in whatever follows.
	content := []any{""}
	for _, piece := range rendered.Pieces {
		if piece.Control {
			content = append(content, control[piece.Text])
		} else {
			content = append(content, piece.Text)
		}
	}
	return p.tokenize(ctx, call, tokenizeBody{Content: content, AddSpecial: true})
}

// controlTokens returns the control tokens that a prompt has, by name.
func (p *Provider) controlTokens(ctx context.Context, call *llm.Call, rendered *prompt.Prompt) (map[string]int, error) {
	tokens := make(map[string]int)
	var names []any
	for _, piece := range rendered.Pieces {
		if _, seen := tokens[piece.Text]; piece.Control && !seen {
			tokens[piece.Text] = 0
			names = append(names, piece.Text)
		}
	}
	if len(names) == 0 {
		return tokens, nil
	}
	ids, err := p.tokenize(ctx, call, tokenizeBody{Content: names, ParseSpecial: true})
	if err != nil {
		return nil, err
	}
	if len(ids) != len(names) { // each name is one token at least
		var list []string
		for _, name := range names {
			list = append(list, name.(string))
		}
		return nil, p.fail(call, llm.Unsupported, "the model's vocabulary does not have all of the control tokens %s of the prompt format: "+
			"use the format that the model was trained with, or none if its file has a template", strings.Join(list, " "))
	}
	for i, name := range names {
		tokens[name.(string)] = ids[i]
	}
	return tokens, nil
}

// tokenizeBody is the body of a request for the tokens of a text, or of a list of
// texts and tokens.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-tokenize-tokenize-a-given-text
type tokenizeBody struct {
	Content      []any `json:"content"`
	AddSpecial   bool  `json:"add_special"`
	ParseSpecial bool  `json:"parse_special"`
}

func (p *Provider) tokenize(ctx context.Context, call *llm.Call, request tokenizeBody) ([]int, error) {
	body, err := p.marshal(call, &request)
	if err != nil {
		return nil, err
	}
	var got struct {
		provider.Failure
		Tokens []int `json:"tokens"`
	}
	r, err := p.server.Value(ctx, call, "/tokenize", body, &got)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if got.Tokens == nil {
		return nil, r.Fail(llm.Protocol, "the reply has no list of tokens")
	}
	return got.Tokens, nil
}
