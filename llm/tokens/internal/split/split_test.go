package split

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPieces(t *testing.T) {
	tests := []struct {
		name    string
		pattern Pattern
		text    string
		want    []string
	}{
		{"one space goes with the word", CL100k, "a  b", []string{"a", " ", " b"}},
		{"a tab goes with the word too", CL100k, "a\tb", []string{"a", "\tb"}},
		{"but not with punctuation", CL100k, "\t(", []string{"\t", "("}},
		{"white space ends with its last line end", CL100k, "a\n \n  b", []string{"a", "\n \n", " ", " b"}},
		{"all white space at the end of the text is one piece", CL100k, "a   ", []string{"a", "   "}},
		{"line ends stay with punctuation", CL100k, "a;\r\n\n b", []string{"a", ";\r\n\n", " b"}},
		{"a slash stays with line ends in o200k only", CL100k, "!\n/", []string{"!\n", "/"}},
		{"a slash stays with line ends in o200k", O200k, "!\n/\n/a", []string{"!\n/\n/", "a"}},
		{"numbers are cut by three", CL100k, "12345", []string{"123", "45"}},
		{"numbers are cut by one", Qwen2, "123", []string{"1", "2", "3"}},
		{"numbers are not cut", GPT2, " 12345", []string{" 12345"}},
		{"a contraction begins a piece", CL100k, "it's", []string{"it", "'s"}},
		{"a contraction is no word by itself", CL100k, "'same", []string{"'s", "ame"}},
		{"a contraction ends a word", O200k, "it'Sa", []string{"it'S", "a"}},
		{"a long s is an s", CL100k, "'ſa", []string{"'ſ", "a"}},
		{"a long s is none in GPT-2, nor a capital", GPT2, "'ſ'S", []string{"'", "ſ", "'", "S"}},
		{"capitals and the small letters after them are one word", O200k, "HTMLParser", []string{"HTMLParser"}},
		{"a word is cut where capitals follow small letters", O200k, "parseHTML", []string{"parse", "HTML"}},
		{"capitals before letters without case stay", O200k, "A漢B", []string{"A漢", "B"}},
		{"a mark begins a word of its own before capitals", O200k, "\u0301AB", []string{"\u0301", "AB"}},
		{"a mark is no letter", CL100k, "a\u0301b", []string{"a", "\u0301b"}},
		{"a mark is a letter", Qwen35, "a\u0301b", []string{"a\u0301b"}},
		{"DEL is no white space", CL100k, "a \x7f", []string{"a", " \x7f"}},
		{"U+0085 is white space", CL100k, "a\u0085\u0085b", []string{"a", "\u0085", "\u0085b"}},
		{"a number ends the white space before it", StarCoder, "a  1", []string{"a", "  ", "1"}},
		{"han and kana are apart", DeepSeek3, "a漢字カb", []string{"a", "漢字カ", "b"}},
		{"what fits nothing is a piece up to what fits", DeepSeek3, "\x01\x02\x03a", []string{"\x01\x02", "\x03a"}},
		{"han are pieces", KimiK2, "A漢字b", []string{"A", "漢字", "b"}},
		{"llama.cpp has no marks in words", LlamaCppO200k, "a\u0301b", []string{"a", "\u0301b"}},
		{"llama.cpp takes capitals beyond ASCII for both", LlamaCppTekken, "ÉA", []string{"É", "A"}},
		{"an invalid byte is a symbol", O200k, "a\xffb", []string{"a", "\xffb"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := pieces(tt.text, lengths(t, tt.pattern, tt.text))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("pieces of %q (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestByRegexpKnowsTheExpressions(t *testing.T) {
	for _, e := range expressions(t) {
		got, ok := ByRegexp(e.sources...)
		want := functions[e.name]
		if strings.HasPrefix(e.name, "llama.cpp") {
			want = nil // no tokenizer.json has these
		}
		if ok != (want != nil) || pointer(got) != pointer(want) {
			t.Errorf("ByRegexp for %s: %v, or the wrong function", e.name, ok)
		}
	}
}

func TestByRegexpRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, sources := range [][]string{nil, {""}, {`\p{N}`}, {gpt2, gpt2}, {gpt2 + `|\s`}, {`(?i:'s|'t|'re|'ve|'m|'ll|'d)`}} {
		if p, ok := ByRegexp(sources...); ok || p != nil {
			t.Errorf("ByRegexp(%q) has a pattern", sources)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		pre              string
		byName, llamaCpp Pattern
	}{
		{"llama-bpe", CL100k, CL100k},
		{"gpt-2", GPT2, GPT2},
		{"qwen2", Qwen2, Qwen2},
		{"qwen35", Qwen35, Qwen35},
		{"tekken", Tekken, LlamaCppTekken},
		{"gpt-4o", O200k, LlamaCppO200k},
		{"deepseek-v3", DeepSeek3, DeepSeek3},
		{"kimi-k2", KimiK2, KimiK2},
		{"smollm", StarCoder, StarCoder},
		{"default", nil, nil},
		{"", nil, nil},
	}
	for _, tt := range tests {
		if got, ok := ByName(tt.pre); ok != (tt.byName != nil) || pointer(got) != pointer(tt.byName) {
			t.Errorf("ByName(%q): %v, or the wrong function", tt.pre, ok)
		}
		if got, ok := LlamaCpp(tt.pre); ok != (tt.llamaCpp != nil) || pointer(got) != pointer(tt.llamaCpp) {
			t.Errorf("LlamaCpp(%q): %v, or the wrong function", tt.pre, ok)
		}
	}
}

func pointer(p Pattern) uintptr {
	if p == nil {
		return 0
	}
	return reflect.ValueOf(p).Pointer()
}

func TestPatternsDoNotAllocate(t *testing.T) {
	text := strings.Repeat("Hello, wörld! 漢字カナ it's 12345 \u0301É\xff \r\n\t", 10)
	for name, p := range functions {
		allocs := testing.AllocsPerRun(10, func() {
			for s := text; s != ""; s = s[p(s):] {
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations for a text", name, allocs)
		}
	}
}

func FuzzPatterns(f *testing.F) {
	for _, a := range answers(f)[:200] {
		f.Add(a.Text)
	}
	f.Add("\xff\xc5'\xc5 \xe3\x80\xf0\x90\x80")
	type tested struct {
		name string
		Pattern
		*reference
	}
	var all []tested
	for _, e := range expressions(f) {
		all = append(all, tested{e.name, functions[e.name], newReference(f, e.sources)})
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 300 {
			return // the reference recurses for each character
		}
		for _, p := range all {
			got := lengths(t, p.Pattern, text)
			if want := p.reference.lengths(text); !cmp.Equal(got, want) {
				t.Fatalf("%s: %q is split as\n%q, want\n%q", p.name, text, pieces(text, got), pieces(text, want))
			}
			at := 0
			for _, n := range got {
				at += n
				if at < len(text) && utf8.ValidString(text) && !utf8.RuneStart(text[at]) {
					t.Fatalf("%s: %q is cut within a character, at %d", p.name, text, at)
				}
			}
			valid := wire(text)
			want := lengths(t, p.Pattern, valid)
			for i, piece := range pieces(text, got) {
				if i >= len(want) || len(wire(piece)) != want[i] {
					t.Fatalf("%s: %q and its valid form %q are split differently", p.name, text, valid)
				}
			}
		}
	})
}

// wire returns a text with U+FFFD in place of each invalid byte.
func wire(text string) string {
	return string([]rune(text))
}
