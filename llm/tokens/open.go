package tokens

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/parley-llm/parley/llm/tokens/internal/bpe"
	"github.com/parley-llm/parley/llm/tokens/internal/match"
	"github.com/parley-llm/parley/llm/tokens/internal/spm"
	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// Open returns the encoding of a model by its own vocabulary, which is read from
// a file of one of three forms, whatever the file's name:
//
//   - a GGUF model, of which only the metadata are read;
//   - tokenizer.json of Hugging Face's tokenizers;
//   - tokenizer.model of SentencePiece.
//
// Text is encoded as the software that the file is made for does it: llama.cpp,
// Hugging Face's tokenizers, SentencePiece. Where these differ on one model, so
// do the encodings of its files. What a file asks for and Parley does not do is
// an error that names it.
//
// The encoding's name is the path's last element.
func Open(path string) (*Encoding, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer file.Close()
	return Read(filepath.Base(path), file)
}

// maxFile is how much is read of a tokenizer.json or tokenizer.model. Gemma's
// 256,000 tokens take 33 MB as JSON.
const maxFile = 1 << 27

// Read is [Open] for what r gives. It reads no more of a GGUF file than its
// metadata and some KB. The name becomes the encoding's.
func Read(name string, r io.Reader) (*Encoding, error) {
	v, err := readVocabulary(r)
	if err != nil {
		return nil, fmt.Errorf("tokens: %s: %w", name, err)
	}
	return fromVocabulary(name, v)
}

func readVocabulary(r io.Reader) (*vocab.Vocabulary, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(head) == "GGUF" {
		return vocab.ReadGGUF(b)
	}
	data, err := io.ReadAll(io.LimitReader(b, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) == 0:
		return nil, errors.New("it is empty")
	case len(data) > maxFile:
		return nil, fmt.Errorf("it is neither GGUF nor at most %d bytes long", maxFile)
	case bytes.HasPrefix(bytes.TrimLeft(data[:min(len(data), 64)], " \t\r\n"), []byte("{")):
		return vocab.ReadJSON(string(data))
	}
	return vocab.ReadModel(data)
}

// FromMetadata is [Open] for the metadata of a GGUF file by their keys, such as
// "tokenizer.ggml.tokens", in whatever Go types hold them: what Ollama's
// /api/show returns as model_info if it is asked to be verbose. The name becomes
// the encoding's.
func FromMetadata(name string, metadata map[string]any) (*Encoding, error) {
	v, err := vocab.FromMetadata(metadata)
	if err != nil {
		return nil, fmt.Errorf("tokens: %s: %w", name, err)
	}
	return fromVocabulary(name, v)
}

func fromVocabulary(name string, v *vocab.Vocabulary) (*Encoding, error) {
	c, err := newCodec(v)
	if err != nil {
		return nil, fmt.Errorf("tokens: %s: %w", name, err)
	}
	e := newEncoding(name, c, v.Special)
	e.specialFirst = v.FreshAfterMatch
	e.file = &fileInfo{
		bos: v.BOS, eos: v.EOS, before: v.Before, after: v.After,
		chatTemplate: v.ChatTemplate,
	}
	return e, nil
}

func newCodec(v *vocab.Vocabulary) (match.Codec, error) {
	if !v.ByteLevel {
		m, err := spm.New(v)
		if err != nil {
			return nil, err
		}
		return match.New(v, m, false), nil
	}
	n := v.Normalizer
	if len(n.Steps) > 0 || n.Prefix != vocab.NoPrefix || n.Escape {
		return nil, errors.New("a normalizer other than NFC, or a space before texts, is not supported for byte-level BPE")
	}
	b, err := bpe.FromMerges(v.Tokens, v.Merges, v.Split, v.IgnoreMerges)
	if err != nil {
		return nil, err
	}
	return match.New(v, b, n.NFC), nil
}

// fileInfo is what a file says of its model beside the vocabulary.
type fileInfo struct {
	bos, eos      int // -1: none
	before, after []int
	chatTemplate  string
}

// BOS returns the token that begins a text, if the encoding is from a file that
// has one. Encode and Count do not add it; see [Encoding.EncodePrompt].
func (e *Encoding) BOS() (id int, ok bool) {
	if e.file == nil || e.file.bos < 0 {
		return 0, false
	}
	return e.file.bos, true
}

// EOS returns the token that ends a text, if the encoding is from a file that
// has one.
func (e *Encoding) EOS() (id int, ok bool) {
	if e.file == nil || e.file.eos < 0 {
		return 0, false
	}
	return e.file.eos, true
}

// ChatTemplate returns the template, in the language Jinja, by which the model
// of a GGUF file has a conversation written. It is "" if the file has none.
func (e *Encoding) ChatTemplate() string {
	if e.file == nil {
		return ""
	}
	return e.file.chatTemplate
}

// EncodePrompt returns the ids that a model server makes of a whole prompt, such
// as a conversation that a chat template has rendered: all special tokens are
// control tokens, and the tokens that the model's own tokenizer puts around a
// text, such as BOS, are added, be they in the prompt already or not.
func (e *Encoding) EncodePrompt(prompt string) []int {
	if e.file == nil {
		return e.appendEncode(nil, prompt, e.control())
	}
	ids := append([]int(nil), e.file.before...)
	ids = e.appendEncode(ids, prompt, e.control())
	return append(ids, e.file.after...)
}

// CountPrompt returns how many ids EncodePrompt returns.
func (e *Encoding) CountPrompt(prompt string) int { return len(e.EncodePrompt(prompt)) }
