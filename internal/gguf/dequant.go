package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The block layouts are those of ggml's structures block_q4_0 … block_q6_K:
// https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h

var le = binary.LittleEndian

// Dequantize writes the values that data holds to dst. It is the reference that the faster
// kernels are tested against.
//
// It returns an error if the type is not supported, or if the lengths of data and dst do not
// fit together.
func (t Type) Dequantize(dst []float32, data []byte) error {
	l := t.layout()
	if l == nil {
		return fmt.Errorf("gguf: tensors of type %s are not supported", t)
	}
	if len(data)%l.bytes != 0 || len(data)/l.bytes*l.values != len(dst) {
		return fmt.Errorf("gguf: %d bytes of type %s do not hold %d values", len(data), t, len(dst))
	}
	for len(data) > 0 {
		l.dequant(dst[:l.values], data[:l.bytes])
		dst, data = dst[l.values:], data[l.bytes:]
	}
	return nil
}

// Float16 returns the value of an IEEE 754 half-precision number.
func Float16(bits uint16) float32 {
	sign := uint32(bits&0x8000) << 16
	exponent := uint32(bits >> 10 & 0x1f)
	fraction := uint32(bits & 0x3ff)
	switch exponent {
	case 0: // zero and subnormal numbers
		v := float32(fraction) * 0x1p-24
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31: // infinity and NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// ToFloat16 rounds v to the nearest half-precision number, ties to even.
func ToFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	size := bits &^ (1 << 31)
	switch {
	case size > 0x7f800000: // NaN
		return sign | 0x7e00
	case size >= 0x477ff000: // halfway between the largest number and the next
		return sign | 0x7c00
	case size < 0x38800000: // below the smallest normal number
		return sign | uint16(math.RoundToEven(math.Abs(float64(v))*0x1p24))
	}
	// Move the bias of the exponent from 127 to 15. Add a little less than half of the
	// dropped 13 bits, or half if the result is odd. A carry runs into the exponent.
	size -= (127 - 15) << 23
	size += 1<<12 - 1 + size>>13&1
	return sign | uint16(size>>13)
}

func dequantF32(dst []float32, b []byte)  { dst[0] = math.Float32frombits(le.Uint32(b)) }
func dequantF16(dst []float32, b []byte)  { dst[0] = Float16(le.Uint16(b)) }
func dequantBF16(dst []float32, b []byte) { dst[0] = math.Float32frombits(uint32(le.Uint16(b)) << 16) }

func dequantQ8_0(dst []float32, b []byte) {
	d := Float16(le.Uint16(b))
	for i := range dst {
		dst[i] = d * float32(int8(b[2+i]))
	}
}

func dequantQ4_0(dst []float32, b []byte) {
	d := Float16(le.Uint16(b))
	for i, v := range b[2:18] {
		dst[i] = d * float32(int(v&15)-8)
		dst[i+16] = d * float32(int(v>>4)-8)
	}
}

func dequantQ4_1(dst []float32, b []byte) {
	d, m := Float16(le.Uint16(b)), Float16(le.Uint16(b[2:]))
	for i, v := range b[4:20] {
		dst[i] = d*float32(v&15) + m
		dst[i+16] = d*float32(v>>4) + m
	}
}

func dequantQ5_0(dst []float32, b []byte) {
	d, high := Float16(le.Uint16(b)), le.Uint32(b[2:])
	for i, v := range b[6:22] {
		dst[i] = d * float32(int(v&15|byte(high>>i&1)<<4)-16)
		dst[i+16] = d * float32(int(v>>4|byte(high>>(i+16)&1)<<4)-16)
	}
}

func dequantQ5_1(dst []float32, b []byte) {
	d, m, high := Float16(le.Uint16(b)), Float16(le.Uint16(b[2:])), le.Uint32(b[4:])
	for i, v := range b[8:24] {
		dst[i] = d*float32(v&15|byte(high>>i&1)<<4) + m
		dst[i+16] = d*float32(v>>4|byte(high>>(i+16)&1)<<4) + m
	}
}

// scaleMin returns scale and minimum j, of 8, from the 12 bytes that Q4_K and Q5_K pack
// their sixteen 6-bit numbers into.
func scaleMin(j int, b []byte) (scale, minimum byte) {
	if j < 4 {
		return b[j] & 63, b[j+4] & 63
	}
	return b[j+4]&15 | b[j-4]>>6<<4, b[j+4]>>4 | b[j]>>6<<4
}

func dequantQ4K(dst []float32, b []byte) {
	d, dmin := Float16(le.Uint16(b)), Float16(le.Uint16(b[2:]))
	scales, q := b[4:16], b[16:]
	for j := range 8 {
		s, m := scaleMin(j, scales)
		for i := range 32 {
			v := q[j/2*32+i] >> (j % 2 * 4) & 15
			dst[j*32+i] = d*float32(s)*float32(v) - dmin*float32(m)
		}
	}
}

func dequantQ5K(dst []float32, b []byte) {
	d, dmin := Float16(le.Uint16(b)), Float16(le.Uint16(b[2:]))
	scales, high, q := b[4:16], b[16:48], b[48:]
	for j := range 8 {
		s, m := scaleMin(j, scales)
		for i := range 32 {
			v := q[j/2*32+i]>>(j%2*4)&15 | high[i]>>j&1<<4
			dst[j*32+i] = d*float32(s)*float32(v) - dmin*float32(m)
		}
	}
}

func dequantQ6K(dst []float32, b []byte) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], Float16(le.Uint16(b[208:]))
	for i := range 256 {
		half, k := i/128, i%128 // two halves of four groups of 32
		group, at := k/32, k%32
		v := low[half*64+group%2*32+at]>>(group/2*4)&15 | high[half*32+at]>>(group*2)&3<<4
		dst[i] = d * float32(int8(scales[i/16])) * float32(int(v)-32)
	}
}
