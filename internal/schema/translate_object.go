package schema

import "slices"

// members are the properties of an object that several leaves describe together.
type members struct {
	names    []string // in the order of the first mention
	parts    map[string][]part
	required map[string]bool
	extra    []part // additionalProperties that are schemas
	pattern  []*node
	closed   bool // some leaf has additionalProperties false
	declared bool // some leaf has the keyword properties
}

// gather collects the properties of leaves.
func gather(leaves []part) *members {
	m := &members{parts: map[string][]part{}, required: map[string]bool{}}
	for _, leaf := range leaves {
		m.names = append(m.names, leaf.n.order...)
		for _, name := range leaf.n.required {
			m.required[name] = true
		}
		m.declared = m.declared || leaf.n.has("properties")
		m.pattern = append(m.pattern, leaf.n.patternProperties...)
		if additional := leaf.n.additional; additional != nil {
			if additional.never {
				m.closed = true
			} else {
				m.extra = append(m.extra, part{n: additional})
			}
		}
	}
	for _, leaf := range leaves {
		m.names = append(m.names, leaf.n.required...)
	}
	m.names = distinct(m.names)
	for _, name := range m.names {
		for _, leaf := range leaves {
			if property := leaf.n.properties[name]; property != nil {
				m.parts[name] = append(m.parts[name], part{n: property})
			} else if leaf.n.additional != nil && len(leaf.n.patternProperties) == 0 {
				m.parts[name] = append(m.parts[name], part{n: leaf.n.additional})
			}
		}
	}
	return m
}

func distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	return slices.DeleteFunc(names, func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
}

// object adds the schemas of members to out.
func (t *translator) object(leaves []part, at *node, out value, text *description) (value, *Error) {
	t.depth++
	defer func() { t.depth-- }()
	m := gather(leaves)
	keepsExtra := !t.profile.Closed && t.profile.accepts("additionalProperties")
	free := len(m.pattern) > 0 || !m.closed && (len(m.extra) > 0 || !m.declared && t.depth > 1)
	if len(m.names) == 0 && free && !keepsExtra {
		return t.pairs(m, at, out, text)
	}
	properties, required, optional, err := t.properties(m, at)
	if err != nil {
		return value{}, err
	}
	if len(m.names) > 0 || m.declared || t.profile.Closed {
		out = out.add("properties", properties)
	}
	if len(required) > 0 || t.profile.AllRequired {
		out = out.add("required", newStrings(required))
	}
	if t.profile.PropertyOrdering && len(properties.list.names) > 0 {
		out = out.add("propertyOrdering", newStrings(properties.list.names))
	}
	if len(optional) > 0 {
		out.list.mark = &mark{optional: optional}
		t.marked = true
	}
	return t.extras(m, at, out, keepsExtra)
}

// properties translates the properties of an object.
func (t *translator) properties(m *members, at *node) (properties value, required []string, optional map[string]bool, err *Error) {
	properties = newObject()
	for _, name := range m.names {
		place := at
		if parts := m.parts[name]; len(parts) > 0 {
			place = parts[0].n
		}
		nullable := t.profile.AllRequired && !m.required[name]
		if nullable {
			t.inUnion++
		}
		v, err := t.schema(m.parts[name], place)
		if nullable {
			t.inUnion--
		}
		if err == errNever && !m.required[name] {
			if !t.profile.Closed && (!m.closed || !t.profile.accepts("additionalProperties")) {
				t.warn(place, "properties", "%s allows the member although its schema is false", t.profile.Name)
			}
			continue
		}
		if err != nil {
			return value{}, nil, nil, err
		}
		switch {
		case m.required[name]:
			required = append(required, name)
		case nullable:
			required = append(required, name)
			if !t.takesNullAnywhere(&v) {
				if optional == nil {
					optional = map[string]bool{}
				}
				optional[name] = true
				v = t.nullable(v)
			}
		}
		properties = properties.add(name, v)
	}
	return properties, required, optional, nil
}

// takesNullAnywhere is takesNull, but follows a reference.
func (t *translator) takesNullAnywhere(v *value) bool {
	if ref, ok := v.member("$ref"); ok {
		if target, ok := t.defs.member(refName(ref.text)); ok && target.kind == kindObject {
			return t.takesNull(target)
		}
		return false
	}
	return t.takesNull(v)
}

// refName returns NAME of "#/$defs/NAME", or "".
func refName(pointer string) string {
	const prefix = "#/$defs/"
	if len(pointer) <= len(prefix) {
		return ""
	}
	return pointer[len(prefix):]
}

// extras handles members that are no properties.
func (t *translator) extras(m *members, at *node, out value, keepsExtra bool) (value, *Error) {
	if !keepsExtra {
		if len(m.extra) > 0 && !m.closed && !allTrue(m.extra) {
			t.warn(at, "additionalProperties", "%s allows no other members than the properties", t.profile.Name)
		}
		if t.profile.Closed {
			out = out.add("additionalProperties", newBool(false))
		}
		return out, nil
	}
	extra := m.extra
	switch {
	case m.closed && len(m.pattern) == 0:
		return out.add("additionalProperties", newBool(false)), nil
	case m.closed && len(m.pattern) == 1:
		extra = []part{{n: m.pattern[0]}}
	case m.closed || len(extra) == 0 || len(m.pattern) > 0:
		return out, nil
	}
	v, err := t.schema(extra, extra[0].n)
	if err == errNever {
		return out.add("additionalProperties", newBool(false)), nil
	}
	if err != nil {
		return value{}, err
	}
	if len(v.list.values) == 0 {
		v = newBool(true)
	}
	return out.add("additionalProperties", v), nil
}

func allTrue(parts []part) bool {
	for _, p := range parts {
		if len(p.n.at.text) == 0 && len(p.n.at.list.values) > 0 {
			return false
		}
	}
	return true
}

// pairs translates a map to an array of {"key": …, "value": …}.
func (t *translator) pairs(m *members, at *node, out value, text *description) (value, *Error) {
	parts := m.extra
	place := at
	if len(m.pattern) > 0 {
		parts = nil
	}
	if len(m.pattern) == 1 {
		parts = []part{{n: m.pattern[0]}}
	}
	if len(parts) > 0 {
		place = parts[0].n
	}
	if out.has("enum") || out.has("const") {
		return value{}, t.unsupported(at, "enum", "describe the objects by properties", "%s has no maps, and so no enum of objects", t.profile.Name)
	}
	v, err := t.schema(parts, place)
	if err != nil {
		return value{}, t.never(err, place)
	}
	pair := newObject().
		add("type", newString("object")).
		add("properties", newObject().add("key", newObject().add("type", newString("string"))).add("value", v)).
		add("required", newStrings([]string{"key", "value"}))
	if t.profile.PropertyOrdering {
		pair = pair.add("propertyOrdering", newStrings([]string{"key", "value"}))
	}
	if t.profile.Closed {
		pair = pair.add("additionalProperties", newBool(false))
	}
	if typ, ok := out.member("type"); ok {
		*typ = newString("array")
	}
	out.list.mark = &mark{pairs: true}
	t.marked = true
	text.add("a list of pairs of key and value")
	return out.add("items", pair), nil
}
