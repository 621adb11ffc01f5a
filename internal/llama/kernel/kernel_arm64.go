package kernel

import "golang.org/x/sys/cpu"

func levels() []Level {
	if !cpu.ARM64.HasASIMDDP {
		return []Level{Go}
	}
	return []Level{Go, NEON}
}

// mulFast is Mul in assembly. It reports whether it has done the work.
func (l Level) mulFast(dst []float32, stride int, m *Matrix, in *Input, lo, hi int, s *Scratch) bool {
	if l == Go || lo >= hi {
		return false
	}
	if m.format == nil {
		mulFloatFast(dst, stride, m, in, lo, hi)
		return true
	}
	mulDot(dst, stride, m, in, lo, hi, s)
	return true
}

// unpackFast is the unpack of the matrix's format.
func unpackFast(m *Matrix, q []byte, scale, min []float32, step int, row []byte) {
	m.format.unpack(q, scale, min, step, row)
}
