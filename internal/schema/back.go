package schema

import (
	"encoding/json"
	"strconv"
	"strings"
)

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
	b, v, err := t.read(answer)
	if err != nil {
		return nil, err
	}
	out := b.value(t.target.schema.root, v)
	if b.check.exhausted {
		return nil, &Error{Problem: "answer takes too long to translate", Fix: "write a shorter one"}
	}
	return out.appendJSON(nil), nil
}

// Relocate changes the paths of findings from the original form of an answer to the form in
// which the model wrote it, for example from /sizes/small to /sizes/0/value. A message that
// asks the model to repair its answer should have these paths. answer is the text that was
// given to Back.
func (t *Translation) Relocate(answer json.RawMessage, report *Report) {
	if t.target == nil || len(report.Findings) == 0 {
		return
	}
	b, v, err := t.read(answer)
	if err != nil {
		return // the report is about the same text
	}
	for i := range report.Findings {
		report.Findings[i].Path = b.relocate(t.target.schema.root, v, report.Findings[i].Path)
	}
}

// read parses an answer within the limits of a validation.
func (t *Translation) read(answer json.RawMessage) (*back, *value, error) {
	options := t.target.options
	if len(answer) > options.MaxBytes {
		return nil, nil, &Error{Problem: "answer is too large", Fix: "write less"}
	}
	v, failed := readValue(answer, options.MaxDepth, options.MaxValues)
	if failed != nil {
		return nil, nil, &Error{Path: failed.path, Problem: failed.problem, Fix: failed.fix}
	}
	c := &check{validator: t.target, options: &options, report: &Report{}, steps: options.MaxSteps, probing: 1}
	return &back{c}, &v, nil
}

// back is one run of Back. check finds the branches of unions.
type back struct{ check *check }

// settle follows references and chooses the branches of unions, until it reaches the schema
// that describes v itself. It returns nil if no branch is meant.
func (b *back) settle(n *node, v *value) *node {
	at := &place{index: -1}
	for range 100 {
		branches := n.anyOf
		if branches == nil {
			branches = n.oneOf
		}
		switch {
		case !b.check.spend(1):
			return nil
		case n.ref != nil:
			n = n.ref
			continue
		case branches == nil:
			return n
		}
		meant := b.check.meant(branches, v, at)
		for _, branch := range branches {
			if b.check.probe(branch, v, at, nil) {
				meant = branch
				break
			}
		}
		if meant == nil {
			return nil
		}
		n = meant
	}
	return nil
}

// noMark is the mark of schemas that have none.
var noMark = &mark{}

// marks returns the mark of a schema.
func marks(n *node) *mark {
	if n.at.list == nil || n.at.list.mark == nil {
		return noMark
	}
	return n.at.list.mark
}

// value returns v in the original form. v was written for n.
func (b *back) value(n *node, v *value) value {
	if n = b.settle(n, v); n == nil {
		return *v
	}
	m := marks(n)
	switch v.kind {
	case kindArray:
		if m.pairs {
			return b.pairs(n, v)
		}
		return b.array(n, v)
	case kindObject:
		if inner, ok := m.inner(v); ok {
			return b.value(n.properties["value"], inner)
		}
		return b.object(n, v, m)
	}
	return *v
}

// inner returns the value in {"value": …}, if v should be and is wrapped.
func (m *mark) inner(v *value) (*value, bool) {
	inner, ok := v.member("value")
	return inner, ok && m.wrapped && len(v.list.values) == 1
}

func (b *back) array(n *node, v *value) value {
	out := value{kind: kindArray, list: &elements{values: make([]value, len(v.list.values))}}
	for i := range v.list.values {
		item := &v.list.values[i]
		switch {
		case i < len(n.prefix):
			out.list.values[i] = b.value(n.prefix[i], item)
		case n.items != nil:
			out.list.values[i] = b.value(n.items, item)
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
			member = b.value(property, &member)
		} else if n.additional != nil {
			member = b.value(n.additional, &member)
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
		out.list.values = append(out.list.values, b.value(n.items.properties["value"], member))
	}
	return out
}

// relocate returns the pointer in the answer v for a pointer in its original form.
func (b *back) relocate(n *node, v *value, pointer string) string {
	if inner, ok := marks(n).inner(v); ok {
		return "/value" + b.relocate(n.properties["value"], inner, pointer)
	}
	if pointer == "" {
		return ""
	}
	if n = b.settle(n, v); n == nil || v.list == nil {
		return pointer
	}
	segment, rest := pointer[1:], ""
	if i := strings.IndexByte(segment, '/'); i >= 0 {
		segment, rest = segment[:i], segment[i:]
	}
	name := pointerUnescaper.Replace(segment)
	if marks(n).pairs && v.kind == kindArray {
		for i := range v.list.values {
			pair := &v.list.values[i]
			if key, ok := pair.member("key"); ok && key.text == name {
				if member, ok := pair.member("value"); ok {
					return "/" + indexKey(i) + "/value" + b.relocate(n.items.properties["value"], member, rest)
				}
			}
		}
		return pointer
	}
	kid, member := below(n, v, name)
	if kid == nil || member == nil {
		return pointer
	}
	return "/" + segment + b.relocate(kid, member, rest)
}

// below returns a member or an item of v, and the schema that describes it, or nil.
func below(n *node, v *value, name string) (*node, *value) {
	if v.kind == kindObject {
		kid := n.properties[name]
		if kid == nil {
			kid = n.additional
		}
		member, _ := v.member(name)
		return kid, member
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(v.list.values) {
		return nil, nil
	}
	if i < len(n.prefix) {
		return n.prefix[i], &v.list.values[i]
	}
	return n.items, &v.list.values[i]
}
