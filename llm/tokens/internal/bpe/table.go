package bpe

import "math/bits"

// All tables use open addressing: the slot of a key is given by its hash, or it is the
// next free slot. Tokens of up to 16 bytes are keyed by their bytes as one or two
// integers, so that a lookup reads one place in memory.

// load returns the eight bytes at text[at:], the first one lowest. Bytes after the end of
// the text are zero.
func load(text string, at int) uint64 {
	if s := text[at:]; len(s) >= 8 {
		return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	}
	w := uint64(0)
	for i := len(text) - 1; i >= at; i-- {
		w = w<<8 | uint64(text[i])
	}
	return w
}

// mask selects the lowest n bytes of the result of load, where 0 < n ≤ 8.
func mask(n int) uint64 { return ^uint64(0) >> (64 - 8*uint(n)) }

func topBit(set uint32) int { return bits.Len32(set) - 1 }

// mix distributes the bits of a key over a word. Its high bits have the best quality.
func mix(key uint64) uint64 {
	key *= 0x9e3779b97f4a7c15
	return (key ^ key>>32) * 0xd6e8feb86659fd93
}

// filter reports most keys that are not in a table as absent. It has a bit for each range
// of hashes, set if a key is in the range. A filter uses an eighth of the table's memory
// and so stays in the processor's cache. Most lookups of cover are for absent keys.
type filter struct {
	words []uint64
	shift uint
}

func newFilter(n int) filter {
	width := max(bits.Len(uint(n))+3, 6) // 8 to 16 bits per key
	return filter{make([]uint64, 1<<(width-6)), uint(64 - width)}
}

func (f *filter) has(hash uint64) bool {
	bit := hash >> f.shift
	return f.words[bit>>6]>>(bit&63)&1 != 0
}

func (f *filter) add(hash uint64) {
	bit := hash >> f.shift
	f.words[bit>>6] |= 1 << (bit & 63)
}

// table is a hash table of slots. The zero slot is free. The user of the table defines
// the content of slots and their comparison. All hashes depend on the seed, so that a
// file cannot be made with tokens that collide.
type table[S comparable] struct {
	filter
	slots []S
	seed  uint64
}

func newTable[S comparable](n int, seed uint64) table[S] {
	t := table[S]{newFilter(n), make([]S, n+n/4+1), seed}
	clear(t.slots) // otherwise each page would be faulted in twice: for reading and for writing
	return t
}

// first returns the index at which the search for a key begins. next returns the index
// after it.
func (t *table[S]) first(hash uint64) int {
	at, _ := bits.Mul64(hash, uint64(len(t.slots)))
	return int(at)
}

func (t *table[S]) next(at int) int {
	if at++; at < len(t.slots) {
		return at
	}
	return 0
}

func (t *table[S]) add(hash uint64, slot S) {
	var free S
	at := t.first(hash)
	for t.slots[at] != free {
		at = t.next(at)
	}
	t.slots[at] = slot
	t.filter.add(hash)
}

// filler adds many slots to a table. It reads the slots of a batch before it fills the
// first one, so that the processor fetches them from memory in parallel.
type filler[S comparable] struct {
	table  *table[S]
	hashes [64]uint64
	slots  [64]S
	n      int
	seen   S
}

func (f *filler[S]) add(hash uint64, slot S) {
	f.hashes[f.n], f.slots[f.n] = hash, slot
	if f.n++; f.n == len(f.slots) {
		f.flush()
	}
}

func (f *filler[S]) flush() {
	for _, hash := range f.hashes[:f.n] {
		f.seen = f.table.slots[f.table.first(hash)]
	}
	for i, hash := range f.hashes[:f.n] {
		f.table.add(hash, f.slots[i])
	}
	f.n = 0
}

// shortSlot is a token of up to 8 bytes. It consists of three 32-bit words because a
// 64-bit word would pad it to 16 bytes.
type shortSlot struct {
	low, high uint32
	token     uint32 // with its length in the low 4 bits
}

type shortTable struct{ table[shortSlot] }

func (t *shortTable) hash(key uint64) uint64 { return mix(key ^ t.seed) }

func newShortSlot(key uint64, n int, token uint32) shortSlot {
	return shortSlot{uint32(key), uint32(key >> 32), token<<4 | uint32(n)}
}

func (t *shortTable) find(key uint64, n int) uint32 {
	hash := t.hash(key)
	if !t.has(hash) {
		return none
	}
	for at := t.first(hash); ; at = t.next(at) {
		s := &t.slots[at]
		if s.low == uint32(key) && s.high == uint32(key>>32) && s.token&15 == uint32(n) {
			return s.token >> 4
		}
		if s.token == 0 {
			return none
		}
	}
}

// middleSlot is a token of 9 to 16 bytes, with its first and last eight bytes.
type middleSlot struct {
	first, last [2]uint32
	token       uint32 // with its length in the low 5 bits
}

type middleTable struct{ table[middleSlot] }

func (t *middleTable) hash(first, last uint64) uint64 { return mix(first ^ mix(last^t.seed)) }

func newMiddleSlot(first, last uint64, n int, token uint32) middleSlot {
	return middleSlot{halves(first), halves(last), token<<5 | uint32(n)}
}

func (t *middleTable) find(first, last uint64, n int) uint32 {
	hash := t.hash(first, last)
	if !t.has(hash) {
		return none
	}
	for at := t.first(hash); ; at = t.next(at) {
		s := &t.slots[at]
		if s.first == halves(first) && s.last == halves(last) && s.token&31 == uint32(n) {
			return s.token >> 5
		}
		if s.token == 0 {
			return none
		}
	}
}

func halves(word uint64) [2]uint32 { return [2]uint32{uint32(word), uint32(word >> 32)} }

// prefixLen is the number of bytes that lengths considers.
const prefixLen = 4

// lengths records the lengths of the tokens by their first 4 bytes. Several prefixes
// can share an entry, so a reported length may not exist.
type lengths struct{ sets []uint16 }

const lengthsBits = 16

func newLengths() lengths { return lengths{make([]uint16, 1<<lengthsBits)} }

// of returns the lengths for a result of load: bit n for n bytes, where 4 ≤ n ≤ 16, and
// bit 0 for more.
func (l *lengths) of(first uint64) uint32 {
	set := uint32(l.sets[mix(first&mask(prefixLen))>>(64-lengthsBits)])
	return set<<3&^0xf | set&1
}

func (l *lengths) add(first uint64, n int) {
	bit := uint16(1)
	if n <= 16 {
		bit = 1 << (n - 3)
	}
	l.sets[mix(first&mask(prefixLen))>>(64-lengthsBits)] |= bit
}
