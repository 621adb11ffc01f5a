package llamaoracle

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/llama/llamatest"
)

// tinyLlama has the shape of TinyLlama, with 1.1 billion weights.
func tinyLlama(typ gguf.Type) llamatest.Model {
	return llamatest.Model{
		Architecture: "llama", Type: typ,
		Layers: 22, Width: 2048, Heads: 32, KVHeads: 4, FeedForward: 5632, Vocabulary: 32000,
	}
}

// task is one thing to measure, with the least ratio of our speed to libllama's.
type task struct {
	prompt, tokens int
	least          float64
}

func (k task) String() string {
	if k.tokens == 0 {
		return fmt.Sprintf("read %d tokens", k.prompt)
	}
	return fmt.Sprintf("generate after %d", k.prompt)
}

// The test measures tokens per second of processor time, in turns with libllama, and prints a
// table. It takes minutes and 4 GB of memory, so it runs only if PARLEY_SPEED is set. With two
// threads on a busy machine it takes much longer, because libllama's threads wait for each
// other in loops.
func TestSpeedBesideLibllama(t *testing.T) {
	if os.Getenv("PARLEY_SPEED") == "" {
		t.Skip("PARLEY_SPEED is not set")
	}
	o := start(t)
	tasks := []task{{256, 0, 1}, {16, 0, 0.8}, {16, 12, 0.9}, {256, 12, 0.9}}
	for _, typ := range []gguf.Type{gguf.Q8_0, gguf.Q4K} {
		path := filepath.Join(t.TempDir(), "model.gguf")
		writeLarge(t, path, tinyLlama(typ))
		for _, threads := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/threads=%d", typ, threads), func(t *testing.T) {
				file, err := gguf.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				m, err := llama.Load(file, llama.Options{Threads: threads})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				t.Logf("%s; one goroutine reads %.1f GB of memory a second", m.Level(), bandwidth(t, file))
				for _, k := range tasks {
					contest(t, o, path, m, threads, k)
				}
			})
		}
	}
}

func writeLarge(t *testing.T, path string, m llamatest.Model) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Build().WriteTo(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// contest measures a task in turns, and reports the medians.
func contest(t *testing.T, o *oracle, path string, m *llama.Model, threads int, k task) {
	t.Helper()
	const rounds = 3
	ids := prompt(1, k.prompt, m.Vocabulary())
	s := m.NewSession(2048)
	var ours, theirs []float64
	for range rounds {
		mine := measure(t, s, ids, k.tokens)
		lib, err := o.time(path, threads, ids, k.tokens)
		if err != nil {
			t.Fatal(err)
		}
		n := float64(max(k.tokens, 1))
		if k.tokens == 0 {
			n = float64(k.prompt)
		}
		ours, theirs = append(ours, n/mine.CPU), append(theirs, n/lib.CPU)
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	a, b := ours[rounds/2], theirs[rounds/2]
	t.Logf("%-22s ours %6.1f, libllama %6.1f tokens per processor second: %.2f", k, a, b, a/b)
	if a/b < k.least {
		t.Errorf("%s: the ratio is %.2f, want at least %.2f", k, a/b, k.least)
	}
}

// measure is [oracle.time] for our engine.
func measure(t *testing.T, s *llama.Session, ids []int, tokens int) times {
	t.Helper()
	s.Reset()
	read := func() {
		if _, err := s.Prompt(t.Context(), ids, nil); err != nil {
			t.Fatal(err)
		}
	}
	work := read
	if tokens > 0 {
		read()
		work = func() {
			id := ids[0]
			for range tokens {
				logits, err := s.Next(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				id = slices.Index(logits, slices.Max(logits))
			}
		}
	}
	begun := time.Now()
	cpu := cputime.Of(t, work)
	return times{CPU: cpu.Seconds(), Wall: time.Since(begun).Seconds()}
}

// bandwidth returns the gigabytes per processor second at which the file is read from memory.
func bandwidth(t *testing.T, file *gguf.File) float64 {
	t.Helper()
	var sum byte
	bytes := 0
	read := func() {
		for _, tensor := range file.Tensors {
			for i := 0; i < len(tensor.Data); i += 64 { // a line of the cache
				sum += tensor.Data[i]
			}
			bytes += len(tensor.Data)
		}
	}
	read() // maps the pages
	bytes = 0
	cpu := cputime.Of(t, read)
	_ = sum
	return float64(bytes) / cpu.Seconds() / 1e9
}
