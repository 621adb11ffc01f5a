package constrain

import (
	"cmp"
	"slices"
	"strings"
)

// Vocabulary is the texts of a model's tokens, as a tree of their bytes. It is immutable and safe
// for concurrent use.
type Vocabulary struct {
	texts []string // by id; "" for tokens that no text contains
	nodes []node   // depth first
	more  [][]int32
	// single has each id at its own index.
	single []int32
}

// node is a byte of the tree.
type node struct {
	token int32 // that ends here, or -1; -2-i: the tokens of more[i]
	after int32 // the index after the nodes below
	depth uint16
	value byte
}

// maxTokenBytes is the longest token that a text of a form can contain.
const maxTokenBytes = 1 << 12

// NewVocabulary returns the vocabulary of tokens with these texts, by id. Control tokens have no
// text.
func NewVocabulary(texts []string) *Vocabulary {
	v := &Vocabulary{texts: texts}
	var ids []int32
	for id, text := range texts {
		v.single = append(v.single, int32(id))
		if text != "" && len(text) < maxTokenBytes {
			ids = append(ids, int32(id))
		}
	}
	slices.SortFunc(ids, func(a, b int32) int {
		return cmp.Or(strings.Compare(texts[a], texts[b]), cmp.Compare(a, b))
	})
	var path []int32 // indexes of the open nodes
	last := ""
	for _, id := range ids {
		text := texts[id]
		common := 0
		for common < min(len(text), len(last)) && text[common] == last[common] {
			common++
		}
		v.close(path[common:])
		path = path[:common]
		for i := common; i < len(text); i++ {
			path = append(path, int32(len(v.nodes)))
			v.nodes = append(v.nodes, node{token: -1, depth: uint16(i), value: text[i]})
		}
		v.end(&v.nodes[path[len(path)-1]], id)
		last = text
	}
	v.close(path)
	return v
}

func (v *Vocabulary) close(path []int32) {
	for _, i := range path {
		v.nodes[i].after = int32(len(v.nodes))
	}
}

// end records that a token ends at a node. Several tokens can have the same text.
func (v *Vocabulary) end(n *node, id int32) {
	switch {
	case n.token == -1:
		n.token = id
	case n.token >= 0:
		v.more = append(v.more, []int32{n.token, id})
		n.token = int32(-1 - len(v.more))
	default:
		i := -2 - n.token
		v.more[i] = append(v.more[i], id)
	}
}

// Size returns the number of tokens.
func (v *Vocabulary) Size() int { return len(v.texts) }

// walk returns the mask of a state, and the tokens that cannot follow it but begin with a text
// after which the form may end. It skips the tokens below a byte that cannot follow.
func (v *Vocabulary) walk(l *lazy, at int32) (mask []uint64, ended []int32) {
	mask = make([]uint64, (len(v.texts)+63)/64)
	states := make([]int32, 1, 64)
	states[0] = at
	for i := int32(0); i < int32(len(v.nodes)); {
		n := &v.nodes[i]
		from := states[n.depth]
		to := l.states[from].next[n.value]
		if to == unknown {
			to = l.step(from, n.value)
		}
		if to == dead {
			if slices.ContainsFunc(states[:n.depth+1], func(s int32) bool { return l.states[s].final }) {
				ended = v.below(ended, i)
			}
			i = n.after
			continue
		}
		states = append(states[:n.depth+1], to)
		for _, id := range v.tokens(n) {
			mask[id/64] |= 1 << (id % 64)
		}
		i++
	}
	return mask, ended
}

// tokens returns the tokens that end at a node.
func (v *Vocabulary) tokens(n *node) []int32 {
	switch {
	case n.token == -1:
		return nil
	case n.token < -1:
		return v.more[-2-n.token]
	}
	return v.single[n.token : n.token+1]
}

// below appends the tokens at a node and below.
func (v *Vocabulary) below(ids []int32, i int32) []int32 {
	for end := v.nodes[i].after; i < end; i++ {
		ids = append(ids, v.tokens(&v.nodes[i])...)
	}
	return ids
}
