package llama_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/llama"
)

func TestStopStringsEndTheText(t *testing.T) {
	for _, test := range []struct {
		name    string
		stops   []string
		tokens  []string
		want    []string // texts of Add, and of Rest if there was no stop
		matched string
	}{
		{"none", nil, []string{"a", "b"}, []string{"a", "b", ""}, ""},
		{"inside a token", []string{"END"}, []string{"one", " END two"}, []string{"one", " "}, "END"},
		{"across tokens", []string{"\n\nUser:"}, []string{"Hi", "\n", "\nUs", "er", ": me"}, []string{"Hi", "", "", "", ""}, "\n\nUser:"},
		{"one that only begins", []string{"</s>"}, []string{"a<", "/s", "p>"}, []string{"a", "", "</sp>", ""}, ""},
		{"one that begins twice", []string{"aab"}, []string{"a", "a", "a", "b"}, []string{"", "", "a", ""}, "aab"},
		{"the first of two", []string{"b", "ab"}, []string{"xab"}, []string{"x"}, "ab"},
		{"the end without a stop", []string{"stop"}, []string{"st", "o"}, []string{"", "", "sto"}, ""},
		{"an empty one", []string{""}, []string{"a"}, []string{"a", ""}, ""},
		{"a split character", nil, []string{"\xf0\x9f", "\xa6", "\x99!"}, []string{"", "", "🦙!", ""}, ""},
		{"a stop of split characters", []string{"🦙"}, []string{"a\xf0\x9f", "\xa6\x99"}, []string{"a", ""}, "🦙"},
		{"bytes of no character", nil, []string{"a\xff", "\xf0\x9f", "b"}, []string{"a\uFFFD", "", "\uFFFDb", ""}, ""},
		{"an unfinished character", nil, []string{"a\xf0\x9f"}, []string{"a", "\uFFFD"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := llama.NewStopper(test.stops)
			var got []string
			stopped := false
			for _, token := range test.tokens {
				var text string
				text, stopped = s.Add(token)
				if got = append(got, text); stopped {
					break
				}
			}
			if !stopped {
				got = append(got, s.Rest())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
			if stopped != (test.matched != "") || s.Matched() != test.matched {
				t.Errorf("stopped %t at %q, want %q", stopped, s.Matched(), test.matched)
			}
		})
	}
}

// The text does not depend on where it is cut into tokens.
func FuzzStopper(f *testing.F) {
	f.Add("Hello </s> there", "</s>", "\n\n", uint64(3))
	f.Add("a🦙b", "🦙b", "", uint64(1))
	f.Fuzz(func(t *testing.T, text, stop, other string, cut uint64) {
		s := llama.NewStopper([]string{stop, other})
		var got strings.Builder
		stopped := false
		for rest := text; rest != "" && !stopped; {
			n := min(len(rest), int(cut%4)+1)
			cut = cut*6364136223846793005 + 1442695040888963407
			var part string
			part, stopped = s.Add(rest[:n])
			got.WriteString(part)
			rest = rest[n:]
		}
		if !stopped {
			got.WriteString(s.Rest())
		}
		if !utf8.ValidString(got.String()) {
			t.Errorf("%q is not valid UTF-8", got.String())
		}
		want := stop != "" && strings.Contains(text, stop) || other != "" && strings.Contains(text, other)
		if stopped != want {
			t.Errorf("stopped is %t, want %t", stopped, want)
		}
		if utf8.ValidString(text) && utf8.ValidString(stop) && utf8.ValidString(other) && !strings.HasPrefix(text, got.String()) {
			t.Errorf("%q is not the beginning of %q", got.String(), text)
		}
	})
}
