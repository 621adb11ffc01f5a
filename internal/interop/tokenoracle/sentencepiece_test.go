package tokenoracle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/interop/npmtest"
	"github.com/parley-llm/parley/internal/interop/texts"
	"github.com/parley-llm/parley/internal/vocabtest"
)

// Generated tokenizer.model files of each kind with various settings, compared with
// SentencePiece.
func TestModelFilesHaveSentencePiecesTokens(t *testing.T) {
	t.Parallel()
	for _, s := range []vocabtest.ModelSettings{
		{},
		{DummyPrefix: true},
		{DummyPrefix: true, Trim: true},
		{DummyPrefix: true, ByteFallback: true},
		{DummyPrefix: true, Suffix: true},
		{BPE: true},
		{BPE: true, DummyPrefix: true, Trim: true},
		{BPE: true, DummyPrefix: true, ByteFallback: true},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			pieces := unigramPieces(4000)
			if s.ByteFallback {
				for b := range 256 {
					pieces.Add(fmt.Sprintf("<0x%02X>", b), 0, vocabtest.Byte)
				}
			}
			path, ours := written(t, file{"tokenizer.model", pieces.Model(s)})
			p := newPair(ours, npmtest.SentencePiece(t, path), false)
			p.lossy = true // unknown characters and some spaces are not restored
			where, all := fuzzed(ours, 8, amount(t, 1000, 50_000))
			p.check(t, where, mapped(all, withoutZero))
			sources, err := texts.Sources(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, source := range sources {
				p.check(t, source.Name, mapped(source.All(amount(t, 1<<15, 1<<20)), withoutZero))
			}
		})
	}
}

// withoutZero removes zero bytes, because they terminate a text in compiled C code.
func withoutZero(text string) string { return strings.ReplaceAll(text, "\x00", "") }
