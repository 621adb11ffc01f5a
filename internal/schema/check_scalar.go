package schema

import (
	"strings"
	"unicode/utf8"
)

// typed checks the type keyword.
func (c *check) typed(n *node, v *value, at *place) bool {
	if n.types == 0 || n.types&typesOf(v) != 0 {
		return true
	}
	if c.probing == 0 {
		c.add(n, at, "type", "must be %s, but is %s", article(n.types), describe(v)+hintType(n.types, v))
	}
	return false
}

// hintType explains frequent mistakes of models.
func hintType(want typeSet, v *value) string {
	switch {
	case v.kind == kindString && want&(typeNumber|typeInteger) != 0 && isNumber(v.text):
		return ": write it without quotes"
	case v.kind == kindString && want&typeBoolean != 0 && (v.text == "true" || v.text == "false"):
		return ": write it without quotes"
	case v.kind == kindString && want&(typeObject|typeArray) != 0 && strings.HasPrefix(strings.TrimSpace(v.text), "{"):
		return ": write the object itself, not its text"
	case v.kind == kindString && want&typeArray != 0 && strings.HasPrefix(strings.TrimSpace(v.text), "["):
		return ": write the array itself, not its text"
	case v.kind == kindNumber && want&typeInteger != 0:
		return ": write it without a fraction"
	case v.kind == kindNumber && want&typeString != 0:
		return ": put it in quotes"
	}
	return ""
}

func isNumber(text string) bool {
	v, err := readValue([]byte(text), 0, 1)
	return err == nil && v.kind == kindNumber
}

// article names types, for example "a string or null".
func article(t typeSet) string {
	names := t.names()
	for i, name := range names {
		switch {
		case name == "null":
		case strings.ContainsAny(name[:1], "aeio"):
			names[i] = "an " + name
		default:
			names[i] = "a " + name
		}
	}
	return strings.Join(names, " or ")
}

// equal checks enum and const.
func (c *check) equal(n *node, v *value, at *place) bool {
	ok := true
	if n.constant != nil && !c.same(n.constant, v) {
		ok = false
		if c.probing == 0 {
			c.add(n, at, "const", "must be %s, but is %s", short(n.constant), describe(v))
		}
	}
	if n.enum == nil || c.inEnum(n, v) {
		return ok
	}
	if c.probing == 0 {
		c.add(n, at, "enum", "must be one of %s, but is %s%s",
			list(len(n.enum), func(i int) string { return short(&n.enum[i]) }), describe(v), c.enumHint(n, v))
	}
	return false
}

// enumHint suggests a value of the enum for a misspelt string.
func (c *check) enumHint(n *node, v *value) string {
	var names []string
	for i := range n.enum[:min(len(n.enum), maxSuggestions)] {
		if n.enum[i].kind == kindString {
			names = append(names, n.enum[i].text)
		}
	}
	if v.kind != kindString || !c.spend(hintCost) {
		return ""
	}
	return suggestion(v.text, names)
}

// short writes a value of a schema for a message.
func short(v *value) string {
	if v.kind == kindString {
		return quote(v.text)
	}
	return shorten(string(v.appendJSON(nil)), maxQuoted)
}

func (c *check) inEnum(n *node, v *value) bool {
	if n.enumKeys != nil {
		key, ok := scalarKey(v)
		return ok && n.enumKeys[key]
	}
	for i := range n.enum {
		if c.same(&n.enum[i], v) {
			return true
		}
	}
	return false
}

// keysOf returns the keys of a long list of scalars, or nil.
func keysOf(values []value) map[string]bool {
	if len(values) <= manyMembers {
		return nil
	}
	keys := make(map[string]bool, len(values))
	for i := range values {
		key, ok := scalarKey(&values[i])
		if !ok {
			return nil
		}
		keys[key] = true
	}
	return keys
}

// scalarKey returns a text that is equal for equal scalars only. It returns false for arrays
// and objects.
func scalarKey(v *value) (string, bool) {
	switch v.kind {
	case kindNumber:
		if d, ok := parseDecimal(v.text); ok {
			return "n" + d.key(), true
		}
		return "x" + v.text, true
	case kindString:
		return "s" + v.text, true
	case kindBool, kindNull:
		return "c" + v.text, true
	}
	return "", false
}

// same reports whether two values are equal: numbers by value, objects in any order.
func (c *check) same(a, b *value) bool {
	if a.kind != b.kind || !c.spend(1) {
		return false
	}
	switch a.kind {
	case kindNumber:
		x, okX := parseDecimal(a.text)
		y, okY := parseDecimal(b.text)
		if !okX || !okY {
			return a.text == b.text
		}
		return x == y
	case kindArray, kindObject:
		if len(a.list.values) != len(b.list.values) {
			return false
		}
		for i := range a.list.values {
			other := &b.list.values[i]
			if a.kind == kindObject {
				var ok bool
				if other, ok = b.member(a.list.names[i]); !ok {
					return false
				}
			}
			if !c.same(&a.list.values[i], other) {
				return false
			}
		}
		return true
	}
	return a.text == b.text
}

// number checks bounds and multipleOf.
func (c *check) number(n *node, v *value, at *place) bool {
	if len(n.bounds) == 0 {
		return true
	}
	d, ok := parseDecimal(v.text)
	if !ok {
		c.add(n, at, n.bounds[0].keyword, "number has too many digits or too large an exponent: write a shorter one")
		return false
	}
	valid := true
	for _, b := range n.bounds {
		failed, words := false, ""
		switch order := d.compare(b.limit); b.keyword {
		case "minimum":
			failed, words = order < 0, "at least"
		case "maximum":
			failed, words = order > 0, "at most"
		case "exclusiveMinimum":
			failed, words = order <= 0, "greater than"
		case "exclusiveMaximum":
			failed, words = order >= 0, "less than"
		case "multipleOf":
			c.spend(len(d.digits) * len(b.limit.digits) / 64)
			failed, words = !d.multipleOf(b.limit), "a multiple of"
		}
		if failed {
			valid = false
			c.add(n, at, b.keyword, "must be %s %s, but is %s", words, shorten(b.text, maxQuoted), shorten(v.text, maxQuoted))
		}
	}
	return valid
}

// string checks length, pattern and format.
func (c *check) string(n *node, v *value, at *place) bool {
	valid := true
	fail := func(keyword, message string, args ...any) {
		valid = false
		c.add(n, at, keyword, message, args...)
	}
	if n.minLength != nil || n.maxLength != nil {
		c.spend(len(v.text) / 64)
		length := utf8.RuneCountInString(v.text)
		if n.minLength != nil && length < *n.minLength {
			fail("minLength", "must have at least %d characters, but has %d", *n.minLength, length)
		}
		if n.maxLength != nil && length > *n.maxLength {
			fail("maxLength", "must have at most %d characters, but has %d", *n.maxLength, length)
		}
	}
	if n.hasPattern && !c.matches(n.pattern, v.text) {
		fail("pattern", "must match the regular expression %s, but is %s", shorten(n.pattern, maxListed), describe(v))
	}
	if c.options.Formats && n.format != "" {
		if f, ok := formats[n.format]; ok && !f.valid(v.text) {
			fail("format", "must be a %s such as %s, but is %s", n.format, quote(f.example), describe(v))
		}
	}
	return valid
}

// matches applies a pattern. A pattern that Go cannot read matches everything. If the steps
// are used up, the result does not matter.
func (c *check) matches(pattern, text string) bool {
	p := c.validator.patterns[pattern]
	return p == nil || !c.spend(len(text)*p.cost) || p.re.MatchString(text)
}
