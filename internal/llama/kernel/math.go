package kernel

import "math"

// Softmax replaces x by exp(x × scale − m) and returns the sum of the results, where m is
// the largest x × scale. The caller divides by the sum. x must not be empty.
func (l Level) Softmax(x []float32, scale float32) (sum float32) {
	largest := x[0]
	for _, v := range x {
		largest = max(largest, v)
	}
	return l.ExpEach(x, scale, largest*scale)
}

// ExpEach replaces x by exp(x × scale − minus), and returns the sum of the results.
func (l Level) ExpEach(x []float32, scale, minus float32) (sum float32) {
	n := l.expFast(x, scale, minus, &sum)
	x = x[n:]
	for i, v := range x {
		e := exp(v*scale - minus)
		x[i] = e
		sum += e
	}
	return sum
}

// Exp returns e to the power of x.
func (l Level) Exp(x float32) float32 { return exp(x) }

// SwiGLU writes gate × sigmoid(gate) × up to dst. len(dst) must be a multiple of 8.
func (l Level) SwiGLU(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	if l.swigluFast(dst, gate, up) {
		return
	}
	for i, g := range gate {
		dst[i] = g / (1 + exp(-g)) * up[i]
	}
}

// RMSNorm writes x, divided by its root mean square, and multiplied with weight, to dst.
// len(x) must be even.
func (l Level) RMSNorm(dst, x, weight []float32, epsilon float32) {
	var squares, more float64 // two sums, because each addition waits for the one before
	for i := 0; i+1 < len(x); i += 2 {
		squares += float64(x[i] * x[i])
		more += float64(x[i+1] * x[i+1])
	}
	squares += more
	scale := float32(1 / math.Sqrt(float64(float32(squares/float64(len(x)))+epsilon)))
	dst, weight = dst[:len(x)], weight[:len(x)]
	for i, v := range x {
		dst[i] = v * scale * weight[i]
	}
}

// exp returns e to the power of x with a relative error below 2e-7. It writes x as
// n × ln 2 + r with |r| ≤ ln 2 / 2, computes e^r by a polynomial, and adds n to the exponent.
func exp(x float32) float32 {
	const (
		most  = 88
		least = -87.33
		log2e = 1.44269504
		high  = 0.693359375 // ln 2 in two parts
		low   = -2.12194440e-4
	)
	x = min(max(x, least), most)
	n := roundToEven(x * log2e)
	r := x - float32(n)*high
	r -= float32(n) * low
	// The Taylor series up to r^7: the next term is below 5e-9.
	p := float32(1.0 / 5040)
	p = p*r + 1.0/720
	p = p*r + 1.0/120
	p = p*r + 1.0/24
	p = p*r + 1.0/6
	p = p*r + 1.0/2
	p = p*r + 1
	p = p*r + 1
	return p * math.Float32frombits(uint32(n+127)<<23)
}
