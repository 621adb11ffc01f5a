package stream

import "reflect"

// FrameDecoder decodes the frames of one stream. It reuses the memory of one frame for the
// next, which saves most allocations of a short answer.
type FrameDecoder[T any] struct {
	decoder *Decoder[T]
	parser  parser
	value   T
	target  reflect.Value // value
}

// Frames returns a decoder for the frames of one stream, whose strings are made in text.
// The caller must call Close at the end of the stream.
func (d *Decoder[T]) Frames(text *Text) *FrameDecoder[T] {
	f, _ := d.pool.Get().(*FrameDecoder[T])
	if f == nil {
		f = &FrameDecoder[T]{decoder: d}
		f.target = reflect.ValueOf(&f.value).Elem()
		f.parser.slots = make([]slot, d.slots)
		f.parser.orders = make([]order, d.slots)
	}
	f.parser.text = text
	return f
}

// Decode decodes one frame, like [Decoder.Decode]. The result is valid until the next call
// of Decode or Close. Strings, byte slices and raw JSON in it stay valid; pointers and other
// slices do not.
func (f *FrameDecoder[T]) Decode(data []byte) (*T, error) {
	f.value = *new(T)
	f.parser.frame++
	err := f.parser.decode(f.decoder.root, data, f.target)
	return &f.value, err
}

// Close ends the use of f and of the last result.
func (f *FrameDecoder[T]) Close() {
	f.value = *new(T)
	f.parser.clear()
	f.decoder.pool.Put(f)
}

// slot is a value that is reused in each frame: the target of a pointer, or a slice of one
// element.
type slot struct {
	value reflect.Value
	frame uint64 // that used the value last
}

// order has the keys of the objects of a struct, by their place in the object. Servers send
// the same keys in the same order, so most members are found by one comparison.
type order []knownKey

type knownKey struct {
	name   string
	member *member // nil if the struct has no field for the key
}

// The limits of an order. Other keys are looked up each time.
const (
	maxOrder  = 32
	maxKeyLen = 64
)

// member is l.member for the key at place n of its object.
func (p *parser) member(l *layout, key []byte, n int) *member {
	if p.orders == nil || n >= maxOrder {
		return l.member(key)
	}
	o := &p.orders[l.slot]
	if n < len(*o) && (*o)[n].name == string(key) {
		return (*o)[n].member
	}
	m := l.member(key)
	switch isField := m != nil && m.name == string(key); {
	case n < len(*o) && isField:
		(*o)[n] = knownKey{m.name, m}
	case n != len(*o) || len(key) > maxKeyLen:
	case isField:
		*o = append(*o, knownKey{m.name, m})
	default:
		*o = append(*o, knownKey{string(key), m})
	}
	return m
}

// reuse returns the slot of a layout, or nil if its value is already used in this frame.
func (p *parser) reuse(l *layout) *slot {
	if p.slots == nil {
		return nil
	}
	s := &p.slots[l.slot]
	if s.frame == p.frame {
		return nil
	}
	s.frame = p.frame
	return s
}

// clear drops all references to the frames of a stream.
func (p *parser) clear() {
	p.b, p.text, p.misfit = nil, nil, nil
	for i := range p.slots {
		switch v := p.slots[i].value; {
		case !v.IsValid():
		case v.Kind() == reflect.Slice:
			v.Index(0).SetZero()
		default:
			v.Elem().SetZero()
		}
	}
}

// newTarget returns a pointer to a zero value, or the zero Value if that takes too much memory.
func (p *parser) newTarget(l *layout) reflect.Value {
	s := p.reuse(l)
	if s == nil {
		if !p.grant(l.elem.typ, 1) {
			return reflect.Value{}
		}
		return reflect.New(l.elem.typ)
	}
	if s.value.IsValid() {
		s.value.Elem().SetZero()
	} else {
		s.value = reflect.New(l.elem.typ)
	}
	return s.value
}
