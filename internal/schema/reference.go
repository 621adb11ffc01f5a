package schema

import (
	"net/url"
	"strconv"
	"strings"
)

// resolver finds the targets of references inside one schema.
type resolver struct {
	draft7    bool
	nodes     []*node
	resources map[string]*node           // by address without fragment
	anchors   map[anchor]*node           // of $anchor, $dynamicAnchor and draft-07's $id
	dynamic   map[string]map[*node]*node // by name, then by root of the resource
}

// anchor is a name in a resource.
type anchor struct {
	root *node
	name string
}

// resolve fills base, root, ref and dynamicRef of all nodes. The first node is the root.
func (r *resolver) resolve() *Error {
	r.resources = map[string]*node{}
	r.anchors = map[anchor]*node{}
	r.dynamic = map[string]map[*node]*node{}
	r.resources[""] = r.nodes[0]
	for _, n := range r.nodes { // parents come before their kids
		n.root = n
		if n.up != nil {
			n.base, n.root = n.up.base, n.up.root
		}
		if err := r.name(n); err != nil {
			return err
		}
	}
	for _, n := range r.nodes {
		if err := r.refer(n); err != nil {
			return err
		}
	}
	return nil
}

// name registers the addresses of a node.
func (r *resolver) name(n *node) *Error {
	id := n.text("$id")
	if id != "" && !(r.draft7 && n.has("$ref")) {
		if r.draft7 && strings.HasPrefix(id, "#") {
			return r.anchor(n, "$id", id[1:])
		}
		base, err := join(n.base, id)
		if err != nil {
			return n.errorf("$id", "use an absolute address without fragment", "$id %s is not an address (%v)", quote(id), err)
		}
		n.base, n.root = strings.TrimSuffix(base, "#"), n
		if _, ok := r.resources[n.base]; ok && n.up != nil {
			return n.errorf("$id", "give each schema its own $id", "$id %s occurs twice", quote(id))
		}
		r.resources[n.base] = n
	}
	if r.draft7 {
		return nil
	}
	if name := n.text("$anchor"); name != "" {
		if err := r.anchor(n, "$anchor", name); err != nil {
			return err
		}
	}
	if name := n.text("$dynamicAnchor"); name != "" {
		if err := r.anchor(n, "$dynamicAnchor", name); err != nil {
			return err
		}
		if r.dynamic[name] == nil {
			r.dynamic[name] = map[*node]*node{}
		}
		r.dynamic[name][n.root] = n
	}
	return nil
}

func (r *resolver) anchor(n *node, keyword, name string) *Error {
	key := anchor{n.root, name}
	if _, ok := r.anchors[key]; ok {
		return n.errorf(keyword, "rename one of them", "anchor %s occurs twice", quote(name))
	}
	r.anchors[key] = n
	return nil
}

// refer resolves the references of a node.
func (r *resolver) refer(n *node) *Error {
	if n.has("$ref") {
		target, err := r.target(n, "$ref", n.text("$ref"))
		if err != nil {
			return err
		}
		n.ref = target
		if r.draft7 { // siblings of $ref are ignored in draft-07
			*n = node{up: n.up, keyword: n.keyword, key: n.key, hasKey: n.hasKey, depth: n.depth, kids: n.kids, lookup: n.lookup, at: n.at, base: n.base, root: n.root, ref: target}
		}
	}
	if r.draft7 || !n.has("$dynamicRef") {
		return nil
	}
	text := n.text("$dynamicRef")
	target, err := r.target(n, "$dynamicRef", text)
	if err != nil {
		return err
	}
	if _, fragment, _ := strings.Cut(text, "#"); fragment != "" && r.dynamic[fragment][target.root] == target {
		n.dynamic = fragment
		return nil
	}
	n.dynamicRef = target
	return nil
}

