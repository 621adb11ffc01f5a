package schema

import "strings"

// harmless are keywords that every backend accepts or ignores.
const harmless = "title $schema $comment"

// Fits reports whether a backend accepts the schema as it is. Such a schema needs no
// translation. If Fits returns false, the schema may still be accepted: Fits is exact for
// keywords, and careful about references and unions.
func (s *Schema) Fits(p Profile) bool {
	if p.Hint && !p.ObjectRoot {
		return true
	}
	root := s.root
	if p.ObjectRoot && (root.types != typeObject || root.ref != nil || root.anyOf != nil) {
		return false
	}
	if p.Hint {
		return true
	}
	for _, n := range s.resolver.nodes {
		if !n.fits(&p) {
			return false
		}
	}
	return true
}

// fits reports whether the profile accepts the keywords of n.
func (n *node) fits(p *Profile) bool {
	if n.at.kind != kindObject {
		return n.keyword == "additionalProperties" && (n.never || !p.Closed)
	}
	if n.ref != nil {
		return n.fitsReference(p)
	}
	typed := n.types != 0
	switch {
	case p.Typed && !typed && n.anyOf == nil,
		p.OneType && n.types&(n.types-1) != 0,
		p.Null == NullKeyword && n.types&typeNull != 0,
		p.FirstKeys && n.anyOf != nil,
		p.AllRequired && len(n.required) != len(n.properties),
		n.types == typeObject && p.Closed && (n.additional == nil || !n.additional.never),
		n.enum != nil && p.Enums != "" && !n.fitsEnum(p):
		return false
	}
	t := &translator{profile: p, depth: n.depth / 2}
	for i, keyword := range n.at.list.names {
		switch {
		case hasWord(harmless, keyword), hasWord("type properties required items anyOf description $defs", keyword):
		case keyword == "additionalProperties" && p.Closed:
		case !p.accepts(keyword), keyword == "pattern" && p.ShallowPatterns:
			return false
		case !t.acceptsValue(n, keyword, &n.at.list.values[i], n.types):
			return false
		}
	}
	return true
}

func (n *node) fitsReference(p *Profile) bool {
	if p.Refs != RefsKept || p.NoRecursion || p.NoRootRef && n.ref.up == nil || p.ObjectRoot && n.up == nil {
		return false
	}
	for _, keyword := range n.at.list.names {
		if keyword != "$ref" && !(keyword == "description" && p.RefDescription) && !(n.up == nil && keyword == "$defs") && !hasWord(harmless, keyword) {
			return false
		}
	}
	return n.ref.up == nil || strings.HasPrefix(n.text("$ref"), "#/$defs/")
}

func (n *node) fitsEnum(p *Profile) bool {
	for i := range n.enum {
		types, ok := typesOf(&n.enum[i]), false
		for _, name := range typeNames {
			ok = ok || types&name.set != 0 && hasWord(p.Enums, name.name)
		}
		if !ok {
			return false
		}
	}
	return true
}
