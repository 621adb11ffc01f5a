//go:build !amd64

package kernel

func detect() Level { return Go }

func (l Level) mulFast(dst []float32, stride int, m *Matrix, in *Input, lo, hi int, s *Scratch) bool {
	return false
}

func (l Level) scoresFast(dst, query []float32, keys []uint16) bool          { return false }
func (l Level) addWeightedFast(dst, weights []float32, values []uint16) bool { return false }

func (l Level) addWeightedHalfFast(dst, weights []float32, values []uint16) bool { return false }
