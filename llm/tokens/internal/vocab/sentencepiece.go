package vocab

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ReadModel reads a tokenizer.model, which contains SentencePiece's ModelProto:
// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
func ReadModel(data []byte) (*Vocabulary, error) {
	// The defaults are those of the .proto file.
	m := modelProto{
		modelType: 1,
		unknown:   0, bos: 1, eos: 2,
		dummyPrefix: true, trim: true, escape: true,
	}
	if err := m.read(data); err != nil {
		return nil, err
	}
	return m.vocabulary()
}

// modelProto has the parts of a ModelProto that are used.
type modelProto struct {
	tokens []string
	scores []float32
	types  []Type

	// trainer_spec
	hasTrainer        bool
	modelType         int
	suffix            bool // treat_whitespace_as_suffix
	byteFallback      bool
	unknown, bos, eos int

	// normalizer_spec
	charsmap                  []byte
	dummyPrefix, trim, escape bool
}

func (m *modelProto) read(rest message) error {
	for len(rest) > 0 {
		f, err := rest.next()
		if err != nil {
			return err
		}
		switch f.number {
		case 1:
			err = m.readPiece(f)
		case 2:
			err = m.readTrainer(f)
		case 3:
			err = m.readNormalizer(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readPiece reads a ModelProto.SentencePiece.
func (m *modelProto) readPiece(f field) error {
	if err := f.is(wireBytes); err != nil {
		return err
	}
	if len(m.tokens) == maxTokens {
		return fmt.Errorf("the vocabulary has more than %d tokens", maxTokens)
	}
	var token string
	var score float32
	typ := Normal
	for rest := f.bytes; len(rest) > 0; {
		f, err := rest.next()
		if err != nil {
			return err
		}
		switch f.number {
		case 1:
			err = f.is(wireBytes)
			token = string(f.bytes)
		case 2:
			err = f.is(wire32)
			score = f.float32()
		case 3:
			err = f.is(wireVarint)
			if f.value < 1 || f.value > 6 {
				return fmt.Errorf("token %d has the unknown type %d", len(m.tokens), f.value)
			}
			typ = Type(f.value)
		}
		if err != nil {
			return err
		}
	}
	if token == "" || !utf8.ValidString(token) {
		return fmt.Errorf("token %d is empty or not valid UTF-8", len(m.tokens))
	}
	m.tokens = append(m.tokens, token)
	m.scores = append(m.scores, score)
	m.types = append(m.types, typ)
	return nil
}

// readTrainer reads a TrainerSpec.
func (m *modelProto) readTrainer(f field) error {
	if err := f.is(wireBytes); err != nil {
		return err
	}
	m.hasTrainer = true
	for rest := f.bytes; len(rest) > 0; {
		f, err := rest.next()
		if err != nil {
			return err
		}
		switch f.number {
		case 3:
			m.modelType, err = f.int32(), f.is(wireVarint)
		case 24:
			m.suffix, err = f.bool(), f.is(wireVarint)
		case 35:
			m.byteFallback, err = f.bool(), f.is(wireVarint)
		case 40:
			m.unknown, err = f.int32(), f.is(wireVarint)
		case 41:
			m.bos, err = f.int32(), f.is(wireVarint)
		case 42:
			m.eos, err = f.int32(), f.is(wireVarint)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readNormalizer reads a NormalizerSpec.
func (m *modelProto) readNormalizer(f field) error {
	if err := f.is(wireBytes); err != nil {
		return err
	}
	for rest := f.bytes; len(rest) > 0; {
		f, err := rest.next()
		if err != nil {
			return err
		}
		switch f.number {
		case 2:
			m.charsmap, err = f.bytes, f.is(wireBytes)
		case 3:
			m.dummyPrefix, err = f.bool(), f.is(wireVarint)
		case 4:
			m.trim, err = f.bool(), f.is(wireVarint)
		case 5:
			m.escape, err = f.bool(), f.is(wireVarint)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *modelProto) vocabulary() (*Vocabulary, error) {
	if !m.hasTrainer {
		return nil, errors.New("the file has no trainer_spec: it may be truncated")
	}
	v := &Vocabulary{
		Tokens:       m.tokens,
		Scores:       m.scores,
		Types:        m.types,
		ByteFallback: m.byteFallback,
		FuseUnknown:  true,
		Float32:      true,
		UserSymbols:  true,
		UnknownID:    -1,
		Normalizer: Normalizer{
			Charsmap: m.charsmap,
			Suffix:   m.suffix,
			Escape:   m.escape,
			Trim:     m.trim,
		},
		BOS:     m.bos,
		EOS:     m.eos,
		Special: make(map[string]int),
	}
	if m.dummyPrefix {
		v.Normalizer.Prefix = AlwaysPrefix
	}
	if err := m.fillKind(v); err != nil {
		return nil, err
	}
	if err := m.fillSpecial(v); err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	// SentencePiece itself adds neither BOS nor EOS. The libraries of the models with a
	// BOS token (LLaMA, Mistral, Gemma) add BOS.
	if v.BOS >= 0 && m.types[v.BOS] == Control {
		v.Before = []int{v.BOS}
	}
	return v, nil
}

// fillKind sets the algorithm by the model type of the trainer_spec.
func (m *modelProto) fillKind(v *Vocabulary) error {
	switch m.modelType {
	case 1:
		v.Kind = Unigram
	case 2:
		v.Kind = Scores
	case 3:
		return fmt.Errorf("the model type WORD is not supported")
	case 4:
		return fmt.Errorf("the model type CHAR is not supported")
	default:
		return fmt.Errorf("the model type %d is unknown", m.modelType)
	}
	return nil
}

// fillSpecial sets the control tokens and the unknown token.
func (m *modelProto) fillSpecial(v *Vocabulary) error {
	for id, typ := range m.types {
		switch typ {
		case Control:
			v.Special[m.tokens[id]] = id
		case Unknown:
			if v.UnknownID >= 0 {
				return fmt.Errorf("tokens %d and %d both have the type UNKNOWN", v.UnknownID, id)
			}
			v.UnknownID = id
		}
	}
	if v.UnknownID < 0 {
		return fmt.Errorf("no token has the type UNKNOWN")
	}
	return nil
}
