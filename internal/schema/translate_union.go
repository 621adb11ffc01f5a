package schema

// union is an anyOf or oneOf of a part.
type union struct {
	part    int // index among the leaves
	n       *node
	keyword string
	kids    []*node
}

// unions returns the unions of a part that are not applied yet.
func (p part) unions() []union {
	var unions []union
	if p.n.anyOf != nil && p.union != "anyOf" && p.union != "both" {
		unions = append(unions, union{n: p.n, keyword: "anyOf", kids: p.n.anyOf})
	}
	if p.n.oneOf != nil && p.union != "oneOf" && p.union != "both" {
		unions = append(unions, union{n: p.n, keyword: "oneOf", kids: p.n.oneOf})
	}
	return unions
}

// without returns the part after a union of it was applied.
func (p part) without(keyword string) part {
	if p.union != "" {
		keyword = "both"
	}
	p.union, p.bare = keyword, true
	return p
}

// conjunction translates leaves. If one of them has a union, the others are distributed over
// its branches: most backends ignore or refuse keywords beside anyOf.
func (t *translator) conjunction(leaves []part, at *node) (value, *Error) {
	for i, leaf := range leaves {
		if unions := leaf.unions(); len(unions) > 0 {
			u := unions[0]
			u.part = i
			return t.union(u, leaves)
		}
	}
	types := anyType
	for _, leaf := range leaves {
		types = intersect(types, leaf.n.types)
	}
	if types == 0 {
		return value{}, errNever
	}
	if types == anyType {
		types = inferred(leaves)
	}
	text := t.description(leaves)
	if types == 0 {
		return t.untyped(leaves, text, at)
	}
	null := types&typeNull != 0 && nullAllowed(leaves)
	rest := types &^ typeNull
	out, err := value{}, errNever
	switch {
	case rest == 0:
	case rest&(rest-1) != 0 && (t.profile.OneType || rest&(typeObject|typeArray) != 0):
		out, err = t.split(leaves, rest, text, at)
	default:
		out, err = t.typed(leaves, rest, at, text)
	}
	switch {
	case err == errNever && null:
		return t.description(leaves).addTo(newObject().add("type", newString("null"))), nil
	case err != nil:
		return value{}, err
	case null:
		return t.nullable(out), nil
	}
	return out, nil
}

// split writes a list of types as anyOf. Objects and arrays stand alone, because their
// keywords are translated.
func (t *translator) split(leaves []part, types typeSet, text *description, at *node) (value, *Error) {
	var branches []value
	t.inUnion++
	defer func() { t.inUnion-- }()
	for _, name := range typeNames {
		if types&name.set == 0 {
			continue
		}
		branch, err := t.typed(leaves, name.set, at, &description{})
		if err == errNever {
			continue
		}
		if err != nil {
			return value{}, err
		}
		branches = append(branches, branch)
	}
	if len(branches) == 0 {
		return value{}, errNever
	}
	return text.addTo(newObject().add("anyOf", newArray(branches...))), nil
}

// intersect returns the types that both sets allow. Zero means that there is no restriction.
func intersect(a, b typeSet) typeSet {
	if b == 0 {
		return a
	}
	both := a & b
	if a&typeNumber != 0 && b&typeInteger != 0 || b&typeNumber != 0 && a&typeInteger != 0 {
		both |= typeInteger
	}
	if both&typeNumber != 0 {
		both &^= typeInteger
	}
	return both
}

// inferred returns the types that follow from other keywords than type, or 0.
func inferred(leaves []part) typeSet {
	for _, leaf := range leaves {
		if leaf.n.constant != nil || leaf.n.enum != nil {
			types := typeSet(0)
			for _, v := range enumOf(leaves, anyType) {
				types |= typesOf(&v)
			}
			if types&typeInteger != 0 {
				types &^= typeNumber
				for _, v := range enumOf(leaves, anyType) {
					if typesOf(&v) == typeNumber {
						types = types&^typeInteger | typeNumber
					}
				}
			}
			return types
		}
	}
	for _, leaf := range leaves {
		n := leaf.n
		switch {
		case n.properties != nil || n.required != nil || n.additional != nil || n.patternProperties != nil:
			return typeObject
		case n.items != nil || n.prefix != nil:
			return typeArray
		}
	}
	return 0
}

// nullAllowed reports whether enum and const of all leaves allow null.
func nullAllowed(leaves []part) bool {
	for _, leaf := range leaves {
		if leaf.n.constant != nil && leaf.n.constant.kind != kindNull {
			return false
		}
		found := leaf.n.enum == nil
		for i := range leaf.n.enum {
			found = found || leaf.n.enum[i].kind == kindNull
		}
		if !found {
			return false
		}
	}
	return true
}

