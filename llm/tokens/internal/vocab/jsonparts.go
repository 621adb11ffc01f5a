package vocab

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// jsonPart is a normalizer, a pre-tokenizer or a post-processor. It has the fields of all
// of them; Type tells them apart.
type jsonPart struct {
	Type string `json:"type"`

	// Sequence
	Normalizers   []jsonPart `json:"normalizers"`
	Pretokenizers []jsonPart `json:"pretokenizers"`
	Processors    []jsonPart `json:"processors"`

	// Prepend, Replace, Strip, Precompiled
	Prepend     string       `json:"prepend"`
	Pattern     *jsonPattern `json:"pattern"` // also in Split
	Content     string       `json:"content"`
	StripLeft   bool         `json:"strip_left"`
	StripRight  bool         `json:"strip_right"`
	Precompiled string       `json:"precompiled_charsmap"`

	// ByteLevel, Metaspace
	AddPrefixSpace *bool   `json:"add_prefix_space"`
	UseRegex       *bool   `json:"use_regex"`
	Replacement    string  `json:"replacement"`
	PrependScheme  *string `json:"prepend_scheme"`
	Split          *bool   `json:"split"`

	// Split, Digits
	Behavior         string `json:"behavior"`
	Invert           bool   `json:"invert"`
	IndividualDigits bool   `json:"individual_digits"`

	// TemplateProcessing, BertProcessing, RobertaProcessing
	Single        []jsonTemplate         `json:"single"`
	SpecialTokens map[string]jsonSpecial `json:"special_tokens"`
	Sep, Cls      json.RawMessage
}

// jsonPattern is the pattern of Replace and Split. One of the two fields is set.
type jsonPattern struct {
	String *string
	Regex  *string
}

func (p *jsonPattern) text() (text string, regexp bool) {
	switch {
	case p == nil:
		return "", false
	case p.Regex != nil:
		return *p.Regex, true
	case p.String != nil:
		return *p.String, false
	}
	return "", false
}

// jsonTemplate is an element of a template. One of the two fields is set.
type jsonTemplate struct {
	SpecialToken *struct {
		ID string `json:"id"`
	}
	Sequence *struct {
		ID string `json:"id"`
	}
}

type jsonSpecial struct {
	IDs []int `json:"ids"`
}

// flatten returns the parts of a sequence, including those of nested sequences.
func (p *jsonPart) flatten(parts func(*jsonPart) []jsonPart) []jsonPart {
	if p == nil {
		return nil
	}
	if p.Type != "Sequence" {
		return []jsonPart{*p}
	}
	var flat []jsonPart
	for _, part := range parts(p) {
		flat = append(flat, part.flatten(parts)...)
	}
	return flat
}

func (f *jsonFile) fillNormalizer(v *Vocabulary) error {
	parts := f.normalizer.flatten(func(p *jsonPart) []jsonPart { return p.Normalizers })
	for _, p := range parts {
		steps, err := p.steps()
		if err != nil {
			return err
		}
		v.Normalizer.Steps = append(v.Normalizer.Steps, steps...)
	}
	v.Normalizer.simplify()
	// Text between matched tokens is normalized separately.
	v.FreshAfterMatch = len(v.Normalizer.Steps) > 0 || v.Normalizer.Prefix != NoPrefix
	return nil
}

func (p *jsonPart) steps() ([]Step, error) {
	switch p.Type {
	case "Prepend":
		return []Step{{Op: StepPrepend, To: p.Prepend}}, nil
	case "Replace":
		switch text, regexp := p.Pattern.text(); {
		case regexp && text == " {2,}":
			return []Step{{Op: StepReplaceSpaces, To: p.Content}}, nil
		case !regexp && text != "":
			return []Step{{Op: StepReplace, From: text, To: p.Content}}, nil
		default:
			return nil, fmt.Errorf("the normalizer Replace with the pattern %.80q is not supported", text)
		}
	case "Strip":
		var steps []Step
		if p.StripLeft {
			steps = append(steps, Step{Op: StepTrimLeft})
		}
		if p.StripRight {
			steps = append(steps, Step{Op: StepTrimRight})
		}
		return steps, nil
	case "NFC":
		return []Step{{Op: StepNFC}}, nil
	case "NFD":
		return []Step{{Op: StepNFD}}, nil
	case "NFKC":
		return []Step{{Op: StepNFKC}}, nil
	case "NFKD":
		return []Step{{Op: StepNFKD}}, nil
	case "Precompiled":
		if p.Precompiled == "" {
			return nil, nil
		}
		charsmap, err := base64.StdEncoding.DecodeString(p.Precompiled)
		if err != nil {
			return nil, fmt.Errorf("decode precompiled_charsmap of the normalizer: %w", err)
		}
		return []Step{{Op: StepCharsmap, From: string(charsmap)}}, nil
	}
	return nil, fmt.Errorf("the normalizer %.80q is not supported", p.Type)
}

