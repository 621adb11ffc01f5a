package constrain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp/syntax"
	"strings"

	"github.com/parley-llm/parley/internal/schema"
)

// profile is the part of JSON Schema that a Form enforces. Everything else becomes a warning.
var profile = schema.Profile{
	Name:           "llama",
	Source:         "package constrain",
	RefDescription: true,
	Keywords: "title description enum const additionalProperties prefixItems minItems maxItems " +
		"minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern format",
	Formats:   "date-time date time uuid ipv4 email",
	MaxLength: 2000,
}

// formats are patterns of the formats. Each accepts only texts of the format, but not all of
// them: for example no leap days.
var formats = map[string]string{
	"date":      `^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$`,
	"time":      `^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-](0\d|1[0-3]):[0-5]\d)$`,
	"date-time": `^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-](0\d|1[0-3]):[0-5]\d)$`,
	"uuid":      `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`,
	"ipv4":      `^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$`,
	"email":     `^[a-z0-9]+([._+-][a-z0-9]+)*@[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$`,
}

var errLarge = errors.New("the schema is too large")

// JSON returns the form of the JSON texts that a schema accepts, and a warning for each part of
// the schema that it does not enforce. Objects have their members in the order of the schema, and
// no others, unless additionalProperties allows them.
func JSON(source json.RawMessage) (*Form, []schema.Warning, error) {
	b := newBuilder()
	value, warnings, err := b.schema(source, "")
	if err != nil {
		return nil, nil, err
	}
	start := b.rule("start", func(from, to int32) {
		at := b.state()
		b.space(from, at)
		b.call(at, to, value)
	})
	return b.form(start), warnings, nil
}

// Object returns the form of any JSON object.
func Object() *Form {
	b := newBuilder()
	return b.form(b.rule("start", func(from, to int32) {
		at := b.state()
		b.space(from, at)
		b.call(at, to, b.anyObject())
	}))
}

// Call is a tool in the form of tool calls.
type Call struct {
	Name   string
	Schema json.RawMessage // of the arguments; empty is an object without members
}

// Calls returns the form of one tool call: {"name": NAME, "arguments": {…}}. key is the name of
// the second member.
func Calls(calls []Call, key string) (*Form, []schema.Warning, error) {
	b := newBuilder()
	var all []schema.Warning
	var err error
	start := b.rule("start", func(from, to int32) {
		open := b.state()
		b.space(from, open)
		for i, c := range calls {
			source := c.Schema
			if len(source) == 0 {
				source = json.RawMessage(`{"type":"object","properties":{}}`)
			}
			value, warnings, failed := b.schema(source, fmt.Sprintf("tool %d", i))
			if failed != nil {
				err = fmt.Errorf("the tool %s: %w", c.Name, failed)
				return
			}
			all = append(all, warnings...)
			at, rest, name, last := b.state(), b.state(), b.state(), b.state()
			b.bytes(open, at, '{', '{')
			b.space(at, rest)
			b.literal(rest, name, `"name"`)
			at = b.state()
			b.colon(name, at)
			name = b.state()
			b.literal(at, name, quote(c.Name))
			at = b.state()
			b.comma(name, at)
			name = b.state()
			b.literal(at, name, quote(key))
			at = b.state()
			b.colon(name, at)
			b.call(at, last, value)
			at = b.state()
			b.space(last, at)
			b.bytes(at, to, '}', '}')
		}
		if len(calls) == 0 {
			err = errors.New("there are no tools")
		}
	})
	if err != nil {
		return nil, nil, err
	}
	return b.form(start), all, nil
}

func (b *builder) colon(from, to int32) {
	at := b.state()
	b.bytes(from, at, ':', ':')
	b.space(at, to)
}

func (b *builder) comma(from, to int32) {
	at := b.state()
	b.bytes(from, at, ',', ',')
	b.space(at, to)
}

