package gotype

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// mapKey returns the key of a map, or an invalid value and an error.
func mapKey(t reflect.Type, text string) (reflect.Value, error) {
	v := reflect.New(t)
	if u, ok := v.Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return reflect.Value{}, err
		}
		return v.Elem(), nil
	}
	var err error
	switch k := t.Kind(); {
	case k == reflect.String:
		v.Elem().SetString(text)
	case k <= reflect.Int64:
		err = setInt(v.Elem(), text)
	default:
		err = setUint(v.Elem(), text)
	}
	if err != nil {
		return reflect.Value{}, err
	}
	return v.Elem(), nil
}

// endNumber stores a complete number.
func (d *Decoder) endNumber() {
	if !json.Valid(d.scratch) {
		d.syntax(0, "%q is no number", d.scratch)
		return
	}
	if d.rawDepth == 0 {
		p, text := d.current(), string(d.scratch)
		var err error
		switch p.form {
		case formInt:
			v := reflect.New(p.typ).Elem()
			if err = setInt(v, text); err == nil {
				d.place().Set(v)
			}
		case formUint:
			v := reflect.New(p.typ).Elem()
			if err = setUint(v, text); err == nil {
				d.place().Set(v)
			}
		case formFloat:
			var f float64
			if f, err = strconv.ParseFloat(text, p.typ.Bits()); err == nil {
				d.place().SetFloat(f)
			}
		default:
			d.mismatch(p, "a number")
		}
		if err != nil {
			d.mismatch(p, "the number "+text)
		}
	}
	d.endValue()
}

// setInt stores an integer. "1.0" and "1e2" are integers in JSON Schema, so they are here.
func setInt(v reflect.Value, text string) error {
	n, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if err != nil {
		whole, ok := integer(text)
		if !ok || !whole.IsInt64() || v.OverflowInt(whole.Int64()) {
			return err
		}
		n = whole.Int64()
	}
	v.SetInt(n)
	return nil
}

func setUint(v reflect.Value, text string) error {
	n, err := strconv.ParseUint(text, 10, v.Type().Bits())
	if err != nil {
		whole, ok := integer(text)
		if !ok || !whole.IsUint64() || v.OverflowUint(whole.Uint64()) {
			return err
		}
		n = whole.Uint64()
	}
	v.SetUint(n)
	return nil
}

// integer returns the value of a number with a fraction or an exponent, if it is an integer
// that can be in 64 bits.
func integer(text string) (*big.Int, bool) {
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if n, err := strconv.Atoi(exponent); err != nil || n > 400 || n < -400 {
			return nil, false
		}
	}
	if len(text) > 1000 {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || !r.IsInt() {
		return nil, false
	}
	return r.Num(), true
}

// tryLiteral stores true, false or null when it is complete.
func (d *Decoder) tryLiteral(piece string, i int) {
	switch word := string(d.scratch); word {
	case "true", "false":
		if p := d.current(); d.rawDepth == 0 {
			if p.form == formBool {
				d.place().SetBool(word == "true")
			} else {
				d.mismatch(p, word)
			}
		}
	case "null": // leaves the value as it is; an element of a list is zero
		if d.rawDepth == 0 {
			d.storeNull()
		}
	default:
		if !strings.HasPrefix("true", word) && !strings.HasPrefix("false", word) && !strings.HasPrefix("null", word) {
			d.syntax(i, "%q is no value", word)
		}
		return
	}
	d.endValue()
	d.endRaw(piece, i+1)
}

// storeNull adds a zero element to a list or a map. Other values stay as they are.
func (d *Decoder) storeNull() {
	if len(d.stack) == 0 {
		return
	}
	top := &d.stack[len(d.stack)-1]
	switch top.plan.form {
	case formSlice:
		top.place.Set(reflect.Append(top.place, reflect.Zero(top.plan.typ.Elem())))
	case formMap:
		if top.key.IsValid() {
			top.place.SetMapIndex(top.key, reflect.Zero(top.plan.typ.Elem()))
		}
	}
}

// endRaw stores a value that encoding/json decodes, if it ended before the next position.
func (d *Decoder) endRaw(piece string, next int) {
	if d.rawDepth == 0 || d.rawDepth != len(d.stack)+1 || d.state != afterValue || d.failed != nil {
		return
	}
	if piece != "" {
		d.raw = append(d.raw, piece[d.rawFrom:next]...)
	}
	d.rawDepth = 0
	if err := d.setRaw(); err != nil && d.wrong == nil {
		d.wrong = err
	}
}

func (d *Decoder) setRaw() error {
	if len(d.stack) > 0 {
		d.stack[len(d.stack)-1].n--
		defer func() {
			top := &d.stack[len(d.stack)-1]
			if top.entry.IsValid() {
				top.place.SetMapIndex(top.key, top.entry)
				top.entry = reflect.Value{}
			}
			top.n++
		}()
	}
	p := d.current()
	if string(d.raw) == "null" && (p.pointers > 0 || p.form != formRaw) {
		d.storeNull()
		return nil
	}
	v := reflect.New(p.typ)
	if err := decodeRaw(p, d.raw, v); err != nil {
		return fmt.Errorf("%s: %w", d.path(), err)
	}
	d.place().Set(v.Elem())
	return nil
}

// decodeRaw decodes the complete text of a value.
func decodeRaw(p *plan, raw []byte, v reflect.Value) (err error) {
	defer func() {
		if r := recover(); r != nil { // in a method of the program's type
			err = fmt.Errorf("decoding panicked: %v", r)
		}
	}()
	if p.form == formRaw {
		return json.Unmarshal(raw, v.Interface())
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if p.form == formQuoted {
		return json.Unmarshal([]byte(text), v.Interface())
	}
	duration, err := time.ParseDuration(text)
	v.Elem().SetInt(int64(duration))
	return err
}

// setDefault stores the default of a field of a struct that is closing.
func (d *Decoder) setDefault(f *frame, field *fieldPlan) {
	v := fieldAt(f.place, field.index)
	for range field.pointers {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	inner := &Decoder{root: v, plan: planOf(field.typ, false)}
	err := inner.Write(string(field.fallback))
	if err == nil {
		err = inner.Close()
	}
	if err != nil && d.wrong == nil {
		d.wrong = fmt.Errorf("%s: the default %s: %w", d.path(), field.fallback, err)
	}
}

// mismatch records that a value has a type that its place does not accept.
func (d *Decoder) mismatch(p *plan, got string) {
	if p.form != formSkipped && d.wrong == nil {
		d.wrong = fmt.Errorf("%s: %s cannot be a %s", d.path(), got, p.typ)
	}
}

// path returns the JSON pointer of the current value.
func (d *Decoder) path() string {
	var b strings.Builder
	for i := range d.stack {
		f := &d.stack[i]
		switch {
		case f.list:
			b.WriteString("/" + strconv.Itoa(f.n))
		case f.plan.form == formStruct && f.field != nil:
			for name, field := range f.plan.fields {
				if field == f.field {
					b.WriteString("/" + name)
				}
			}
		case f.key.IsValid():
			fmt.Fprintf(&b, "/%v", f.key)
		}
	}
	if b.Len() == 0 {
		return "the value"
	}
	return b.String()
}
