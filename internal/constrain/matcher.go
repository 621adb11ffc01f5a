package constrain

import (
	"container/list"
	"math"
	"math/bits"
	"sync"
)

// Cache keeps the automata of the forms that were used last, with their masks. It is safe for
// concurrent use.
type Cache struct {
	vocab *Vocabulary

	mu    sync.Mutex
	order *list.List // of *entry, the one used last in front
	byKey map[string]*list.Element
}

type entry struct {
	key  string
	lazy *lazy
}

// maxForms is the number of forms of a Cache.
const maxForms = 16

// NewCache returns an empty cache for a vocabulary.
func NewCache(v *Vocabulary) *Cache {
	return &Cache{vocab: v, order: list.New(), byKey: make(map[string]*list.Element)}
}

// Matcher returns a matcher for a form. make is called if the form with this key is not in the
// cache.
func (c *Cache) Matcher(key string, make func() (*Form, error)) (*Matcher, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.order.MoveToFront(e)
		return newMatcher(e.Value.(*entry).lazy), nil
	}
	form, err := make()
	if err != nil {
		return nil, err
	}
	l := newLazy(form, c.vocab)
	c.byKey[key] = c.order.PushFront(&entry{key, l})
	if c.order.Len() > maxForms {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.byKey, last.Value.(*entry).key)
	}
	return newMatcher(l), nil
}

// Matcher follows a text. It must not be used by several goroutines at once.
type Matcher struct {
	lazy  *lazy
	at    int32
	epoch int
	text  []byte // so far, to find the state again
}

func newMatcher(l *lazy) *Matcher {
	m := &Matcher{lazy: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	m.at, m.epoch = l.first(), l.epoch
	return m
}

// sync finds the state again if the automaton has forgotten it. The caller holds the lock.
func (m *Matcher) sync() {
	if m.lazy.full() {
		m.lazy.forget()
	}
	if m.epoch == m.lazy.epoch {
		return
	}
	m.epoch = m.lazy.epoch
	m.at = m.lazy.run(m.lazy.first(), string(m.text))
}

// Allows reports whether a token can come next.
func (m *Matcher) Allows(id int) bool {
	if id < 0 || id >= len(m.lazy.vocab.texts) || m.lazy.vocab.texts[id] == "" || m.at == dead {
		return false
	}
	m.lazy.mu.Lock()
	defer m.lazy.mu.Unlock()
	m.sync()
	if mask := m.lazy.states[m.at].mask; mask != nil {
		return mask[id/64]&(1<<(id%64)) != 0
	}
	return m.lazy.run(m.at, m.lazy.vocab.texts[id]) != dead
}

// Accept adds text. It returns false, and changes nothing, if the text cannot follow.
func (m *Matcher) Accept(text string) bool {
	m.lazy.mu.Lock()
	defer m.lazy.mu.Unlock()
	m.sync()
	if m.at == dead {
		return false
	}
	to := m.lazy.run(m.at, text)
	if to == dead {
		return false
	}
	m.at = to
	m.text = append(m.text, text...)
	return true
}

// CanEnd reports whether the text is complete.
func (m *Matcher) CanEnd() bool {
	m.lazy.mu.Lock()
	defer m.lazy.mu.Unlock()
	m.sync()
	return m.at != dead && m.lazy.states[m.at].final
}

// MustEnd reports whether the text is complete and nothing can follow.
func (m *Matcher) MustEnd() bool {
	m.lazy.mu.Lock()
	defer m.lazy.mu.Unlock()
	m.sync()
	return m.at != dead && m.lazy.states[m.at].final && !m.lazy.states[m.at].more
}

// Next returns the tokens that can come next.
func (m *Matcher) Next() []int {
	var ids []int
	for i, word := range m.mask() {
		for ; word != 0; word &= word - 1 {
			ids = append(ids, 64*i+bits.TrailingZeros64(word))
		}
	}
	return ids
}

// mask returns the mask of the state. It must not be changed.
func (m *Matcher) mask() []uint64 {
	m.lazy.mu.Lock()
	defer m.lazy.mu.Unlock()
	m.sync()
	if m.at == dead {
		return nil
	}
	return m.lazy.mask(m.at)
}

// Mask sets the logits of the tokens that cannot come next to −∞. Tokens beyond the vocabulary
// cannot come next. It leaves those in keep.
func (m *Matcher) Mask(logits []float32, keep map[int]bool) {
	mask := m.mask()
	kept := make(map[int]float32, len(keep))
	for id := range keep {
		if id >= 0 && id < len(logits) {
			kept[id] = logits[id]
		}
	}
	refused := float32(math.Inf(-1))
	for i := 0; i < len(logits); i += 64 {
		word := uint64(0)
		if i/64 < len(mask) {
			word = mask[i/64]
		}
		part := logits[i:min(i+64, len(logits))]
		switch word {
		case math.MaxUint64:
		case 0:
			for j := range part {
				part[j] = refused
			}
		default:
			for j := range part {
				if word&(1<<j) == 0 {
					part[j] = refused
				}
			}
		}
	}
	for id, logit := range kept {
		logits[id] = logit
	}
}
