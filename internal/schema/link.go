package schema

import (
	"fmt"
	"math"
	"strconv"
)

// linker turns a JSON value into nodes. It checks the form of each keyword and the limits.
type linker struct {
	limits      Limits
	draft7      bool
	older       bool // keywords that draft 2020-12 replaced are valid
	nodes       []*node
	enumValues  int
	patternSize int
	unevaluated bool // some node has unevaluatedItems or unevaluatedProperties
}

// link builds n, whose at is set, and everything below it.
func (l *linker) link(n *node) *Error {
	if len(l.nodes) >= l.limits.Nodes {
		return n.errorf("", "remove some, or split the schema", "schema has more than %d subschemas", l.limits.Nodes)
	}
	if n.depth > l.limits.Depth {
		return n.errorf("", "flatten the schema", "subschemas are nested more than %d levels deep", l.limits.Depth)
	}
	l.nodes = append(l.nodes, n)
	if n.at.kind == kindBool {
		return nil
	}
	if n.at.kind != kindObject {
		return n.errorf("", "write an object, true or false", "a schema cannot be %s", describe(&n.at))
	}
	if len(n.at.list.repeated) > 0 {
		return n.errorf("", "keep one of them", "keyword %s occurs twice", quote(n.at.list.repeated[0]))
	}
	for i, name := range n.at.list.names {
		member := &n.at.list.values[i]
		form, known := keywords[name]
		if !known || l.draft7 && hasWord(newer, name) {
			continue
		}
		if err := l.check(n, name, form, member); err != nil {
			return err
		}
		if err := l.keyword(n, name, form, member); err != nil {
			return err
		}
	}
	l.settle(n)
	return nil
}

// check reports a keyword whose value has the wrong form.
func (l *linker) check(n *node, name string, form form, v *value) *Error {
	wrong := func(fix string) *Error {
		return n.errorf(name, fix, "%s cannot be %s", name, describe(v))
	}
	switch form {
	case formString:
		if v.kind != kindString {
			return wrong("write a string")
		}
	case formBool:
		if v.kind != kindBool {
			return wrong("write true or false")
		}
	case formCount:
		if _, ok := count(v); !ok {
			return wrong("write an integer from 0 to 2147483647")
		}
	case formNumber, formPositive:
		d, ok := decimal{}, false
		if v.kind == kindNumber {
			d, ok = parseDecimal(v.text)
		}
		if !ok || form == formPositive && d.sign() <= 0 {
			if form == formPositive {
				return wrong("write a number above 0")
			}
			return wrong("write a number")
		}
	case formArray, formStrings, formSchemas:
		if v.kind != kindArray {
			return wrong("write an array")
		}
		if form == formStrings && !allStrings(v) {
			return wrong("write an array of strings")
		}
		if form == formSchemas && len(v.list.values) == 0 {
			return n.errorf(name, "add a schema or remove the keyword", "%s is empty", name)
		}
	case formSchemaMap, formStringsMap, formDependencies:
		if v.kind != kindObject {
			return wrong("write an object")
		}
		if len(v.list.repeated) > 0 {
			return n.errorf(name, "keep one of them", "key %s occurs twice", quote(v.list.repeated[0]))
		}
		for i := range v.list.values {
			if form == formStringsMap && !allStrings(&v.list.values[i]) {
				return n.errorf(name+"/"+escape(v.list.names[i]), "write an array of strings", "it cannot be %s", describe(&v.list.values[i]))
			}
		}
	}
	return nil
}

// keyword stores a keyword whose form is right.
func (l *linker) keyword(n *node, name string, form form, v *value) *Error {
	switch form {
	case formSchema:
		return l.schema(n, name, v)
	case formItems:
		if v.kind == kindArray {
			return l.schemas(n, name, v)
		}
		return l.schema(n, name, v)
	case formSchemas:
		return l.schemas(n, name, v)
	case formSchemaMap, formDependencies:
		return l.schemaMap(n, name, v)
	case formStringsMap:
		for i, dependent := range v.list.names {
			n.dependentRequired = append(n.dependentRequired, dependency{dependent, stringsOf(&v.list.values[i])})
		}
	case formType:
		return l.types(n, v)
	case formCount:
		number, _ := count(v)
		*n.count(name) = &number
	case formNumber, formPositive:
		limit, _ := parseDecimal(v.text)
		n.bounds = append(n.bounds, bound{name, v.text, limit})
	default:
		return l.simple(n, name, v)
	}
	return nil
}

