package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/gguf/gguftest"
	"github.com/parley-llm/parley/internal/llama/kernel"
)

// matrix returns a random matrix.
func matrix(t testing.TB, rng *rand.Rand, typ gguf.Type, rows, cols int) *kernel.Matrix {
	t.Helper()
	m, err := kernel.NewMatrix(typ, cols, rows, gguftest.Random(rng, typ, rows*cols, 1))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// input returns random vectors, quantised for a matrix. The first value of each vector is
// large, as in real activations.
func input(l kernel.Level, rng *rand.Rand, m *kernel.Matrix, tokens int) *kernel.Input {
	in := new(kernel.Input)
	in.Reset(tokens, m.Cols)
	in.Prepare(m.Form())
	for t := range tokens {
		x := in.Vector(t)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		x[0] *= 10
		l.Quantize(in, m.Form(), t)
	}
	return in
}

// exact returns the products of a matrix and the vectors in float64.
func exact(t testing.TB, m *kernel.Matrix, in *kernel.Input) []float64 {
	t.Helper()
	row := make([]float32, m.Cols)
	products := make([]float64, in.Tokens()*m.Rows)
	for r := range m.Rows {
		if err := m.Row(row, r); err != nil {
			t.Fatal(err)
		}
		for token := range in.Tokens() {
			for i, v := range in.Vector(token) {
				products[token*m.Rows+r] += float64(v) * float64(row[i])
			}
		}
	}
	return products
}

// rounding returns how far products may be from the exact ones. The steps of 8-bit
// activations have the size of the largest value / 127, their errors a deviation of 0.29
// steps, and the weights one of 1. Six deviations are allowed.
func rounding(in *kernel.Input) float64 {
	var largest float64
	for t := range in.Tokens() {
		for _, v := range in.Vector(t) {
			largest = max(largest, math.Abs(float64(v)))
		}
	}
	return 6 * 0.29 * largest / 127 * math.Sqrt(float64(len(in.Vector(0))))
}

func TestProductsAreThoseOfTheValues(t *testing.T) {
	for _, typ := range gguf.Types() {
		for _, tokens := range []int{1, 2, 4, 7, 17} {
			for _, shape := range [][2]int{{16, 256}, {35, 768}} {
				t.Run(fmt.Sprint(typ, " ", tokens, " ", shape), func(t *testing.T) {
					rng := rand.New(rand.NewPCG(uint64(tokens), uint64(shape[0])))
					m := matrix(t, rng, typ, shape[0], shape[1])
					var reference []float32
					for _, level := range kernel.Levels() {
						in := input(level, rand.New(rand.NewPCG(3, 4)), m, tokens)
						want := exact(t, m, in)
						got := make([]float32, tokens*m.Rows)
						var s kernel.Scratch
						level.Mul(got, m.Rows, m, in, 0, m.Rows, &s)
						size := math.Sqrt(float64(m.Cols))
						for i, v := range got {
							if d := math.Abs(float64(v) - want[i]); !(d <= rounding(in)) {
								t.Fatalf("%s: product %d is %g, want %g", level, i, v, want[i])
							}
							if reference != nil && math.Abs(float64(v-reference[i])) > 3e-6*size*math.Sqrt(size) {
								t.Fatalf("%s: product %d is %g, and %g in plain Go", level, i, v, reference[i])
							}
						}
						if level == kernel.Go {
							reference = got
						}
					}
				})
			}
		}
	}
}

// Vectors with as many values as one block have.
func TestMatricesOfOneBlock(t *testing.T) {
	for _, typ := range gguf.Types() {
		for _, tokens := range []int{1, 16} {
			rng := rand.New(rand.NewPCG(9, 9))
			m := matrix(t, rng, typ, 16, max(32, typ.BlockValues()))
			for _, level := range kernel.Levels() {
				in := input(level, rand.New(rand.NewPCG(3, 4)), m, tokens)
				want := exact(t, m, in)
				got := make([]float32, tokens*m.Rows)
				level.Mul(got, m.Rows, m, in, 0, m.Rows, new(kernel.Scratch))
				for i, v := range got {
					if !(math.Abs(float64(v)-want[i]) <= rounding(in)) {
						t.Errorf("%s, %s: product %d is %g, want %g", typ, level, i, v, want[i])
					}
				}
			}
		}
	}
}

// Extreme values must not overflow sums of 16 bits.
func TestExtremeWeightsDoNotOverflow(t *testing.T) {
	for _, typ := range gguf.Types() {
		if typ.BlockValues() == 1 {
			continue
		}
		rng := rand.New(rand.NewPCG(1, 1))
		data := gguftest.Random(rng, typ, 16*256, 1)
		fill := []byte{0xff, 0x80, 0x7f}
		for n, f := range fill {
			for b := 0; b < len(data); b += typ.BlockBytes() {
				block := data[b:][:typ.BlockBytes()]
				scales := slices.Clone(block)
				for i := range block {
					block[i] = f
				}
				copy(block[:4], scales)
				if typ == gguf.Q6K {
					copy(block[208:], scales[208:])
				}
			}
			m, err := kernel.NewMatrix(typ, 256, 16, data)
			if err != nil {
				t.Fatal(err)
			}
			for _, tokens := range []int{1, 4, 16} {
				var reference []float32
				for _, level := range kernel.Levels() {
					in := new(kernel.Input)
					in.Reset(tokens, 256)
					in.Prepare(m.Form())
					for token := range tokens {
						for i := range in.Vector(token) {
							in.Vector(token)[i] = float32(1 - 2*(token%2))
						}
						level.Quantize(in, m.Form(), token)
					}
					got := make([]float32, tokens*16)
					level.Mul(got, 16, m, in, 0, 16, new(kernel.Scratch))
					if level == kernel.Go {
						reference = got
					}
					for i, v := range got {
						if r := reference[i]; math.Abs(float64(v-r)) > 1e-4*math.Abs(float64(r))+1e-3 {
							t.Errorf("%s, fill %d, %s: product %d is %g, and %g in plain Go", typ, n, level, i, v, r)
							break
						}
					}
				}
			}
		}
	}
}

func TestAMatrixThatDoesNotFitIsAnError(t *testing.T) {
	for _, test := range []struct {
		typ               gguf.Type
		cols, rows, bytes int
	}{{gguf.F32, 32, 1, 127}, {gguf.F32, 8, 1, 32}, {gguf.Q4K, 32, 1, 18}, {gguf.Type(16), 256, 1, 66}, {gguf.Q8_0, 32, 2, 34}} {
		if _, err := kernel.NewMatrix(test.typ, test.cols, test.rows, make([]byte, test.bytes)); err == nil {
			t.Errorf("NewMatrix(%s, %d, %d) of %d bytes is no error", test.typ, test.cols, test.rows, test.bytes)
		}
	}
}

func TestElementwiseFunctionsAgreeWithFloat64(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	random := func(n int, size float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64() * size)
		}
		return x
	}
	near := func(t *testing.T, what string, got float32, want float64) {
		t.Helper()
		if d := math.Abs(float64(got) - want); !(d <= 1e-6*max(1, math.Abs(want))) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	for _, level := range kernel.Levels() {
		t.Run(level.String(), func(t *testing.T) {
			x := random(45, 10)
			x[7] = -200
			got := slices.Clone(x)
			sum := level.Softmax(got, 0.5)
			var total float64
			largest := float64(slices.Max(x)) * 0.5
			for i, v := range x {
				e := math.Exp(float64(v)*0.5 - largest)
				near(t, "softmax", got[i], e)
				total += e
			}
			near(t, "the sum", sum, total)

			gate, up, dst := random(40, 20), random(40, 1), make([]float32, 40)
			level.SwiGLU(dst, gate, up)
			for i, g := range gate {
				near(t, "SwiGLU", dst[i], float64(g)/(1+math.Exp(-float64(g)))*float64(up[i]))
			}

			weight := random(40, 1)
			level.RMSNorm(dst, gate, weight, 1e-5)
			var squares float64
			for _, v := range gate {
				squares += float64(v) * float64(v)
			}
			for i, v := range gate {
				near(t, "the norm", dst[i], float64(v)/math.Sqrt(squares/40+1e-5)*float64(weight[i]))
			}

			half := make([]uint16, 40)
			level.ToHalf(half, gate)
			level.RoundHalf(dst, gate)
			for i, v := range gate {
				if want := gguf.ToFloat16(v); half[i] != want || dst[i] != gguf.Float16(want) {
					t.Errorf("%v is rounded to %#04x and %v, want %#04x", v, half[i], dst[i], want)
				}
			}
		})
	}
}

