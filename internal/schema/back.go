package schema

import "encoding/json"

// Back translates an answer to the translated schema into an answer to the original one. It
// removes nulls that stand for absent members, turns arrays of pairs into maps, and unwraps
// {"value": …}. It returns the answer itself if nothing differs.
//
// Back does not validate. An answer that does not match the translated schema is translated
// as far as it does. Duplicate keys of a map stay duplicate, so that a [Validator] reports
// them. The error is an [*Error] for text that is no JSON or too large.
func (t *Translation) Back(answer json.RawMessage) (json.RawMessage, error) {
	if t.target == nil {
		return answer, nil
	}
	options := t.target.options
	if len(answer) > options.MaxBytes {
		return nil, &Error{Problem: "answer is too large", Fix: "write less"}
	}
	v, failed := readValue(answer, options.MaxDepth, options.MaxValues)
	if failed != nil {
		return nil, &Error{Path: failed.path, Problem: failed.problem, Fix: failed.fix}
	}
	b := &back{check: &check{validator: t.target, options: &options, report: &Report{}, steps: options.MaxSteps, probing: 1}}
	out := b.value(t.target.schema.root, &v, 0)
	if b.check.exhausted {
		return nil, &Error{Problem: "answer takes too long to translate", Fix: "write a shorter one"}
	}
	return out.appendJSON(nil), nil
}

// back is one run of Back. check finds the branches of unions.
type back struct{ check *check }

// value returns v in the original form. v was written for n. repeats counts the nodes that
// were visited for the same value.
func (b *back) value(n *node, v *value, repeats int) value {
	if repeats > 100 || !b.check.spend(1) {
		return *v
	}
	at := &place{index: -1}
	for n.ref != nil { // references have no circles
		n = n.ref
	}
	for _, branches := range [][]*node{n.anyOf, n.oneOf} {
		if branches == nil {
			continue
		}
		for _, branch := range branches {
			if b.check.probe(branch, v, at, nil) {
				return b.value(branch, v, repeats+1)
			}
		}
		if meant := b.check.meant(branches, v, at); meant != nil {
			return b.value(meant, v, repeats+1)
		}
		return *v
	}
	m := &mark{}
	if n.at.list != nil && n.at.list.mark != nil {
		m = n.at.list.mark
	}
	switch v.kind {
	case kindArray:
		if m.pairs {
			return b.pairs(n, v)
		}
		return b.array(n, v)
	case kindObject:
		if inner, ok := v.member("value"); ok && m.wrapped && len(v.list.values) == 1 {
			return b.value(n.properties["value"], inner, 0)
		}
		return b.object(n, v, m)
	}
	return *v
}

func (b *back) array(n *node, v *value) value {
	out := value{kind: kindArray, list: &elements{values: make([]value, len(v.list.values))}}
	for i := range v.list.values {
		item := &v.list.values[i]
		switch {
		case i < len(n.prefix):
			out.list.values[i] = b.value(n.prefix[i], item, 0)
		case n.items != nil:
			out.list.values[i] = b.value(n.items, item, 0)
		default:
			out.list.values[i] = *item
		}
	}
	return out
}

func (b *back) object(n *node, v *value, m *mark) value {
	out := newObject()
	for i, name := range v.list.names {
		member := v.list.values[i]
		if m.optional[name] && member.kind == kindNull {
			continue
		}
		if property := n.properties[name]; property != nil {
			member = b.value(property, &member, 0)
		} else if n.additional != nil {
			member = b.value(n.additional, &member, 0)
		}
		out.list.names = append(out.list.names, name)
		out.list.values = append(out.list.values, member)
	}
	return out
}

// pairs turns an array of pairs into an object. An array that has anything else stays.
func (b *back) pairs(n *node, v *value) value {
	out := newObject()
	for i := range v.list.values {
		pair := &v.list.values[i]
		key, hasKey := pair.member("key")
		member, hasValue := pair.member("value")
		if pair.kind != kindObject || !hasKey || !hasValue || key.kind != kindString || len(pair.list.values) != 2 {
			return *v
		}
		out.list.names = append(out.list.names, key.text)
		out.list.values = append(out.list.values, b.value(n.items.properties["value"], member, 0))
	}
	return out
}
