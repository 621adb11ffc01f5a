package anthropic

import (
	"fmt"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm"
)

// The estimate of a token count.
const (
	// bytesPerToken is Anthropic's own rule of thumb for English text:
	// https://platform.claude.com/docs/en/about-claude/glossary
	bytesPerToken = 3.5
	// newTokenizer is the ratio of the tokens of models of generation 4.7 and newer, which
	// have another tokenizer: https://platform.claude.com/docs/en/build-with-claude/token-counting
	newTokenizer = 1.3
	// imageTokens is the number of tokens of an image of the largest size that is not
	// reduced: https://platform.claude.com/docs/en/build-with-claude/vision
	imageTokens = 1600
	// framing are the tokens around the text of a message or a tool. It is an assumption.
	framing = 4
)

// estimate returns the tokens of a request from the length of its texts. A character
// outside of ASCII counts as one token.
func estimate(req *llm.Request, f *family) llm.TokenCount {
	var e estimator
	for _, m := range req.Messages {
		e.tokens += framing
		for _, part := range m.Parts {
			e.part(part)
		}
	}
	for _, t := range req.Tools {
		e.tokens += framing
		e.text(t.Name)
		e.text(t.Description)
		e.text(string(t.Parameters))
	}
	if req.Format != nil {
		e.text(string(req.Format.Schema))
	}
	source := fmt.Sprintf("estimate: %.1f characters for a token, offline", bytesPerToken)
	if f.noSampling { // the generations with the new tokenizer have this in common
		e.tokens *= newTokenizer
		source += ", with 30 % more for the newer tokenizer"
	}
	if e.uncounted > 0 {
		source += fmt.Sprintf("; %d files not counted", e.uncounted)
	}
	return llm.TokenCount{Tokens: int(e.tokens + 0.5), Source: source}
}

type estimator struct {
	tokens    float64
	uncounted int
}

func (e *estimator) part(part llm.Part) {
	switch p := part.(type) {
	case llm.Text:
		e.text(p.Text)
	case llm.Refusal:
		e.text(p.Text)
	case llm.ToolCall:
		e.tokens += framing
		e.text(p.Name)
		e.text(p.Arguments)
	case llm.ToolResult:
		e.tokens += framing
		e.text(p.Content)
	case llm.Image:
		e.tokens += imageTokens
	case llm.File, llm.Audio:
		e.uncounted++
	}
}

func (e *estimator) text(s string) {
	ascii := 0
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			ascii++
		}
	}
	e.tokens += float64(ascii)/bytesPerToken + float64(utf8.RuneCountInString(s)-ascii)
}
