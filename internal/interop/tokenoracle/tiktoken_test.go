package tokenoracle

import (
	"io"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/interop/npmtest"
	"github.com/parley-llm/parley/internal/interop/texts"
	"github.com/parley-llm/parley/llm/tokens"
)

// tiktokens are the encodings of npm's tiktoken. It lacks o200k_harmony, so that is
// o200k_base with our special tokens.
func tiktokens() []tiktokenEncoding {
	return []tiktokenEncoding{
		{"cl100k_base", tokens.CL100kBase(), "cl100k_base", 100_000},
		{"o200k_base", tokens.O200kBase(), "o200k_base", 100_000},
		{"o200k_harmony", tokens.O200kHarmony(), "o200k_base", 20_000},
	}
}

type tiktokenEncoding struct {
	name  string
	ours  *tokens.Encoding
	base  string
	texts int // number of texts in a usual run
}

func tiktoken(t *testing.T, ours *tokens.Encoding, base string) *npmtest.Oracle {
	var further map[string]int
	if ours.Name() != base {
		further = make(map[string]int)
		for _, name := range ours.Special() {
			further[name], _ = ours.SpecialID(name)
		}
	}
	return npmtest.Tiktoken(t, base, further)
}

func TestMadeUpTextsHaveTiktokensTokens(t *testing.T) {
	for _, e := range tiktokens() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			oracle := tiktoken(t, e.ours, e.base)
			where, all := fuzzed(e.ours, 1, amount(t, e.texts, 1_000_000))
			newPair(e.ours, oracle, false).check(t, where, all)
			where, all = fuzzed(e.ours, 2, amount(t, 15_000, 200_000))
			newPair(e.ours, oracle, true).check(t, where+", special tokens allowed", all)
		})
	}
}

func TestFoundTextsHaveTiktokensTokens(t *testing.T) {
	sources, err := texts.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bytes := amount(t, 5<<20, 51<<20) / len(sources)
	for _, e := range tiktokens()[:2] {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(e.ours, tiktoken(t, e.ours, e.base), false)
			for _, source := range sources {
				p.check(t, source.Name, source.All(bytes))
			}
		})
	}
}

// A text read in pieces must have the same number of tokens as the whole text.
func TestReadersOfFoundTextsHaveAsManyTokens(t *testing.T) {
	sources, err := texts.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range tiktokens()[:2] {
		for _, source := range sources {
			for text, err := range source.All(amount(t, 1<<20, 8<<20)) {
				if err != nil {
					t.Fatal(err)
				}
				got, err := e.ours.CountReader(&unevenReader{rest: text})
				if want := e.ours.Count(text); err != nil || got != want {
					t.Fatalf("%s: CountReader = %d, %v, Count = %d, text of %s that begins with %.200q", e.name, got, err, want, source.Name, text)
				}
			}
		}
	}
}

// unevenReader returns a text in pieces of 1 to 4,093 bytes.
type unevenReader struct {
	rest string
	size int
}

func (r *unevenReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		return 0, io.EOF
	}
	r.size = (r.size*31 + 1) % 4093
	n := copy(p, r.rest[:min(r.size+1, len(r.rest))])
	r.rest = r.rest[n:]
	return n, nil
}

// A difference must be found and shortened. This test compares two different encodings.
func TestDifferencesAreSeen(t *testing.T) {
	p := newPair(tokens.CL100kBase(), npmtest.Tiktoken(t, "o200k_base", nil), false)
	text := "Some longer text, with привет."
	want, err := p.want(text)
	if err != nil {
		t.Fatal(err)
	}
	difference := p.differs(text, want[0])
	if difference == nil {
		t.Fatal("cl100k_base and o200k_base are the same")
	}
	if shortest := p.shortest(text, difference).Error(); !strings.HasPrefix(shortest, `tokens of "а"`) && !strings.HasPrefix(shortest, `tokens of " "`) && len(shortest) > 200 {
		t.Errorf("the shortest difference is %s", shortest)
	}
}
