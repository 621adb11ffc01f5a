package constrain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// sub returns the rule of a schema that can occur several times.
func (c *compiler) sub(source json.RawMessage) (int32, error) {
	var err error
	name := fmt.Sprintf("%s value %s", c.name, source)
	rule := c.rule(name, func(from, to int32) { err = c.value(from, to, source) })
	return rule, err
}

const maxListed = 2000 // items that are counted

// array adds the arrays of a schema.
func (c *compiler) array(from, to int32, s *subschema) error {
	least, most := 0, -1
	if s.MinItems != nil {
		least = int(min(*s.MinItems, maxListed))
	}
	if s.MaxItems != nil {
		most = int(min(*s.MaxItems, maxListed))
	}
	items := int32(-1)
	if string(bytes.TrimSpace(s.Items)) != "false" {
		rule, err := c.sub(s.Items)
		if err != nil {
			return err
		}
		items = rule
	} else if most < 0 || most > len(s.PrefixItems) {
		most = len(s.PrefixItems)
	}
	if most >= 0 && least > most {
		return errors.New("no array is that short and that long")
	}
	open, closing := c.state(), c.state()
	c.bytes(from, open, '[', '[')
	c.bytes(closing, to, ']', ']')
	// at is the state after n items.
	at := c.state()
	c.space(open, at)
	n := 0
	for ; n < max(least, len(s.PrefixItems)) || n < most; n++ {
		if most >= 0 && n >= most {
			break
		}
		if n >= least {
			c.space(at, closing)
		}
		rule := items
		if n < len(s.PrefixItems) {
			var err error
			if rule, err = c.sub(s.PrefixItems[n]); err != nil {
				return err
			}
		}
		if n > 0 {
			next := c.state()
			c.comma(at, next)
			at = next
		}
		next := c.state()
		c.call(at, next, rule)
		at = next
	}
	c.space(at, closing)
	if most < 0 && items >= 0 {
		c.repeat(at, closing, items, n > 0)
	}
	return nil
}

// repeat adds any number of items. some says that there are items before them.
func (c *compiler) repeat(at, closing, items int32, some bool) {
	if !some {
		first := c.state()
		c.call(at, first, items)
		c.space(first, closing)
		at = first
	}
	comma := c.state()
	c.comma(at, comma)
	c.call(comma, at, items)
}

// listed returns the properties of a schema, and those that are only in required.
func (s *subschema) listed() members {
	list := slices.Clone(s.Properties)
	for _, name := range s.Required {
		if !slices.ContainsFunc(list, func(m member) bool { return m.name == name }) {
			list = append(list, member{name, s.AdditionalProperties})
		}
	}
	return list
}

// object adds the objects of a schema: the properties in their order, then other members.
func (c *compiler) object(from, to int32, s *subschema) error {
	properties := s.listed()
	additional := bytes.TrimSpace(s.AdditionalProperties)
	open := len(additional) > 0 && string(additional) != "false" || s.Properties == nil && s.Required == nil && len(additional) == 0
	start, closing := c.state(), c.state()
	c.bytes(from, start, '{', '{')
	c.bytes(closing, to, '}', '}')
	// empty and some are the states before a property: without and with members so far.
	empty, some := c.state(), c.state()
	c.space(start, empty)
	var names []string
	for _, p := range properties {
		names = append(names, p.name)
		nextEmpty, nextSome, key, colon := c.state(), c.state(), c.state(), c.state()
		rule, err := c.sub(p.value)
		required := slices.Contains(s.Required, p.name)
		if err != nil {
			if required {
				return err
			}
			c.builder.empty(empty, nextEmpty) // a property that no value has
			c.builder.empty(some, nextSome)
			empty, some = nextEmpty, nextSome
			continue
		}
		c.builder.empty(empty, key)
		c.comma(some, key)
		text := c.state()
		c.literal(key, text, quote(p.name))
		c.colon(text, colon)
		c.call(colon, nextSome, rule)
		if !required {
			c.builder.empty(empty, nextEmpty)
			c.builder.empty(some, nextSome)
		}
		empty, some = nextEmpty, nextSome
	}
	c.space(some, closing)
	c.builder.empty(empty, closing)
	if !open {
		return nil
	}
	rule, err := c.sub(additional)
	if err != nil {
		return nil // no other member is possible
	}
	key, text, colon := c.state(), c.state(), c.state()
	c.builder.empty(empty, key)
	c.comma(some, key)
	c.otherKey(key, text, names)
	c.colon(text, colon)
	c.call(colon, some, rule)
	return nil
}

// otherKey adds the names of members that are not in a list. They are written without escapes.
func (c *compiler) otherKey(from, to int32, names []string) {
	at := c.state()
	c.bytes(from, at, '"', '"')
	free := c.state()
	c.plain(free, free, nil)
	c.bytes(free, to, '"', '"')
	c.differs(at, to, free, names)
}

// differs adds the rests of names that are not in a list. free is a state for any rest.
func (c *compiler) differs(from, to, free int32, names []string) {
	rests := make(map[rune][]string)
	var first []rune
	whole := false
	for _, name := range names {
		if name == "" {
			whole = true
			continue
		}
		for _, r := range name { // only the first one
			if _, ok := rests[r]; !ok {
				first = append(first, r)
			}
			rests[r] = append(rests[r], name[len(string(r)):])
			break
		}
	}
	if !whole {
		c.bytes(from, to, '"', '"')
	}
	slices.Sort(first)
	c.plain(from, free, first)
	for _, r := range first {
		if r < 0x20 || r == '"' || r == '\\' {
			continue // it would need an escape
		}
		next := c.state()
		c.runes(from, next, r, r)
		c.differs(next, to, free, rests[r])
	}
}

// plain adds one character that needs no escape, except some, which are sorted.
func (c *compiler) plain(from, to int32, except []rune) {
	except = slices.Concat(except, []rune{'"', '\\'})
	slices.Sort(except)
	lo := rune(0x20)
	for _, r := range except {
		if r > lo {
			c.runes(from, to, lo, r-1)
		}
		lo = max(lo, r+1)
	}
	c.runes(from, to, lo, 0x10FFFF)
}

// anyValue returns the rule of any value.
func (b *builder) anyValue() int32 {
	return b.rule("any", func(from, to int32) {
		b.literal(from, to, "null")
		b.literal(from, to, "true")
		b.literal(from, to, "false")
		b.anyText(from, to)
		b.call(from, to, b.anyNumber(false))
		b.call(from, to, b.anyObject())
		b.call(from, to, b.rule("any array", func(from, to int32) {
			open, first, item, closing := b.state(), b.state(), b.state(), b.state()
			b.bytes(from, open, '[', '[')
			b.space(open, item)
			b.empty(item, closing)
			b.call(item, first, b.shared["any"])
			again := b.state()
			b.comma(first, again)
			b.call(again, first, b.shared["any"])
			b.space(first, closing)
			b.bytes(closing, to, ']', ']')
		}))
	})
}

// anyObject returns the rule of any object.
func (b *builder) anyObject() int32 {
	return b.rule("any object", func(from, to int32) {
		open, item, closing, key, colon, after := b.state(), b.state(), b.state(), b.state(), b.state(), b.state()
		b.bytes(from, open, '{', '{')
		b.space(open, item)
		b.empty(item, closing)
		b.anyText(item, key)
		b.colon(key, colon)
		b.call(colon, after, b.anyValue())
		again := b.state()
		b.comma(after, again)
		b.anyText(again, key)
		b.space(after, closing)
		b.bytes(closing, to, '}', '}')
	})
}
