package schema

import (
	"strings"

	"github.com/parley-llm/parley/internal/nearest"
)

// array applies the keywords of arrays.
func (c *check) array(n *node, v *value, at *place, own *evaluated) bool {
	ok := true
	fail := func(keyword, message string, args ...any) {
		ok = false
		c.add(n, at, keyword, message, args...)
	}
	items := v.list.values
	if n.minItems != nil && len(items) < *n.minItems {
		fail("minItems", "must have at least %d items, but has %d", *n.minItems, len(items))
	}
	if n.maxItems != nil && len(items) > *n.maxItems {
		fail("maxItems", "must have at most %d items, but has %d", *n.maxItems, len(items))
	}
	here := &place{up: at} // one for all items: a finding reads it at once
	for i := range items {
		schema := n.items
		if i < len(n.prefix) {
			schema = n.prefix[i]
		}
		if schema == nil {
			break
		}
		here.index = i
		if !c.apply(schema, &items[i], here, c.evaluation()) {
			if ok = false; c.probing > 0 {
				return false
			}
		}
		if c.exhausted || c.full {
			return false
		}
	}
	if own != nil {
		own.items = max(own.items, min(len(n.prefix), len(items)))
		own.allItems = own.allItems || n.items != nil
	}
	if n.contains != nil {
		ok = c.contains(n, v, at, own) && ok
	}
	if n.unique {
		ok = c.unique(n, v, at) && ok
	}
	if n.unevaluatedItems != nil && own != nil && !own.allItems {
		for i := own.items; i < len(items); i++ {
			if !own.indexes[i] {
				here.index = i
				ok = c.apply(n.unevaluatedItems, &items[i], here, c.evaluation()) && ok
			}
		}
		own.allItems = true
	}
	return ok
}

// contains counts the items that match the contains keyword.
func (c *check) contains(n *node, v *value, at *place, own *evaluated) bool {
	found, least := 0, 1
	if n.minContains != nil {
		least = *n.minContains
	}
	for i := range v.list.values {
		if c.probe(n.contains, &v.list.values[i], at, c.evaluation()) {
			found++
			if !c.validator.schema.draft7 {
				own.index(i)
			}
		}
		if c.exhausted {
			return false
		}
	}
	if found < least {
		c.add(n, at, "contains", "must have at least %d items that match %s, but has %d", least, summary(n.contains), found)
		return false
	}
	if n.maxContains != nil && found > *n.maxContains {
		c.add(n, at, "maxContains", "must have at most %d items that match %s, but has %d", *n.maxContains, summary(n.contains), found)
		return false
	}
	return true
}

// unique checks uniqueItems by the items' canonical texts.
func (c *check) unique(n *node, v *value, at *place) bool {
	seen := make(map[string]int, len(v.list.values))
	for i := range v.list.values {
		key := canonical(nil, &v.list.values[i])
		if !c.spend(1 + len(key)/2) {
			return false
		}
		if first, ok := seen[string(key)]; ok {
			c.add(n, at, "uniqueItems", "items must differ, but items %d and %d are equal", first, i)
			return false
		}
		seen[string(key)] = i
	}
	return true
}

// object applies the keywords of objects.
func (c *check) object(n *node, v *value, at *place, own *evaluated) bool {
	ok := true
	fail := func(keyword, message string, args ...any) {
		ok = false
		c.add(n, at, keyword, message, args...)
	}
	size := len(v.list.values) - len(v.list.repeated)
	if n.minProperties != nil && size < *n.minProperties {
		fail("minProperties", "must have at least %d members, but has %d", *n.minProperties, size)
	}
	if n.maxProperties != nil && size > *n.maxProperties {
		fail("maxProperties", "must have at most %d members, but has %d", *n.maxProperties, size)
	}
	for _, name := range n.required {
		if c.full {
			return false
		}
		if _, has := v.member(name); !has {
			fail("required", "member %s is missing: add it%s", quote(name), c.misspelt(n, v, name))
		}
	}
	c.spend(len(n.required))
	for _, d := range n.dependentRequired {
		if _, has := v.member(d.name); !has {
			continue
		}
		for _, name := range d.needs {
			if _, has := v.member(name); !has {
				fail("dependentRequired", "member %s is missing: add it, because %s is there", quote(name), quote(d.name))
			}
		}
	}
	if !ok && c.probing > 0 {
		return false
	}
	return c.members(n, v, at, own) && ok
}

