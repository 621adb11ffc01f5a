package bpe

// rowMerger merges by the rule itself: it keeps the tokens of a piece in a row
// and the merges that could be made next in a heap. It serves the lists of
// merges for which nothing better is known to be right, and takes a logarithm
// longer.
type rowMerger struct {
	merges  map[[2]int32]madeBy
	byteIDs [numBytes]int32
}

// madeBy is what a merge makes, and its place in the list.
type madeBy struct{ id, rank int32 }

func newRowMerger(merges [][2]int32, results []int32, byteIDs [numBytes]int32) *rowMerger {
	m := &rowMerger{merges: make(map[[2]int32]madeBy, len(merges)), byteIDs: byteIDs}
	for i, merge := range merges {
		if _, ok := m.merges[merge]; !ok {
			m.merges[merge] = madeBy{results[i], int32(i)}
		}
	}
	return m
}

// node is a token in a row. A node that was merged into the one before it has the
// id -1.
type node struct {
	id         int32
	prev, next int // -1 at the ends
}

// chance is a merge that could be made: of the node at and the one after it.
type chance struct {
	rank        int32
	at          int
	left, right int32 // what they were when it was found
}

func (c chance) before(d chance) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// appendIDs appends the ids of the tokens of a piece to dst.
func (m *rowMerger) appendIDs(dst []int, piece string) []int {
	row := make([]node, len(piece))
	for i := range len(piece) {
		row[i] = node{m.byteIDs[piece[i]], i - 1, i + 1}
	}
	row[len(row)-1].next = -1
	var heap []chance
	for i := range len(row) - 1 {
		heap = m.find(heap, row, i)
	}
	for len(heap) > 0 {
		var c chance
		c, heap = pop(heap)
		x := &row[c.at]
		if x.id != c.left || x.next < 0 || row[x.next].id != c.right {
			continue // one of them has been merged with another
		}
		x.id = m.merges[[2]int32{c.left, c.right}].id
		gone := &row[x.next]
		gone.id = -1
		x.next = gone.next
		if x.next >= 0 {
			row[x.next].prev = c.at
			heap = m.find(heap, row, c.at)
		}
		if x.prev >= 0 {
			heap = m.find(heap, row, x.prev)
		}
	}
	for i := 0; i >= 0; i = row[i].next {
		dst = append(dst, int(row[i].id))
	}
	return dst
}

// find pushes the merge of the node at and the next one, if there is one.
func (m *rowMerger) find(heap []chance, row []node, at int) []chance {
	left, right := row[at].id, row[row[at].next].id
	made, ok := m.merges[[2]int32{left, right}]
	if !ok {
		return heap
	}
	heap = append(heap, chance{made.rank, at, left, right})
	for i := len(heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !heap[i].before(heap[up]) {
			break
		}
		heap[i], heap[up] = heap[up], heap[i]
		i = up
	}
	return heap
}

// pop takes the first chance off the heap.
func pop(heap []chance) (chance, []chance) {
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
	return first, heap
}
