package bpe

import (
	"math"
	"slices"
)

// row is the working memory to merge a piece by the rule itself: the tokens of
// the piece in a row, and the merges that could be made next in a heap. That
// takes a logarithm longer than covering the piece, but no more for one piece
// than for another. Equal tokens that stand side by side can be one node: the
// time and memory for a line of a thousand dashes is that for a few dozen.
type row struct {
	nodes []node // the first is where the row begins
	heap  []chance
}

// merging is a vocabulary as the rule sees it.
type merging interface {
	// merge returns what two tokens are merged into.
	merge(left, right int32) (madeBy, bool)
}

// madeBy is what a merge makes, and its place in the order of merges.
type madeBy struct{ id, rank int32 }

// node is a token in a row, or several equal ones. A node whose last token was
// merged into the one before it has the id -1.
type node struct {
	id         int32
	count      int32
	at         int32 // where in the piece the first one begins
	prev, next int32 // -1 at the ends
}

// chance is a merge that could be made: of the last token of a node and the
// first of the next one or, inside a node, of its tokens with each other.
type chance struct {
	rank        int32
	at          int32 // where in the piece the right one begins
	node        int32
	left, right int32 // what they were when it was found
	inside      bool
}

func (c chance) before(d chance) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// reset makes a row of the bytes of a piece, given the tokens of all bytes: a
// node for each.
func (r *row) reset(piece string, bytes *[numBytes]uint32) {
	r.nodes = slices.Grow(r.nodes[:0], len(piece))
	for i := range len(piece) {
		r.append(bytes[piece[i]], i, 1)
	}
}

// What a piece must be like to be merged by its runs at once: not short, and runs
// of so many bytes in the mean.
const (
	shortPiece = 32
	perRun     = 8
)

// resetRuns is reset with a node for each run of equal bytes. It reports false,
// and makes no row, if the piece is short or its runs have fewer than perRun bytes
// in the mean.
func (r *row) resetRuns(piece string, bytes *[numBytes]uint32, perRun int) bool {
	if len(piece) < shortPiece || len(piece) > math.MaxInt32 {
		return false
	}
	r.nodes = r.nodes[:0]
	for i := 0; i < len(piece); {
		if len(r.nodes) == len(piece)/perRun {
			return false
		}
		n := runLen(piece[i:])
		r.append(bytes[piece[i]], i, n)
		i += n
	}
	return true
}

// each has the lowest bit of each byte set.
const each = 0x0101010101010101

// runLen returns the length of the run of one byte that s begins with.
func runLen(s string) int {
	run := each * uint64(s[0])
	n := 1
	for len(s)-n >= 8 && load(s, n) == run {
		n += 8
	}
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

// append appends count tokens, which begin at this place of the piece.
func (r *row) append(token uint32, at, count int) {
	last := int32(len(r.nodes)) - 1
	if last >= 0 {
		r.nodes[last].next = last + 1
	}
	r.nodes = append(r.nodes, node{int32(token), int32(count), int32(at), last, -1})
}

// insert inserts a token, which begins at this place of the piece, after a node
// and returns the node that it is.
func (r *row) insert(id, at, after int32) int32 {
	i := int32(len(r.nodes))
	next := r.nodes[after].next
	r.nodes = append(r.nodes, node{id, 1, at, after, next})
	r.nodes[after].next = i
	if next >= 0 {
		r.nodes[next].prev = i
	}
	return i
}

// end returns where in the piece, which has size bytes, a node ends.
func (r *row) end(at, size int32) int32 {
	if next := r.nodes[at].next; next >= 0 {
		return r.nodes[next].at
	}
	return size
}

// width returns the length in bytes of each token of a node.
func (r *row) width(at, size int32) int32 {
	n := &r.nodes[at]
	return (r.end(at, size) - n.at) / n.count
}

// merge merges the row of a piece of size bytes, of which the first node stays the
// first. A node may have several tokens only if what is merged has a higher rank
// than its parts: then all merges inside a node are due at once.
func (r *row) merge(m merging, size int) {
	r.heap = slices.Grow(r.heap[:0], len(r.nodes))
	end := int32(size)
	for i := range int32(len(r.nodes)) {
		r.findInside(m, i, end)
		r.find(m, i)
	}
	for len(r.heap) > 0 {
		c := r.pop()
		x := &r.nodes[c.node]
		switch {
		case x.id != c.left || x.count == 1 && c.inside || !c.inside && (x.next < 0 || r.nodes[x.next].id != c.right):
			// One of them has been merged with another.
		case c.inside:
			r.mergeInside(m, c.node, end)
		default:
			r.mergeNext(m, c.node, end)
		}
	}
}

// mergeInside merges the tokens of a node two by two.
func (r *row) mergeInside(m merging, at, size int32) {
	width, x := r.width(at, size), &r.nodes[at]
	single, odd := x.id, x.count%2 == 1
	made, _ := m.merge(single, single)
	x.id, x.count = made.id, x.count/2
	if odd {
		left := r.insert(single, x.at+2*width*x.count, at)
		r.find(m, left)
	}
	r.findInside(m, at, size)
	r.findAround(m, at)
}

// mergeNext merges the last token of a node and the first of the next one.
func (r *row) mergeNext(m merging, at, size int32) {
	x := r.nodes[at]
	y := r.nodes[x.next]
	made, _ := m.merge(x.id, y.id)
	if y.count > 1 {
		width := r.width(x.next, size)
		r.nodes[x.next].count--
		r.nodes[x.next].at += width
	} else {
		r.nodes[x.next].id = -1
		r.nodes[at].next = y.next
		if y.next >= 0 {
			r.nodes[y.next].prev = at
		}
	}
	if x.count > 1 {
		r.nodes[at].count--
		at = r.insert(made.id, x.at+(y.at-x.at)/x.count*(x.count-1), at)
	} else {
		r.nodes[at].id = made.id
	}
	r.findAround(m, at)
}

// findAround finds the merges of a node with those beside it.
func (r *row) findAround(m merging, at int32) {
	r.find(m, at)
	if prev := r.nodes[at].prev; prev >= 0 {
		r.find(m, prev)
	}
}

// find pushes the merge of a node and the next one, if there is one.
func (r *row) find(m merging, at int32) {
	x := &r.nodes[at]
	if x.next < 0 {
		return
	}
	y := &r.nodes[x.next]
	if made, ok := m.merge(x.id, y.id); ok {
		r.push(chance{made.rank, y.at, at, x.id, y.id, false})
	}
}

// findInside pushes the merge of the tokens of a node, if there is one.
func (r *row) findInside(m merging, at, size int32) {
	x := &r.nodes[at]
	if x.count == 1 {
		return
	}
	if made, ok := m.merge(x.id, x.id); ok {
		r.push(chance{made.rank, x.at + r.width(at, size), at, x.id, x.id, true})
	}
}

// push puts a chance on the heap.
func (r *row) push(c chance) {
	heap := append(r.heap, c)
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
	r.merge(m, len(piece))
	for at := int32(0); at >= 0; at = r.nodes[at].next {
		dst = append(dst, int(r.nodes[at].id))
	}
	return dst
}
