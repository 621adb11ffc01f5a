//go:build !amd64 && !arm64

package kernel

func levels() []Level { return []Level{Go} }

// The functions below report that this machine has no fast version.

func (l Level) mulFast([]float32, int, *Matrix, *Input, int, int, *Scratch) bool { return false }

func (l Level) scoresFast(dst, query []float32, keys []uint16) bool              { return false }
func (l Level) addWeightedFast(dst, weights []float32, values []uint16) bool     { return false }
func (l Level) addWeightedHalfFast(dst, weights []float32, values []uint16) bool { return false }
func (l Level) toHalfFast(dst []uint16, src []float32) bool                      { return false }
func (l Level) roundHalfFast(dst, src []float32) bool                            { return false }