// simple stores a keyword that holds neither a schema nor a number.
func (l *linker) simple(n *node, name string, v *value) *Error {
	switch name {
	case "enum":
		if l.enumValues += len(v.list.values); l.enumValues > l.limits.EnumValues {
			return n.errorf(name, "shorten the list, or use a pattern", "schema has more than %d enum values", l.limits.EnumValues)
		}
		n.enum = v.list.values
		n.enumKeys = keysOf(n.enum)
	case "const":
		n.constant = v
	case "required":
		n.required = stringsOf(v)
	case "uniqueItems":
		n.unique = v.text == "true"
	case "format":
		n.format = v.text
	case "pattern":
		n.hasPattern, n.pattern = true, v.text
		return l.measure(n, name, v.text)
	case "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor":
		if len(v.text) > maxURI {
			return n.errorf(name, "use a shorter one", "%s is longer than %d bytes", name, maxURI)
		}
	}
	return nil
}

// measure adds the size of a pattern to the schema's total.
func (l *linker) measure(n *node, name, pattern string) *Error {
	size := patternSize(pattern)
	if size > l.limits.PatternSize {
		return n.errorf(name, "use smaller repetitions, or maxLength", "pattern is too large: it expands to more than %d steps", l.limits.PatternSize)
	}
	if l.patternSize += size; l.patternSize > 10*l.limits.PatternSize {
		return n.errorf(name, "use fewer or simpler patterns", "patterns are too large together: they expand to more than %d steps", 10*l.limits.PatternSize)
	}
	return nil
}

// types reads the type keyword.
func (l *linker) types(n *node, v *value) *Error {
	names := []value{*v}
	if v.kind == kindArray {
		names = v.list.values
	}
	for i := range names {
		t := typeSet(0)
		if names[i].kind == kindString {
			t = typeNamed(names[i].text)
		}
		if t == 0 {
			return n.errorf("type", "use string, integer, number, boolean, object, array or null", "%s is not a type", describe(&names[i]))
		}
		n.types |= t
	}
	if len(names) == 0 {
		return n.errorf("type", "name at least one type", "type is an empty array")
	}
	return nil
}

// schema links the schema in a keyword.
func (l *linker) schema(n *node, name string, v *value) *Error {
	kid := newNode(n, name, "", false, *v)
	if field := n.single(name); field != nil {
		*field = kid
	}
	if name == "unevaluatedItems" || name == "unevaluatedProperties" {
		l.unevaluated = true
	}
	return l.link(kid)
}

// single returns the field for a keyword with one schema, or nil if it is not validated.
func (n *node) single(name string) **node {
	switch name {
	case "items":
		return &n.items
	case "contains":
		return &n.contains
	case "unevaluatedItems":
		return &n.unevaluatedItems
	case "additionalProperties":
		return &n.additional
	case "propertyNames":
		return &n.propertyNames
	case "unevaluatedProperties":
		return &n.unevaluatedProperties
	case "not":
		return &n.not
	case "if":
		return &n.cond
	case "then":
		return &n.then
	case "else":
		return &n.alt
	}
	return nil
}

// count returns the field for a keyword with a count.
func (n *node) count(name string) **int {
	switch name {
	case "minLength":
		return &n.minLength
	case "maxLength":
		return &n.maxLength
	case "minItems":
		return &n.minItems
	case "maxItems":
		return &n.maxItems
	case "minContains":
		return &n.minContains
	case "maxContains":
		return &n.maxContains
	case "minProperties":
		return &n.minProperties
	}
	return &n.maxProperties
}

