package llama

import "github.com/parley-llm/parley/internal/llama/kernel"

// cacheBlock is the number of positions that memory is allocated for at a time.
const cacheBlock = 256

// cache holds the keys and values of a sequence in half precision.
type cache struct {
	heads, width int // of keys and values
	layers       []cacheLayer
}

// cacheLayer holds blocks of [cacheBlock] positions. In a block, the positions of one head
// are adjacent.
type cacheLayer struct {
	keys, values [][]uint16
}

func newCache(m *Model) *cache {
	return &cache{heads: m.kvHeads, width: m.headWidth, layers: make([]cacheLayer, m.layers)}
}

// reserve allocates memory for positions up to length.
func (c *cache) reserve(length int) {
	for i := range c.layers {
		l := &c.layers[i]
		for len(l.keys)*cacheBlock < length {
			both := make([]uint16, 2*c.blockSize())
			l.keys = append(l.keys, both[:c.blockSize():c.blockSize()])
			l.values = append(l.values, both[c.blockSize():])
		}
	}
}

// trim frees memory that positions up to length do not need.
func (c *cache) trim(length int) {
	n := (length + cacheBlock - 1) / cacheBlock
	for i := range c.layers {
		l := &c.layers[i]
		if len(l.keys) > n {
			clear(l.keys[n:])
			clear(l.values[n:])
			l.keys, l.values = l.keys[:n], l.values[:n]
		}
	}
}

// blockSize is the number of values in a block.
func (c *cache) blockSize() int { return c.heads * cacheBlock * c.width }

// bytes returns the size of the allocated memory.
func (c *cache) bytes() int {
	n := 0
	for i := range c.layers {
		n += 2 * len(c.layers[i].keys)
	}
	return n * c.blockSize() * 2
}

// store rounds one position's keys and values of all heads, and stores them.
func (c *cache) store(level kernel.Level, layer, position int, keys, values []float32) {
	l := &c.layers[layer]
	block, at := position/cacheBlock, position%cacheBlock
	for h := range c.heads {
		to := (h*cacheBlock + at) * c.width
		level.ToHalf(l.keys[block][to:][:c.width], keys[h*c.width:][:c.width])
		level.ToHalf(l.values[block][to:][:c.width], values[h*c.width:][:c.width])
	}
}

// span returns the keys or values of one head at positions from to to, which are in one
// block.
func (c *cache) span(blocks [][]uint16, head, from, to int) []uint16 {
	block := blocks[from/cacheBlock]
	at := (head*cacheBlock + from%cacheBlock) * c.width
	return block[at:][:(to-from)*c.width]
}
