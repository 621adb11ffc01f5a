package chattemplate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ardanlabs/jinja"
)

// indentedJSON is the filter tojson(indent=n). The engine's own sorts the members of objects;
// Python's keeps their order.
func indentedJSON(args []jinja.Value, kwargs map[string]jinja.Value) (jinja.Value, error) {
	const widest = 16
	indent := kwargs["indent"]
	if len(args) != 1 || !indent.IsInt() || indent.AsInt() < 0 || indent.AsInt() > widest {
		return jinja.Undefined(), fmt.Errorf("tojson: the indent is not a number from 0 to %d", widest)
	}
	var compact bytes.Buffer
	if err := appendJSON(&compact, args[0], 0); err != nil {
		return jinja.Undefined(), err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact.Bytes(), "", strings.Repeat(" ", int(indent.AsInt()))); err != nil {
		return jinja.Undefined(), err
	}
	return jinja.NewString(b.String()), nil
}

// appendJSON writes a value as JSON.
func appendJSON(b *bytes.Buffer, v jinja.Value, depth int) error {
	switch {
	case depth > maxDepth:
		return errors.New("tojson: the value is nested too deeply")
	case v.IsBool():
		b.WriteString(strconv.FormatBool(v.AsBool()))
	case v.IsInt():
		b.WriteString(strconv.FormatInt(v.AsInt(), 10))
	case v.IsFloat():
		data, err := json.Marshal(v.AsFloat())
		if err != nil {
			return err
		}
		b.Write(data)
	case v.IsString():
		return appendString(b, v.AsString())
	case v.IsList():
		b.WriteByte('[')
		for i, item := range v.AsList().Items {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := appendJSON(b, item, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case v.IsDict():
		b.WriteByte('{')
		d := v.AsDict()
		for i, key := range d.Keys {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := appendString(b, key); err != nil {
				return err
			}
			b.WriteByte(':')
			if err := appendJSON(b, d.Data[key], depth+1); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	default:
		b.WriteString("null")
	}
	return nil
}

func appendString(b *bytes.Buffer, text string) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the newline
	return nil
}

// fromJSON returns a JSON text as a value, with the members of objects in their order. Each
// text in it is changed by mark.
func fromJSON(data []byte, mark func(string) string) (jinja.Value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readJSON(d, mark, 0)
	if err != nil {
		return jinja.Undefined(), err
	}
	if _, err := d.Token(); err != io.EOF {
		return jinja.Undefined(), errors.New("there is text after the JSON value")
	}
	return v, nil
}

func readJSON(d *json.Decoder, mark func(string) string, depth int) (jinja.Value, error) {
	token, err := d.Token()
	if err != nil {
		return jinja.Undefined(), err
	}
	if depth > maxDepth {
		return jinja.Undefined(), errors.New("the JSON value is nested too deeply")
	}
	switch t := token.(type) {
	case bool:
		return jinja.NewBool(t), nil
	case string:
		return jinja.NewString(mark(t)), nil
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return jinja.NewInt(n), nil
		}
		f, err := t.Float64()
		return jinja.NewFloat(f), err
	case json.Delim:
		if t == '[' {
			return readList(d, mark, depth)
		}
		return readObject(d, mark, depth)
	}
	return jinja.None(), nil
}

func readList(d *json.Decoder, mark func(string) string, depth int) (jinja.Value, error) {
	items := []jinja.Value{}
	for d.More() {
		v, err := readJSON(d, mark, depth+1)
		if err != nil {
			return v, err
		}
		items = append(items, v)
	}
	_, err := d.Token()
	return jinja.NewList(items), err
}

func readObject(d *json.Decoder, mark func(string) string, depth int) (jinja.Value, error) {
	object := jinja.NewDict()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return object, err
		}
		v, err := readJSON(d, mark, depth+1)
		if err != nil {
			return object, err
		}
		object.AsDict().Set(mark(key.(string)), v)
	}
	_, err := d.Token()
	return object, err
}
