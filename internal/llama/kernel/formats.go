package kernel

import (
	"encoding/binary"

	"github.com/parley-llm/parley/internal/gguf"
)

// format describes how a quantised type is unpacked. All products except the fastest ones
// work on unpacked rows, so a new type needs only a row in the table below.
type format struct {
	form Form
	// group is the number of values with the same scale: 32, or 16.
	group int
	// hasMin reports whether a value is scale × q + min. Otherwise it is scale × q.
	hasMin bool
	// unpack writes the values of a row as signed bytes to q. It writes the scale and the
	// minimum of group i to scale[i*step] and min[i*step]. If hasMin is false, it does not
	// write to min.
	unpack func(q []byte, scale, min []float32, step int, row []byte)
}

// formats has the quantised types. See the structures in
// https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h.
var formats = map[gguf.Type]*format{
	gguf.Q8_0: {Form32, 32, false, unpackQ8_0},
	gguf.Q4_0: {Form32, 32, false, unpackQ4_0},
	gguf.Q4_1: {Form32, 32, true, unpackQ4_1},
	gguf.Q5_0: {Form32, 32, false, unpackQ5_0},
	gguf.Q5_1: {Form32, 32, true, unpackQ5_1},
	gguf.Q4K:  {Form256, 32, true, unpackQ4K},
	gguf.Q5K:  {Form256, 32, true, unpackQ5K},
	gguf.Q6K:  {Form256, 16, false, unpackQ6K},
}

var le = binary.LittleEndian

// The unpackers treat eight bytes at a time as one word. each8 repeats a byte in all of them.
const (
	each8     = 0x0101010101010101
	nibbles   = 0x0f * each8
	highBits  = 0x80 * each8
	diagonal8 = 0x8040201008040201 // bit i of byte i
)

// subtract subtracts n from each byte of w. All bytes of w and n are below 0x80.
func subtract(w, n uint64) uint64 { return ((w | highBits) - n) ^ highBits }

// spread returns a word whose byte i is 0x10 if bit i of bits is set, and 0 otherwise.
func spread(bits byte) uint64 {
	t := uint64(bits) * each8 & diagonal8
	return (t + 0x7f*each8) >> 3 & (0x10 * each8)
}

func unpackQ8_0(q []byte, scale, _ []float32, step int, row []byte) {
	for i := range len(q) / 32 {
		block := row[i*34:][:34:34]
		scale[i*step] = half(block)
		copy(q[i*32:][:32], block[2:])
	}
}

func unpackQ4_0(q []byte, scale, _ []float32, step int, row []byte) {
	for i := range len(q) / 32 {
		block, out := row[i*18:][:18:18], q[i*32:][:32:32]
		scale[i*step] = half(block)
		for j := 0; j < 16; j += 8 {
			w := le.Uint64(block[2+j:])
			le.PutUint64(out[j:], subtract(w&nibbles, 8*each8))
			le.PutUint64(out[16+j:], subtract(w>>4&nibbles, 8*each8))
		}
	}
}

func unpackQ4_1(q []byte, scale, min []float32, step int, row []byte) {
	for i := range len(q) / 32 {
		block, out := row[i*20:][:20:20], q[i*32:][:32:32]
		scale[i*step], min[i*step] = half(block), half(block[2:])
		for j := 0; j < 16; j += 8 {
			w := le.Uint64(block[4+j:])
			le.PutUint64(out[j:], w&nibbles)
			le.PutUint64(out[16+j:], w>>4&nibbles)
		}
	}
}

func unpackQ5_0(q []byte, scale, _ []float32, step int, row []byte) {
	for i := range len(q) / 32 {
		block, out := row[i*22:][:22:22], q[i*32:][:32:32]
		scale[i*step] = half(block)
		for j := 0; j < 16; j += 8 {
			w := le.Uint64(block[6+j:])
			le.PutUint64(out[j:], subtract(w&nibbles|spread(block[2+j/8]), 16*each8))
			le.PutUint64(out[16+j:], subtract(w>>4&nibbles|spread(block[4+j/8]), 16*each8))
		}
	}
}

