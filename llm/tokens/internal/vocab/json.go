package vocab

import (
	"fmt"
	"strings"
)

// ReadJSON reads a tokenizer.json of Hugging Face's tokenizers:
// https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/serialization.rs
func ReadJSON(data string) (*Vocabulary, error) {
	f := jsonFile{unknownID: -1, ids: make(map[string]int32)}
	s := &scanner{data: data}
	if err := s.object(func(key string) error { return f.member(s, key) }); err != nil {
		return nil, err
	}
	if s.peek() != 0 {
		return nil, errJSON
	}
	return f.vocabulary()
}

// jsonFile has the parts of a tokenizer.json that are used.
type jsonFile struct {
	added         []jsonAdded
	normalizer    *jsonPart
	preTokenizer  *jsonPart
	postProcessor *jsonPart

	hasModel  bool
	modelType string
	unknown   *string // unk_token
	unknownID int     // unk_id
	options   jsonOptions
	ids       map[string]int32 // model.vocab if it is an object
	maxID     int32
	pieces    []string // model.vocab if it is an array
	scores    []float64
	merges    []string // two for each merge
}

// jsonOptions are the smaller settings of a model.
type jsonOptions struct {
	Dropout                 *float64
	ContinuingSubwordPrefix *string
	EndOfWordSuffix         *string
	FuseUnk                 bool
	ByteFallback            bool
	IgnoreMerges            bool
}

// jsonAdded is an element of added_tokens.
type jsonAdded struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

func (f *jsonFile) member(s *scanner, key string) error {
	switch key {
	case "added_tokens":
		return f.readAdded(s)
	case "normalizer":
		return s.small(&f.normalizer)
	case "pre_tokenizer":
		return s.small(&f.preTokenizer)
	case "post_processor":
		return s.small(&f.postProcessor)
	case "model":
		f.hasModel = true
		return s.object(func(key string) error { return f.modelMember(s, key) })
	}
	_, err := s.raw()
	return err
}

func (f *jsonFile) modelMember(s *scanner, key string) error {
	switch key {
	case "type":
		return s.value(&f.modelType)
	case "unk_token":
		return s.value(&f.unknown)
	case "unk_id":
		var id *int
		err := s.value(&id)
		if id != nil {
			f.unknownID = *id
		}
		return err
	case "dropout":
		return s.value(&f.options.Dropout)
	case "continuing_subword_prefix":
		return s.value(&f.options.ContinuingSubwordPrefix)
	case "end_of_word_suffix":
		return s.value(&f.options.EndOfWordSuffix)
	case "fuse_unk":
		return s.value(&f.options.FuseUnk)
	case "byte_fallback":
		return s.value(&f.options.ByteFallback)
	case "ignore_merges":
		return s.value(&f.options.IgnoreMerges)
	case "vocab":
		if s.peek() == '[' {
			return f.readPieces(s)
		}
		return f.readVocab(s)
	case "merges":
		return f.readMerges(s)
	}
	_, err := s.raw()
	return err
}

// readAdded reads added_tokens, which is a list or null.
func (f *jsonFile) readAdded(s *scanner) error {
	f.added = nil
	if s.peek() != '[' {
		return s.value(&f.added)
	}
	return s.array(func() error {
		var a jsonAdded
		if err := s.value(&a); err != nil {
			return err
		}
		if a.Content == "" || len(f.added) == maxTokens {
			return fmt.Errorf("added token %d has no content, or there are more than %d added tokens", len(f.added), maxTokens)
		}
		f.added = append(f.added, a)
		return nil
	})
}

// readVocab reads {"token": id, …}.
func (f *jsonFile) readVocab(s *scanner) error {
	return s.object(func(token string) error {
		id, err := s.int()
		if err != nil {
			return err
		}
		if id < 0 || id >= maxTokens || len(f.ids) >= maxTokens {
			return fmt.Errorf("token %.80q has the id %d; the limit is %d", token, id, maxTokens)
		}
		f.ids[token] = int32(id)
		f.maxID = max(f.maxID, int32(id))
		return nil
	})
}

// readPieces reads [["token", score], …].
func (f *jsonFile) readPieces(s *scanner) error {
	return s.array(func() error {
		if len(f.pieces) == maxTokens {
			return fmt.Errorf("the vocabulary has more than %d tokens", maxTokens)
		}
		if !s.take('[') {
			return errJSON
		}
		piece, err := s.text()
		if err != nil {
			return err
		}
		if !s.take(',') {
			return errJSON
		}
		score, err := s.float()
		if err != nil {
			return err
		}
		if !s.take(']') {
			return errJSON
		}
		f.pieces = append(f.pieces, strings.Clone(piece))
		f.scores = append(f.scores, score)
		return nil
	})
}

