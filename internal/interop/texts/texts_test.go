package texts

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFuzzerRepeatsItselfAndMakesValidTexts(t *testing.T) {
	special, tokens := []string{"<|endoftext|>"}, []string{" the", "été"}
	a, b := NewFuzzer(1, special, tokens), NewFuzzer(1, special, tokens)
	other := NewFuzzer(2, special, tokens)
	same := 0
	for range 1000 {
		text := a.Text()
		if again := b.Text(); again != text {
			t.Fatalf("one seed made %q and %q", text, again)
		}
		if !utf8.ValidString(text) {
			t.Fatalf("not UTF-8: %q", text)
		}
		if text == other.Text() {
			same++
		}
	}
	if same > 50 {
		t.Errorf("two seeds made %d of 1000 texts the same", same)
	}
}

// The special cases of tokenizers must occur in the texts.
func TestFuzzerLeavesNothingOut(t *testing.T) {
	f := NewFuzzer(1, []string{"<|endoftext|>"}, []string{"zyxtoken"})
	var all strings.Builder
	for range 50_000 {
		all.WriteString(f.Text())
	}
	text := all.String()
	for _, want := range []string{
		"<|endoftext|>", "zyxtoken", "\r\n", "\x00", "\u200d", "🇩🇪", "'S", "'ſ", "\U0010ffff", strings.Repeat("a", 150), strings.Repeat(" ", 150),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("50,000 texts do not contain %q", want)
		}
	}
	found := make(map[rune]bool)
	for _, r := range text {
		found[r] = true
	}
	for name, script := range unicode.Scripts {
		any := false
		for r := range found {
			any = any || unicode.Is(script, r)
		}
		if !any {
			t.Errorf("50,000 texts contain no character of the script %s", name)
		}
	}
}

func TestShrinkFindsWhatMatters(t *testing.T) {
	text := strings.Repeat("some text, ", 50) + "é" + strings.Repeat("more\n", 20) + "ß." + strings.Repeat("x", 40)
	got := Shrink(text, func(s string) bool {
		return strings.Contains(s, "é") && strings.Contains(s, "ß") && utf8.RuneCountInString(s) >= 3
	})
	if len([]rune(got)) != 3 || !strings.Contains(got, "é") || !strings.Contains(got, "ß") || strings.Trim(got, "éßa") != "" {
		t.Errorf("shrunk to %q, want é, ß and one a", got)
	}
}

func TestLongRunsEndAText(t *testing.T) {
	for _, text := range []string{"", "some words", strings.Repeat("word ", 5000)} {
		if n := end(text); n != len(text) {
			t.Errorf("%.20q…, %d bytes, ends at %d", text, len(text), n)
		}
	}
	for _, run := range []string{"a", " ", "가", "="} {
		if n := end("word: " + strings.Repeat(run, 10_000)); n < longestSame || n > longestSame+20 {
			t.Errorf("a run of %q ends at %d, want shortly after %d", run, n, longestSame)
		}
	}
}
