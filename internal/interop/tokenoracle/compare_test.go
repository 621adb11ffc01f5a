package tokenoracle

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/interop/npmtest"
	"github.com/parley-llm/parley/internal/interop/texts"
	"github.com/parley-llm/parley/llm/tokens"
)

// amount returns the number of texts to compare: the usual one, or the one for
// PARLEY_ORACLE=full.
func amount(t *testing.T, ordinary, full int) int {
	t.Helper()
	switch v := os.Getenv("PARLEY_ORACLE"); v {
	case "":
		return ordinary
	case "full":
		return full
	default:
		t.Fatalf("PARLEY_ORACLE is %q, want full or unset", v)
		return 0
	}
}

// A pair is an encoding and a tokenizer that it must agree with.
type pair struct {
	ours   *tokens.Encoding
	oracle *npmtest.Oracle

	special bool // names of special tokens are control tokens
	encode  func(text string) []int
	decoded *strings.Replacer // converts a text to its decoded form
	lossy   bool              // decoding does not restore the text
}

// newPair pairs an encoding with an oracle. If special is set, both treat names of
// special tokens as control tokens.
func newPair(ours *tokens.Encoding, oracle *npmtest.Oracle, special bool) *pair {
	p := &pair{ours: ours, oracle: oracle, special: special, decoded: strings.NewReplacer()}
	allowed := ours.Special()
	if !special {
		allowed = nil
	}
	p.encode = func(text string) []int { return ours.Encode(text, allowed...) }
	var names []string
	for _, name := range allowed {
		// If a token has several names, decoding returns one of them.
		id, _ := ours.SpecialID(name)
		if other, err := ours.Decode([]int{id}); err == nil && other != name {
			names = append(names, name, other)
		}
	}
	if names != nil {
		p.decoded = strings.NewReplacer(names...)
	}
	return p
}

// A tally is the amount of compared text.
type tally struct{ texts, bytes, tokens int }

func (n tally) String() string {
	return fmt.Sprintf("%d texts, %.1f MB, %d tokens: no difference", n.texts, float64(n.bytes)/1e6, n.tokens)
}

// check compares all texts. It stops the test at the first difference, and reports the
// shortest text with a difference. where tells how to obtain the texts again.
func (p *pair) check(t *testing.T, where string, all iter.Seq2[string, error]) {
	t.Helper()
	const batchBytes, batchTexts = 256 << 10, 2000
	var n tally
	var batch []string
	size := 0
	flush := func() {
		t.Helper()
		wants, err := p.want(batch...)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range batch {
			if err := p.differs(text, wants[i]); err != nil {
				t.Fatalf("%s: text %d of %s: %v", p.ours.Name(), n.texts+1, where, p.shortest(text, err))
			}
			n.texts++
			n.bytes += len(text)
			n.tokens += len(wants[i])
		}
		batch, size = batch[:0], 0
	}
	for text, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, text)
		size += len(text)
		if size >= batchBytes || len(batch) == batchTexts {
			flush()
		}
	}
	flush()
	t.Logf("%s, %s: %v", p.ours.Name(), where, n)
}

func (p *pair) want(batch ...string) ([][]int, error) {
	if p.special {
		return p.oracle.EncodeSpecial(batch...)
	}
	return p.oracle.Encode(batch...)
}

// differs returns the difference from the wanted tokens, or nil.
func (p *pair) differs(text string, want []int) error {
	got := p.encode(text)
	if !slices.Equal(got, want) {
		return fmt.Errorf("tokens of %q: -oracle +ours:\n%s", text, cmp.Diff(p.show(want), p.show(got)))
	}
	if !p.special {
		if n := p.ours.Count(text); n != len(want) {
			return fmt.Errorf("Count(%q) = %d, but there are %d tokens", text, n, len(want))
		}
	}
	if p.lossy {
		return nil
	}
	if back, err := p.ours.Decode(want); err != nil || back != p.decoded.Replace(text) {
		return fmt.Errorf("%q is decoded to %q, %v", text, back, err)
	}
	return nil
}

// show returns the tokens in readable form.
func (p *pair) show(ids []int) []string {
	var list []string
	for _, id := range ids {
		text, err := p.ours.Decode([]int{id})
		if err != nil {
			text = err.Error()
		}
		list = append(list, fmt.Sprintf("%d %q", id, text))
	}
	return list
}

// shortest returns the difference for the shortest text found by Shrink.
func (p *pair) shortest(text string, first error) error {
	last := first
	texts.Shrink(text, func(s string) bool {
		want, err := p.want(s)
		if err != nil {
			last = errors.Join(last, err)
			return false
		}
		difference := p.differs(s, want[0])
		if difference != nil {
			last = difference
		}
		return difference != nil
	})
	return last
}

// fuzzed returns n texts of a Fuzzer and a description of their origin.
func fuzzed(ours *tokens.Encoding, seed uint64, n int) (where string, all iter.Seq2[string, error]) {
	return fmt.Sprintf("seed %d", seed), func(yield func(string, error) bool) {
		f := texts.NewFuzzer(seed, ours.Special(), readable(ours))
		for range n {
			if !yield(f.Text(), nil) {
				return
			}
		}
	}
}

// readable returns the tokens that are valid UTF-8.
func readable(e *tokens.Encoding) []string {
	var list []string
	for id := range e.Size() {
		if text, err := e.Decode([]int{id}); err == nil && text != "" && utf8.ValidString(text) && !strings.Contains(text, "\ufffd") {
			list = append(list, text)
		}
	}
	return list
}