// target finds the node that a reference names.
func (r *resolver) target(n *node, keyword, text string) (*node, *Error) {
	address, fragment, _ := strings.Cut(text, "#")
	root := n.root
	if address != "" {
		full, err := join(n.base, address)
		if err != nil {
			return nil, n.errorf(keyword, "use #/$defs/NAME", "%s %s is not an address (%v)", keyword, quote(text), err)
		}
		if root = r.resources[full]; root == nil {
			return nil, n.errorf(keyword, "copy the schema into $defs and refer to #/$defs/NAME",
				"%s %s leads outside the schema, and nothing is downloaded", keyword, quote(text))
		}
	}
	fragment, err := url.PathUnescape(fragment)
	if err != nil {
		return nil, n.errorf(keyword, "correct the escapes after %", "%s %s has a bad fragment", keyword, quote(text))
	}
	found := root
	switch {
	case strings.HasPrefix(fragment, "/"):
		found = follow(root, fragment)
	case fragment != "":
		found = r.anchors[anchor{root, fragment}]
	}
	if found == nil {
		return nil, n.errorf(keyword, "add the schema, or correct the reference", "%s %s leads to no schema", keyword, quote(text))
	}
	return found, nil
}

// follow returns the node at a JSON pointer below from, or nil.
func follow(from *node, pointer string) *node {
	segments := strings.Split(pointer[1:], "/")
	for i := 0; i < len(segments); i++ {
		keyword := pointerUnescaper.Replace(segments[i])
		next := from.kid(step{keyword, ""})
		if next == nil || next.hasKey {
			next = nil
			if i++; i < len(segments) {
				next = from.kid(step{keyword, pointerUnescaper.Replace(segments[i])})
			}
		}
		if next == nil {
			return nil
		}
		from = next
	}
	return from
}

// join resolves reference against base.
func join(base, reference string) (string, error) {
	address, err := url.Parse(reference)
	if err != nil {
		return "", err
	}
	if base != "" {
		parent, err := url.Parse(base)
		if err != nil {
			return "", err
		}
		address = parent.ResolveReference(address)
	}
	text := address.String()
	if len(text) > maxURI {
		return "", strconv.ErrRange
	}
	return text, nil
}

// circles finds references that lead back to themselves without reaching a member or an
// item, and chains that are too long.
type circles struct {
	limits   Limits
	resolver *resolver
	state    map[*node]*reach
}

// reach describes the nodes that a node applies to its own value, directly and indirectly.
type reach struct {
	open   bool // still being visited
	height int  // longest chain
	size   int  // number of applications, counted again for each path
}

// visit returns the reach of n.
func (c *circles) visit(n *node, from *node) (*reach, *Error) {
	if r := c.state[n]; r != nil {
		if r.open {
			keyword := "$ref"
			if from.ref != n {
				keyword = "$dynamicRef" // nothing else leads back
			}
			return nil, from.errorf(keyword, "put a property or an array between them",
				"reference to %s is a circle that never reaches a value", quote("#"+n.path()))
		}
		return r, nil
	}
	r := &reach{open: true, size: 1}
	c.state[n] = r
	var failed *Error
	next := func(to *node) {
		if failed != nil {
			return
		}
		below, err := c.visit(to, n)
		if err != nil {
			failed = err
			return
		}
		r.height = max(r.height, below.height+1)
		r.size = min(r.size+below.size, 1<<40)
	}
	n.inPlace(next)
	if n.dynamic != "" {
		for _, to := range c.resolver.dynamic[n.dynamic] {
			next(to)
		}
	}
	r.open = false
	switch {
	case failed != nil:
	case r.height > c.limits.Chain:
		failed = n.errorf("", "refer to the last schema directly", "more than %d schemas apply to one value, one through the other", c.limits.Chain)
	case r.size > c.limits.Expansion:
		failed = n.errorf("", "share fewer references", "references expand to more than %d schemas for one value", c.limits.Expansion)
	}
	return r, failed
}
