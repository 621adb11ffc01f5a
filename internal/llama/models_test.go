package llama_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/llama/llamatest"
)

// small is a model whose widths fit all types.
var small = llamatest.Small()

// files holds the files of fileOf.
var files sync.Map

// fileOf returns a small model of one layer. It makes each file once.
func fileOf(typ gguf.Type) []byte {
	if file, ok := files.Load(typ); ok {
		return file.([]byte)
	}
	model := small
	model.Type, model.Layers = typ, 1
	file := model.File()
	files.Store(typ, file)
	return file
}

// load loads a model from memory, until the end of the test.
func load(t testing.TB, data []byte, options llama.Options) *llama.Model {
	t.Helper()
	file, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := llama.Load(file, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// text returns n tokens that look random and are always the same.
func text(n, vocabulary int) []int {
	rng := rand.New(rand.NewPCG(1, uint64(vocabulary)))
	ids := make([]int, n)
	for i := range ids {
		ids[i] = rng.IntN(vocabulary)
	}
	return ids
}

// distance returns the largest difference of two vectors.
func distance(a, b []float32) float64 {
	var most float64
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if !(d <= most) { // NaN is the largest
			most = d
		}
	}
	return most
}
