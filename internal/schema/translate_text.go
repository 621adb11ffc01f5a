package schema

import (
	"strconv"
	"strings"
)

// description collects the text for a translated schema: the original description, and
// constraints that the backend does not accept.
type description struct {
	title, text string
	words       []string
	sizes       int
}

// maxWords bounds the constraints in one description, in bytes.
const maxWords = 2000

// description returns title and description of leaves.
func (t *translator) description(leaves []part) *description {
	d := &description{}
	for _, leaf := range leaves {
		if leaf.bare {
			continue
		}
		if d.title == "" && t.profile.accepts("title") {
			d.title = leaf.n.text("title")
		}
		if text := leaf.n.text("description"); text != "" && !strings.Contains(d.text, text) {
			if d.text != "" {
				d.text += "\n"
			}
			d.text += text
		}
	}
	return d
}

func (d *description) empty() bool { return d.title == "" && d.text == "" && len(d.words) == 0 }

// add appends a constraint in words. It returns false if there is no room.
func (d *description) add(words string) bool {
	if d.sizes+len(words) > maxWords {
		return false
	}
	d.sizes += len(words)
	for _, earlier := range d.words {
		if earlier == words {
			return true
		}
	}
	d.words = append(d.words, words)
	return true
}

// addTo adds title and description to a translated schema.
func (d *description) addTo(out value) value {
	if d.title != "" {
		out = out.add("title", newString(d.title))
	}
	text := d.text
	if len(d.words) > 0 {
		words := strings.Join(d.words, ", ")
		if text != "" {
			text += " (" + words + ")"
		} else {
			text = words
		}
	}
	if text != "" {
		out = out.add("description", newString(text))
	}
	return out
}

// structure are the keywords that the translation handles by itself, or leaves out because
// they mean nothing without the rest of the original schema.
const structure = "$id $schema $ref $anchor $dynamicRef $dynamicAnchor $comment $defs definitions title description " +
	"type enum const properties required additionalProperties items prefixItems additionalItems anyOf oneOf allOf " +
	"then else deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema minContains maxContains"

// appliesTo has the types of keywords that restrict some types only.
var appliesTo = map[string]typeSet{
	"multipleOf": typeNumber | typeInteger, "minimum": typeNumber | typeInteger, "maximum": typeNumber | typeInteger,
	"exclusiveMinimum": typeNumber | typeInteger, "exclusiveMaximum": typeNumber | typeInteger,
	"minLength": typeString, "maxLength": typeString, "pattern": typeString, "format": typeString | typeNumber | typeInteger,
	"minItems": typeArray, "maxItems": typeArray, "uniqueItems": typeArray, "contains": typeArray, "unevaluatedItems": typeArray,
	"minProperties": typeObject, "maxProperties": typeObject, "patternProperties": typeObject, "propertyNames": typeObject,
	"unevaluatedProperties": typeObject, "dependentRequired": typeObject, "dependentSchemas": typeObject, "dependencies": typeObject,
}

// constraints handles all keywords of n that are no structure and apply to the types. If the
// profile accepts a keyword and out is not nil, it is added to out. Otherwise it becomes words.
func (d *description) constraints(t *translator, n *node, types typeSet, out *value) {
	for i, keyword := range n.at.list.names {
		if hasWord(structure, keyword) {
			continue
		}
		if only, ok := appliesTo[keyword]; ok && only&types == 0 {
			continue
		}
		if _, known := keywords[keyword]; !known {
			continue
		}
		v := &n.at.list.values[i]
		if keyword == "uniqueItems" && v.text == "false" {
			continue
		}
		if out != nil && t.acceptsValue(n, keyword, v, types) && !out.has(keyword) {
			*out = out.add(keyword, *v)
			addCompanions(n, keyword, out)
			continue
		}
		if out != nil && d.inclusive(t, n, keyword, v, types, out) {
			continue
		}
		d.drop(t, n, keyword, v)
	}
}

// companions are keywords that mean something beside another one only.
var companions = map[string][]string{"if": {"then", "else"}, "contains": {"minContains", "maxContains"}}

// addCompanions copies the companions of a keyword.
func addCompanions(n *node, keyword string, out *value) {
	for _, companion := range companions[keyword] {
		if v, ok := n.at.member(companion); ok {
			*out = out.add(companion, *v)
		}
	}
}

// inclusive writes an exclusive bound of an integer as an inclusive one.
func (d *description) inclusive(t *translator, n *node, keyword string, v *value, types typeSet, out *value) bool {
	step, name := int64(1), "minimum"
	switch keyword {
	case "exclusiveMinimum":
	case "exclusiveMaximum":
		step, name = -1, "maximum"
	default:
		return false
	}
	limit, err := strconv.ParseInt(v.text, 10, 53)
	if err != nil || types&^typeNull != typeInteger || out.has(name) || n.has(name) {
		return false
	}
	bound := value{kind: kindNumber, text: strconv.FormatInt(limit+step, 10)}
	if !t.acceptsValue(n, name, &bound, types) {
		return false
	}
	*out = out.add(name, bound)
	return true
}

// drop moves a keyword to the description and warns.
func (d *description) drop(t *translator, n *node, keyword string, v *value) {
	if keyword == "default" || keyword == "examples" { // annotations: nothing is enforced less
		if text := v.appendJSON(nil); len(text) <= maxListed && v.kind != kindNull {
			d.add(keyword + ": " + string(text))
		}
		return
	}
	text := string(v.appendJSON(nil))
	if v.kind == kindString {
		text = v.text
	}
	for _, companion := range companions[keyword] {
		if v, ok := n.at.member(companion); ok {
			text += ", " + companion + ": " + string(v.appendJSON(nil))
		}
	}
	if len(text) <= maxListed && d.add(keyword+": "+text) {
		t.warn(n, keyword, "%s is not enforced by %s: it is in the description only", keyword, t.profile.Name)
		return
	}
	t.warn(n, keyword, "%s is not enforced by %s: it is left out, because it is too long for the description", keyword, t.profile.Name)
}

// acceptsValue reports whether the profile accepts a keyword with this value.
func (t *translator) acceptsValue(n *node, keyword string, v *value, types typeSet) bool {
	p := t.profile
	if !p.accepts(keyword) || holdsReference(n, keyword) {
		return false
	}
	switch keyword {
	case "format":
		return p.Formats == "" || hasWord(p.Formats, v.text)
	case "minItems":
		size, _ := count(v)
		return p.MaxMinItems == 0 || size <= p.MaxMinItems
	case "minLength", "maxLength":
		size, _ := count(v)
		return p.MaxLength == 0 || size <= p.MaxLength
	case "minimum", "maximum":
		return !p.IntegerBounds || types&typeNumber == 0
	case "pattern":
		if _, err := compilePattern(v.text); err != nil { // look-around or backreferences
			return false
		}
		return !p.ShallowPatterns || t.depth == 1 && strings.HasPrefix(v.text, "^") && strings.HasSuffix(v.text, "$")
	}
	return true
}

// holdsReference reports whether the schemas in a keyword have references, whose targets are
// elsewhere in the translated schema.
func holdsReference(n *node, keyword string) bool {
	var has func(*node) bool
	has = func(n *node) bool {
		if n.ref != nil || n.dynamicRef != nil || n.dynamic != "" {
			return true
		}
		for _, kid := range n.kids {
			if has(kid) {
				return true
			}
		}
		return false
	}
	for _, kid := range n.kids {
		if (kid.keyword == keyword || keyword == "if" && (kid.keyword == "then" || kid.keyword == "else")) && has(kid) {
			return true
		}
	}
	return false
}
