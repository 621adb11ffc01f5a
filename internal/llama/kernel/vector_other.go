//go:build !amd64

package kernel

// The functions below report that this machine has no fast version.

func (l Level) expFast(x []float32, scale, minus float32, sum *float32) int { return 0 }
func (l Level) swigluFast(dst, gate, up []float32) bool                     { return false }
func (l Level) largestFast(x []float32) (float32, bool)                     { return 0, false }
func (l Level) roundFast([]int8, []float32, float32, []int32) bool          { return false }