func TestAttentionAgreesWithFloat64(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, width := range []int{8, 16, 24, 64, 80, 128, 200} {
		const n = 13
		query, weights := make([]float32, width), make([]float32, n)
		for i := range query {
			query[i] = float32(rng.NormFloat64())
		}
		for i := range weights {
			weights[i] = rng.Float32()
		}
		vectors := make([]uint16, n*width)
		for i := range vectors {
			vectors[i] = gguf.ToFloat16(float32(rng.NormFloat64()))
		}
		for _, level := range kernel.Levels() {
			scores := make([]float32, n)
			level.Scores(scores, query, vectors)
			sums, halves := make([]float32, width), make([]float32, width)
			level.AddWeighted(sums, weights, vectors)
			level.AddWeightedHalf(halves, weights, vectors)
			want, wantSums := make([]float64, n), make([]float64, width)
			for i := range n {
				for j := range width {
					v := float64(gguf.Float16(vectors[i*width+j]))
					want[i] += v * float64(query[j])
					wantSums[j] += v * float64(weights[i])
				}
				if math.Abs(float64(scores[i])-want[i]) > 1e-4 {
					t.Errorf("%s, width %d: score %d is %v, want %v", level, width, i, scores[i], want[i])
				}
			}
			for j, w := range wantSums {
				if math.Abs(float64(sums[j])-w) > 1e-4 {
					t.Errorf("%s, width %d: sum %d is %v, want %v", level, width, j, sums[j], w)
				}
				if math.Abs(float64(halves[j])-w) > 0.03 || gguf.Float16(gguf.ToFloat16(halves[j])) != halves[j] {
					t.Errorf("%s, width %d: half-precision sum %d is %v, want about %v", level, width, j, halves[j], w)
				}
			}
		}
	}
}