// readMerges reads ["left right", …] or [["left", "right"], …].
func (f *jsonFile) readMerges(s *scanner) error {
	return s.array(func() error {
		if len(f.merges) >= 4*maxTokens {
			return fmt.Errorf("there are more than %d merges", 2*maxTokens)
		}
		if s.peek() == '"' {
			merge, err := s.text()
			if err != nil {
				return err
			}
			left, right, ok := strings.Cut(merge, " ")
			if !ok || strings.Contains(right, " ") {
				return fmt.Errorf("merge %.80q is not two tokens separated by a space", merge)
			}
			f.merges = append(f.merges, left, right)
			return nil
		}
		n := len(f.merges)
		err := s.array(func() error {
			token, err := s.text()
			f.merges = append(f.merges, token)
			return err
		})
		if err == nil && len(f.merges) != n+2 {
			err = fmt.Errorf("merge %d does not have two tokens", n/2)
		}
		return err
	})
}

func (f *jsonFile) vocabulary() (*Vocabulary, error) {
	v := &Vocabulary{
		ByteFallback: f.options.ByteFallback,
		FuseUnknown:  f.options.FuseUnk,
		IgnoreMerges: f.options.IgnoreMerges,
		UseUnused:    true,
		UnknownID:    -1,
		BOS:          -1,
		EOS:          -1,
		Special:      make(map[string]int),
	}
	if f.modelType == "" { // files from before 2021
		f.modelType = "BPE"
		if f.pieces != nil {
			f.modelType = "Unigram"
		}
	}
	var err error
	switch {
	case !f.hasModel:
		return nil, fmt.Errorf("the file has no model")
	case f.modelType == "BPE":
		err = f.fillBPE(v)
	case f.modelType == "Unigram":
		err = f.fillUnigram(v)
	default:
		err = fmt.Errorf("the model type %.80q is not supported", f.modelType)
	}
	if err != nil {
		return nil, err
	}
	if err := f.fillNormalizer(v); err != nil {
		return nil, err
	}
	if err := f.fillPreTokenizer(v); err != nil {
		return nil, err
	}
	if err := f.fillAdded(v); err != nil {
		return nil, err
	}
	if err := f.fillPostProcessor(v); err != nil {
		return nil, err
	}
	if v.ByteLevel {
		v.spellBytes()
	}
	return v, v.check()
}

func (f *jsonFile) fillBPE(v *Vocabulary) error {
	o := f.options
	switch {
	case o.Dropout != nil && *o.Dropout != 0:
		return fmt.Errorf("dropout in the model is not supported: set it to null, because it makes tokens random")
	case o.ContinuingSubwordPrefix != nil && *o.ContinuingSubwordPrefix != "":
		return fmt.Errorf("continuing_subword_prefix in the model is not supported")
	case o.EndOfWordSuffix != nil && *o.EndOfWordSuffix != "":
		return fmt.Errorf("end_of_word_suffix in the model is not supported")
	case int(f.maxID) > 8*len(f.ids)+1<<16:
		return fmt.Errorf("%d tokens have ids up to %d", len(f.ids), f.maxID)
	}
	v.Kind = Merges
	v.Tokens = make([]string, f.maxID+1)
	for token, id := range f.ids {
		if v.Tokens[id] != "" {
			return fmt.Errorf("the tokens %.80q and %.80q both have the id %d", v.Tokens[id], token, id)
		}
		v.Tokens[id] = strings.Clone(token)
	}
	v.Types = make([]Type, len(v.Tokens))
	for id := range v.Types {
		v.Types[id] = Normal
	}
	v.Merges = make([][2]int32, 0, len(f.merges)/2)
	for i := 0; i < len(f.merges); i += 2 {
		left, ok := f.ids[f.merges[i]]
		right, ok2 := f.ids[f.merges[i+1]]
		if !ok || !ok2 {
			return fmt.Errorf("merge %d joins %.80q and %.80q, and one of them is not a token", i/2, f.merges[i], f.merges[i+1])
		}
		v.Merges = append(v.Merges, [2]int32{left, right})
	}
	if f.unknown != nil {
		id, ok := f.ids[*f.unknown]
		if !ok {
			return fmt.Errorf("the unknown token %.80q is not in the vocabulary", *f.unknown)
		}
		v.UnknownID = int(id)
		v.Types[id] = Unknown
	}
	return nil
}

func (f *jsonFile) fillUnigram(v *Vocabulary) error {
	v.Kind = Unigram
	v.Tokens, v.Scores64 = f.pieces, f.scores
	v.FuseUnknown = true // as in Unigram::from of the reference
	v.Types = make([]Type, len(v.Tokens))
	for id := range v.Types {
		v.Types[id] = Normal
	}
	if f.unknownID < 0 || f.unknownID >= len(v.Types) {
		return fmt.Errorf("a Unigram model without an unknown token is not supported")
	}
	v.UnknownID = f.unknownID
	v.Types[v.UnknownID] = Unknown
	return nil
}
