package spm

// noRank is the rank of a pair that is not merged.
const noRank = 1<<32 - 1

// symbol is a stretch of text that is currently one token, or one character without a
// token.
type symbol struct {
	start, end uint32 // offsets in the text
	prev, next int32  // indices of the neighbors; -1 if there is none
	id         int32  // -1 if there is no token
	rank       uint32 // rank of the pair of this symbol and the next one
	joined     int32  // token that the pair is merged into
	gone       bool
}

// merger is the working memory for merging one stretch of text.
type merger struct {
	text    string
	symbols []symbol
	queue   queue
	// splits records the last merge that made each unused token: the length of the left
	// part by id. It is nil if there are no unused tokens.
	splits map[int32]uint32
}

func (w *merger) reset(text string) {
	w.text = text
	w.symbols = w.symbols[:0]
}

// push adds a symbol at the end.
func (w *merger) push(start, end int, id int32) {
	n := int32(len(w.symbols))
	w.symbols = append(w.symbols, symbol{
		start: uint32(start), end: uint32(end),
		prev: n - 1, next: n + 1,
		id: id, rank: noRank,
	})
}

// merge merges the pushed symbols in the order of the vocabulary's ranks, leftmost first
// for equal ranks. The result is the linked list that begins at the first symbol. With
// the queue, the time is n log n.
func (m *Model) merge(w *merger) {
	n := len(w.symbols)
	w.symbols[n-1].next = -1
	w.queue = w.queue[:0]
	for i := range n - 1 {
		m.rankPair(w, int32(i))
		if rank := w.symbols[i].rank; rank != noRank {
			w.queue = append(w.queue, entry(rank, i))
		}
	}
	w.queue.init()
	for len(w.queue) > 0 {
		rank, at := w.queue.pop()
		left := &w.symbols[at]
		if left.gone || left.rank != rank {
			continue // the pair has changed since it was queued
		}
		right := &w.symbols[left.next]
		left.end, left.id, left.next = right.end, left.joined, right.next
		right.gone = true
		if left.next >= 0 {
			w.symbols[left.next].prev = int32(at)
		}
		// The reference implementation considers the pair on the left first. The order is
		// visible in the splits of unused tokens.
		if left.prev >= 0 {
			m.requeue(w, left.prev)
		}
		m.requeue(w, int32(at))
	}
}

// requeue ranks the pair that begins at the given symbol and adds it to the queue.
func (m *Model) requeue(w *merger, at int32) {
	m.rankPair(w, at)
	if rank := w.symbols[at].rank; rank != noRank {
		w.queue.push(entry(rank, int(at)))
	}
}

// rankPair sets the rank and the result of the pair that begins at the given symbol.
func (m *Model) rankPair(w *merger, at int32) {
	left := &w.symbols[at]
	left.rank = noRank
	if left.next < 0 {
		return
	}
	right := &w.symbols[left.next]
	if m.ranks == nil {
		left.rank, left.joined = m.pairs.find(left.id, right.id)
		return
	}
	id := m.table.find(w.text[left.start:right.end])
	if id < 0 {
		return
	}
	left.rank, left.joined = m.ranks[id], id
	if m.unused != nil && m.unused[id] {
		w.splits[id] = left.end - left.start
	}
}

// queue is a heap of pairs with four children per node. An entry has the rank in its high
// half and the symbol's index in its low half.
type queue []uint64

func entry(rank uint32, at int) uint64 { return uint64(rank)<<32 | uint64(at) }

func (q queue) init() {
	for i := (len(q) - 2) / 4; i >= 0 && len(q) > 1; i-- {
		q.down(i)
	}
}

func (q *queue) push(e uint64) {
	*q = append(*q, e)
	h := *q
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if h[parent] <= e {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
}

func (q *queue) pop() (rank uint32, at int) {
	h := *q
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	*q = h[:last]
	if last > 1 {
		q.down(0)
	}
	return uint32(top >> 32), int(uint32(top))
}

func (q queue) down(i int) {
	e := q[i]
	for {
		child := 4*i + 1
		if child >= len(q) {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, len(q)); c++ {
			if q[c] < q[least] {
				least = c
			}
		}
		if q[least] >= e {
			break
		}
		q[i] = q[least]
		i = least
	}
	q[i] = e
}