func unpackQ5_1(q []byte, scale, min []float32, step int, row []byte) {
	for i := range len(q) / 32 {
		block, out := row[i*24:][:24:24], q[i*32:][:32:32]
		scale[i*step], min[i*step] = half(block), half(block[2:])
		for j := 0; j < 16; j += 8 {
			w := le.Uint64(block[8+j:])
			le.PutUint64(out[j:], w&nibbles|spread(block[4+j/8]))
			le.PutUint64(out[16+j:], w>>4&nibbles|spread(block[6+j/8]))
		}
	}
}

// scalesK writes the scales and minimums of a Q4_K or Q5_K block, whose first 16 bytes are
// two halves and sixteen 6-bit numbers.
func scalesK(scale, min []float32, step int, block []byte) {
	d, dmin := half(block), half(block[2:])
	low, middle, high := le.Uint32(block[4:]), le.Uint32(block[8:]), le.Uint32(block[12:])
	const six, four, two = 0x3f3f3f3f, 0x0f0f0f0f, 0x03030303
	s := uint64(low&six) | uint64(high&four|low>>6&two<<4)<<32
	m := uint64(middle&six) | uint64(high>>4&four|middle>>6&two<<4)<<32
	for j := range 8 {
		scale[j*step] = d * float32(s>>(8*j)&0xff)
		min[j*step] = -dmin * float32(m>>(8*j)&0xff)
	}
}

func unpackQ4K(q []byte, scale, min []float32, step int, row []byte) {
	for i := range len(q) / 256 {
		block, out := row[i*144:][:144:144], q[i*256:][:256:256]
		scalesK(scale[i*8*step:], min[i*8*step:], step, block)
		for j := 0; j < 4; j++ {
			from, to := block[16+j*32:][:32:32], out[j*64:][:64:64]
			for k := 0; k < 32; k += 8 {
				w := le.Uint64(from[k:])
				le.PutUint64(to[k:], w&nibbles)
				le.PutUint64(to[32+k:], w>>4&nibbles)
			}
		}
	}
}

func unpackQ5K(q []byte, scale, min []float32, step int, row []byte) {
	for i := range len(q) / 256 {
		block, out := row[i*176:][:176:176], q[i*256:][:256:256]
		scalesK(scale[i*8*step:], min[i*8*step:], step, block)
		high := block[16:48]
		for j := 0; j < 4; j++ {
			from, to := block[48+j*32:][:32:32], out[j*64:][:64:64]
			for k := 0; k < 32; k += 8 {
				w, h := le.Uint64(from[k:]), le.Uint64(high[k:])>>(2*j)
				le.PutUint64(to[k:], w&nibbles|h&each8<<4)
				le.PutUint64(to[32+k:], w>>4&nibbles|h>>1&each8<<4)
			}
		}
	}
}

func unpackQ6K(q []byte, scale, _ []float32, step int, row []byte) {
	for i := range len(q) / 256 {
		block, out := row[i*210:][:210:210], q[i*256:][:256:256]
		d := half(block[208:])
		for j, s := range block[192:208] {
			scale[(i*16+j)*step] = d * float32(int8(s))
		}
		for j := 0; j < 2; j++ {
			low, high, to := block[j*64:][:64:64], block[128+j*32:][:32:32], out[j*128:][:128:128]
			for k := 0; k < 32; k += 8 {
				a, b, h := le.Uint64(low[k:]), le.Uint64(low[32+k:]), le.Uint64(high[k:])
				const two = 3 * each8
				le.PutUint64(to[k:], subtract(a&nibbles|h&two<<4, 32*each8))
				le.PutUint64(to[32+k:], subtract(b&nibbles|h>>2&two<<4, 32*each8))
				le.PutUint64(to[64+k:], subtract(a>>4&nibbles|h>>4&two<<4, 32*each8))
				le.PutUint64(to[96+k:], subtract(b>>4&nibbles|h>>6&two<<4, 32*each8))
			}
		}
	}
}

// half returns the half-precision number at the start of b.
func half(b []byte) float32 { return gguf.Float16(le.Uint16(b)) }
