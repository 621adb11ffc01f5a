// Package tinyllama writes tiny model files of the LLaMA architecture: real
// files for real inference engines, without real knowledge.
//
// [Random] makes an untrained transformer, which says nonsense, but the same
// nonsense in every engine. [Chain] makes a scripted one, which says exactly
// what a test expects of it. [Ready] lists models made with both.
//
// A file is some 2 MB and is made in a few milliseconds. The same arguments
// give the same bytes.
package tinyllama

import (
	"fmt"
	"slices"
)

// Config is what a model of either kind is made from.
type Config struct {
	Name   string // the model's name for itself, general.name
	Type   Type   // how matrices are stored; vectors are always F32
	Layers int    // transformer blocks, at least one
	Seed   uint64 // of the random weights
}

func (c Config) check() error {
	if c.Layers < 1 {
		return fmt.Errorf("tinyllama: a model of %d layers, want at least 1", c.Layers)
	}
	if _, ok := fileTypes[c.Type]; !ok {
		return fmt.Errorf("tinyllama: unknown tensor type %d", c.Type)
	}
	return nil
}

// Random returns a GGUF file with an untrained transformer: every block works,
// on weights that are random. It never says a byte or control token while a
// text token is possible, so its greedy reply does not end by itself.
func Random(c Config) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	vocab := newVocabulary()
	vocab.pad()
	m := newTransformer(c, vocab, 1)
	for id, kind := range vocab.kinds {
		if kind != kindNormal {
			clear(m.outputRow(id))
		}
	}
	return m.file(), nil
}

// Chain returns a GGUF file with a model whose greedy continuation of any text
// that ends in a newline is the script, one token for each piece, and then the
// end of the sequence, or with loop set the script again, for ever.
//
// A piece is text, or a single byte: a character split into its bytes takes
// several tokens, as characters outside a vocabulary do. No piece may occur
// twice, since the model knows nothing but the last token; for that reason
// "\n" cannot be one.
func Chain(c Config, script []string, loop bool) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	vocab := newVocabulary()
	tokens := []int{byteToken('\n')}
	for _, piece := range script {
		id, err := vocab.piece(piece)
		if err != nil {
			return nil, err
		}
		if slices.Contains(tokens, id) {
			return nil, fmt.Errorf("tinyllama: piece %q is not the only one of its kind", piece)
		}
		tokens = append(tokens, id)
	}
	if len(script) == 0 {
		return nil, fmt.Errorf("tinyllama: an empty script")
	}
	vocab.pad()

	// Blocks without gain leave the last token's embedding as it is, and its
	// product with an equal output row is larger than that with any other: the
	// row of a token's successor is the token's own embedding.
	m := newTransformer(c, vocab, 0)
	clear(m.output)
	last := tokenEnd
	if loop {
		last = tokens[1]
	}
	for i, id := range tokens {
		next := last
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		m.follow(id, next)
	}
	return m.file(), nil
}
