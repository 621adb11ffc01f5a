package schema

// logic applies allOf, anyOf, oneOf, not, if and dependentSchemas.
func (c *check) logic(n *node, v *value, at *place, own *evaluated) bool {
	ok := true
	for _, branch := range n.allOf {
		ok = c.apply(branch, v, at, own) && ok
	}
	if n.anyOf != nil {
		ok = c.anyOf(n, v, at, own) && ok
	}
	if n.oneOf != nil {
		ok = c.oneOf(n, v, at, own) && ok
	}
	if n.not != nil && c.probe(n.not, v, at, own.fork()) {
		ok = false
		c.add(n, at, "not", "must not match %s, but does", summary(n.not))
	}
	if n.cond != nil {
		branch := n.alt
		if c.probe(n.cond, v, at, own) {
			branch = n.then
		}
		if branch != nil {
			ok = c.apply(branch, v, at, own) && ok
		}
	}
	if v.kind == kindObject {
		for _, branch := range n.dependentSchemas {
			if _, has := v.member(branch.key); has {
				ok = c.apply(branch, v, at, own) && ok
			}
		}
	}
	return ok
}

func (c *check) anyOf(n *node, v *value, at *place, own *evaluated) bool {
	matched := false
	for _, branch := range n.anyOf {
		if c.probe(branch, v, at, own) {
			matched = true
			if own == nil { // otherwise every branch adds to the evaluated members
				return true
			}
		}
	}
	if !matched {
		c.explain(n, "anyOf", n.anyOf, v, at)
	}
	return matched
}

func (c *check) oneOf(n *node, v *value, at *place, own *evaluated) bool {
	var matched []*node
	for _, branch := range n.oneOf {
		if seen := own.fork(); c.probe(branch, v, at, seen) {
			if matched = append(matched, branch); len(matched) == 1 {
				own.merge(seen)
			}
		}
	}
	switch len(matched) {
	case 1:
		return true
	case 0:
		c.explain(n, "oneOf", n.oneOf, v, at)
	default:
		c.add(n, at, "oneOf", "must match exactly one alternative, but matches %d: %s", len(matched), summaries(matched))
	}
	return false
}

// explain reports why v matches none of the branches. If one branch is clearly meant, its
// findings are reported. Otherwise the branches are listed.
func (c *check) explain(n *node, keyword string, branches []*node, v *value, at *place) {
	if c.probing > 0 || !c.spend(1) {
		return
	}
	if meant := c.meant(branches, v, at); meant != nil {
		before := len(c.report.Findings)
		c.apply(meant, v, at, c.evaluation())
		if len(c.report.Findings) > before || c.full {
			return
		}
	}
	c.add(n, at, keyword, "must match one of %d alternatives (%s), but is %s", len(branches), summaries(branches), describe(v))
}

// summaries lists the summaries of schemas.
func summaries(nodes []*node) string {
	return list(len(nodes), func(i int) string { return summary(nodes[i]) })
}

// meant returns the branch that v was probably written for, or nil: the only one of the same
// type, or the only one whose constant members v has.
func (c *check) meant(branches []*node, v *value, at *place) *node {
	var fitting []*node
	for _, branch := range branches {
		if head(branch).accepts()&typesOf(v) != 0 {
			fitting = append(fitting, branch)
		}
	}
	if len(fitting) > 1 && v.kind == kindObject {
		var tagged []*node
		for _, branch := range fitting {
			if c.tagged(head(branch), v, at) {
				tagged = append(tagged, branch)
			}
		}
		fitting = tagged
	}
	if len(fitting) == 1 {
		return fitting[0]
	}
	return nil
}

// tagged reports whether object v has all constant members of n, and n has at least one.
func (c *check) tagged(n *node, v *value, at *place) bool {
	found := false
	for name, property := range n.properties {
		if property = head(property); property.constant == nil && len(property.enum) != 1 {
			continue
		}
		member, ok := v.member(name)
		if !ok || !c.probe(property, member, at, nil) {
			return false
		}
		found = true
	}
	return found
}

// head follows references that stand alone.
func head(n *node) *node {
	for range 20 {
		switch {
		case n.ref != nil && n.types == 0 && n.properties == nil:
			n = n.ref
		case len(n.allOf) == 1 && n.types == 0 && n.properties == nil:
			n = n.allOf[0]
		default:
			return n
		}
	}
	return n
}

// accepts returns the types that the schema's own keywords allow.
func (n *node) accepts() typeSet {
	switch {
	case n.never:
		return 0
	case n.types&typeNumber != 0:
		return n.types | typeInteger
	case n.types != 0:
		return n.types
	case n.constant != nil:
		return typesOf(n.constant)
	case n.enum != nil:
		t := typeSet(0)
		for i := range n.enum {
			t |= typesOf(&n.enum[i])
		}
		return t
	}
	return anyType
}

// summary describes a schema in a few words for a message.
func summary(n *node) string {
	if title := n.text("title"); title != "" {
		return quote(title)
	}
	h := head(n)
	switch {
	case h.never:
		return "nothing"
	case h.constant != nil:
		return short(h.constant)
	case h.enum != nil:
		return list(len(h.enum), func(i int) string { return short(&h.enum[i]) })
	case h.types&typeObject != 0 && len(h.required) > 0:
		return "an object with " + quoteAll(h.required)
	case h.types != 0:
		return article(h.types)
	case h.required != nil:
		return "an object with " + quoteAll(h.required)
	case h.ref != nil:
		return "#" + shorten(h.ref.path(), maxQuoted)
	}
	return "the schema at #" + shorten(n.path(), maxQuoted)
}
