package schema

import (
	"encoding/json"
	"fmt"
)

// Schema is a schema that was read within limits. Its references are resolved and contain
// no circle. A Schema is immutable and safe for concurrent use.
type Schema struct {
	root        *node
	resolver    *resolver
	unevaluated bool
	draft7      bool
}

// Parse reads a schema. The error is an [*Error].
//
// Security: Parse bounds the time and memory of everything that is done with the schema
// later. Use it for every schema that did not come from the program itself, for example for
// the tools of an MCP server.
func Parse(data []byte, limits Limits) (*Schema, error) {
	limits = limits.withDefaults()
	if len(data) > limits.Bytes {
		return nil, &Error{Problem: fmt.Sprintf("schema has %d bytes, more than %d", len(data), limits.Bytes), Fix: "shorten descriptions, or split the schema"}
	}
	v, failed := readValue(data, 2*limits.Depth+20, limits.Bytes)
	if failed != nil {
		return nil, &Error{Path: failed.path, Problem: failed.problem, Fix: failed.fix}
	}
	s, err := build(v, limits)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// build links and resolves a schema that was read.
func build(v value, limits Limits) (*Schema, *Error) {
	s := &Schema{root: newNode(nil, "", "", false, v)}
	switch s.root.text("$schema") {
	case "http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft-07/schema#",
		"http://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema":
		s.draft7 = true
	}
	l := &linker{limits: limits, draft7: s.draft7, older: s.draft7 || !s.root.has("$schema")}
	if err := l.link(s.root); err != nil {
		return nil, err
	}
	s.unevaluated = l.unevaluated
	s.resolver = &resolver{draft7: s.draft7, nodes: l.nodes}
	if err := s.resolver.resolve(); err != nil {
		return nil, err
	}
	c := &circles{limits: limits, resolver: s.resolver, state: make(map[*node]*reach, len(l.nodes))}
	for _, n := range l.nodes {
		if _, err := c.visit(n, n); err != nil {
			return nil, err
		}
		n.lookup = nil
	}
	return s, nil
}

// JSON returns the schema as compact JSON. Members have the order in which they were read.
func (s *Schema) JSON() json.RawMessage { return s.root.at.appendJSON(nil) }

// PropertyOrders returns the names of the properties of each subschema, in the order in which
// they were read, by the JSON pointer of the subschema.
func (s *Schema) PropertyOrders() map[string][]string {
	orders := map[string][]string{}
	for _, n := range s.resolver.nodes {
		if len(n.order) > 0 {
			orders[n.fullPath()] = n.order
		}
	}
	return orders
}

// IsObject reports whether the schema accepts objects only, as far as the root and a
// reference in it show.
func (s *Schema) IsObject() bool {
	n := head(s.root)
	return n.types == typeObject || n.types == 0 && n.properties != nil
}