// schemas links an array of schemas.
func (l *linker) schemas(n *node, name string, v *value) *Error {
	var kids []*node
	for i := range v.list.values {
		kid := newNode(n, name, indexKey(i), true, v.list.values[i])
		if err := l.link(kid); err != nil {
			return err
		}
		kids = append(kids, kid)
	}
	switch name {
	case "allOf":
		n.allOf = kids
	case "anyOf":
		n.anyOf = kids
	case "oneOf":
		n.oneOf = kids
	case "prefixItems":
		n.prefix = kids
	case "items":
		if l.older && n.prefix == nil {
			n.prefix = kids
		}
	}
	return nil
}

// schemaMap links an object of schemas.
func (l *linker) schemaMap(n *node, name string, v *value) *Error {
	for i, key := range v.list.names {
		member := v.list.values[i]
		if name == "dependencies" && member.kind == kindArray {
			if !allStrings(&member) {
				return n.errorf(name+"/"+escape(key), "write an array of strings", "it cannot be %s", describe(&member))
			}
			if l.older {
				n.dependentRequired = append(n.dependentRequired, dependency{key, stringsOf(&member)})
			}
			continue
		}
		kid := newNode(n, name, key, true, member)
		if err := l.link(kid); err != nil {
			return err
		}
		switch name {
		case "properties":
			if n.properties == nil {
				n.properties = make(map[string]*node, len(v.list.names))
			}
			n.properties[key] = kid
			n.order = append(n.order, key)
		case "patternProperties":
			n.patternProperties = append(n.patternProperties, kid)
			if err := l.measure(n, name+"/"+escape(key), key); err != nil {
				return err
			}
		case "dependentSchemas":
			n.dependentSchemas = append(n.dependentSchemas, kid)
		case "dependencies":
			if l.older {
				n.dependentSchemas = append(n.dependentSchemas, kid)
			}
		}
	}
	return nil
}

// settle applies the rules between keywords of one schema. They depend on the draft.
func (l *linker) settle(n *node) {
	if items, ok := n.at.member("items"); ok && items.kind == kindArray && l.older {
		n.items = n.kid(step{"additionalItems", ""})
	}
	if n.cond == nil {
		n.then, n.alt = nil, nil
	}
}

// errorf returns an error at the node, or at a place below it.
func (n *node) errorf(below, fix, problem string, args ...any) *Error {
	path := n.path()
	if below != "" {
		path += "/" + below
	}
	return &Error{Path: path, Problem: fmt.Sprintf(problem, args...), Fix: fix}
}

// count reads an integer from 0 to 2^31-1. 1.0 counts as 1.
func count(v *value) (int, bool) {
	if v.kind != kindNumber {
		return 0, false
	}
	d, ok := parseDecimal(v.text)
	if !ok || d.negative || !d.integer() || d.exp > 10 {
		return 0, false
	}
	n, err := strconv.ParseFloat(v.text, 64)
	if err != nil || n > math.MaxInt32 {
		return 0, false
	}
	return int(n), true
}

func allStrings(v *value) bool {
	if v.kind != kindArray {
		return false
	}
	for i := range v.list.values {
		if v.list.values[i].kind != kindString {
			return false
		}
	}
	return true
}

func stringsOf(v *value) []string {
	texts := make([]string, len(v.list.values))
	for i := range v.list.values {
		texts[i] = v.list.values[i].text
	}
	return texts
}

// describe names a value in an error or a finding, for example "the string \"x\"".
func describe(v *value) string {
	switch v.kind {
	case kindNull, kindBool:
		return string(v.appendJSON(nil))
	case kindNumber:
		return "the number " + shorten(v.text, maxQuoted)
	case kindString:
		return "the string " + quote(v.text)
	case kindArray:
		if len(v.list.values) == 0 {
			return "an empty array"
		}
		return "an array"
	}
	if len(v.list.values) == 0 {
		return "an empty object"
	}
	return "an object"
}
