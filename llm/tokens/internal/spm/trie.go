package spm

import "math/rand/v2"

// trie finds the tokens that a text begins with. Its edges are in one hash table, which
// is fast to build.
type trie struct {
	first  [256]uint32 // children of the root
	edges  []edge
	shift  uint
	mul    uint64
	values []int32 // by node: the token that ends there, or -1
}

type edge struct {
	key   uint32 // parent node
	by    uint32 // the byte plus one; 0 for an empty slot
	child uint32
}

// newTrie returns an empty trie for tokens of up to n bytes together.
func newTrie(n int) *trie {
	bits := uint(4)
	for 1<<bits < 2*n {
		bits++
	}
	return &trie{
		edges:  make([]edge, 1<<bits),
		shift:  64 - bits,
		mul:    rand.Uint64() | 1, // random, so that a file cannot be made to cause collisions
		values: []int32{-1},
	}
}

// add adds a token. If the same text is added twice, the first id stays.
func (t *trie) add(text string, id int32) {
	if text == "" {
		return
	}
	node := t.first[text[0]]
	if node == 0 {
		node = t.grow()
		t.first[text[0]] = node
	}
	for i := 1; i < len(text); i++ {
		e := t.edge(node, text[i])
		if e.by == 0 {
			*e = edge{key: node, by: uint32(text[i]) + 1, child: t.grow()}
		}
		node = e.child
	}
	if t.values[node] < 0 {
		t.values[node] = id
	}
}

func (t *trie) grow() uint32 {
	t.values = append(t.values, -1)
	return uint32(len(t.values) - 1)
}

func (t *trie) edge(node uint32, by byte) *edge {
	mask := uint64(len(t.edges) - 1)
	h := (uint64(node)<<8 | uint64(by)) * t.mul
	for at := h >> t.shift; ; at = (at + 1) & mask {
		if e := &t.edges[at]; e.by == 0 || e.key == node && e.by == uint32(by)+1 {
			return e
		}
	}
}

// step returns the child of a node for a byte. The root is node 0. It returns 0 if no
// token continues with the byte.
func (t *trie) step(node uint32, by byte) uint32 {
	if node == 0 {
		return t.first[by]
	}
	return t.edge(node, by).child
}

// longest returns the longest token that text begins with, and its length.
func (t *trie) longest(text string) (id int32, n int) {
	id = -1
	node := uint32(0)
	for i := range len(text) {
		if node = t.step(node, text[i]); node == 0 {
			break
		}
		if v := t.values[node]; v >= 0 {
			id, n = v, i+1
		}
	}
	return id, n
}
