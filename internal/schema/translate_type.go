package schema

import "slices"

// untyped translates leaves that restrict no type.
func (t *translator) untyped(leaves []part, text *description, at *node) (value, *Error) {
	if t.profile.Typed {
		return value{}, t.unsupported(at, "", "give it a type", "schema accepts any value, which %s cannot express", t.profile.Name)
	}
	out := newObject()
	for _, leaf := range leaves {
		text.constraints(t, leaf.n, anyType, &out)
	}
	return text.addTo(out), nil
}

// typed translates leaves for one type, or for several scalar types.
func (t *translator) typed(leaves []part, types typeSet, at *node, text *description) (value, *Error) {
	names := types.names()
	out := newObject()
	if len(names) == 1 {
		out = out.add("type", newString(names[0]))
	} else {
		out = out.add("type", newStrings(names))
	}
	if err := t.enum(leaves, types, text, &out); err != nil {
		return value{}, err
	}
	for _, leaf := range leaves {
		text.constraints(t, leaf.n, types, &out)
	}
	var err *Error
	switch types {
	case typeObject:
		out, err = t.object(leaves, at, out, text)
	case typeArray:
		out, err = t.array(leaves, at, out, text)
	}
	if err != nil {
		return value{}, err
	}
	return text.addTo(out), nil
}

// enumOf returns the values that all enum and const keywords allow, or nil if there are none.
func enumOf(leaves []part, types typeSet) []value {
	var allowed []value
	found := false
	restrict := func(values []value) {
		if !found {
			allowed, found = slices.Clone(values), true
			return
		}
		allowed = slices.DeleteFunc(allowed, func(v value) bool {
			return !slices.ContainsFunc(values, func(w value) bool { return sameValue(&v, &w) })
		})
	}
	for _, leaf := range leaves {
		if leaf.n.enum != nil {
			restrict(leaf.n.enum)
		}
		if leaf.n.constant != nil {
			restrict([]value{*leaf.n.constant})
		}
	}
	if !found {
		return nil
	}
	matching := []value{}
	for _, v := range allowed {
		if typesOf(&v)&types != 0 {
			matching = append(matching, v)
		}
	}
	return matching
}

// enum adds enum or const to out.
func (t *translator) enum(leaves []part, types typeSet, text *description, out *value) *Error {
	values := enumOf(leaves, types)
	if values == nil {
		return nil
	}
	if len(values) == 0 {
		return errNever
	}
	holder, keyword := leaves[0].n, "enum"
	for _, leaf := range leaves {
		if leaf.n.enum != nil {
			holder = leaf.n
		} else if leaf.n.constant != nil && holder.enum == nil {
			holder = leaf.n
		}
	}
	isConst := holder.constant != nil && len(values) == 1
	if isConst && t.profile.accepts("const") {
		keyword = "const"
	}
	for i := range values {
		if accepted := typeSetOf(t.profile.Enums); accepted != 0 && typesOf(&values[i])&accepted == 0 {
			if isConst {
				text.drop(t, holder, "const", &values[0])
				return nil
			}
			list := newArray(values...)
			text.drop(t, holder, "enum", &list)
			return nil
		}
	}
	if keyword == "const" {
		*out = out.add("const", values[0])
	} else {
		*out = out.add("enum", newArray(values...))
	}
	return nil
}

// typeSetOf reads a list of type names separated by spaces.
func typeSetOf(words string) typeSet {
	set := typeSet(0)
	for _, n := range typeNames {
		if hasWord(words, n.name) {
			set |= n.set
		}
	}
	return set
}

// array adds the schemas of items to out.
func (t *translator) array(leaves []part, at *node, out value, text *description) (value, *Error) {
	t.depth++
	defer func() { t.depth-- }()
	length := 0
	var after []part // of items after all prefixes
	for _, leaf := range leaves {
		length = max(length, len(leaf.n.prefix))
		if leaf.n.items != nil {
			after = append(after, part{n: leaf.n.items})
		}
	}
	var prefix []value
	for i := range length {
		var parts []part
		for _, leaf := range leaves {
			switch {
			case i < len(leaf.n.prefix):
				parts = append(parts, part{n: leaf.n.prefix[i]})
			case leaf.n.items != nil:
				parts = append(parts, part{n: leaf.n.items})
			}
		}
		inUnion := t.inUnion
		if !t.profile.accepts("prefixItems") { // the items become alternatives
			t.inUnion++
		}
		item, err := t.schema(parts, parts[0].n)
		t.inUnion = inUnion
		if err != nil {
			return value{}, t.never(err, parts[0].n)
		}
		prefix = append(prefix, item)
	}
	var items *value
	closed := false
	switch {
	case len(after) > 0:
		inUnion := t.inUnion
		if length > 0 && !t.profile.accepts("prefixItems") {
			t.inUnion++
		}
		item, err := t.schema(after, after[0].n)
		t.inUnion = inUnion
		if err == errNever {
			closed = true
		} else if err != nil {
			return value{}, err
		} else {
			items = &item
		}
	case length == 0 && t.profile.Typed:
		return value{}, t.unsupported(at, "", "add items with a type", "array has no items, and %s cannot express items of any type", t.profile.Name)
	}
	return t.items(at, out, text, prefix, items, closed)
}

// items writes the translated schemas of an array.
func (t *translator) items(at *node, out value, text *description, prefix []value, items *value, closed bool) (value, *Error) {
	if len(prefix) > 0 && t.profile.accepts("prefixItems") {
		out = out.add("prefixItems", newArray(prefix...))
		if closed {
			if !out.has("maxItems") && t.profile.accepts("maxItems") {
				return out.add("maxItems", value{kind: kindNumber, text: indexKey(len(prefix))}), nil
			}
			text.add("no items after the first " + indexKey(len(prefix)))
		}
	} else if len(prefix) > 0 {
		t.warn(at, "prefixItems", "%s does not enforce the order of the first %d items", t.profile.Name, len(prefix))
		text.add("items in this order: " + shorten(string(ptr(newArray(prefix...)).appendJSON(nil)), maxListed))
		var branches []value
		for _, item := range append(prefix, deref(items)...) {
			if !slices.ContainsFunc(branches, func(b value) bool { return sameValue(&b, &item) }) {
				branches = append(branches, item)
			}
		}
		item := t.alternatives("anyOf", branches, &description{})
		items = &item
	} else if closed {
		return value{}, t.unsupported(at, "items", "remove the array", "array must be empty, which %s cannot express", t.profile.Name)
	}
	if items != nil {
		out = out.add("items", *items)
	}
	return out, nil
}

func ptr(v value) *value { return &v }

func deref(v *value) []value {
	if v == nil {
		return nil
	}
	return []value{*v}
}
