// Package tinyllama writes tiny model files of the LLaMA architecture. Real inference
// engines can run them, but the models have no knowledge.
//
// [Random] makes an untrained transformer. It produces nonsense, but the same nonsense in
// every engine. [Chain] makes a scripted model that produces exactly the text that a test
// expects. [Ready] lists predefined models of both kinds.
//
// A file has about 2 MB and is made in a few milliseconds. The same arguments give the
// same bytes.
package tinyllama

import (
	"fmt"
	"slices"
)

// Config configures a model of either kind.
type Config struct {
	Name   string // general.name in the file
	Type   Type   // storage type of matrices; vectors are always F32
	Layers int    // number of transformer blocks, at least one
	Seed   uint64 // seed of the random weights
}

func (c Config) check() error {
	if c.Layers < 1 {
		return fmt.Errorf("tinyllama: %d layers, want at least 1", c.Layers)
	}
	if _, ok := fileTypes[c.Type]; !ok {
		return fmt.Errorf("tinyllama: unknown tensor type %d", c.Type)
	}
	return nil
}

// Random returns a GGUF file with an untrained transformer. All blocks are active and
// have random weights. The output of byte and control tokens is zero, so that the model
// never produces them while a text token is possible. Its greedy reply therefore does not
// end by itself.
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

// Chain returns a GGUF file with a scripted model. For a text that ends in a newline, its
// greedy continuation is the script, one token for each piece, followed by the end of the
// sequence. If loop is set, the script is repeated without end.
//
// A piece is a text or a single byte. A character divided into its bytes takes several
// tokens, like characters that are not in a vocabulary. No piece may occur twice, because
// the model considers only the last token. For the same reason, "\n" is not allowed as a
// piece.
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
			return nil, fmt.Errorf("tinyllama: piece %q occurs twice", piece)
		}
		tokens = append(tokens, id)
	}
	if len(script) == 0 {
		return nil, fmt.Errorf("tinyllama: the script is empty")
	}
	vocab.pad()

	// With a gain of zero, the blocks pass on the embedding of the last token unchanged.
	// The product of an embedding with an equal output row is larger than with any other
	// row. So the output row of the next token is set to the embedding of the current
	// one.
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