// subschema are the keywords of a schema in the profile.
type subschema struct {
	Type                 json.RawMessage            `json:"type"`
	Enum                 []json.RawMessage          `json:"enum"`
	Const                json.RawMessage            `json:"const"`
	AnyOf                []json.RawMessage          `json:"anyOf"`
	Ref                  string                     `json:"$ref"`
	Defs                 map[string]json.RawMessage `json:"$defs"`
	Properties           members                    `json:"properties"`
	Required             []string                   `json:"required"`
	AdditionalProperties json.RawMessage            `json:"additionalProperties"`
	Items                json.RawMessage            `json:"items"`
	PrefixItems          []json.RawMessage          `json:"prefixItems"`
	MinItems             *float64                   `json:"minItems"`
	MaxItems             *float64                   `json:"maxItems"`
	MinLength            *float64                   `json:"minLength"`
	MaxLength            *float64                   `json:"maxLength"`
	Minimum              json.Number                `json:"minimum"`
	Maximum              json.Number                `json:"maximum"`
	ExclusiveMinimum     json.Number                `json:"exclusiveMinimum"`
	ExclusiveMaximum     json.Number                `json:"exclusiveMaximum"`
	Pattern              *string                    `json:"pattern"`
	Format               string                     `json:"format"`
}

// members are the members of an object in their order.
type members []member

type member struct {
	name  string
	value json.RawMessage
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *members) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	*m = members{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return io.ErrUnexpectedEOF
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		*m = append(*m, member{name, value})
	}
	return nil
}

// compiler adds one schema to a builder.
type compiler struct {
	*builder
	name string // of the schema: references of different schemas are different rules
	root json.RawMessage
	defs map[string]json.RawMessage
}

// schema adds a schema, and returns its rule.
func (b *builder) schema(source json.RawMessage, name string) (int32, []schema.Warning, error) {
	parsed, err := schema.Parse(source, schema.Limits{})
	if err != nil {
		return 0, nil, err
	}
	translated, err := parsed.For(profile)
	if err != nil {
		return 0, nil, err
	}
	var root subschema
	_ = json.Unmarshal(translated.Schema, &root) // a schema that is true has no definitions
	c := &compiler{b, name, translated.Schema, root.Defs}
	rule, err := c.reference("#")
	if err == nil && len(b.states) > maxStates {
		err = errLarge
	}
	return rule, translated.Warnings, err
}

// reference returns the rule of a reference.
func (c *compiler) reference(ref string) (int32, error) {
	target := c.root
	if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		if target, ok = c.defs[name]; !ok {
			return 0, fmt.Errorf("the reference %q is not supported", ref)
		}
	} else if ref != "#" {
		return 0, fmt.Errorf("the reference %q is not supported", ref)
	}
	var err error
	rule := c.rule(c.name+" "+ref, func(from, to int32) { err = c.value(from, to, target) })
	return rule, err
}

// value adds the values that a schema accepts.
func (c *compiler) value(from, to int32, source json.RawMessage) error {
	if len(c.states) > maxStates {
		return errLarge
	}
	source = bytes.TrimSpace(source)
	if string(source) == "true" || len(source) == 0 {
		c.call(from, to, c.anyValue())
		return nil
	}
	if string(source) == "false" {
		return errors.New("the schema accepts no value")
	}
	var s subschema
	d := json.NewDecoder(bytes.NewReader(source))
	d.UseNumber()
	if err := d.Decode(&s); err != nil {
		return fmt.Errorf("the schema cannot be read: %w", err)
	}
	switch {
	case s.Ref != "":
		rule, err := c.reference(s.Ref)
		c.call(from, to, rule)
		return err
	case s.Const != nil:
		return c.constant(from, to, s.Const)
	case s.Enum != nil:
		for _, value := range s.Enum {
			if err := c.constant(from, to, value); err != nil {
				return err
			}
		}
		return nil
	case s.AnyOf != nil:
		return c.union(from, to, s.AnyOf)
	}
	return c.types(from, to, &s)
}

// union adds the branches that accept a value.
func (c *compiler) union(from, to int32, branches []json.RawMessage) error {
	var failed error
	n := 0
	for _, branch := range branches {
		at := c.state()
		if err := c.value(at, to, branch); err != nil {
			failed = err
			continue
		}
		c.empty(from, at)
		n++
	}
	if n == 0 {
		return failed
	}
	return nil
}

