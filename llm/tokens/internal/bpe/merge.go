package bpe

// step is a token of a piece and where it ends in the text.
type step struct {
	end   int
	token uint32
}

// A piece of one letter, such as a line of dashes, can be one of which each place
// leads nowhere but for the right beginning, and every place is left by some
// hundred tokens. Such pieces are better merged by the rule.
const (
	manyTurns  = 32      // places that led nowhere
	longByRule = 1 << 16 // bytes; the rule takes 28 bytes of memory for each
)

// countWindow is how many steps Count keeps, to take them back.
const countWindow = 512

// cover returns the tokens of the piece text[start:end], which is not a token
// itself. They are valid until s is used again. With a window, it keeps only
// that many of the last ones, or a few more, and returns how many it dropped.
func (v *Vocab) cover(text string, start, end int, s *scratch, window int) (steps []step, dropped int) {
	steps = s.steps[:0]
	turns := 0 // places that led nowhere
	at := start
	last := uint32(none)
	limit := end - at - 1 // of the length of the next token
	for at < end {
		token, n := v.longest(text, at, limit)
		for n > 0 && (turns > 0 && s.isDead(at+n-start) || last != none && !v.stand(last, token)) {
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
		if turns == manyTurns && end-start <= longByRule {
			return v.coverByRule(text, start, end, s), 0
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

// coverByRule is cover by the rule itself.
func (v *Vocab) coverByRule(text string, start, end int, s *scratch) []step {
	s.row.reset(text[start:end], &v.bytes)
	s.row.merge(v)
	steps := s.steps[:0]
	for at := int32(0); at >= 0; {
		n := s.row.nodes[at]
		to := end
		if n.next >= 0 {
			to = start + int(n.next)
		}
		steps = append(steps, step{to, uint32(n.id)})
		at = n.next
	}
	s.steps = steps
	return steps
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
