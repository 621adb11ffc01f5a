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

// Open reads the vocabulary of a model from a file and returns its encoding. The file's
// content, not its name, decides between three formats:
//
//   - a GGUF model; Open reads the metadata and not the weights;
//   - tokenizer.json of Hugging Face's tokenizers;
//   - tokenizer.model of SentencePiece.
//
// The encoding gives the same tokens as the software that the file is made for:
// llama.cpp, Hugging Face's tokenizers or SentencePiece. If these differ for one model,
// the encodings of its files differ too.
//
// The name of the encoding is the last element of the path.
//
// Open returns an error that names the setting if the file contains a setting that Parley
// does not support. It also returns an error if the file cannot be read (for example, one
// that wraps [os.ErrNotExist]), if it is damaged, or if a tokenizer.json or
// tokenizer.model has more than 128 MiB.
//
// Security: the file does not have to be trusted. The memory that Open allocates is
// bounded by a constant plus a multiple of the file's length.
func Open(path string) (*Encoding, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer file.Close()
	return Read(filepath.Base(path), file)
}

// maxFile limits the bytes read from a tokenizer.json or tokenizer.model. Gemma's 256,000
// tokens take 33 MB as JSON.
const maxFile = 1 << 27

// Read is like [Open] but reads the file's content from r. It reads only the metadata of
// a GGUF file, and a few KB more. The encoding gets the given name.
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
		return nil, errors.New("the file is empty: give a GGUF model, a tokenizer.json or a tokenizer.model")
	case len(data) > maxFile:
		return nil, fmt.Errorf("the file is not GGUF and has more than %d bytes: give a GGUF model, a tokenizer.json or a tokenizer.model", maxFile)
	case bytes.HasPrefix(bytes.TrimLeft(data[:min(len(data), 64)], " \t\r\n"), []byte("{")):
		return vocab.ReadJSON(string(data))
	}
	return vocab.ReadModel(data)
}

// FromMetadata is like [Open] but takes the metadata of a GGUF file. The keys are those
// of the file, for example "tokenizer.ggml.tokens", and numbers and lists may have any
// suitable Go type. Ollama returns such metadata as model_info from /api/show if
// "verbose" is set. The encoding gets the given name.
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
		return nil, errors.New("byte-level BPE with a normalizer other than NFC, or with a space before texts, is not supported")
	}
	b, err := bpe.FromMerges(v.Tokens, v.Merges, v.Split, v.IgnoreMerges)
	if err != nil {
		return nil, err
	}
	return match.New(v, b, n.NFC), nil
}

// fileInfo is the information in a model's file other than the vocabulary.
type fileInfo struct {
	bos, eos      int // -1 if the file has none
	before, after []int
	chatTemplate  string
}

// BOS returns the token that begins a text. It reports false if the encoding does not
// come from a file, or if the file has no such token. Encode and Count do not add BOS;
// see [Encoding.EncodePrompt].
func (e *Encoding) BOS() (id int, ok bool) {
	if e.file == nil || e.file.bos < 0 {
		return 0, false
	}
	return e.file.bos, true
}

// EOS returns the token that ends a text. It reports false if the encoding does not come
// from a file, or if the file has no such token.
func (e *Encoding) EOS() (id int, ok bool) {
	if e.file == nil || e.file.eos < 0 {
		return 0, false
	}
	return e.file.eos, true
}

// ChatTemplate returns the chat template of a GGUF file, in the Jinja language. It is ""
// if the file has none.
func (e *Encoding) ChatTemplate() string {
	if e.file == nil {
		return ""
	}
	return e.file.chatTemplate
}

// EncodePrompt returns the ids of a complete prompt, for example of a conversation
// rendered with a chat template. All names of special tokens become control tokens.
// EncodePrompt adds the tokens that the model's tokenizer puts around every text, such as
// BOS, even if the prompt already contains them.
func (e *Encoding) EncodePrompt(prompt string) []int {
	if e.file == nil {
		return e.appendEncode(nil, prompt, e.control())
	}
	ids := append([]int(nil), e.file.before...)
	ids = e.appendEncode(ids, prompt, e.control())
	return append(ids, e.file.after...)
}

// CountPrompt returns the number of ids that EncodePrompt returns.
func (e *Encoding) CountPrompt(prompt string) int { return len(e.EncodePrompt(prompt)) }
