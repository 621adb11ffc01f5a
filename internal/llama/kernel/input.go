package kernel

import (
	"math"

	"github.com/parley-llm/parley/internal/gguf"
)

// Form is a form of activations. Each matrix type works with one of them, the same as in
// ggml: other roundings would give other answers where two tokens are almost equally likely.
type Form int

// The forms of activations.
const (
	// FormFloat is float32, for F32 matrices.
	FormFloat Form = iota
	// FormHalf is float32, rounded to half precision, for F16 matrices.
	FormHalf
	// FormBrain is float32, rounded to bfloat16, for BF16 matrices.
	FormBrain
	// Form32 is 8-bit integers with a scale for each 32 values.
	Form32
	// Form256 is 8-bit integers with a scale for each 256 values.
	Form256
	forms
)

// Forms is the number of forms.
const Forms = int(forms)

// tokenStep is the multiple that the number of tokens is rounded up to with zeros, because
// the batch kernels treat four tokens at a time.
const tokenStep = 4

// Input holds the activations of one or more tokens: a vector for each. The zero value is
// ready for [Input.Reset].
//
// To use it, fill the vectors, call Quantize for each token and each form that is needed,
// and pass it to [Level.Mul].
type Input struct {
	tokens, cols int
	x            []float32
	forms        [forms]quantized
}

// quantized holds rounded activations. Vectors of tokens follow each other.
type quantized struct {
	x []float32 // of FormHalf and FormBrain

	// The other fields are of Form32 and Form256.
	q     []int8
	scale []float32 // one for each 32 values, in both forms
	sum   []float32 // scale × the sum of q, for each 32 values
	// bias16 and bias32 are −128 × the sum of q, for each 16 and 32 values. They are added to
	// products with weights that are stored plus 128.
	bias16, bias32 []int32
}

// Reset makes room for vectors with cols values. cols must be a multiple of 32.
func (in *Input) Reset(tokens, cols int) {
	in.tokens, in.cols = tokens, cols
	in.x = grow(in.x, tokens*cols)
}

// Tokens returns the number of vectors.
func (in *Input) Tokens() int { return in.tokens }

// Vector returns the vector of a token, to be filled.
func (in *Input) Vector(token int) []float32 {
	return in.x[token*in.cols:][:in.cols:in.cols]
}

// Prepare makes room for a form. It must be called after Reset and before Quantize.
func (in *Input) Prepare(form Form) {
	if form == FormFloat {
		return
	}
	f := &in.forms[form]
	if form < Form32 {
		f.x = grow(f.x, in.tokens*in.cols)
		return
	}
	padded := (in.tokens + tokenStep - 1) / tokenStep * tokenStep
	if in.tokens == 1 {
		padded = 1 // no batch kernel is used
	}
	n := padded * in.cols
	f.q = grow(f.q, n)
	f.scale = grow(f.scale, n/32)
	f.sum = grow(f.sum, n/32)
	f.bias16 = grow(f.bias16, n/16)
	f.bias32 = grow(f.bias32, n/32)
	used := in.tokens * in.cols
	clear(f.q[used:])
	clear(f.scale[used/32:])
	clear(f.sum[used/32:])
	clear(f.bias16[used/16:])
	clear(f.bias32[used/32:])
}

// floats returns the vector of a token in one of the forms of floats.
func (in *Input) floats(form Form, token int) []float32 {
	if form == FormFloat {
		return in.Vector(token)
	}
	return in.forms[form].x[token*in.cols:][:in.cols:in.cols]
}

// Quantize computes a form of one token's vector. Several goroutines may call it for
// different tokens.
func (l Level) Quantize(in *Input, form Form, token int) {
	switch form {
	case FormFloat:
	case FormHalf:
		l.RoundHalf(in.floats(form, token), in.Vector(token))
	case FormBrain:
		roundBrain(in.floats(form, token), in.Vector(token))
	default:
		l.quantize(in, form, token)
	}
}

// roundBrain rounds src to bfloat16, ties to even.
func roundBrain(dst, src []float32) {
	for i, v := range src {
		bits := math.Float32bits(v)
		dst[i] = math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff)
	}
}

// quantize computes a form of integers. The scales and sums of Form32 are rounded to half
// precision, because ggml stores them so.
func (l Level) quantize(in *Input, form Form, token int) {
	f := &in.forms[form]
	x := in.Vector(token)
	at := token * in.cols
	step := 32
	if form == Form256 {
		step = 256
	}
	for i := 0; i < in.cols; i += step {
		part := x[i:][:step]
		largest := l.largest(part)
		var scale, inverse float32
		if largest != 0 {
			scale, inverse = largest/127, 127/largest
		}
		exact := scale
		if form == Form32 {
			scale = roundHalf(scale)
		}
		k := at + i
		bias := f.bias16[k/16:][:step/16]
		l.round(f.q[k:][:step], part, inverse, bias)
		for j := range step / 32 {
			sum := bias[2*j] + bias[2*j+1]
			f.bias32[k/32+j] = sum
			f.scale[k/32+j] = scale
			f.sum[k/32+j] = exact * float32(sum/-128)
			if form == Form32 {
				f.sum[k/32+j] = roundHalf(f.sum[k/32+j])
			}
		}
	}
}

// largest returns the largest absolute value.
func (l Level) largest(x []float32) float32 {
	if v, ok := l.largestFast(x); ok {
		return v
	}
	var most uint32
	for _, v := range x {
		most = max(most, math.Float32bits(v)&^(1<<31))
	}
	return math.Float32frombits(most)
}

// round writes the values × inverse, rounded, to q, and −128 × the sum of each 16 of them to
// bias.
func (l Level) round(q []int8, x []float32, inverse float32, bias []int32) {
	if l.roundFast(q, x, inverse, bias) {
		return
	}
	for h := range bias {
		var sum int32
		x, q := x[h*16:][:16], q[h*16:][:16]
		for i, v := range x {
			r := roundToEven(v * inverse)
			q[i] = int8(r)
			sum += r
		}
		bias[h] = -128 * sum
	}
}

func roundHalf(v float32) float32 { return gguf.Float16(gguf.ToFloat16(v)) }

// roundToEven returns the integer nearest to v, for |v| < 1<<22. Adding 1.5 × 2^23 moves the
// integer part into the low bits of the fraction.
func roundToEven(v float32) int32 {
	const magic = 3 << 22
	return int32(math.Float32bits(v+magic)&0x7fffff) - 1<<22
}
