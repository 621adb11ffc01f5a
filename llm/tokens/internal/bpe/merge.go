package bpe

// step is a token of a piece with its end in the text.
type step struct {
	end   int
	token uint32
}

// In a piece with long runs of a byte, such as a line of dashes, almost every position
// can be a dead end that is reached by a hundred tokens. Such a piece is merged faster by
// the rule, because the rule treats a run as a few tokens of different lengths. The same
// holds for any other piece after a certain number of failed attempts: by then, the rule
// would have finished.
const (
	triesPerByte = 8
	longByRule   = 1 << 16 // in bytes; the rule uses up to 44 bytes of memory for each byte of text
)

// countWindow is the number of steps that Count keeps for backtracking.
const countWindow = 512

// cover returns the tokens of the piece text[start:end], which must not be a token
// itself. The result is valid until s is used again. If window is greater than 0, cover
// keeps at most the last 2*window tokens and also returns the number of dropped ones.
func (v *Vocab) cover(text string, start, end int, s *scratch, window int) (steps []step, dropped int) {
	if runInside(text[start:end]) && s.row.resetRuns(text[start:end], &v.bytes, perRun) {
		return v.coverByRule(start, end, s, window)
	}
	steps = s.steps[:0]
	turns := 0 // positions that are dead ends
	tries := 0 // tokens tried without success
	at := start
	last := uint32(none)
	limit := end - at - 1 // maximum length of the next token
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
		// No token follows here, so the last token does not belong to this piece.
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

// coverByRule is cover by the rule, for the piece in s.row. If window is greater than 0,
// it drops all steps and returns their number.
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

// runInside reports whether a piece of at least shortPiece bytes has a run of one byte in
// its middle. Most pieces with a long run do.
func runInside(piece string) bool {
	middle := len(piece) / 2
	return len(piece) >= shortPiece && load(piece, middle) == each*uint64(piece[middle])
}

func (s *scratch) isDead(i int) bool { return s.dead[i>>6]>>(i&63)&1 != 0 }
func (s *scratch) kill(i int)        { s.dead[i>>6] |= 1 << (i & 63) }

// clear marks all n+1 positions of a piece of n bytes as alive.
func (s *scratch) clear(n int) {
	words := n>>6 + 1
	if cap(s.dead) < words {
		s.dead = make([]uint64, words)
		return
	}
	s.dead = s.dead[:words]
	clear(s.dead)
}

// stand reports whether merging the bytes of x and y by the rule results in x and y.
//
// It undoes the merges that made the two tokens, the latest first. At each step, the
// tokens at the border are a right end x' of x and a left end y' of y. If x' and y' could
// have been merged before the merge that consumed one of them, the rule would have merged
// across the border. Of two merges with the same rank, the left one comes first.
func (v *Vocab) stand(x, y uint32) bool {
	due := uint32(none) // a merge across the border with a lower rank would have come first
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

// longest returns the longest token of at most limit bytes that text[at:] begins with,
// and its length. The length is 0 only if limit is 0.
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
