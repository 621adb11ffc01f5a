package schema

import "slices"

// counts are the numbers that the limits of a profile bound.
type counts struct {
	properties, depth, enumValues, characters, branches int
	largeEnum                                           int // characters of the largest enum that is over LargeEnum
	cost                                                Cost
}

// measure checks a translated schema against the profile's limits.
func (t *translator) measure(out *value, result *Translation) *Error {
	c := &counts{}
	c.schema(t.profile, out, 0)
	result.Cost = c.cost
	l := t.profile.Limits
	for _, check := range []struct {
		got, limit int
		what       string
	}{
		{c.properties, l.Properties, "properties"},
		{c.depth, l.Depth, "levels of nested objects"},
		{c.enumValues, l.EnumValues, "enum values"},
		{c.characters, l.Characters, "characters in names, enums and constants"},
		{c.largeEnum, l.LargeEnumCharacters, "characters in one large enum"},
		{c.branches, l.Branches, "alternatives in one anyOf"},
	} {
		if check.limit > 0 && check.got > check.limit {
			return t.unsupported(t.source.root, "", "simplify the schema, or use another backend",
				"schema has %d %s, and %s accepts %d", check.got, check.what, t.profile.Name, check.limit)
		}
	}
	return nil
}

// schema counts a translated schema below depth objects.
func (c *counts) schema(p *Profile, v *value, depth int) {
	if v.kind != kindObject {
		return
	}
	c.depth = max(c.depth, depth)
	for i, keyword := range v.list.names {
		member := &v.list.values[i]
		switch keyword {
		case "properties":
			c.object(p, v, member, depth+1)
		case "$defs":
			for j, name := range member.list.names {
				c.characters += len(name)
				c.schema(p, &member.list.values[j], 0)
			}
		case "items", "additionalProperties":
			c.schema(p, member, depth)
		case "anyOf", "oneOf", "prefixItems":
			if keyword != "prefixItems" {
				c.branches = max(c.branches, len(member.list.values))
			}
			for j := range member.list.values {
				c.schema(p, &member.list.values[j], depth)
			}
		case "enum":
			c.enum(p, member)
		case "const":
			c.characters += len(member.text)
		}
	}
}

func (c *counts) object(p *Profile, v, properties *value, depth int) {
	c.depth = max(c.depth, depth)
	required, _ := v.member("required")
	for i, name := range properties.list.names {
		c.properties++
		c.characters += len(name)
		property := &properties.list.values[i]
		if required == nil || !slices.ContainsFunc(required.list.values, func(r value) bool { return r.text == name }) {
			c.cost.Optional++
		}
		types, ok := property.member("type")
		if property.has("anyOf") || ok && types.kind == kindArray {
			c.cost.Unions++
		}
		c.schema(p, property, depth)
	}
}

func (c *counts) enum(p *Profile, values *value) {
	c.enumValues += len(values.list.values)
	size := 0
	for i := range values.list.values {
		size += len(values.list.values[i].text)
	}
	c.characters += size
	if p.Limits.LargeEnum > 0 && len(values.list.values) > p.Limits.LargeEnum {
		c.largeEnum = max(c.largeEnum, size)
	}
}

// firstKeys reorders properties so that the objects of each anyOf begin with different ones.
func (t *translator) firstKeys(root *value) *Error {
	for range 4 { // a definition may be in several unions
		moved := false
		if !reorder(root, root, &moved) {
			break
		}
		if !moved {
			return nil
		}
	}
	return t.unsupported(t.source.root, "", "give each alternative a property that the others lack",
		"objects in one anyOf begin with the same property, which %s refuses", t.profile.Name)
}

// reorder handles every anyOf below v, and sets moved if it changed an order. It returns
// false if two objects can only begin with the same property.
func reorder(root, v *value, moved *bool) bool {
	if v.list == nil {
		return true
	}
	ok := true
	if union, has := v.member("anyOf"); has && v.kind == kindObject && union.kind == kindArray {
		ok = distinguish(root, union.list.values, moved)
	}
	for i := range v.list.values {
		if v.kind == kindObject && (v.list.names[i] == "enum" || v.list.names[i] == "const") {
			continue
		}
		ok = reorder(root, &v.list.values[i], moved) && ok
	}
	return ok
}

// distinguish moves a property to the front of each branch that no branch before begins with.
func distinguish(root *value, branches []value, moved *bool) bool {
	taken := map[string]bool{}
	seen := map[*elements]bool{}
	for i := range branches {
		object := &branches[i]
		if ref, ok := object.member("$ref"); ok {
			defs, _ := root.member("$defs")
			if defs == nil {
				continue
			}
			if object, ok = defs.member(refName(ref.text)); !ok {
				continue
			}
		}
		properties, ok := object.member("properties")
		if !ok || len(properties.list.names) == 0 || seen[properties.list] {
			continue
		}
		seen[properties.list] = true
		first := slices.IndexFunc(properties.list.names, func(name string) bool { return !taken[name] })
		if first < 0 {
			return false
		}
		taken[properties.list.names[first]] = true
		if first == 0 {
			continue
		}
		*moved = true
		moveToFront(properties, first)
		if required, ok := object.member("required"); ok {
			at := slices.IndexFunc(required.list.values, func(r value) bool { return r.text == properties.list.names[0] })
			if at > 0 {
				moveToFront(required, at)
			}
		}
	}
	return true
}

// moveToFront moves the element at an index to the front.
func moveToFront(v *value, index int) {
	values := append([]value{v.list.values[index]}, slices.Delete(slices.Clone(v.list.values), index, index+1)...)
	v.list.values = values
	if v.list.names != nil {
		v.list.names = append([]string{v.list.names[index]}, slices.Delete(slices.Clone(v.list.names), index, index+1)...)
		v.list.findRepeated()
	}
}
