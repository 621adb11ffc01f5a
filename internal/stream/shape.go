package stream

import "slices"

const (
	maxTemplates  = 2
	maxCandidates = 2
	// maxAttempts limits the effort for a stream that never repeats itself.
	maxAttempts = 16
	// maxLearn is the size in bytes of the largest frame worth remembering.
	maxLearn = 16 << 10
)

// Spec names the members in which two frames of a dialect may differ and still have the
// same meaning, except for their text. A path is a list of keys and array indexes joined by
// dots, for example "choices.0.delta.content".
type Spec struct {
	// Delta lists the strings that may be the frame's piece of text, reasoning or tool
	// arguments.
	Delta []string
	// Ignore lists strings and numbers whose values the dialect does not use, for example
	// "created". A value of the same kind there must not make decoding fail.
	Ignore []string
}

// Shapes remembers the shapes of the frames of one stream. T is the meaning of a frame
// except for its text; comparing two of them with == must not panic.
//
// Set Spec before the first use. It is shared by all streams and not changed.
type Shapes[T comparable] struct {
	Spec       *Spec
	templates  []shape[T] // confirmed; the most recently matched comes first
	candidates []shape[T] // seen once; the oldest comes first
	attempts   int
	scratch    []byte // for text with escapes
}

type shape[T comparable] struct {
	template
	proto T
}

// Match looks for a known shape of the whole frame. If there is one, a decoder would
// decode the frame to the meaning proto with that text, which is never empty. The text is
// valid until the next call or until the frame changes, because it can point into the frame.
//
// If Match returns false, the shape is not known and the frame must be decoded.
func (s *Shapes[T]) Match(frame []byte) (proto T, text []byte, ok bool) {
	proto, text, size := s.MatchPrefix(frame)
	return proto, text, size > 0 && size == len(frame)
}

// MatchPrefix is Match for a frame whose end is not known: buffered is the result of
// [Frames].Buffered, and the frame may be its first size bytes. [Frames].Advance reports
// whether it is. The size is 0 if no shape matches.
func (s *Shapes[T]) MatchPrefix(buffered []byte) (proto T, text []byte, size int) {
	for i := range s.templates {
		t := &s.templates[i]
		text, size, ok := t.match(buffered, &s.scratch)
		if !ok {
			continue
		}
		if i > 0 {
			s.templates[0], s.templates[i] = s.templates[i], s.templates[0]
			t = &s.templates[0]
		}
		return t.proto, text, size
	}
	return proto, nil, 0
}

// IsEmpty reports whether no shape is known yet.
func (s *Shapes[T]) IsEmpty() bool { return len(s.templates) == 0 }

// CanLearn reports whether Learn can still have an effect.
func (s *Shapes[T]) CanLearn() bool { return s.attempts < maxAttempts }

// Learn remembers the shape of a frame that did not match. The frame was decoded to
// exactly one piece of text, delta, and otherwise to the meaning proto. The frame is copied
// if it is kept.
//
// A second frame with another text must confirm the shape of the first. This proves that
// the text comes from the place where it was found.
func (s *Shapes[T]) Learn(frame []byte, delta string, proto T) {
	if !s.CanLearn() || delta == "" || len(frame) > maxLearn {
		return
	}
	s.attempts++
	for i := range s.candidates {
		c := s.candidates[i]
		text, size, ok := c.match(frame, &s.scratch)
		if !ok || size != len(frame) {
			continue
		}
		same := string(text) == delta && c.proto == proto
		if same && delta == c.learnt {
			return // neither confirmed nor refuted
		}
		s.candidates = slices.Delete(s.candidates, i, i+1)
		if same {
			s.confirm(c)
		}
		return
	}
	t, ok := newTemplate(s.Spec, frame, delta)
	if !ok {
		return
	}
	if len(s.candidates) == maxCandidates {
		s.candidates = slices.Delete(s.candidates, 0, 1)
	}
	s.candidates = append(s.candidates, shape[T]{t, proto})
}

// confirm makes c a template. If there are too many, it replaces the least recently used.
func (s *Shapes[T]) confirm(c shape[T]) {
	s.templates = slices.Insert(s.templates, 0, c)
	if len(s.templates) > maxTemplates {
		s.templates = s.templates[:maxTemplates]
	}
}
