package openai

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// FuzzThinkTags cuts a text anywhere. The pieces are read as the whole text is, and nothing
// except the tags and white space is lost.
func FuzzThinkTags(f *testing.F) {
	f.Add("<think>a<b</think>\n\nc", 3)
	f.Add(" <think>a</think></think>", 12)
	f.Add("<thi", 1)
	f.Add("<think></think>", 8)
	f.Fuzz(func(t *testing.T, text string, size int) {
		read := func(pieces ...string) (answer, reasoning string) {
			var tags thinkTags
			emit := func(typ llm.EventType, piece string) {
				if typ == llm.EventReasoning {
					reasoning += piece
				} else {
					answer += piece
				}
			}
			for _, piece := range pieces {
				tags.add(piece, emit)
			}
			tags.flush(emit)
			return answer, reasoning
		}
		answer, reasoning := read(text)
		var pieces []string
		for rest := text; rest != ""; {
			n := min(len(rest), max(1, size%9))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if a, r := read(pieces...); a != answer || r != reasoning {
			t.Errorf("%q in pieces is %q and %q, want %q and %q", text, a, r, answer, reasoning)
		}
		if !strings.Contains(text, "<think>") && (answer != text || reasoning != "") {
			t.Errorf("%q without a tag became %q and %q", text, answer, reasoning)
		}
	})
}