// simplify expresses the common sequences of steps with the other fields.
func (n *Normalizer) simplify() {
	escape := Step{Op: StepReplace, From: " ", To: "▁"}
	switch {
	case len(n.Steps) == 1 && n.Steps[0].Op == StepNFC:
		n.NFC = true
	case len(n.Steps) == 1 && n.Steps[0] == escape:
		n.Escape = true
	case len(n.Steps) == 2 && n.Steps[0] == Step{Op: StepPrepend, To: "▁"} && n.Steps[1] == escape:
		n.Prefix, n.Escape = AlwaysPrefix, true
	default:
		return
	}
	n.Steps = nil
}

func (f *jsonFile) fillPreTokenizer(v *Vocabulary) error {
	var expressions []string
	parts := f.preTokenizer.flatten(func(p *jsonPart) []jsonPart { return p.Pretokenizers })
	for i, p := range parts {
		switch {
		case p.Type == "ByteLevel":
			v.ByteLevel = true
			if i != len(parts)-1 {
				return fmt.Errorf("the pre_tokenizer %.80q before %.80q is not supported", p.Type, parts[i+1].Type)
			}
			if p.AddPrefixSpace == nil || *p.AddPrefixSpace {
				if i > 0 {
					return fmt.Errorf("the pre_tokenizer ByteLevel with add_prefix_space after other pre_tokenizers is not supported")
				}
				v.Normalizer.Prefix, v.FreshAfterMatch = SparePrefix, true
			}
			if p.UseRegex == nil || *p.UseRegex {
				expressions = append(expressions, gpt2Expression)
			}
		case p.Type == "Split":
			expression, err := p.expression(&v.Normalizer)
			if err != nil {
				return err
			}
			if expression != "" {
				expressions = append(expressions, expression)
			}
		case p.Type == "Digits" && p.IndividualDigits:
			expressions = append(expressions, `\p{N}`)
		case p.Type == "Digits":
			expressions = append(expressions, `\p{N}+`)
		case p.Type == "WhitespaceSplit" && i == 0 && len(parts) == 2 && parts[1].Type == "Metaspace":
			if scheme, err := parts[1].prefix(); err != nil || scheme != "always" {
				return fmt.Errorf("the pre_tokenizer WhitespaceSplit before a Metaspace with prepend_scheme %.80q is not supported", scheme)
			}
			v.Normalizer.Steps = append(v.Normalizer.Steps, Step{Op: StepWords, To: "▁"})
		case p.Type == "Metaspace" && i == len(parts)-1 && len(expressions) == 0:
			if err := p.metaspace(v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the pre_tokenizer %.80q is not supported in this position", p.Type)
		}
	}
	if len(expressions) > 0 {
		var ok bool
		if v.Split, ok = split.ByRegexp(expressions...); !ok {
			return fmt.Errorf("the expressions %.1000q of the pre_tokenizer are not supported", expressions)
		}
	} else if v.ByteLevel {
		return fmt.Errorf("the pre_tokenizer ByteLevel without an expression is not supported")
	}
	if v.Kind == Unigram && (v.ByteLevel || v.Split != nil) {
		return fmt.Errorf("a Unigram model with this pre_tokenizer is not supported")
	}
	return nil
}

// gpt2Expression is the expression that ByteLevel splits by if use_regex is set.
const gpt2Expression = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// expression returns the expression of a Split, or "" if it never matches.
func (p *jsonPart) expression(n *Normalizer) (string, error) {
	text, regexp := p.Pattern.text()
	switch {
	case !regexp && text == " " && n.Escape:
		return "", nil // Gemma: no space is left to split at
	case !regexp:
	case p.Behavior == "Isolated" && !p.Invert:
		return text, nil
	case p.Behavior == "Removed" && p.Invert:
		// The matches are kept. If the expression is a known one, all text matches.
		if _, ok := split.ByRegexp(text); ok {
			return text, nil
		}
	}
	return "", fmt.Errorf("the pre_tokenizer Split with the pattern %.1000q and the behavior %.80s is not supported", text, p.Behavior)
}

// prefix returns the prepend_scheme of a Metaspace.
func (p *jsonPart) prefix() (string, error) {
	switch {
	case p.PrependScheme != nil:
		return *p.PrependScheme, nil
	case p.AddPrefixSpace != nil && !*p.AddPrefixSpace:
		return "never", nil
	}
	return "always", nil
}

func (p *jsonPart) metaspace(v *Vocabulary) error {
	if p.Replacement != "▁" {
		return fmt.Errorf("the pre_tokenizer Metaspace with the replacement %.80q is not supported", p.Replacement)
	}
	scheme, err := p.prefix()
	if err != nil {
		return err
	}
	n := &v.Normalizer
	if n.Prefix != NoPrefix {
		return fmt.Errorf("the normalizer Prepend with the pre_tokenizer Metaspace is not supported")
	}
	n.Escape = true
	v.SplitSpace = p.Split == nil || *p.Split
	switch scheme {
	case "always":
		n.Prefix, v.FreshAfterMatch = SparePrefix, true
	case "first":
		n.Prefix = SparePrefix
		if len(n.Steps) > 0 {
			return fmt.Errorf("the pre_tokenizer Metaspace with the prepend_scheme %.80q is not supported with this normalizer", scheme)
		}
	case "never":
	default:
		return fmt.Errorf("the pre_tokenizer Metaspace with the prepend_scheme %.80q is not supported", scheme)
	}
	return nil
}

func (f *jsonFile) fillAdded(v *Vocabulary) error {
	most := len(v.Tokens) + len(f.added) + 1<<16 // allows gaps between ids, but not enough to exhaust memory
	for _, a := range f.added {
		if a.ID < 0 || a.ID >= most || a.ID >= maxTokens {
			return fmt.Errorf("the added token %.80q has the id %d, which is too large for a vocabulary of %d tokens", a.Content, a.ID, len(v.Tokens))
		}
		for len(v.Tokens) <= a.ID {
			v.Tokens = append(v.Tokens, "")
			v.Types = append(v.Types, Control)
			if v.Kind == Unigram {
				v.Scores64 = append(v.Scores64, 0)
			}
		}
		if v.Tokens[a.ID] == "" {
			v.Tokens[a.ID] = a.Content
		}
		typ := UserDefined
		if a.Special {
			typ = Control
			v.Special[a.Content] = a.ID
		} else if err := f.match(v, a); err != nil {
			return err
		}
		if a.ID != v.UnknownID {
			v.Types[a.ID] = typ
		}
	}
	return nil
}

// match adds an added token that is found in any text.
func (f *jsonFile) match(v *Vocabulary, a jsonAdded) error {
	switch {
	case a.SingleWord:
		return fmt.Errorf("the added token %.80q with single_word is not supported", a.Content)
	case a.LStrip || a.RStrip:
		return fmt.Errorf("the added token %.80q with lstrip or rstrip is not supported", a.Content)
	case a.Normalized && (len(v.Normalizer.Steps) > 0 || v.Normalizer.Prefix == AlwaysPrefix):
		return fmt.Errorf("the added token %.80q with normalized is not supported with this normalizer", a.Content)
	}
	v.Matched = append(v.Matched, Matched{Text: a.Content, ID: a.ID, Normalized: a.Normalized})
	return nil
}

// fillPostProcessor sets the tokens that are put around a text.
func (f *jsonFile) fillPostProcessor(v *Vocabulary) error {
	for _, p := range f.postProcessor.flatten(func(p *jsonPart) []jsonPart { return p.Processors }) {
		switch p.Type {
		case "ByteLevel": // only affects the positions of tokens
		case "BertProcessing", "RobertaProcessing":
			sep, err := specialPair(p.Sep)
			if err != nil {
				return err
			}
			cls, err := specialPair(p.Cls)
			if err != nil {
				return err
			}
			v.Before, v.After = append(v.Before, cls), append(v.After, sep)
		case "TemplateProcessing":
			around := &v.Before
			for _, t := range p.Single {
				switch {
				case t.Sequence != nil:
					around = &v.After
				case t.SpecialToken != nil:
					*around = append(*around, p.SpecialTokens[t.SpecialToken.ID].IDs...)
				}
			}
		default:
			return fmt.Errorf("the post_processor %.80q is not supported", p.Type)
		}
	}
	for _, ids := range [][]int{v.Before, v.After} {
		for _, id := range ids {
			if id < 0 || id >= len(v.Tokens) {
				return fmt.Errorf("the post_processor adds token %d, which is not in the vocabulary", id)
			}
		}
	}
	if len(v.Before) == 1 {
		v.BOS = v.Before[0]
	}
	if len(v.After) == 1 {
		v.EOS = v.After[0]
	}
	return nil
}

// specialPair returns the id of ["token", id].
func specialPair(raw json.RawMessage) (int, error) {
	var pair []any
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
		return 0, fmt.Errorf("the post_processor has %.80s instead of a token and its id", raw)
	}
	id, ok := pair[1].(float64)
	if !ok {
		return 0, fmt.Errorf("the post_processor has the token %.80s without an id", raw)
	}
	return int(id), nil
}
