package stream

import (
	"slices"
	"unicode/utf8"
)

// template is a frame with holes. The bytes around the holes are fixed, and a hole takes only
// a scalar of its kind. So a frame that matches has the structure of the frame that the
// template was made of, and the same values except in the holes.
type template struct {
	head   string // up to the first hole
	holes  []hole
	learnt string // the text of that frame
}

// hole is a place for a scalar.
type hole struct {
	kind  holeKind
	max   int    // length of a number
	after string // the fixed bytes that follow
}

type holeKind uint8

const (
	textHole    holeKind = iota // the delta
	stringHole                  // any other string
	naturalHole                 // digits
	decimalHole                 // digits, with or without a fraction
)

const (
	// freeDigits is the maximum length of a number if the learned frame had a shorter one.
	// Any such number fits the smallest type in use, int32.
	freeDigits = 9
	// maxDigits is the maximum length of a number that becomes a hole. Any such number
	// fits int64.
	maxDigits = 18
)

// newTemplate makes a template of a frame. The hole for the text is the string at a delta
// path that decodes to delta. It reports false if there is not exactly one such string, or
// if the [Walker] refuses the frame.
func newTemplate(spec *Spec, frame []byte, delta string) (template, bool) {
	t := template{learnt: delta}
	source := string(frame) // a copy; the template keeps pieces of it
	fixed, texts := 0, 0    // fixed is the start of the fixed bytes after the last hole
	add := func(h hole, v *Value) {
		t.close(source[fixed:v.start])
		t.holes = append(t.holes, h)
		fixed = v.start + len(v.Raw())
	}
	var w Walker
	ok := w.Walk(frame, func(v *Value) bool {
		size := len(v.Raw())
		switch {
		case v.Kind == String && contains(spec.Delta, v.Path()):
			if string(unescape(nil, v.Raw())) == delta {
				texts++
				add(hole{kind: textHole}, v)
			}
		case !contains(spec.Ignore, v.Path()):
		case v.Kind == String:
			add(hole{kind: stringHole}, v)
		case v.Kind != Number || size > maxDigits:
		case scanNatural(v.Raw()) == size:
			add(hole{kind: naturalHole, max: max(size, freeDigits)}, v)
		case scanDecimal(v.Raw()) == size:
			add(hole{kind: decimalHole, max: max(size, freeDigits)}, v)
		}
		return true
		// A number that is longer, or has a sign or an exponent, stays fixed: another
		// such number may not fit the Go type.
	})
	t.close(source[fixed:])
	return t, ok && texts == 1
}

// close ends the fixed bytes before a hole or before the end.
func (t *template) close(fixed string) {
	if len(t.holes) == 0 {
		t.head = fixed
	} else {
		t.holes[len(t.holes)-1].after = fixed
	}
}

func contains(paths []string, path []byte) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return p == string(path) })
}

// match compares the beginning of b with the template, and returns the text and the size of
// the frame. If the text has escapes, it is decoded into scratch, which is reused.
func (t *template) match(b []byte, scratch *[]byte) (text []byte, size int, ok bool) {
	at := len(t.head)
	if len(b) < at || string(b[:at]) != t.head {
		return nil, 0, false
	}
	var verbatim, ascii bool
	for i := range t.holes {
		h := &t.holes[i]
		var n int
		switch h.kind {
		case textHole:
			if n, verbatim, ascii = scanString(b[at:]); n > 0 {
				text = b[at : at+n]
			}
		case stringHole:
			n, _, _ = scanString(b[at:])
		case naturalHole:
			n = scanNatural(b[at:])
		case decimalHole:
			n = scanDecimal(b[at:])
		}
		if n < 0 || n == 0 && h.kind != stringHole || h.max > 0 && n > h.max {
			return nil, 0, false
		}
		at += n
		end := at + len(h.after)
		if len(b) < end || string(b[at:end]) != h.after {
			return nil, 0, false
		}
		at = end
	}
	if !verbatim || !ascii && !utf8.Valid(text) {
		*scratch = unescape((*scratch)[:0], text)
		text = *scratch
	}
	return text, at, true
}
