package constrain

import (
	"encoding/binary"
	"slices"
	"sync"
)

// lazy is the deterministic automaton of a form for one vocabulary. Its states are sets of
// threads: a state of the form, and the stack of the calls around it. Stacks are shared lists,
// so a set is a list of pairs of numbers. States and masks are made when they are needed, and
// forgotten when they take too much memory.
//
// It is safe for concurrent use.
type lazy struct {
	form  *Form
	vocab *Vocabulary

	mu     sync.Mutex
	stacks []frame
	frames map[frame]int32
	states []set
	byKey  map[string]int32
	masks  int // number of masks
	epoch  int // counts how often everything was forgotten
}

// frame is a call that has not returned: the state after it, and the stack below.
type frame struct {
	after, below int32
	depth        int32
}

// thread is one way to read the text so far.
type thread struct{ at, stack int32 }

// set is a state of the deterministic automaton.
type set struct {
	threads []thread
	final   bool // the text may end here
	more    bool // the text may go on
	next    *[256]int32
	mask    []uint64
	inner   *inner
}

// inner are the tokens of a state whose threads are all in one call, for any stack below.
type inner struct {
	mask      []uint64 // tokens that stay in the call
	uncertain []int32  // tokens that leave it: whether they can follow depends on the stack
}

const (
	unknown = 0 // of set.next
	dead    = -1

	maxSets  = 1 << 14 // about 1 KB each
	maxMasks = 1 << 9  // 16 KB each for 128,000 tokens
	// maxCalls is the largest depth of values inside each other.
	maxCalls = 1000
)

func newLazy(f *Form, v *Vocabulary) *lazy {
	l := &lazy{form: f, vocab: v}
	l.forget()
	return l
}

// forget drops all states. Matchers notice it by the epoch.
func (l *lazy) forget() {
	l.stacks = []frame{{}} // 0 is the empty stack
	l.frames, l.byKey = make(map[frame]int32), make(map[string]int32)
	l.states = []set{{}} // 0 is unknown
	l.masks = 0
	l.epoch++
}

// first returns the state of an empty text.
func (l *lazy) first() int32 { return l.intern([]thread{{l.form.start, 0}}) }

func (l *lazy) push(after, below int32) (int32, bool) {
	f := frame{after, below, l.stacks[below].depth + 1}
	if id, ok := l.frames[f]; ok {
		return id, true
	}
	if f.depth > maxCalls {
		return 0, false
	}
	id := int32(len(l.stacks))
	l.stacks = append(l.stacks, f)
	l.frames[f] = id
	return id, true
}

// intern returns the state of the threads and of all that follow them without a byte.
func (l *lazy) intern(list []thread) int32 {
	seen := make(map[thread]bool, 2*len(list))
	var useful []thread
	final, more := false, false
	for len(list) > 0 {
		t := list[len(list)-1]
		list = list[:len(list)-1]
		if seen[t] {
			continue
		}
		seen[t] = true
		s := &l.form.states[t.at]
		if len(s.edges) > 0 {
			useful, more = append(useful, t), true
		}
		for _, to := range s.empty {
			list = append(list, thread{to, t.stack})
		}
		for _, c := range s.calls {
			if stack, ok := l.push(c.after, t.stack); ok {
				list = append(list, thread{c.rule, stack})
			}
		}
		if s.accept {
			if t.stack == 0 {
				final = true
			} else {
				f := l.stacks[t.stack]
				list = append(list, thread{f.after, f.below})
			}
		}
	}
	slices.SortFunc(useful, func(a, b thread) int {
		if a.at != b.at {
			return int(a.at) - int(b.at)
		}
		return int(a.stack) - int(b.stack)
	})
	key := make([]byte, 0, 8*len(useful)+1)
	for _, t := range useful {
		key = binary.LittleEndian.AppendUint32(key, uint32(t.at))
		key = binary.LittleEndian.AppendUint32(key, uint32(t.stack))
	}
	if final {
		key = append(key, 1)
	}
	if id, ok := l.byKey[string(key)]; ok {
		return id
	}
	id := int32(len(l.states))
	l.states = append(l.states, set{threads: useful, final: final, more: more, next: new([256]int32)})
	l.byKey[string(key)] = id
	return id
}

// step returns the state after a byte, or dead.
func (l *lazy) step(from int32, c byte) int32 {
	s := &l.states[from]
	if to := s.next[c]; to != unknown {
		return to
	}
	var list []thread
	for _, t := range s.threads {
		for _, e := range l.form.states[t.at].edges {
			if e.lo <= c && c <= e.hi {
				list = append(list, thread{e.to, t.stack})
			}
		}
	}
	to := int32(dead)
	next := s.next // intern can move the states
	if len(list) > 0 {
		to = l.intern(list)
		if st := &l.states[to]; !st.final && !st.more { // nested too deeply
			to = dead
		}
	}
	next[c] = to
	return to
}

// run returns the state after a text, or dead.
func (l *lazy) run(from int32, text string) int32 {
	for i := range len(text) {
		if from = l.step(from, text[i]); from == dead {
			return dead
		}
	}
	return from
}

// mask returns the tokens that can follow a state: a bit for each.
func (l *lazy) mask(at int32) []uint64 {
	if m := l.states[at].mask; m != nil {
		return m
	}
	m := l.combine(at)
	if m == nil {
		m, _ = l.vocab.walk(l, at)
	}
	l.states[at].mask = m
	l.masks++
	return m
}

// combine returns the mask of a state whose threads are all in one call. Most tokens stay inside
// of it, so the walk is the same for any stack, and is done once. The state of that walk has an
// empty stack, so it is final where a token leaves the call.
func (l *lazy) combine(at int32) []uint64 {
	threads := l.states[at].threads
	if len(threads) == 0 || threads[0].stack == 0 {
		return nil
	}
	local := make([]thread, len(threads))
	for i, t := range threads {
		if t.stack != threads[0].stack {
			return nil
		}
		local[i] = thread{t.at, 0}
	}
	id := l.intern(local)
	in := l.states[id].inner
	if in == nil {
		in = new(inner)
		in.mask, in.uncertain = l.vocab.walk(l, id)
		l.states[id].inner = in
		l.masks++
	}
	mask := slices.Clone(in.mask)
	for _, token := range in.uncertain {
		if l.run(at, l.vocab.texts[token]) != dead {
			mask[token/64] |= 1 << (token % 64)
		}
	}
	return mask
}

// full reports whether everything should be forgotten before the next step.
func (l *lazy) full() bool { return len(l.states) > maxSets || l.masks > maxMasks }
