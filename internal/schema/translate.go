package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Translation is a schema as a backend takes it.
type Translation struct {
	// Schema is the JSON to send.
	Schema json.RawMessage
	// Warnings name each part of the original schema that the backend does not enforce.
	Warnings []Warning
	// Cost is to be added up over the strict schemas of one request, and compared with
	// Profile.Request.
	Cost Cost

	target *Validator // of Schema with marks, or nil if answers need no translation
}

// Warning is a part of a schema that the backend does not enforce. Answers should be
// validated against the original schema.
type Warning struct {
	// Path is the JSON pointer of the subschema in the original schema.
	Path string
	// Keyword is the keyword that was changed.
	Keyword string
	// Message describes the change.
	Message string
}

// String returns "/path: message".
func (w Warning) String() string {
	if w.Path == "" {
		return w.Message
	}
	return w.Path + ": " + w.Message
}

// Cost counts the parts of a schema that backends limit for a whole request.
type Cost struct {
	Optional int // properties that are not required
	Unions   int // properties with anyOf or several types
}

// For translates the schema to a profile. The error is an [*Error] with Unsupported set if
// the profile cannot express the schema.
//
// A translated schema accepts only values that translate back to values of the original
// type. It may accept values that the original refuses; Warnings has the reasons.
func (s *Schema) For(profile Profile) (*Translation, error) {
	t, err := s.translate(&profile)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (s *Schema) translate(p *Profile) (*Translation, *Error) {
	if p.Hint {
		return s.hint(p), nil
	}
	t := &translator{profile: p, source: s}
	out, err := t.translate(false)
	if err != nil {
		return nil, err
	}
	if p.ObjectRoot && !isObject(&out) {
		t = &translator{profile: p, source: s, wrapped: true}
		if out, err = t.translate(true); err != nil {
			return nil, err
		}
	}
	result := &Translation{Warnings: t.warnings}
	if err := t.measure(&out, result); err != nil {
		return nil, err
	}
	result.Schema = out.appendJSON(nil)
	if !t.marked {
		return result, nil
	}
	if result.target, err = marked(out); err != nil {
		return nil, t.unsupported(s.root, "", "simplify it, or use another backend", "schema becomes too large for %s (%s)", p.Name, err.Problem)
	}
	return result, nil
}

// marked returns the validator of a translated schema, for Back.
func marked(out value) (*Validator, *Error) {
	const many = 1 << 30 // the original schema is bounded, and so is the work on it
	limits := Limits{Depth: 200, Nodes: many, EnumValues: many, PatternSize: many, Expansion: many}
	s, err := build(out, limits.withDefaults())
	if err != nil {
		return nil, err
	}
	return s.Validator(Options{}), nil
}

// isObject reports whether a translated schema is an object and no union.
func isObject(v *value) bool {
	t, ok := v.member("type")
	return ok && t.text == "object"
}

// hint returns the schema unchanged, except that a root that must be an object becomes one.
func (s *Schema) hint(p *Profile) *Translation {
	root := s.root
	switch {
	case !p.ObjectRoot, root.types == typeObject:
		return &Translation{Schema: s.JSON()}
	case root.types == 0 && root.properties != nil && root.ref == nil && root.anyOf == nil && root.oneOf == nil:
		out := newObject().add("type", newString("object")).addAll(&root.at)
		return &Translation{Schema: out.appendJSON(nil)}
	case root.ref != nil && root.ref.types == typeObject && root.ref.base == root.base && !structural([]part{{n: root}}):
		out := newObject().addAll(&root.ref.at).addAll(&root.at)
		out.remove("$ref")
		return &Translation{Schema: out.appendJSON(nil)}
	}
	out := wrap(rebase(root, &root.at), true)
	if draft := root.text("$schema"); draft != "" {
		out = out.add("$schema", newString(draft))
	}
	target, err := marked(out)
	if err != nil { // the schema may use a limit to the full
		return &Translation{Schema: s.JSON(), Warnings: []Warning{{Message: "the root is no object, which " + p.Name + " refuses"}}}
	}
	return &Translation{Schema: out.appendJSON(nil), target: target}
}

// rebase copies a schema that moves to /properties/value, and moves its references along.
func rebase(n *node, v *value) value {
	if v.kind != kindObject {
		return *v
	}
	out := newObject()
	kids := n.kids
	for i, name := range v.list.names {
		member := v.list.values[i]
		count := 0 // of the kids in this keyword
		for count < len(kids) && kids[count].keyword == name {
			count++
		}
		switch {
		case name == "$schema" && n.up == nil:
			continue
		case name == "$ref" && n.base == "" && (member.text == "#" || hasPointer(member.text)):
			member = newString("#/properties/value" + member.text[1:])
		case count == 1 && !kids[0].hasKey:
			member = rebase(kids[0], &member)
		case count > 0:
			member = rebaseAll(kids[:count], &member)
		}
		kids = kids[count:]
		out = out.add(name, member)
	}
	return out
}

// hasPointer reports whether a reference is a JSON pointer in the same schema.
func hasPointer(ref string) bool { return strings.HasPrefix(ref, "#/") }

// rebaseAll is rebase for a list or a map of schemas.
func rebaseAll(kids []*node, v *value) value {
	copied := value{kind: v.kind, list: &elements{names: v.list.names}}
	for i := range v.list.values {
		element := v.list.values[i]
		key := indexKey(i)
		if v.kind == kindObject {
			key = v.list.names[i]
		}
		if len(kids) > 0 && kids[0].key == key {
			element = rebase(kids[0], &element)
			kids = kids[1:]
		}
		copied.list.values = append(copied.list.values, element)
	}
	copied.list.findRepeated()
	return copied
}

// wrap returns the schema of an object with the member "value".
func wrap(inner value, closed bool) value {
	out := newObject().
		add("type", newString("object")).
		add("properties", newObject().add("value", inner)).
		add("required", newStrings([]string{"value"}))
	if closed {
		out = out.add("additionalProperties", newBool(false))
	}
	out.list.mark = &mark{wrapped: true}
	return out
}

// translator holds the state of one translation.
type translator struct {
	profile  *Profile
	source   *Schema
	wrapped  bool // the root is not the root of the result
	marked   bool // answers must be translated back
	warnings []Warning

	defs     value            // translated definitions, an object
	names    map[*node]string // of the nodes in defs
	used     map[string]bool
	open     map[*node]bool // definitions that are being translated
	inlining []*node        // references that are being inlined
	inUnion  int            // anyOf above the current schema
	depth    int            // objects and arrays above the current schema
	work     int            // subschemas that were visited
	level    int            // calls of schema that are active
}

const (
	maxWork     = 30_000
	maxLevel    = 3000
	maxWarnings = 100
)

// translate returns the whole translated schema.
func (t *translator) translate(wrapped bool) (value, *Error) {
	t.defs, t.names, t.used, t.open = newObject(), map[*node]string{}, map[string]bool{}, map[*node]bool{}
	root := t.source.root
	t.open[root] = !wrapped
	out, err := t.schema([]part{{n: root}}, root)
	if err != nil {
		return value{}, t.never(err, root)
	}
	if wrapped {
		out = wrap(out, t.profile.Closed || t.profile.accepts("additionalProperties"))
		t.marked = true
	}
	if len(t.defs.list.values) > 0 {
		out = out.add("$defs", t.defs)
	}
	if t.profile.FirstKeys {
		if err := t.firstKeys(&out); err != nil {
			return value{}, err
		}
	}
	return out, nil
}

// errNever says that no value can match a schema. Its callers leave the schema out.
var errNever = &Error{Problem: "no value can match the schema"}

// never turns errNever into an error that names the place.
func (t *translator) never(err *Error, n *node) *Error {
	if err == errNever {
		return t.unsupported(n, "", "remove the contradiction", "no value can match the schema")
	}
	return err
}

// unsupported returns an error about something that the profile cannot express.
func (t *translator) unsupported(n *node, keyword, fix, problem string, args ...any) *Error {
	err := n.errorf(keyword, fix, problem, args...)
	err.Unsupported = true
	return err
}

// warn records that a keyword is not enforced.
func (t *translator) warn(n *node, keyword, message string, args ...any) {
	if len(t.warnings) >= maxWarnings {
		return
	}
	w := Warning{n.path(), keyword, shorten(fmt.Sprintf(message, args...), maxMessage)}
	for _, earlier := range t.warnings {
		if earlier == w {
			return
		}
	}
	t.warnings = append(t.warnings, w)
}

// part is a schema that a value must match together with other parts.
type part struct {
	n     *node
	union string // the union of n that is already applied: "anyOf" or "oneOf"
	bare  bool   // title and description are already used
	flat  bool   // $ref and allOf of n are already among the parts
}

// flatten splits parts into leaves, of which only the own keywords count, and references.
func (t *translator) flatten(parts []part, leaves, refs []part) ([]part, []part, *Error) {
	for _, p := range parts {
		if t.work++; t.work > maxWork {
			return nil, nil, t.unsupported(t.source.root, "", "use fewer references, unions and allOf", "schema expands to more than %d subschemas for %s", maxWork, t.profile.Name)
		}
		if p.n.never {
			return nil, nil, errNever
		}
		if p.n.dynamic != "" || p.n.dynamicRef != nil {
			return nil, nil, t.unsupported(p.n, "$dynamicRef", "use $ref", "%s has no $dynamicRef", t.profile.Name)
		}
		if p.n.at.kind == kindObject {
			leaves = append(leaves, p)
		}
		if p.flat {
			continue
		}
		if p.n.ref != nil {
			refs = append(refs, part{n: p.n, bare: p.bare})
		}
		if len(p.n.allOf) > 0 {
			branches := make([]part, len(p.n.allOf))
			for i, branch := range p.n.allOf {
				branches[i] = part{n: branch, bare: p.bare}
			}
			var err *Error
			if leaves, refs, err = t.flatten(branches, leaves, refs); err != nil {
				return nil, nil, err
			}
		}
	}
	return leaves, refs, nil
}

// schema translates the conjunction of parts. at is the place for errors.
func (t *translator) schema(parts []part, at *node) (value, *Error) {
	leaves, refs, err := t.flatten(parts, nil, nil)
	if err != nil {
		return value{}, err
	}
	if len(refs) == 1 && !structural(leaves) && t.keeps(refs[0].n, leaves) {
		return t.reference(refs[0].n, leaves)
	}
	if t.level++; t.level > maxLevel {
		return value{}, t.unsupported(at, "", "nest the schema less", "schema is nested more than %d levels deep for %s", maxLevel, t.profile.Name)
	}
	opened := len(t.inlining)
	defer func() { t.inlining, t.level = t.inlining[:opened], t.level-1 }()
	if leaves, err = t.inline(leaves, refs); err != nil {
		return value{}, err
	}
	return t.conjunction(leaves, at)
}

// inline adds the targets of references to the leaves.
func (t *translator) inline(leaves, refs []part) ([]part, *Error) {
	above := t.inlining
	for len(refs) > 0 {
		n, bare := refs[0].n, refs[0].bare
		refs = refs[1:]
		if slices.Contains(above, n.ref) || n.ref == t.source.root && t.open[n.ref] && !t.keeps(n, nil) {
			return nil, t.unsupported(n, "$ref", "limit the nesting, or use another backend",
				"%s cannot express the recursion of %s", t.profile.Name, quote("#"+n.ref.path()))
		}
		if slices.Contains(t.inlining[len(above):], n.ref) { // twice in one conjunction
			continue
		}
		t.inlining = append(t.inlining, n.ref)
		var err *Error
		if leaves, refs, err = t.flatten([]part{{n: n.ref, bare: bare}}, leaves, refs); err != nil {
			return nil, err
		}
	}
	return leaves, nil
}

// structural reports whether leaves have keywords that cannot stand beside a reference.
func structural(leaves []part) bool {
	for _, leaf := range leaves {
		n := leaf.n
		if n.types != 0 || n.enum != nil || n.constant != nil || n.properties != nil || n.required != nil || n.additional != nil ||
			n.items != nil || n.prefix != nil || leaf.unions() != nil {
			return true
		}
	}
	return false
}

// keeps reports whether the $ref of n can be sent as a reference beside the leaves.
func (t *translator) keeps(n *node, leaves []part) bool {
	switch {
	case t.profile.Refs == RefsInlined, t.profile.Refs == RefsOutsideUnions && t.inUnion > 0:
		return false
	case t.profile.Refs == RefsOutsideUnions:
		warned := t.warnings
		text := t.annotation(leaves)
		t.warnings = warned
		if !text.empty() {
			return false // it would be written as anyOf
		}
	}
	if t.depth == 0 && t.inUnion == 0 && t.profile.ObjectRoot && !t.wrapped {
		return false // the root itself must not be a reference
	}
	return !t.profile.NoRecursion || !t.open[n.ref]
}

// reference translates a schema that is a $ref with annotations and small constraints.
func (t *translator) reference(n *node, leaves []part) (value, *Error) {
	pointer := "#"
	if n.ref != t.source.root || t.wrapped || t.profile.NoRootRef {
		name, err := t.define(n.ref)
		if err != nil {
			return value{}, err
		}
		pointer = "#/$defs/" + name
	}
	out := newObject().add("$ref", newString(pointer))
	text := t.annotation(leaves)
	if text.empty() {
		return out, nil
	}
	if !t.profile.RefDescription {
		out = newObject().add("anyOf", newArray(out))
	}
	return text.addTo(out), nil
}

// annotation returns the description of leaves with all their constraints in words.
func (t *translator) annotation(leaves []part) *description {
	text := t.description(leaves)
	for _, leaf := range leaves {
		text.constraints(t, leaf.n, anyType, nil)
	}
	return text
}

// define translates the target of a reference, once, and returns its name in $defs.
func (t *translator) define(target *node) (string, *Error) {
	if name, ok := t.names[target]; ok {
		return name, nil
	}
	name := t.newName(target)
	t.names[target] = name
	t.open[target] = true
	inlining, inUnion, depth := t.inlining, t.inUnion, t.depth
	t.inlining, t.inUnion, t.depth = nil, 0, depth+1
	i := len(t.defs.list.values)
	t.defs = t.defs.add(name, value{}) // keeps the order of first use
	out, err := t.schema([]part{{n: target}}, target)
	t.inlining, t.inUnion, t.depth = inlining, inUnion, depth
	t.open[target] = false
	if err != nil {
		return "", t.never(err, target)
	}
	t.defs.list.values[i] = out
	return name, nil
}

// newName returns an unused name of ASCII letters, digits and underscores.
func (t *translator) newName(n *node) string {
	name := n.key
	if !n.hasKey || name == "" || n.keyword != "$defs" && n.keyword != "definitions" {
		name = strings.Trim(strings.ReplaceAll(n.path(), "/", "_"), "_")
	}
	if n.up == nil {
		name = "root"
	}
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '_'
	}, shorten(name, 60))
	base := name
	for i := 2; t.used[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	t.used[name] = true
	return name
}
