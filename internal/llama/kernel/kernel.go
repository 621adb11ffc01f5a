// Package kernel computes the operations of a transformer on a processor: products of
// quantised matrices with vectors, attention over half-precision keys and values, and the
// elementwise functions between them.
//
// Each operation has a version in plain Go, and versions in assembly for processors that
// have the instructions. [Detect] finds the best [Level] of the machine. All levels agree
// except for rounding. At one level, the result of an operation does not depend on how rows
// or tokens are divided among goroutines.
//
// A product with a quantised matrix is computed with integers: the activations are rounded
// to 8 bits with a scale for each 32 values (256 for the K types), as ggml does. [Input]
// holds the activations in both forms.
package kernel

// Level is a set of processor instructions.
type Level int

// The levels of all processors.
const (
	// Go is plain Go, for any processor.
	Go Level = iota
	// AVX2 needs AVX2, FMA and F16C: Intel processors since 2013, AMD since 2015.
	AVX2
	// AVX512 needs also AVX-512 F, BW, VL and VNNI: Intel server processors since 2019, AMD
	// since 2022.
	AVX512
	// NEON needs the dot product instructions of ARMv8.2: Apple M1, Graviton 2 and later.
	NEON
)

// String returns the name of the level, such as "AVX2".
func (l Level) String() string {
	switch l {
	case AVX2:
		return "AVX2"
	case AVX512:
		return "AVX-512"
	case NEON:
		return "NEON"
	}
	return "plain Go"
}

// Detect returns the highest level that this machine runs.
func Detect() Level {
	list := levels()
	return list[len(list)-1]
}

// Levels returns all levels that this machine runs, in ascending order.
func Levels() []Level { return levels() }

// Scratch is working memory for one goroutine. The zero value is ready to use.
type Scratch struct {
	q          []byte // unpacked rows, one signed byte a value
	scale, min []float32
	panel      []byte // rows in the order of the batch kernel
	floats     []float32
}

// grow returns a slice of length n. It reuses the memory of s if there is enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// Floats returns a slice of n numbers. It is valid until the next call of Floats or
// [Level.Mul] with the same Scratch.
func (s *Scratch) Floats(n int) []float32 {
	s.floats = grow(s.floats, n)
	return s.floats
}
