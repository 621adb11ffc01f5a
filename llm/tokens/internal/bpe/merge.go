package bpe

// step is a token of a piece and where it ends in the text.
type step struct {
	end   int
	token uint32
}

// A piece with long runs of a byte, such as a line of dashes, can be one of which
// each place leads nowhere but for the right beginning, and every place is left by
// some hundred tokens. Such a piece is better merged by the rule, for which a run
// is no more work than its few tokens of different lengths. So is any other piece
// once so many tokens have been tried in vain that the rule would have been done.
const (
	triesPerByte = 8
	longByRule   = 1 << 16 // bytes; the rule takes up to 44 bytes of memory for each
)

// countWindow is how many steps Count keeps, to take them back.
const countWindow = 512

// cover returns the tokens of the piece text[start:end], which is not a token
// itself. They are valid until s is used again. With a window, it keeps at most
// twice as many of the last ones, and returns how many it dropped.
func (v *Vocab) cover(text string, start, end int, s *scratch, window int) (steps []step, dropped int) {
	if runInside(text[start:end]) && s.row.resetRuns(text[start:end], &v.bytes, perRun) {
		return v.coverByRule(start, end, s, window)
	}
	steps = s.steps[:0]
	turns := 0 // places that led nowhere
	tries := 0 // tokens tried in vain
	at := start
	last := uint32(none)
	limit := end - at - 1 // of the length of the next token
	for at < end {
		token, n := v.longest(text, at, limit)
		for n > 0 && (turns > 0 && s.isDead(at+n-start) || last != none && !v.stand(last, token)) {
			tries++
			token, n = v.longest(text, at, n-1)
		}
		if n > 0 {
			at += n
			last, limit = token, end-at
			if window > 0 && len(steps) == 2*window {
				steps = append(steps[:0], steps[window:]...)
				dropped += window
			}
			steps = append(steps, step{at, token})
			continue
		}
		// No token follows here, so the last one is not of this piece.
		enough := tries > triesPerByte*(end-start) && end-start <= longByRule
		least := perRun
		if enough {
			least = 1
		}
		if (turns == 0 || enough) && s.row.resetRuns(text[start:end], &v.bytes, least) {
			return v.coverByRule(start, end, s, window)
		}
		if len(steps) < 2 && dropped > 0 {
			return v.cover(text, start, end, s, 0)
		}
		if turns == 0 {
			s.clear(end - start)
		}
		turns++
		s.kill(at - start)
		steps = steps[:len(steps)-1]
		taken := at
		at, last = start, none
		if len(steps) > 0 {
			at, last = steps[len(steps)-1].end, steps[len(steps)-1].token
		}
		limit = taken - at - 1
	}
	s.steps = steps
	return steps, dropped
}

// coverByRule is cover by the rule itself, given the row of the piece. With a
// window, it drops all steps.
func (v *Vocab) coverByRule(start, end int, s *scratch, window int) (steps []step, dropped int) {
	size := int32(end - start)
	s.row.merge(v, end-start)
	steps = s.steps[:0]
	for at := int32(0); at >= 0; at = s.row.nodes[at].next {
		n := s.row.nodes[at]
		if window > 0 {
			dropped += int(n.count)
			continue
		}
		width := s.row.width(at, size)
		for i := range n.count {
			steps = append(steps, step{start + int(n.at+(i+1)*width), uint32(n.id)})
		}
	}
	s.steps = steps
	return steps, dropped
}

// runInside reports whether a piece that is not short has a run of a byte in its
// middle, as one with a long run mostly has.
func runInside(piece string) bool {
	middle := len(piece) / 2
	return len(piece) >= shortPiece && load(piece, middle) == each*uint64(piece[middle])
}

func (s *scratch) isDead(i int) bool { return s.dead[i>>6]>>(i&63)&1 != 0 }
func (s *scratch) kill(i int)        { s.dead[i>>6] |= 1 << (i & 63) }

// clear makes all n+1 positions of a piece of n bytes alive.
func (s *scratch) clear(n int) {
	words := n>>6 + 1
	if cap(s.dead) < words {
		s.dead = make([]uint64, words)
		return
	}
	s.dead = s.dead[:words]
	clear(s.dead)
}

// stand reports whether merging the bytes of x and y ends with x and y.
//
// It goes back through the merges that made the two. At each moment the tokens
// at the border are some x' and y': x' a right end of x, y' a left end of y. They
// would have been merged, had that been due before the merge by which one of
// them disappeared. Of two merges of one rank the left one comes first.
func (v *Vocab) stand(x, y uint32) bool {
	due := uint32(none) // merges across the border of lower ranks came first
	for {
		if v.mayMerge(x, y) && v.merged(x, y) < due {
			return false
		}
		switch {
		case x > y && x >= numBytes:
			due = x
			_, x = v.parts(x)
		case y >= numBytes:
			due = y + 1
			y, _ = v.parts(y)
		default:
			return true
		}
	}
}

// longest returns the longest token that text[at:] begins with and that has at
// most limit bytes, and its length, which is 0 only if limit is.
func (v *Vocab) longest(text string, at, limit int) (token uint32, n int) {
	if limit <= 1 {
		if limit <= 0 {
			return none, 0
		}
		return v.bytes[text[at]], 1
	}
	first := load(text, at)
	if limit >= prefixLen {
		set := v.lens.of(first)
		if set&1 != 0 && limit > 16 {
			if token, n = v.long.longest(text, at, limit); n > 0 {
				return token, n
			}
		}
		set &= 1<<(min(limit, 16)+1) - 2
		for set != 0 {
			n = topBit(set)
			set &^= 1 << n
			if n > 8 {
				token = v.middle.find(first, load(text, at+n-8), n)
			} else {
				token = v.short.find(first&mask(n), n)
			}
			if token != none {
				return token, n
			}
		}
	}
	for n = min(limit, prefixLen-1); n > 1; n-- {
		if token = v.short.find(first&mask(n), n); token != none {
			return token, n
		}
	}
	return v.bytes[text[at]], 1
}
