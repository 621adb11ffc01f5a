package openai

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// thinkTags takes reasoning out of a text in which the model wrote it, between <think> and
// </think> at the beginning. See [Quirks.ThinkTags]. The zero value is ready to use.
//
// A tag can be cut anywhere, so a piece of text that may be the beginning of a tag is held
// until the next piece.
type thinkTags struct {
	state thinkState
	held  string
}

type thinkState uint8

const (
	beforeThink thinkState = iota // only white space so far
	inThink
	afterThink  // white space before the answer
	outsideTags // the answer
)

const thinkBegin, thinkEnd = "<think>", "</think>"

// add takes a piece of text and emits the parts of it that are known.
func (t *thinkTags) add(piece string, emit func(llm.EventType, string)) {
	text := t.held + piece
	t.held = ""
	for text != "" {
		switch t.state {
		case beforeThink:
			trimmed := strings.TrimLeft(text, " \t\r\n")
			if strings.HasPrefix(trimmed, thinkBegin) {
				t.state, text = inThink, trimmed[len(thinkBegin):]
				continue
			}
			if strings.HasPrefix(thinkBegin, trimmed) {
				t.held = text
				return
			}
			t.state = outsideTags
		case inThink:
			reasoning, rest, ended := strings.Cut(text, thinkEnd)
			if ended {
				t.state, text = afterThink, rest
				emit(llm.EventReasoning, reasoning)
				continue
			}
			keep := overlap(text, thinkEnd)
			t.held = text[len(text)-keep:]
			emit(llm.EventReasoning, text[:len(text)-keep])
			return
		case afterThink:
			if text = strings.TrimLeft(text, " \t\r\n"); text != "" {
				t.state = outsideTags
			}
		case outsideTags:
			emit(llm.EventText, text)
			return
		}
	}
}

// flush emits the text that is held: the answer has ended, or other content follows.
func (t *thinkTags) flush(emit func(llm.EventType, string)) {
	held := t.held
	t.held = ""
	switch {
	case held == "":
	case t.state == inThink:
		emit(llm.EventReasoning, held)
	default:
		t.state = outsideTags
		emit(llm.EventText, held)
	}
}

// overlap returns the length of the longest end of a text that is a beginning of the tag.
func overlap(text, tag string) int {
	for n := min(len(text), len(tag)-1); n > 0; n-- {
		if strings.HasSuffix(text, tag[:n]) {
			return n
		}
	}
	return 0
}

// emitAnswer emits a piece of the text of the answer.
func (a *answer) emitAnswer(text string) {
	if a.provider.quirks.ThinkTags {
		a.think.add(text, a.EmitText)
	} else {
		a.EmitText(llm.EventText, text)
	}
}
