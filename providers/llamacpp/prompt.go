package llamacpp

import (
	"context"
	"strings"

	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// format returns the prompt format with this name, by default the provider's, or nil to use
// the model's chat template.
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

// promptTokens returns the token ids of a prompt, beginning with the model's BOS token if it
// has one.
//
// Security: a prompt that is sent as text, or as a list of texts and token ids, can contain
// the name of a control token in any text, and the server interprets it. The server's
// tokenizer has a setting to turn this off. So promptTokens first requests the ids of the
// format's control tokens, and then tokenizes the prompt with these ids in their places. The
// vocabulary is not cached, because the server may load another model.
func (p *Provider) promptTokens(ctx context.Context, call *llm.Call, rendered *prompt.Prompt) ([]int, error) {
	control, err := p.controlTokens(ctx, call, rendered)
	if err != nil {
		return nil, err
	}
	// The server adds the BOS token to the first text of a list. The list begins with an
	// empty text, so that the token is added also if a control token follows.
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

// controlTokens returns the ids of the control tokens of a prompt, by name.
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
	if len(ids) != len(names) { // a name that is not a control token is several tokens
		var list []string
		for _, name := range names {
			list = append(list, name.(string))
		}
		return nil, p.fail(call, llm.Unsupported, "the model's vocabulary does not have all of the control tokens %s of the prompt format: "+
			"set Template to the format that the model was trained with, or leave it empty if its file has a template", strings.Join(list, " "))
	}
	for i, name := range names {
		tokens[name.(string)] = ids[i]
	}
	return tokens, nil
}

// tokenizeBody is the body of a request to tokenize a text, or a list of texts and token ids.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-tokenize-tokenize-a-given-text
type tokenizeBody struct {
	Model        string `json:"model,omitempty"` // for a server with several models
	Content      []any  `json:"content"`
	AddSpecial   bool   `json:"add_special"`
	ParseSpecial bool   `json:"parse_special"`
}

func (p *Provider) tokenize(ctx context.Context, call *llm.Call, request tokenizeBody) ([]int, error) {
	request.Model = call.Model
	body, err := p.marshal(call, &request)
	if err != nil {
		return nil, err
	}
	var got struct {
		provider.ErrorMember
		Tokens []int `json:"tokens"`
	}
	r, err := p.server.Value(ctx, call, "/tokenize", body, &got)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if got.Tokens == nil {
		return nil, r.ReplyError(llm.Protocol, "the reply has no list of tokens")
	}
	return got.Tokens, nil
}