// members applies the schemas for the members of an object.
func (c *check) members(n *node, v *value, at *place, own *evaluated) bool {
	ok := true
	here := &place{up: at, index: -1} // one for all members: a finding reads it at once
	for i, name := range v.list.names {
		if c.exhausted || c.full || !ok && c.probing > 0 {
			return false
		}
		member := &v.list.values[i]
		here.name = name
		property, known := n.properties[name]
		if known {
			ok = c.apply(property, member, here, c.evaluation()) && ok
		}
		for _, pattern := range n.patternProperties {
			if c.matches(pattern.key, name) {
				known = true
				ok = c.apply(pattern, member, here, c.evaluation()) && ok
			}
		}
		if n.propertyNames != nil {
			ok = c.name(n, name, here) && ok
		}
		switch {
		case known:
		case n.additional == nil:
			continue
		case n.additional.never:
			ok = false
			c.unknown(n, name, here)
		default:
			ok = c.apply(n.additional, member, here, c.evaluation()) && ok
		}
		own.member(name)
	}
	if n.unevaluatedProperties == nil || own == nil {
		return ok
	}
	for i, name := range v.list.names {
		if own.allMembers || own.members[name] {
			continue
		}
		here.name = name
		ok = c.apply(n.unevaluatedProperties, &v.list.values[i], here, c.evaluation()) && ok
	}
	own.allMembers = true
	return ok
}

// name applies propertyNames to the name of a member.
func (c *check) name(n *node, name string, here *place) bool {
	text := newString(name)
	if c.probe(n.propertyNames, &text, here, c.evaluation()) {
		return true
	}
	c.add(n, here, "propertyNames", "name %s is not allowed here: names must match %s", quote(name), summary(n.propertyNames))
	return false
}

// unknown reports a member that the schema does not allow.
func (c *check) unknown(n *node, name string, here *place) {
	if c.probing > 0 {
		return
	}
	c.spend(hintCost)
	hint := suggestion(name, n.order)
	if hint == "" && len(n.order) > 0 {
		hint = "; known members are " + quoteAll(n.order)
	}
	c.add(n, here, "additionalProperties", "member is not allowed here: remove it%s", hint)
}

// misspelt returns a hint if v has an unknown member with almost the name of a missing one.
func (c *check) misspelt(n *node, v *value, missing string) string {
	if c.probing > 0 || len(v.list.names) > maxSuggestions {
		return ""
	}
	c.spend(hintCost)
	for _, name := range v.list.names {
		if _, known := n.properties[name]; !known && similar(name, missing) {
			return ", or rename " + quote(name)
		}
	}
	return ""
}

// suggestion returns "; did you mean …?" if one of the names is similar, or "".
func suggestion(name string, names []string) string {
	for _, known := range names[:min(len(names), maxSuggestions)] {
		if similar(name, known) {
			return "; did you mean " + quote(known) + "?"
		}
	}
	return ""
}

const (
	maxSuggestions = 200 // names that are compared
	maxSimilar     = 40  // bytes of a name that is compared
	hintCost       = 2000
)

// similar reports whether two different names differ in case, in punctuation or in at most
// two letters.
func similar(a, b string) bool {
	if a == b || len(a) > maxSimilar || len(b) > maxSimilar {
		return false
	}
	a, b = letters(a), letters(b)
	if a == b {
		return true
	}
	return nearest.Distance(a, b) <= min(2, len(b)/3)
}

// letters returns the name in lower case without punctuation.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_- .", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
