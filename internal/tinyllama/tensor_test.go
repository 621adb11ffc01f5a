package tinyllama

import (
	"math"
	"testing"
)

func TestFloat16RoundsToNearestEven(t *testing.T) {
	for _, test := range []struct {
		value float64
		want  uint16
	}{
		{0, 0x0000},
		{math.Copysign(0, -1), 0x8000},
		{1, 0x3c00},
		{-2, 0xc000},
		{1.0 / 3, 0x3555},
		{65504, 0x7bff},           // the largest
		{65519.996, 0x7bff},       // rounds down to it
		{65520, 0x7c00},           // rounds up to infinity
		{-1e30, 0xfc00},           //
		{math.Inf(1), 0x7c00},     //
		{0x1p-14, 0x0400},         // the smallest normal number
		{0x1p-24, 0x0001},         // the smallest of all
		{0x1p-25, 0x0000},         // halfway to it: even is zero
		{0x1.8p-24, 0x0002},       // halfway: even is two
		{0x1.ff8p-15, 0x03ff},     // the largest subnormal number
		{0x1.ffcp-15, 0x0400},     // halfway to the smallest normal one
		{1 + 0x1p-11, 0x3c00},     // halfway: even is below
		{1 + 3*0x1p-11, 0x3c02},   // halfway: even is above
		{2 - 0x1p-11, 0x4000},     // a carry into the exponent
		{1 + 0x1.004p-11, 0x3c01}, // just above halfway
	} {
		if got := float16(float32(test.value)); got != test.want {
			t.Errorf("float16(%v) = %#04x, want %#04x", test.value, got, test.want)
		}
	}
	if got := float16(float32(math.NaN())); got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
		t.Errorf("float16(NaN) = %#04x, which is a number", got)
	}
}

func TestBlockOfZerosIsZero(t *testing.T) {
	for i, b := range appendQ8(nil, make([]float32, blockValues)) {
		if b != 0 {
			t.Errorf("byte %d is %d, want 0", i, b)
		}
	}
}
