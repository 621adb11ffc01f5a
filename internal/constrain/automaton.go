// Package constrain makes a model write text of a given form: JSON by a schema, or the tool
// calls of a chat.
//
// A Form is a nondeterministic automaton over bytes whose parts can call each other, so it
// describes recursive schemas. A Matcher follows one answer. It says which tokens can come next,
// and when the answer may end. UTF-8 is part of the automaton, so a character is never cut.
//
// The deterministic automaton is built while it is used, see lazy. Masks of all tokens are kept
// for each of its states. They are needed rarely: a sampler asks for its most likely candidates
// first.
package constrain

// Form is the form of a text. It is immutable and safe for concurrent use.
type Form struct {
	states []state
	start  int32
}

// state is a state of the nondeterministic automaton.
type state struct {
	edges  []edge
	empty  []int32 // states that follow without a byte
	calls  []call
	accept bool // the end of a rule
}

type edge struct {
	lo, hi byte
	to     int32
}

// call runs a rule and goes on at the state after it.
type call struct{ rule, after int32 }

// builder makes the states of a form. The methods that take two states add the ways from one to
// the other.
type builder struct {
	states []state
	shared map[string]int32 // rules by name
}

// maxStates bounds the automaton of a schema.
const maxStates = 200_000

func newBuilder() *builder { return &builder{shared: make(map[string]int32)} }

func (b *builder) state() int32 {
	b.states = append(b.states, state{})
	return int32(len(b.states) - 1)
}

func (b *builder) bytes(from, to int32, lo, hi byte) {
	b.states[from].edges = append(b.states[from].edges, edge{lo, hi, to})
}

func (b *builder) empty(from, to int32) {
	b.states[from].empty = append(b.states[from].empty, to)
}

func (b *builder) call(from, to, rule int32) {
	b.states[from].calls = append(b.states[from].calls, call{rule, to})
}

// literal adds a text.
func (b *builder) literal(from, to int32, text string) {
	for i := range len(text) {
		next := to
		if i+1 < len(text) {
			next = b.state()
		}
		b.bytes(from, next, text[i], text[i])
		from = next
	}
	if text == "" {
		b.empty(from, to)
	}
}

// rule returns the rule with a name. build adds the ways from its start to its end; it may use
// the rule itself.
func (b *builder) rule(name string, build func(from, to int32)) int32 {
	if start, ok := b.shared[name]; ok {
		return start
	}
	start, end := b.state(), b.state()
	b.states[end].accept = true
	b.shared[name] = start
	build(start, end)
	return start
}

// form returns the form whose text is a rule.
func (b *builder) form(rule int32) *Form { return &Form{b.states, rule} }

// space adds optional white space: nothing, a space, or a new line with an indentation. More is
// not useful, and models can write it without an end.
func (b *builder) space(from, to int32) {
	const deepest = 20
	rule := b.rule("space", func(from, to int32) {
		b.empty(from, to)
		b.bytes(from, to, ' ', ' ')
		at := b.state()
		b.bytes(from, at, '\n', '\n')
		for range deepest {
			b.empty(at, to)
			next := b.state()
			b.bytes(at, next, ' ', ' ')
			b.bytes(at, next, '\t', '\t')
			at = next
		}
		b.empty(at, to)
	})
	b.call(from, to, rule)
}
