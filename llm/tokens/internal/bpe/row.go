package bpe

import (
	"math"
	"slices"
)

// row is the working memory for merging a piece by the rule: the tokens of the piece in a
// linked list, and the possible merges in a heap. This is slower than cover by a
// logarithmic factor, but its time does not depend on the content of the piece. Equal
// adjacent tokens can share one node. A line of a thousand dashes therefore takes the
// time and memory of a few dozen.
type row struct {
	nodes []node // the list begins at the first node
	heap  []chance
}

// merging is the view of a vocabulary that the rule needs.
type merging interface {
	// merge returns the result of merging two tokens.
	merge(left, right int32) (madeBy, bool)
}

// madeBy is the result of a merge and its position in the order of merges.
type madeBy struct{ id, rank int32 }

// node is one token of a row, or several equal ones. A node has the id -1 after its last
// token was merged into the node before it.
type node struct {
	id         int32
	count      int32
	at         int32 // start of the first token in the piece
	prev, next int32 // -1 at the ends
}

// chance is a possible merge: of the last token of a node and the first token of the next
// node or, if inside is set, of the tokens within a node.
type chance struct {
	rank        int32
	at          int32 // start of the right token in the piece
	node        int32
	left, right int32 // the tokens at the time the merge was found
	inside      bool
}

func (c chance) before(d chance) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// reset sets the row to the bytes of a piece, one node per byte. bytes gives the token of
// each byte.
func (r *row) reset(piece string, bytes *[numBytes]uint32) {
	r.nodes = slices.Grow(r.nodes[:0], len(piece))
	for i := range len(piece) {
		r.append(bytes[piece[i]], i, 1)
	}
}

// A piece is merged by its runs if it has at least shortPiece bytes and its runs have at
// least perRun bytes on average.
const (
	shortPiece = 32
	perRun     = 8
)

// resetRuns is like reset, with one node for each run of equal bytes. It returns false
// and leaves the row unusable if the piece is short or its runs have fewer than perRun
// bytes on average.
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

// runLen returns the length of the run of one byte at the beginning of s.
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

// append appends a node of count tokens that begins at the given position of the piece.
func (r *row) append(token uint32, at, count int) {
	last := int32(len(r.nodes)) - 1
	if last >= 0 {
		r.nodes[last].next = last + 1
	}
	r.nodes = append(r.nodes, node{int32(token), int32(count), int32(at), last, -1})
}

// insert inserts a token that begins at the given position of the piece after a node. It
// returns the index of the new node.
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

// end returns the end of a node in the piece, which has size bytes.
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

// merge merges the row of a piece of size bytes. The first node stays the first. A node
// may contain several tokens only if every merged token has a higher rank than its parts:
// only then are all merges inside a node due at once.
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
			// A token of this pair has already been merged with another one.
		case c.inside:
			r.mergeInside(m, c.node, end)
		default:
			r.mergeNext(m, c.node, end)
		}
	}
}

// mergeInside merges the tokens of a node in pairs.
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

// mergeNext merges the last token of a node with the first token of the next node.
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

// findAround finds the merges of a node with its neighbors.
func (r *row) findAround(m merging, at int32) {
	r.find(m, at)
	if prev := r.nodes[at].prev; prev >= 0 {
		r.find(m, prev)
	}
}

// find pushes the merge of a node with the next node, if there is one.
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

// push adds a possible merge to the heap.
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

// pop removes and returns the first possible merge of the heap.
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

// merge returns the result of merging two tokens.
func (v *Vocab) merge(left, right int32) (madeBy, bool) {
	x, y := uint32(left), uint32(right)
	if !v.mayMerge(x, y) {
		return madeBy{}, false
	}
	made := int32(v.merged(x, y))
	return madeBy{made, made}, made >= 0
}

// rowMerger merges by the rule alone. It is for lists of merges for which the faster
// algorithm is not known to be correct.
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
