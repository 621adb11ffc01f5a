package schema

import (
	"fmt"
	"regexp"
)

// Options bound a validation. A zero field means the default.
type Options struct {
	// MaxFindings is the maximum number of findings in a report. The default is 10.
	MaxFindings int
	// MaxBytes is the maximum size of an instance. The default is 16 MiB.
	MaxBytes int
	// MaxValues is the maximum number of values in an instance. The default is 2,000,000.
	MaxValues int
	// MaxDepth is the maximum nesting of an instance. The default is 500.
	MaxDepth int
	// MaxSteps is the maximum work for one instance. A step is a subschema applied to a
	// value, a value compared with another, or eight instructions of a pattern applied to a
	// byte. The default is 10,000,000.
	MaxSteps int
	// Formats checks the formats date-time, date, time, duration, email, hostname, ipv4, ipv6
	// and uuid. By default the format keyword is an annotation, as in the specification.
	Formats bool
}

func (o Options) withDefaults() Options {
	set := func(field *int, otherwise int) {
		if *field <= 0 {
			*field = otherwise
		}
	}
	set(&o.MaxFindings, 10)
	set(&o.MaxBytes, 16<<20)
	set(&o.MaxValues, 2_000_000)
	set(&o.MaxDepth, 500)
	set(&o.MaxSteps, 10_000_000)
	return o
}

// Validator checks instances against a schema. It is safe for concurrent use.
type Validator struct {
	schema    *Schema
	options   Options
	patterns  map[string]*compiled
	unchecked []*Error
}

// compiled is a pattern and its cost for each byte.
type compiled struct {
	re   *regexp.Regexp
	cost int
}

// Validator compiles the patterns of the schema.
func (s *Schema) Validator(options Options) *Validator {
	v := &Validator{schema: s, options: options.withDefaults(), patterns: map[string]*compiled{}}
	for _, n := range s.resolver.nodes {
		if n.hasPattern {
			v.compile(n, "pattern", n.pattern)
		}
		for _, kid := range n.patternProperties {
			v.compile(n, "patternProperties", kid.key)
		}
	}
	return v
}

func (v *Validator) compile(n *node, keyword, pattern string) {
	if _, ok := v.patterns[pattern]; ok {
		return
	}
	re, err := compilePattern(pattern)
	if err != nil {
		v.unchecked = append(v.unchecked, n.errorf(keyword, "use a pattern without look-around and backreferences",
			"pattern %s is not checked, because Go cannot read it (%v)", quote(pattern), err))
		v.patterns[pattern] = nil
		return
	}
	v.patterns[pattern] = &compiled{re, patternSize(pattern)/8 + 1}
}

// Unchecked returns the patterns that the validator ignores because Go's regular expressions
// lack look-around and backreferences. A caller that depends on them should refuse the
// schema.
func (v *Validator) Unchecked() []*Error { return v.unchecked }

// Validate checks one instance: a complete JSON text.
//
// Security: time, memory and the size of the report are bounded for hostile instances. If a
// limit is exceeded, the report has a finding that says so: the instance is not valid.
func (v *Validator) Validate(instance []byte) *Report {
	report := &Report{}
	if len(instance) > v.options.MaxBytes {
		report.Findings = []Finding{{Message: fmt.Sprintf("answer has %d bytes, more than %d: write less", len(instance), v.options.MaxBytes)}}
		return report
	}
	root, duplicates, failed := readInstance(instance, v.options.MaxDepth, v.options.MaxValues)
	if failed != nil {
		report.Findings = []Finding{{Path: failed.path, Message: failed.problem + ": " + failed.fix}}
		return report
	}
	c := &check{validator: v, options: &v.options, report: report, steps: v.options.MaxSteps}
	if duplicates {
		c.duplicates(&root, &place{index: -1})
	}
	c.apply(v.schema.root, &root, &place{index: -1}, c.evaluation())
	if c.exhausted {
		report.Findings = append(report.Findings, Finding{Message: "answer takes too long to check: write a shorter one"})
	}
	return report
}

// check is one run of a validator.
type check struct {
	validator *Validator
	options   *Options
	report    *Report
	steps     int
	probing   int     // above 0 while only the result matters
	scope     []*node // roots of resources that are being applied, for $dynamicRef
	full      bool    // the report is full
	exhausted bool    // steps ran out
}

// spend takes steps. It returns false if none are left.
func (c *check) spend(steps int) bool {
	if c.steps -= steps; c.steps < 0 {
		c.exhausted = true
	}
	return !c.exhausted && !c.full
}

