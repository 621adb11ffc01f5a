package constrain

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// limit is a bound of a number.
type limit struct {
	value     *big.Rat
	exclusive bool
}

// Numbers have at most this many digits before and after the point. Models can write digits
// without an end, and most programs read numbers as float64.
const (
	maxDigits   = 15
	maxFraction = 15
)

var errRange = errors.New("no number that can be written is in the range")

// number adds the numbers from low to high; a nil limit is none. Exponents are not written.
func (b *builder) number(from, to int32, whole bool, low, high *limit) error {
	zero := new(big.Rat)
	added := false
	// Zero and above.
	if high == nil || high.value.Cmp(zero) > 0 || high.value.Cmp(zero) == 0 && !high.exclusive {
		above := low
		if low == nil || low.value.Sign() < 0 {
			above = &limit{value: zero}
		}
		added = b.magnitude(from, to, whole, above, high) || added
	}
	// Below zero: the same with a minus sign and the limits exchanged.
	if low == nil || low.value.Sign() < 0 {
		negative := func(l *limit) *limit {
			if l == nil {
				return nil
			}
			return &limit{new(big.Rat).Neg(l.value), l.exclusive}
		}
		least := &limit{value: zero, exclusive: true}
		if high != nil && high.value.Sign() < 0 {
			least = negative(high)
		}
		minus := b.state()
		b.bytes(from, minus, '-', '-')
		if b.magnitude(minus, to, whole, least, negative(low)) {
			added = true
		} else {
			b.states[from].edges = b.states[from].edges[:len(b.states[from].edges)-1]
		}
	}
	if !added {
		return errRange
	}
	return nil
}

// anyNumber returns the rule of any number, or of any whole number.
func (b *builder) anyNumber(whole bool) int32 {
	return b.rule(fmt.Sprintf("number %v", whole), func(from, to int32) {
		sign, at := b.state(), b.state()
		b.empty(from, sign)
		b.bytes(from, sign, '-', '-')
		b.bytes(sign, at, '1', '9')
		end := b.state()
		b.bytes(sign, end, '0', '0')
		digits := func(at int32, n int, end int32) {
			for range n {
				b.empty(at, end)
				next := b.state()
				b.bytes(at, next, '0', '9')
				at = next
			}
			b.empty(at, end)
		}
		digits(at, maxDigits-1, end)
		b.empty(end, to)
		if !whole {
			point, first := b.state(), b.state()
			b.bytes(end, point, '.', '.')
			b.bytes(point, first, '0', '9')
			digits(first, maxFraction-1, to)
		}
	})
}

// digits are the digits of a bound: the integer part, padded to a length, and the fraction.
type digits struct {
	whole, fraction string
}

func digitsOf(v *big.Rat, length int) digits {
	text := v.FloatString(maxFraction)
	whole, fraction, _ := strings.Cut(text, ".")
	if len(whole) < length {
		whole = strings.Repeat("0", length-len(whole)) + whole
	}
	return digits{whole, fraction}
}

// magnitude adds the numbers without a sign from low to high. It reports whether there are any.
func (b *builder) magnitude(from, to int32, whole bool, low, high *limit) bool {
	added := false
	for length := 1; length <= maxDigits; length++ {
		m := &magnitude{b: b, to: to, whole: whole, length: length, states: make(map[position]int32), ends: make(map[position]bool)}
		first := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(length-1)), nil))
		if length == 1 {
			first = new(big.Rat)
		}
		last := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(length)), nil))
		m.low, m.high = limit{value: first}, limit{value: last, exclusive: true}
		if low != nil && (low.value.Cmp(first) > 0 || low.value.Cmp(first) == 0 && low.exclusive) {
			m.low = *low
		}
		if high != nil && high.value.Cmp(last) < 0 {
			m.high = *high
		}
		if m.low.value.Cmp(m.high.value) > 0 {
			continue
		}
		m.lowDigits, m.highDigits = digitsOf(m.low.value, length), digitsOf(m.high.value, length)
		if len(m.lowDigits.whole) > length {
			continue
		}
		// The high limit of a whole decade has one digit more: then it does not bound.
		p := position{low: true, high: len(m.highDigits.whole) == length}
		if !m.possible(p) {
			continue
		}
		m.add(from, p)
		added = true
	}
	return added
}

// magnitude is the automaton of the numbers with one length of the integer part.
type magnitude struct {
	b                     *builder
	to                    int32
	whole                 bool
	length                int
	low, high             limit
	lowDigits, highDigits digits
	states                map[position]int32
	ends                  map[position]bool // whether a number in the range follows
}

// position is the number of digits read, and whether they are those of a bound so far.
type position struct {
	read      int
	low, high bool
}

// digit returns the digit of a bound at a position.
func (m *magnitude) digit(d digits, read int) byte {
	if read < m.length {
		return d.whole[read]
	}
	if i := read - m.length; i < len(d.fraction) {
		return d.fraction[i]
	}
	return '0'
}

// zeros reports whether the rest of a bound is zero.
func (m *magnitude) zeros(d digits, read int) bool {
	for ; read < m.length+maxFraction; read++ {
		if m.digit(d, read) != '0' {
			return false
		}
	}
	return true
}

// accepts reports whether the number may end here.
func (m *magnitude) accepts(p position) bool {
	if p.read < m.length {
		return false
	}
	if p.low && (!m.zeros(m.lowDigits, p.read) || m.low.exclusive) {
		return false
	}
	return !(p.high && m.high.exclusive && m.zeros(m.highDigits, p.read))
}

// next returns the position after a digit, and false if the number is out of the range then.
func (m *magnitude) next(p position, digit byte) (position, bool) {
	lo, hi := byte('0'), byte('9')
	if p.low {
		lo = m.digit(m.lowDigits, p.read)
	}
	if p.high {
		hi = m.digit(m.highDigits, p.read)
	}
	if digit < lo || digit > hi {
		return p, false
	}
	return position{p.read + 1, p.low && digit == lo, p.high && digit == hi}, true
}

// last is the largest number of digits.
func (m *magnitude) last() int {
	if m.whole {
		return m.length
	}
	return m.length + maxFraction
}

// possible reports whether a number in the range follows.
func (m *magnitude) possible(p position) bool {
	if ok, known := m.ends[p]; known {
		return ok
	}
	ok := m.accepts(p)
	for digit := byte('0'); digit <= '9' && !ok && p.read < m.last(); digit++ {
		if next, in := m.next(p, digit); in {
			ok = m.possible(next)
		}
	}
	m.ends[p] = ok
	return ok
}

// add adds the ways from a state at a position.
func (m *magnitude) add(from int32, p position) {
	if m.accepts(p) {
		m.b.empty(from, m.to)
	}
	if p.read >= m.last() {
		return
	}
	if p.read == m.length { // the point
		point := m.b.state()
		m.b.bytes(from, point, '.', '.')
		from = point
	}
	for digit := byte('0'); digit <= '9'; digit++ {
		next, in := m.next(p, digit)
		if !in || !m.possible(next) {
			continue
		}
		at, known := m.states[next]
		if !known {
			at = m.b.state()
			m.states[next] = at
			m.add(at, next)
		}
		m.b.bytes(from, at, digit, digit)
	}
}