// constant adds one value.
func (c *compiler) constant(from, to int32, value json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return err
	}
	c.literal(from, to, b.String())
	return nil
}

// types adds the values of the types of a schema.
func (c *compiler) types(from, to int32, s *subschema) error {
	var names []string
	if len(s.Type) > 0 && json.Unmarshal(s.Type, &names) != nil {
		name := ""
		if err := json.Unmarshal(s.Type, &name); err != nil {
			return fmt.Errorf("the type %s is not supported", s.Type)
		}
		names = []string{name}
	}
	if len(names) == 0 {
		names = implied(s)
	}
	if len(names) == 0 {
		c.call(from, to, c.anyValue())
		return nil
	}
	var failed error
	n := 0
	for _, name := range names {
		at := c.state()
		if err := c.typed(at, to, name, s); err != nil {
			failed = err
			continue
		}
		c.empty(from, at)
		n++
	}
	if n == 0 {
		return failed
	}
	return nil
}

// implied returns the type that the keywords of a schema without type are about. Other types are
// accepted by JSON Schema, but are never meant.
func implied(s *subschema) []string {
	switch {
	case s.Properties != nil || s.Required != nil || s.AdditionalProperties != nil:
		return []string{"object"}
	case s.Items != nil || s.PrefixItems != nil || s.MinItems != nil || s.MaxItems != nil:
		return []string{"array"}
	case s.MinLength != nil || s.MaxLength != nil || s.Pattern != nil || s.Format != "":
		return []string{"string"}
	case s.Minimum != "" || s.Maximum != "" || s.ExclusiveMinimum != "" || s.ExclusiveMaximum != "":
		return []string{"number"}
	}
	return nil
}

// typed adds the values of one type.
func (c *compiler) typed(from, to int32, name string, s *subschema) error {
	switch name {
	case "null":
		c.literal(from, to, "null")
	case "boolean":
		c.literal(from, to, "true")
		c.literal(from, to, "false")
	case "integer", "number":
		low, err := bound(s.Minimum, s.ExclusiveMinimum, 1)
		if err != nil {
			return err
		}
		high, err := bound(s.Maximum, s.ExclusiveMaximum, -1)
		if err != nil {
			return err
		}
		if low == nil && high == nil {
			c.call(from, to, c.anyNumber(name == "integer"))
			return nil
		}
		return c.number(from, to, name == "integer", low, high)
	case "string":
		return c.string(from, to, s)
	case "array":
		return c.array(from, to, s)
	case "object":
		return c.object(from, to, s)
	default:
		return fmt.Errorf("the type %q is not supported", name)
	}
	return nil
}

// bound returns the stricter one of two limits. sign is 1 for lower limits.
func bound(inclusive, exclusive json.Number, sign int) (*limit, error) {
	var out *limit
	for _, n := range []struct {
		text      json.Number
		exclusive bool
	}{{inclusive, false}, {exclusive, true}} {
		if n.text == "" {
			continue
		}
		v, ok := new(big.Rat).SetString(n.text.String())
		if !ok {
			return nil, fmt.Errorf("the limit %s is no number", n.text)
		}
		if out == nil || v.Cmp(out.value)*sign >= 0 {
			out = &limit{v, n.exclusive}
		}
	}
	return out, nil
}

// string adds the strings of a schema.
func (c *compiler) string(from, to int32, s *subschema) error {
	expression := formats[s.Format]
	if s.Pattern != nil {
		expression = *s.Pattern
	}
	least, most := 0, -1
	if s.MinLength != nil {
		least = int(*s.MinLength)
	}
	if s.MaxLength != nil {
		most = int(*s.MaxLength)
	}
	switch {
	case expression != "":
		parsed, err := syntax.Parse(expression, syntax.Perl)
		if err != nil {
			return fmt.Errorf("the pattern %q is not supported: %w", expression, err)
		}
		return c.pattern(from, to, parsed)
	case least == 0 && most < 0:
		c.anyText(from, to)
		return nil
	}
	return c.text(from, to, least, most)
}

func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always has JSON
	return strings.TrimSuffix(b.String(), "\n")
}
