package tokens_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm/tokens"
)

// longest is what Truncate promises, by trying all.
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
				continue // trying all beginnings takes long
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
		{"a\xff b", 2, "a\xff"}, // counted as U+FFFD, returned as it was
		{"\xff\xff\xff b \xff", 2, "\xff\xff\xff b"},
	} {
		if got := e.Truncate(test.text, test.n); got != test.want {
			t.Errorf("%q cut to %d tokens is %q, want %q (%d tokens)", test.text, test.n, got, test.want, e.Count(test.want))
		}
	}
}

// Where a single run is longer than Truncate searches, what it returns may be
// some characters short, but never too long.
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
