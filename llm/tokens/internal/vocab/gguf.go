package vocab

import (
	"io"
	"strings"

	"github.com/parley-llm/parley/internal/gguf"
)

// ReadGGUF reads the vocabulary of a GGUF file, version 2 or 3, little or big endian. It
// reads the metadata at the beginning of the file and does not read tensors.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
func ReadGGUF(r io.Reader) (*Vocabulary, error) {
	metadata, err := gguf.ReadMetadata(r, wanted)
	if err != nil {
		return nil, err
	}
	return FromMetadata(metadata)
}

// wanted reports whether a key is about the vocabulary.
func wanted(key string) bool {
	return key == "general.name" || key == "general.architecture" || strings.HasPrefix(key, "tokenizer.")
}
