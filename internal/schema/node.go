package schema

import (
	"strconv"
	"strings"
)

// node is one subschema, linked to the nodes that it applies.
type node struct {
	up      *node
	keyword string // the keyword of up that holds this node
	key     string // the member or index below the keyword, if there is one
	hasKey  bool
	depth   int
	kids    []*node // all nodes directly below, in the order of the text
	lookup  map[step]*node

	at    value // the schema: an object or a boolean
	never bool  // the schema false

	base string // address of the enclosing resource
	root *node  // root of the enclosing resource

	ref        *node
	dynamicRef *node  // its target, if the target is fixed
	dynamic    string // the anchor of a $dynamicRef that depends on the path of evaluation

	types      typeSet // 0 if there is no type keyword
	enum       []value
	enumKeys   map[string]bool // keys of enum, if it is long and has scalars only
	constant   *value
	bounds     []bound
	minLength  *int
	maxLength  *int
	hasPattern bool
	pattern    string
	format     string

	prefix           []*node
	items            *node // for items after prefix
	minItems         *int
	maxItems         *int
	unique           bool
	contains         *node
	minContains      *int
	maxContains      *int
	unevaluatedItems *node

	minProperties         *int
	maxProperties         *int
	required              []string
	properties            map[string]*node
	order                 []string // names of properties as written
	patternProperties     []*node  // the pattern is the node's key
	additional            *node
	propertyNames         *node
	unevaluatedProperties *node
	dependentRequired     []dependency
	dependentSchemas      []*node

	allOf, anyOf, oneOf  []*node
	not, cond, then, alt *node
}

// step leads from a node to one of its kids.
type step struct{ keyword, key string }

// bound is a keyword that compares a number.
type bound struct {
	keyword string
	text    string
	limit   decimal
}

// dependency says which names an object needs if it has name.
type dependency struct {
	name  string
	needs []string
}

// path returns the node's JSON pointer in the schema, for messages: a long one is cut.
func (n *node) path() string { return n.pointer(maxPath) }

// fullPath returns the node's whole JSON pointer.
func (n *node) fullPath() string { return n.pointer(maxURI * maxURI) }

func (n *node) pointer(limit int) string {
	var segments []string
	for at := n; at.up != nil; at = at.up {
		if at.hasKey {
			segments = append(segments, escape(at.key))
		}
		segments = append(segments, escape(at.keyword))
	}
	var b strings.Builder
	for i := len(segments) - 1; i >= 0; i-- {
		b.WriteString("/" + segments[i])
		if b.Len() > limit {
			break
		}
	}
	return b.String()
}

// kid returns the node at a step, or nil.
func (n *node) kid(to step) *node {
	if n.lookup == nil {
		n.lookup = make(map[step]*node, len(n.kids))
		for _, kid := range n.kids {
			n.lookup[step{kid.keyword, kid.key}] = kid
		}
	}
	return n.lookup[to]
}

// inPlace calls visit for each node that n applies to the same value as itself.
func (n *node) inPlace(visit func(*node)) {
	for _, one := range []*node{n.ref, n.dynamicRef, n.not, n.cond, n.then, n.alt} {
		if one != nil {
			visit(one)
		}
	}
	for _, many := range [][]*node{n.allOf, n.anyOf, n.oneOf, n.dependentSchemas} {
		for _, one := range many {
			visit(one)
		}
	}
}

// text returns the string keyword with this name, or "".
func (n *node) text(keyword string) string {
	if v, ok := n.at.member(keyword); ok && v.kind == kindString {
		return v.text
	}
	return ""
}

// has reports whether the schema has the keyword.
func (n *node) has(keyword string) bool {
	_, ok := n.at.member(keyword)
	return ok
}

// newNode returns the node for a schema below up.
func newNode(up *node, keyword, key string, hasKey bool, at value) *node {
	n := &node{up: up, keyword: keyword, key: key, hasKey: hasKey, at: at}
	n.never = at.kind == kindBool && at.text == "false"
	if up != nil {
		n.depth = up.depth + 1
		up.kids = append(up.kids, n)
	}
	return n
}

func indexKey(i int) string { return strconv.Itoa(i) }