// probe reports whether v matches n, without findings.
func (c *check) probe(n *node, v *value, at *place, seen *evaluated) bool {
	c.probing++
	full := c.full
	c.full = false
	ok := c.apply(n, v, at, seen)
	c.full = full
	c.probing--
	return ok
}

// duplicates reports keys that occur twice, anywhere in v.
func (c *check) duplicates(v *value, at *place) {
	if v.list == nil || !c.spend(1) {
		return
	}
	for _, name := range v.list.repeated {
		c.add(nil, at, "", "key %s occurs twice: keep one of them", quote(name))
	}
	for i := range v.list.values {
		if v.list.values[i].list == nil {
			continue
		}
		if v.kind == kindObject {
			c.duplicates(&v.list.values[i], &place{at, v.list.names[i], -1})
		} else {
			c.duplicates(&v.list.values[i], &place{at, "", i})
		}
	}
}

// apply checks v against n and adds findings. It returns whether v is valid. seen, if not
// nil, collects the members and items that were evaluated.
func (c *check) apply(n *node, v *value, at *place, seen *evaluated) bool {
	if !c.spend(1) {
		return false
	}
	if n.at.kind == kindBool {
		if n.never {
			c.add(n, at, "false", "no value is allowed here: remove it")
		}
		return !n.never
	}
	if len(c.scope) == 0 || c.scope[len(c.scope)-1] != n.root {
		c.scope = append(c.scope, n.root)
		defer func() { c.scope = c.scope[:len(c.scope)-1] }()
	}
	own := seen.fork()
	ok := c.reference(n, v, at, own)
	if !c.typed(n, v, at) {
		return false // findings about a value of the wrong type would only confuse
	}
	for _, keywords := range []func(*node, *value, *place, *evaluated) bool{c.scalar, c.logic, c.list} {
		if !ok && c.probing > 0 {
			return false
		}
		ok = keywords(n, v, at, own) && ok
	}
	if ok && seen != nil {
		c.spend(len(own.members) + len(own.indexes))
		seen.merge(own)
	}
	return ok && !c.exhausted
}

// scalar applies keywords that contain no schema.
func (c *check) scalar(n *node, v *value, at *place, _ *evaluated) bool {
	ok := c.equal(n, v, at)
	switch v.kind {
	case kindNumber:
		return c.number(n, v, at) && ok
	case kindString:
		return c.string(n, v, at) && ok
	}
	return ok
}

// list applies the keywords of arrays and objects.
func (c *check) list(n *node, v *value, at *place, own *evaluated) bool {
	switch v.kind {
	case kindArray:
		return c.array(n, v, at, own)
	case kindObject:
		return c.object(n, v, at, own)
	}
	return true
}

// reference applies $ref and $dynamicRef.
func (c *check) reference(n *node, v *value, at *place, own *evaluated) bool {
	ok := true
	for _, target := range []*node{n.ref, n.dynamicRef, c.dynamicTarget(n)} {
		if target != nil {
			ok = c.apply(target, v, at, own) && ok
		}
	}
	return ok
}

// dynamicTarget returns the target of a $dynamicRef: the anchor in the outermost resource
// that is being applied.
func (c *check) dynamicTarget(n *node) *node {
	if n.dynamic == "" {
		return nil
	}
	anchors := c.validator.schema.resolver.dynamic[n.dynamic]
	for _, root := range c.scope {
		if target := anchors[root]; target != nil {
			return target
		}
	}
	return nil
}

// evaluated is the set of members and items that some schema has evaluated. It is nil if the
// schema has no unevaluatedProperties and no unevaluatedItems.
type evaluated struct {
	allMembers bool
	members    map[string]bool
	allItems   bool
	items      int          // items before this index
	indexes    map[int]bool // items that matched contains
}

// evaluation returns a set if the schema needs one.
func (c *check) evaluation() *evaluated {
	if !c.validator.schema.unevaluated {
		return nil
	}
	return &evaluated{}
}

func (e *evaluated) fork() *evaluated {
	if e == nil {
		return nil
	}
	return &evaluated{}
}

func (e *evaluated) merge(other *evaluated) {
	if e == nil || other == nil {
		return
	}
	e.allMembers = e.allMembers || other.allMembers
	e.allItems = e.allItems || other.allItems
	e.items = max(e.items, other.items)
	for name := range other.members {
		e.member(name)
	}
	for i := range other.indexes {
		e.index(i)
	}
}

func (e *evaluated) member(name string) {
	if e == nil {
		return
	}
	if e.members == nil {
		e.members = map[string]bool{}
	}
	e.members[name] = true
}

func (e *evaluated) index(i int) {
	if e == nil {
		return
	}
	if e.indexes == nil {
		e.indexes = map[int]bool{}
	}
	e.indexes[i] = true
}