// union translates a union together with the other leaves.
func (t *translator) union(u union, leaves []part) (value, *Error) {
	others := make([]part, 0, len(leaves))
	for i, leaf := range leaves {
		if i == u.part {
			leaf = leaf.without(u.keyword)
		}
		leaf.bare, leaf.flat = true, true
		others = append(others, leaf)
	}
	if !distributes(others) {
		others = nil
	}
	text := t.description(leaves)
	if others == nil {
		text = t.annotation(leaves)
	}
	t.inUnion++
	var branches []value
	for _, kid := range u.kids {
		branch, err := t.schema(append([]part{{n: kid}}, others...), kid)
		if err == errNever {
			continue
		}
		if err != nil {
			t.inUnion--
			return value{}, err
		}
		branches = append(branches, branch)
	}
	t.inUnion--
	if len(branches) == 0 {
		return value{}, errNever
	}
	keyword := u.keyword
	if keyword == "oneOf" && !t.profile.accepts("oneOf") {
		keyword = "anyOf"
		if !disjoint(u.kids) {
			t.warn(u.n, "oneOf", "oneOf becomes anyOf: %s does not refuse a value that matches several alternatives", t.profile.Name)
		}
	}
	return t.alternatives(keyword, branches, text), nil
}

// alternatives writes translated branches.
func (t *translator) alternatives(keyword string, branches []value, text *description) value {
	if len(branches) == 1 && text.empty() {
		return branches[0]
	}
	if t.profile.Null == NullKeyword {
		kept := branches[:0:0]
		for i := range branches {
			if !isNull(&branches[i]) {
				kept = append(kept, branches[i])
			}
		}
		if len(kept) > 0 && len(kept) < len(branches) {
			if len(kept) == 1 && text.empty() {
				return t.nullable(kept[0])
			}
			return t.nullable(text.addTo(newObject().add(keyword, newArray(kept...))))
		}
	}
	return text.addTo(newObject().add(keyword, newArray(branches...)))
}

// distributes reports whether leaves restrict values by more than small constraints.
func distributes(leaves []part) bool {
	for _, leaf := range leaves {
		if len(leaf.unions()) > 0 || structural([]part{{n: leaf.n, union: "both"}}) {
			return true
		}
	}
	return false
}

// disjoint reports whether no value can match two of the schemas, as far as types and
// constant members show.
func disjoint(nodes []*node) bool {
	if len(nodes) > 50 {
		return false
	}
	for i, a := range nodes {
		for _, b := range nodes[:i] {
			if !exclusive(head(a), head(b)) {
				return false
			}
		}
	}
	return true
}

func exclusive(a, b *node) bool {
	if intersect(a.accepts(), b.accepts()) == 0 {
		return true
	}
	for name, x := range a.properties {
		y := b.properties[name]
		if y == nil || !requires(a, name) || !requires(b, name) {
			continue
		}
		xs, ys := enumOf([]part{{n: head(x)}}, anyType), enumOf([]part{{n: head(y)}}, anyType)
		if xs == nil || ys == nil {
			continue
		}
		common := false
		for i := range xs {
			for j := range ys {
				common = common || sameValue(&xs[i], &ys[j])
			}
		}
		if !common {
			return true
		}
	}
	return false
}

func requires(n *node, name string) bool {
	for _, required := range n.required {
		if required == name {
			return true
		}
	}
	return false
}

// sameValue compares two values of schemas.
func sameValue(a, b *value) bool { return string(canonical(nil, a)) == string(canonical(nil, b)) }

// nullable returns a translated schema that accepts null too.
func (t *translator) nullable(v value) value {
	if t.takesNull(&v) {
		return v
	}
	null := newObject().add("type", newString("null"))
	if t.profile.Null == NullKeyword {
		return v.add("nullable", newBool(true))
	}
	if union, ok := v.member("anyOf"); ok {
		*union = newArray(append(union.list.values[:len(union.list.values):len(union.list.values)], null)...)
		return v
	}
	if types, ok := v.member("type"); ok && (t.profile.Null == NullInType || types.kind == kindArray) && !v.has("const") {
		if types.kind == kindString {
			*types = newArray(*types)
		}
		*types = newArray(append(types.list.values[:len(types.list.values):len(types.list.values)], newString("null"))...)
		if enum, ok := v.member("enum"); ok {
			*enum = newArray(append(enum.list.values[:len(enum.list.values):len(enum.list.values)], value{})...)
		}
		return v
	}
	out := newObject().add("anyOf", newArray(v, null))
	if text, ok := v.member("description"); ok { // where models look for it
		out = out.add("description", *text)
		v.remove("description")
	}
	return out
}

// isNull reports whether a translated schema accepts null alone.
func isNull(v *value) bool {
	t, ok := v.member("type")
	return ok && t.text == "null"
}

// takesNull reports whether a translated schema accepts null.
func (t *translator) takesNull(v *value) bool {
	if v.has("nullable") || isNull(v) || len(v.list.values) == 0 {
		return true
	}
	if types, ok := v.member("type"); ok && types.kind == kindArray {
		for i := range types.list.values {
			if types.list.values[i].text == "null" {
				return true
			}
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if union, ok := v.member(keyword); ok {
			for i := range union.list.values {
				if t.takesNull(&union.list.values[i]) {
					return true
				}
			}
		}
	}
	return false
}
