package providertest

import (
	"math/rand/v2"
	"slices"
)

// EveryByte is the size in bytes of the largest body that is cut at every byte.
const EveryByte = 4 << 10

// Offsets returns the positions at which a body is cut. A short body is cut at every
// byte. A longer one is cut around each line feed and at 200 random positions.
func Offsets(body string) (at []int) {
	if len(body) <= EveryByte {
		for i := range len(body) + 1 {
			at = append(at, i)
		}
		return at
	}
	for i := range len(body) {
		if body[i] == '\n' {
			at = append(at, i-1, i, i+1, min(i+2, len(body)))
		}
	}
	random := rand.New(rand.NewPCG(1, uint64(len(body))))
	for range 200 {
		at = append(at, random.IntN(len(body)+1))
	}
	slices.Sort(at)
	return slices.Compact(at)
}
