package stream

import "slices"

const (
	maxTemplates  = 2
	maxCandidates = 2
	// maxAttempts bounds what is spent on a stream that never repeats itself.
	maxAttempts = 16
	// maxLearn is the size in bytes of the largest frame worth remembering.
	maxLearn = 16 << 10
)

// Spec says where a dialect's frames may differ without meaning something else
// but for the text they carry. Paths are keys and array indexes joined by dots,
// as in "choices.0.delta.content".
type Spec struct {
	// Delta lists the strings that may be a frame's piece of text, reasoning or
	// tool arguments.
	Delta []string
	// Ignore lists strings and numbers whose values nobody reads, such as
	// "created". Whatever stands there must not make decoding fail: the dialect
	// leaves them out, or decodes them into string, int64 or float64.
	Ignore []string
}

// Shapes remembers the shapes of one stream's frames. What the dialect makes of
// a frame, apart from the text, is a T; == on two of them must not panic.
type Shapes[T comparable] struct {
	spec       *Spec
	templates  []shape[T] // confirmed; the one matched last comes first
	candidates []shape[T] // seen once; the oldest first
	attempts   int
	scratch    []byte // for text with escapes
}

type shape[T comparable] struct {
	template
	proto T
}

// NewShapes returns the shapes of a new stream: none yet. The spec is shared,
// and not modified.
func NewShapes[T comparable](spec *Spec) *Shapes[T] {
	return &Shapes[T]{spec: spec}
}

// Match looks for the shape of frame among those learnt. If it is known, then
// encoding/json would decode the frame to what proto stands for, with that text,
// which is never empty. The text is valid until the next call or until frame
// changes: it points into frame where it can.
//
// Not ok means only that the shape is not known: the frame is to be decoded.
func (s *Shapes[T]) Match(frame []byte) (proto T, text []byte, ok bool) {
	proto, text, size := s.Skim(frame)
	return proto, text, size > 0 && size == len(frame)
}

// Skim is Match for a frame that has been read already and whose end has not been
// looked for: ahead is what [Frames] has, and the frame the first size bytes of it,
// if [Frames].Pass says so. The size is 0 if the shape is not known.
func (s *Shapes[T]) Skim(ahead []byte) (proto T, text []byte, size int) {
	for i := range s.templates {
		t := &s.templates[i]
		text, size, ok := t.match(ahead, &s.scratch)
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

// Learn is told of a frame that Match did not know, and that encoding/json
// decoded to exactly one delta with that text, and to proto otherwise. The frame
// is copied if it is kept.
//
// A second frame must confirm what the first suggested, and with another text:
// this proves that the text comes from the place where it was found.
func (s *Shapes[T]) Learn(frame []byte, delta string, proto T) {
	if s.attempts == maxAttempts || delta == "" || len(frame) > maxLearn {
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
	t, ok := newTemplate(s.spec, frame, delta)
	if !ok {
		return
	}
	if len(s.candidates) == maxCandidates {
		s.candidates = slices.Delete(s.candidates, 0, 1)
	}
	s.candidates = append(s.candidates, shape[T]{t, proto})
}

// confirm makes c a template, in place of the one used least recently where
// there are enough.
func (s *Shapes[T]) confirm(c shape[T]) {
	s.templates = slices.Insert(s.templates, 0, c)
	if len(s.templates) > maxTemplates {
		s.templates = s.templates[:maxTemplates]
	}
}
