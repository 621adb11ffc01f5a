package gotype

import (
	"bytes"
	"encoding/json"
)

// object is a JSON object with an order.
type object []member

type member struct {
	name  string
	value any
}

// list is a JSON array.
type list []any

func (o *object) add(name string, value any) { *o = append(*o, member{name, value}) }

func (o *object) set(name string, value any) {
	for i := range *o {
		if (*o)[i].name == name {
			(*o)[i].value = value
			return
		}
	}
	o.add(name, value)
}

func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (o object) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, m.name)
		b = appendValue(append(b, ':'), m.value)
	}
	return append(b, '}')
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case object:
		return v.appendJSON(b)
	case list:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, item)
		}
		return append(b, ']')
	}
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil { // texts, numbers and checked JSON always encode
		return append(b, "null"...)
	}
	return append(b, bytes.TrimSpace(buf.Bytes())...)
}

// parseObject reads a JSON object one level deep.
func parseObject(raw json.RawMessage) (object, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') || !json.Valid(raw) {
		return nil, false
	}
	out := object{}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return nil, false
		}
		out.add(name.(string), value)
	}
	return out, true
}
