package schema

import (
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
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

// From reads a schema in jsonschema-go's type. Numbers in it have the precision of that
// type: float64 for bounds.
func From(source *jsonschema.Schema, limits Limits) (*Schema, error) {
	if err := checkTree(source, "", limits.withDefaults().Depth); err != nil {
		return nil, err
	}
	data, err := json.Marshal(source)
	if err != nil {
		return nil, &Error{Problem: fmt.Sprintf("schema cannot be written as JSON (%v)", err), Fix: "correct the field"}
	}
	return Parse(data, limits)
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

// Type returns the schema in jsonschema-go's type, with PropertyOrder set. The caller owns
// the result.
//
// It costs more for deeply nested schemas: jsonschema-go reads each level again for every
// level above it.
func (s *Schema) Type() (*jsonschema.Schema, error) {
	var t *jsonschema.Schema
	if err := json.Unmarshal(s.JSON(), &t); err != nil {
		return nil, fmt.Errorf("schema: jsonschema-go cannot read it: %w", err)
	}
	setOrder(t, s.root)
	return t, nil
}

// Resolve returns the schema resolved by jsonschema-go, for packages that need its type. It
// does not load remote schemas.
func (s *Schema) Resolve() (*jsonschema.Resolved, error) {
	t, err := s.Type()
	if err != nil {
		return nil, err
	}
	return t.Resolve(nil)
}
