package split

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// A reference splits a text by regular expressions, each within the pieces of the
// previous one. It interprets the expressions by simple backtracking. It is slow, and has
// nothing in common with the tested functions except testdata/unicode.txt.
type reference struct {
	steps []node
}

// A node matches in at i. It calls next with each possible end, in order of preference,
// until next returns true.
type node func(in string, i int, next func(int) bool) bool

func newReference(tb testing.TB, sources []string) *reference {
	tb.Helper()
	ref := new(reference)
	for _, source := range sources {
		p := parser{rest: source, classes: unicodeClasses(tb)}
		n := p.alternatives()
		if p.rest != "" {
			tb.Fatalf("cannot parse the expression %q from %q on", source, p.rest)
		}
		ref.steps = append(ref.steps, n)
	}
	return ref
}

func (ref *reference) lengths(text string) []int {
	parts := []string{text}
	for _, step := range ref.steps {
		var finer []string
		for _, part := range parts {
			finer = append(finer, split(step, part)...)
		}
		parts = finer
	}
	var all []int
	for _, part := range parts {
		all = append(all, len(part))
	}
	return all
}

// split returns the matches of n in a text and the text between them.
func split(n node, text string) []string {
	var all []string
	start := 0 // start of the text that has not matched
	for i := 0; i < len(text); {
		end := -1
		n(text, i, func(e int) bool { end = e; return true })
		if end < 0 {
			_, width := utf8.DecodeRuneInString(text[i:])
			i += width
			continue
		}
		if start < i {
			all = append(all, text[start:i])
		}
		all = append(all, text[i:end])
		i, start = end, end
	}
	if start < len(text) {
		all = append(all, text[start:])
	}
	return all
}

type parser struct {
	rest    string
	fold    bool
	classes map[string]map[rune]bool
}

func (p *parser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *parser) character() rune {
	r, width := utf8.DecodeRuneInString(p.rest)
	p.rest = p.rest[width:]
	return r
}

func (p *parser) alternatives() node {
	nodes := []node{p.sequence()}
	for p.take("|") {
		nodes = append(nodes, p.sequence())
	}
	return func(in string, i int, next func(int) bool) bool {
		for _, n := range nodes {
			if n(in, i, next) {
				return true
			}
		}
		return false
	}
}

func (p *parser) sequence() node {
	seq := func(_ string, i int, next func(int) bool) bool { return next(i) }
	for p.rest != "" && p.rest[0] != '|' && p.rest[0] != ')' {
		first, second := seq, p.quantified()
		seq = func(in string, i int, next func(int) bool) bool {
			return first(in, i, func(j int) bool { return second(in, j, next) })
		}
	}
	return seq
}

func (p *parser) quantified() node {
	n := p.atom()
	low, high := 1, 1
	switch {
	case p.take("?"):
		low = 0
	case p.take("*"):
		low, high = 0, 1<<30
	case p.take("+"):
		high = 1 << 30
	case p.take("{"):
		inside, rest, _ := strings.Cut(p.rest, "}")
		p.rest = rest
		from, to, ok := strings.Cut(inside, ",")
		if !ok {
			to = from
		}
		var err error
		if low, err = strconv.Atoi(from); err != nil {
			panic(err)
		}
		if high, err = strconv.Atoi(to); err != nil {
			panic(err)
		}
	default:
		return n
	}
	repeated := func(in string, i int, next func(int) bool) bool {
		return repeat(n, low, high, in, i, next)
	}
	if !p.take("+") {
		return repeated
	}
	return func(in string, i int, next func(int) bool) bool { // possessive
		end := -1
		repeated(in, i, func(e int) bool { end = e; return true })
		return end >= 0 && next(end)
	}
}

func repeat(n node, low, high int, in string, i int, next func(int) bool) bool {
	if high > 0 && n(in, i, func(j int) bool { return repeat(n, low-1, high-1, in, j, next) }) {
		return true
	}
	return low <= 0 && next(i)
}

func (p *parser) atom() node {
	switch {
	case p.take("(?i:"):
		outer := p.fold
		p.fold = true
		n := p.alternatives()
		p.fold = outer
		p.closing(")")
		return n
	case p.take("(?:"):
		n := p.alternatives()
		p.closing(")")
		return n
	case p.take("(?="):
		n := p.alternatives()
		p.closing(")")
		return func(in string, i int, next func(int) bool) bool {
			return n(in, i, func(int) bool { return true }) && next(i)
		}
	case p.take("(?!"):
		n := p.alternatives()
		p.closing(")")
		return func(in string, i int, next func(int) bool) bool {
			return !n(in, i, func(int) bool { return true }) && next(i)
		}
	}
	has := p.set()
	return func(in string, i int, next func(int) bool) bool {
		if i == len(in) {
			return false
		}
		r, width := utf8.DecodeRuneInString(in[i:])
		return has(r) && next(i+width)
	}
}

func (p *parser) closing(s string) {
	if !p.take(s) {
		panic(fmt.Sprintf("%q is wanted before %q", s, p.rest))
	}
}

// set parses an expression that matches one character.
func (p *parser) set() func(rune) bool {
	if p.take("[") {
		return p.bracket()
	}
	if p.take(`\`) {
		return p.escape()
	}
	return p.literal(p.character())
}

func (p *parser) bracket() func(rune) bool {
	negated := p.take("^")
	has := func(rune) bool { return false }
	for !p.take("]") {
		if p.take("&&[") {
			before, also := has, p.bracket()
			has = func(r rune) bool { return before(r) && also(r) }
			continue
		}
		before, item := has, p.item()
		has = func(r rune) bool { return before(r) || item(r) }
	}
	if negated {
		return func(r rune) bool { return !has(r) }
	}
	return has
}

// item parses a character, a range or an escape inside brackets.
func (p *parser) item() func(rune) bool {
	if p.take(`\`) {
		return p.escape()
	}
	lo := p.character()
	if len(p.rest) > 1 && p.rest[0] == '-' && p.rest[1] != ']' {
		p.take("-")
		hi := p.character()
		return func(r rune) bool { return r >= lo && r <= hi }
	}
	return p.literal(lo)
}

func (p *parser) escape() func(rune) bool {
	switch c := p.character(); c {
	case 'r':
		return p.literal('\r')
	case 'n':
		return p.literal('\n')
	case 's':
		return p.class("space")
	case 'S':
		isSpace := p.class("space")
		return func(r rune) bool { return !isSpace(r) }
	case 'p':
		name, rest, _ := strings.Cut(p.rest, "}")
		p.rest = rest
		return p.class(strings.TrimPrefix(name, "{"))
	default:
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			panic(fmt.Sprintf("the escape %q is unknown", c))
		}
		return p.literal(c)
	}
}

func (p *parser) class(name string) func(rune) bool {
	if name == "L" {
		var subsets []func(rune) bool
		for _, sub := range []string{"Lu", "Ll", "Lt", "Lm", "Lo"} {
			subsets = append(subsets, p.class(sub))
		}
		return func(r rune) bool {
			for _, has := range subsets {
				if has(r) {
					return true
				}
			}
			return false
		}
	}
	members, ok := p.classes[name]
	if !ok {
		panic(fmt.Sprintf("the class %q is unknown", name))
	}
	return func(r rune) bool { return members[r] }
}

func (p *parser) literal(c rune) func(rune) bool {
	if !p.fold {
		return func(r rune) bool { return r == c }
	}
	return func(r rune) bool {
		if r == c {
			return true
		}
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			if r == f {
				return true
			}
		}
		return false
	}
}
