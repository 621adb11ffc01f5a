package tokens_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-llm/parley/internal/vocabtest"
	"github.com/parley-llm/parley/llm/tokens"
)

// longest implements Truncate by trying all prefixes.
func longest(e *tokens.Encoding, text string, n int) string {
	best := ""
	for end := range len(text) + 1 {
		if (end == len(text) || utf8.RuneStart(text[end])) && e.Count(text[:end]) <= n {
			best = text[:end]
		}
	}
	return best
}

func TestTruncateReturnsTheLongestBeginningThatFits(t *testing.T) {
	for _, e := range embedded()[:2] {
		for i, s := range samples(t) {
			if i%3 != 0 {
				continue // trying all prefixes is slow
			}
			count := e.Count(s.Text)
			for _, n := range []int{0, 1, 2, count / 3, count / 2, count - 1, count, count + 1} {
				if want, got := longest(e, s.Text, n), e.Truncate(s.Text, n); n >= 0 && got != want {
					t.Errorf("%s: %q cut to %d tokens is %q, want %q", e.Name(), s.Text, n, got, want)
				}
			}
		}
	}
}

func TestTruncateTable(t *testing.T) {
	e := tokens.O200kBase()
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"one two three", 2, "one two"},
		{"one two three", 3, "one two three"},
		{"one two three", 99, "one two three"},
		{"one two three", 0, ""},
		{"one two three", -1, ""},
		{"", 5, ""},
		{"𓀀𓀁", 3, ""}, // a character of four tokens
		{"𓀀𓀁", 4, "𓀀"},
		{"a\xff b", 2, "a\xff"}, // counted as U+FFFD, returned unchanged
		{"\xff\xff\xff b \xff", 2, "\xff\xff\xff b"},
	} {
		if got := e.Truncate(test.text, test.n); got != test.want {
			t.Errorf("%q cut to %d tokens is %q, want %q (%d tokens)", test.text, test.n, got, test.want, e.Count(test.want))
		}
	}
}

// If a single run is longer than Truncate searches, a longer prefix may also fit, but not
// the result with one more character.
func TestTruncateOfLongRuns(t *testing.T) {
	for _, e := range embedded()[:2] {
		for _, char := range []string{"a", " ", "\n", "가", "😀", "𓀀", "=", "\u0301", "\xff"} {
			text := "x\n \n" + strings.Repeat(char, 20_000) + "y"
			all := e.Count(text)
			for _, n := range []int{5, 100, all / 2, all - 1} {
				got := e.Truncate(text, n)
				if !strings.HasPrefix(text, got) || utf8.ValidString(text) && !utf8.ValidString(got) {
					t.Errorf("%s: 20,000 times %q cut to %d tokens is not whole characters of it", e.Name(), char, n)
				}
				count := e.Count(got)
				if count > n || count < n-4 {
					t.Errorf("%s: 20,000 times %q cut to %d tokens has %d", e.Name(), char, n, count)
				}
				if more := e.Count(withNext(text, got)); more <= n {
					t.Errorf("%s: 20,000 times %q cut to %d tokens can have a character more, with %d", e.Name(), char, n, more)
				}
			}
		}
	}
}

// withNext returns the prefix of text that is one character longer.
func withNext(text, beginning string) string {
	_, size := utf8.DecodeRuneInString(text[len(beginning):])
	return text[:len(beginning)+size]
}

// A text that a normalizer shortens or lengthens has fewer or more tokens than its length
// suggests. A unigram model treats the whole text as one part.
func TestTruncateOfNormalizedText(t *testing.T) {
	e := read(t, "unigram with NFKC", vocabtest.JSON(vocabtest.Object{
		"normalizer":    vocabtest.Object{"type": "NFKC"},
		"pre_tokenizer": vocabtest.Object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": false},
		"model":         vocabtest.Object{"type": "Unigram", "unk_id": 0, "vocab": [][2]any{{"<unk>", 0}, {"▁", -2}, {"a", -3}, {"b", -3}, {"ab", -4}, {"صلى", -5}}},
	}))
	for _, unit := range []string{"ab ", "ａｂ", "ﷺ"} {
		for _, units := range []int{20, 3000} {
			text := strings.Repeat(unit, units)
			n := e.Count(text) / 2
			got := e.Truncate(text, n)
			if count := e.Count(got); count > n || !strings.HasPrefix(text, got) {
				t.Errorf("%d times %q cut to %d tokens is not a prefix, or has more tokens: %d", units, unit, n, count)
			}
			if more := e.Count(withNext(text, got)); more <= n {
				t.Errorf("%d times %q cut to %d tokens is %d bytes, and with a character more has %d", units, unit, n, len(got), more)
			}
		}
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add("one two  \n\n three 's 'll", 3)
	f.Add("ab\xff\n \n  c", 2)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if len(text) > 300 {
			return
		}
		for _, e := range embedded()[:2] {
			got := e.Truncate(text, n)
			if !strings.HasPrefix(text, got) {
				t.Fatalf("%s: %q cut to %d tokens is %q", e.Name(), text, n, got)
			}
			if !utf8.ValidString(text) {
				if count := e.Count(got); count > max(n, 0) {
					t.Errorf("%s: %q cut to %d tokens is %q, which has %d", e.Name(), text, n, got, count)
				}
			} else if want := longest(e, text, n); got != want {
				t.Errorf("%s: %q cut to %d tokens is %q, want %q", e.Name(), text, n, got, want)
			}
		}
	})
}
