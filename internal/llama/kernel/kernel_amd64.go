package kernel

import "golang.org/x/sys/cpu"

func levels() []Level {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA || !x.HasF16C:
		return []Level{Go}
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512VL || !x.HasAVX512VNNI:
		return []Level{Go, AVX2}
	}
	return []Level{Go, AVX2, AVX512}
}

// The functions below check the lengths that their assembly relies on, and report whether
// they have done the work.

// expFast is ExpEach for the first values of x, as many as a multiple of 8. It returns how
// many they are.
func (l Level) expFast(x []float32, scale, minus float32, sum *float32) int {
	n := len(x) &^ 7
	if l == Go || n == 0 {
		return 0
	}
	*sum = expAVX2(&x[0], n, scale, minus)
	return n
}

func (l Level) swigluFast(dst, gate, up []float32) bool {
	n := len(dst)
	if l == Go || n == 0 || n%8 != 0 {
		return false
	}
	swigluAVX2(&dst[0], &gate[:n][0], &up[:n][0], n)
	return true
}

func (l Level) largestFast(x []float32) (float32, bool) {
	if l == Go || len(x) == 0 || len(x)%32 != 0 {
		return 0, false
	}
	return largestAVX2(&x[0], len(x)), true
}

func (l Level) roundFast(q []int8, x []float32, inverse float32, bias []int32) bool {
	n := len(x)
	if l == Go || n == 0 || n%32 != 0 {
		return false
	}
	roundAVX2(&q[:n][0], &x[0], n, inverse, &bias[:n/16][0])
	return true
}

//go:noescape
func expAVX2(x *float32, n int, scale, minus float32) float32

//go:noescape
func swigluAVX2(dst, gate, up *float32, n int)

//go:noescape
func largestAVX2(x *float32, n int) float32

//go:noescape
func roundAVX2(q *int8, x *float32, n int, inverse float32, bias *int32)
