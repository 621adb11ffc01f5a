package spm

import (
	"sync"
	"unsafe"

	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// sink collects or counts tokens.
type sink struct {
	ids     []int
	n       int
	count   bool
	unknown bool // the last token was the unknown token
}

func (s *sink) put(id int32) {
	s.unknown = false
	if s.count {
		s.n++
		return
	}
	s.ids = append(s.ids, int(id))
}

// work is the working memory for one text.
type work struct {
	sink   sink
	buffer []byte
	merger merger
	lattice
}

var pool = sync.Pool{New: func() any { return new(work) }}

// keep limits the working memory, in symbols, that is kept for the next text.
const keep = 1 << 20

func (w *work) free() {
	w.sink = sink{}
	w.merger.text = ""
	if cap(w.buffer) <= 16*keep && cap(w.merger.symbols) <= keep && cap(w.paths) <= 4*keep {
		pool.Put(w)
	}
}

// Count returns the number of tokens of text, which must be valid UTF-8.
func (m *Model) Count(text string, first bool) int {
	w := pool.Get().(*work)
	w.sink.count = true
	m.encode(w, text, first)
	n := w.sink.n
	w.free()
	return n
}

// AppendEncode appends the ids of text's tokens to dst. text must be valid UTF-8. first
// reports whether it is the beginning of a text.
func (m *Model) AppendEncode(dst []int, text string, first bool) []int {
	w := pool.Get().(*work)
	w.sink.ids = dst
	m.encode(w, text, first)
	dst = w.sink.ids
	w.free()
	return dst
}

// block is the number of bytes that are normalized at a time, if the text can be cut.
const block = 1 << 15

func (m *Model) encode(w *work, text string, first bool) {
	if m.norm.none() {
		m.words(w, text)
		return
	}
	score := 0.0
	for text != "" {
		n := len(text)
		if n > block && m.norm.simple && m.split == nil {
			n = m.border(text, block)
		}
		w.buffer = m.norm.append(w.buffer[:0], text[:n], first)
		// The buffer does not change while the string is in use.
		normal := unsafe.String(unsafe.SliceData(w.buffer), len(w.buffer))
		if m.kind == vocab.Unigram && !m.spaces {
			score = m.spell(w, normal, score)
		} else {
			m.words(w, normal)
		}
		text, first = text[n:], false
	}
}

// words encodes normalized text word by word.
func (m *Model) words(w *work, text string) {
	if m.kind == vocab.Unigram && !m.spaces && m.split == nil {
		m.spell(w, text, 0)
		return
	}
	if m.split == nil && !m.spaces && !m.lines {
		m.word(w, text)
		return
	}
	for text != "" {
		n := m.firstWord(text)
		w.sink.unknown = false
		m.word(w, text[:n])
		text = text[n:]
	}
}

// firstWord returns the length of the first word of normalized text.
func (m *Model) firstWord(text string) int {
	if m.split != nil {
		return m.split(text)
	}
	if m.lines {
		line := text[0] == '\n'
		for i := range len(text) {
			if (text[i] == '\n') != line {
				return i
			}
		}
		return len(text)
	}
	for i := 1; i+len(space) <= len(text); i++ {
		if text[i] == space[0] && text[i:i+len(space)] == space {
			return i
		}
	}
	return len(text)
}

func (m *Model) word(w *work, text string) {
	switch {
	case text == "":
	case m.kind == vocab.Unigram:
		m.spell(w, text, 0)
	case (m.whole || m.lines && text[0] == '\n') && m.putWhole(w, text):
	default:
		m.mergeCharacters(w, text)
	}
}

func (m *Model) putWhole(w *work, text string) bool {
	id := m.table.find(text)
	if id >= 0 {
		w.sink.put(id)
	}
	return id >= 0
}

// mergeCharacters encodes a word by merging its characters.
func (m *Model) mergeCharacters(w *work, text string) {
	s := &w.merger
	s.reset(text)
	left := rune(-1)
	for i := 0; i < len(text); {
		if m.user != nil {
			if id, n := m.user.longest(text[i:]); id >= 0 {
				m.flush(w)
				w.sink.put(id)
				i, left = i+n, -1
				continue
			}
		}
		c, n := decode(text[i:])
		if left >= 0 && m.unused == nil && !m.bigrams.has(left, c) {
			m.flush(w)
		}
		s.push(i, i+n, m.character(c, text[i:i+n]))
		i, left = i+n, c
	}
	m.flush(w)
}

// character returns the token of a single character, or -1.
func (m *Model) character(c rune, text string) int32 {
	if int(c) < len(m.ascii) {
		return m.ascii[c]
	}
	return m.table.find(text)
}

// flush merges the pending symbols and emits the resulting tokens.
func (m *Model) flush(w *work) {
	s := &w.merger
	if len(s.symbols) == 0 {
		return
	}
	if len(s.symbols) > 1 {
		if m.unused != nil && s.splits == nil {
			s.splits = make(map[int32]uint32)
		}
		m.merge(s)
		for at := int32(0); at >= 0; at = s.symbols[at].next {
			m.putSymbol(w, s.text[s.symbols[at].start:s.symbols[at].end], s.symbols[at].id)
		}
	} else {
		m.putSymbol(w, s.text[s.symbols[0].start:s.symbols[0].end], s.symbols[0].id)
	}
	s.symbols = s.symbols[:0]
}

// putSymbol emits the tokens of a symbol.
func (m *Model) putSymbol(w *work, text string, id int32) {
	if id >= 0 && m.unused != nil && m.unused[id] {
		if n, ok := w.merger.splits[id]; ok {
			m.putSymbol(w, text[:n], m.table.find(text[:n]))
			m.putSymbol(w, text[n:], m.table.find(text[n:]))
			return
		}
	}
	if id >= 0 {
		w.sink.put(id)
		return
	}
	m.putUnknown(w, text)
}

// putUnknown emits the tokens of text that has no token.
func (m *Model) putUnknown(w *work, text string) {
	for text != "" {
		_, n := decode(text)
		if m.unknown < 0 || m.inBytes(text[:n]) {
			for i := range n {
				if id := m.bytes[text[i]]; id >= 0 && m.fallback {
					w.sink.put(id)
				}
			}
		} else if !m.fuse || !w.sink.unknown {
			w.sink.put(m.unknown)
			w.sink.unknown = true
		}
		text = text[n:]
	}
}

// inBytes reports whether a character becomes the tokens of its bytes. For example,
// Gemma's tokenizer.json has no byte tokens for bytes that are characters with a token.
func (m *Model) inBytes(character string) bool {
	for i := range len(character) {
		if !m.fallback || m.bytes[character[i]] < 0 {
			return false
		}
	}
	return true
}

// spell encodes text with the unigram model, cut at positions that no token crosses.
// score is the score of the text before. spell returns the score including text.
func (m *Model) spell(w *work, text string, score float64) float64 {
	emit := func(text string, id int32) {
		if id == m.unknown {
			m.putUnknown(w, text)
		} else {
			w.sink.put(id)
		}
	}
	start, left := 0, rune(-1)
	for i := 0; i < len(text); {
		c, n := decode(text[i:])
		if left >= 0 && !m.bigrams.has(left, c) {
			score = m.unigram.spell(&w.lattice, text[start:i], score, m.unknown, emit)
			start = i
		}
		i, left = i+n, c
	}
	if start < len(text) {
		score = m.unigram.spell(&w.lattice, text[start:], score, m.unknown, emit)
	}
	return score
}
