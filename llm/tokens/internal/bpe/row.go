package bpe

import "slices"

// row is the working memory to merge a piece by the rule itself: the tokens of
// the piece in a row, and the merges that could be made next in a heap. That
// takes a logarithm longer than covering the piece, but no more for one piece
// than for another.
type row struct {
	nodes []node
	heap  []chance
}

// merging is a vocabulary as the rule sees it.
type merging interface {
	// merge returns what two tokens are merged into.
	merge(left, right int32) (madeBy, bool)
}

// madeBy is what a merge makes, and its place in the order of merges.
type madeBy struct{ id, rank int32 }

// node is a token in a row. A node that was merged into the one before it has the
// id -1.
type node struct {
	id         int32
	prev, next int32 // -1 at the ends
}

// chance is a merge that could be made: of the node at and the one after it.
type chance struct {
	rank        int32
	at          int32
	left, right int32 // what they were when it was found
}

func (c chance) before(d chance) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// reset makes a row of the bytes of a piece, given the tokens of all bytes.
func (r *row) reset(piece string, bytes *[numBytes]uint32) {
	r.nodes = slices.Grow(r.nodes[:0], len(piece))
	for i := range len(piece) {
		r.nodes = append(r.nodes, node{int32(bytes[piece[i]]), int32(i) - 1, int32(i) + 1})
	}
	r.nodes[len(r.nodes)-1].next = -1
}

// merge merges the row, of which the first node stays the first.
func (r *row) merge(m merging) {
	r.heap = slices.Grow(r.heap[:0], len(r.nodes))
	for i := range int32(len(r.nodes) - 1) {
		r.find(m, i)
	}
	for len(r.heap) > 0 {
		c := r.pop()
		x := &r.nodes[c.at]
		if x.id != c.left || x.next < 0 || r.nodes[x.next].id != c.right {
			continue // one of them has been merged with another
		}
		made, _ := m.merge(c.left, c.right)
		x.id = made.id
		gone := &r.nodes[x.next]
		gone.id = -1
		x.next = gone.next
		if x.next >= 0 {
			r.nodes[x.next].prev = c.at
			r.find(m, c.at)
		}
		if x.prev >= 0 {
			r.find(m, x.prev)
		}
	}
}

// find pushes the merge of the node at and the next one, if there is one.
func (r *row) find(m merging, at int32) {
	left, right := r.nodes[at].id, r.nodes[r.nodes[at].next].id
	made, ok := m.merge(left, right)
	if !ok {
		return
	}
	heap := append(r.heap, chance{made.rank, at, left, right})
	for i := len(heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !heap[i].before(heap[up]) {
			break
		}
		heap[i], heap[up] = heap[up], heap[i]
		i = up
	}
	r.heap = heap
}

// pop takes the first chance off the heap.
func (r *row) pop() chance {
	heap := r.heap
	first := heap[0]
	last := len(heap) - 1
	heap[0] = heap[last]
	heap = heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && heap[child+1].before(heap[child]) {
			child++
		}
		if !heap[child].before(heap[i]) {
			break
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
	r.heap = heap
	return first
}

// merge returns what two tokens are merged into.
func (v *Vocab) merge(left, right int32) (madeBy, bool) {
	x, y := uint32(left), uint32(right)
	if !v.mayMerge(x, y) {
		return madeBy{}, false
	}
	made := int32(v.merged(x, y))
	return madeBy{made, made}, made >= 0
}

// rowMerger merges by the rule alone. It serves the lists of merges for which
// nothing better is known to be right.
type rowMerger struct {
	merges map[[2]int32]madeBy
	bytes  [numBytes]uint32
}

func newRowMerger(merges [][2]int32, results []int32, bytes [numBytes]uint32) *rowMerger {
	m := &rowMerger{merges: make(map[[2]int32]madeBy, len(merges)), bytes: bytes}
	for i, merge := range merges {
		if _, ok := m.merges[merge]; !ok {
			m.merges[merge] = madeBy{results[i], int32(i)}
		}
	}
	return m
}

func (m *rowMerger) merge(left, right int32) (madeBy, bool) {
	made, ok := m.merges[[2]int32{left, right}]
	return made, ok
}

// appendIDs appends the ids of the tokens of a piece to dst.
func (m *rowMerger) appendIDs(dst []int, piece string, r *row) []int {
	r.reset(piece, &m.bytes)
	r.merge(m)
	for at := int32(0); at >= 0; at = r.nodes[at].next {
		dst = append(dst, int(r.nodes[at].id))
	}
	return dst
}
