package tokenspeed

import (
	"fmt"
	"slices"
	"testing"
	"time"

	pkoukk "github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"
	"github.com/tiktoken-go/tokenizer"

	"github.com/parley-llm/parley/internal/interop/npmtest"
	"github.com/parley-llm/parley/internal/interop/texts"
	"github.com/parley-llm/parley/llm/tokens"
)

// The minimum ratios between the others' processor time and ours in a timed run on one
// core.
const (
	leastOverGo  = 5.0
	leastOverNpm = 4.0
)

// A rival is another implementation that counts tokens.
type rival struct {
	name  string
	least float64 // minimum ratio of its time to ours
	count func(text string) (tokens int, cpu time.Duration)
	here  bool // runs in this process, so that its allocations can be counted
}

func TestSpeedOfCountingMixedText(t *testing.T) {
	oneCore(t)
	text, err := texts.Mixed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rounds := 1
	if timed() {
		rounds = 7
	}
	for _, ours := range []*tokens.Encoding{tokens.CL100kBase(), tokens.O200kBase()} {
		t.Run(ours.Name(), func(t *testing.T) {
			want := ours.Count(text)
			allocated := allocations(func() { ours.Count(text) })
			if allocated > 1 { // one is allowed, because the runtime allocates as well
				t.Errorf("Count allocates %d times", allocated)
			}
			t.Logf("%.2f MB of mixed text, %d tokens; processor time, one core, medians of %d rounds", float64(len(text))/1e6, want, rounds)
			for _, r := range rivals(t, ours.Name()) {
				r.count(text) // warm up
				var mine, theirs []time.Duration
				var ratios []float64
				counted := 0
				for range rounds {
					mine = append(mine, processorTime(t, func() { ours.Count(text) }))
					n, cpu := r.count(text)
					counted, theirs = n, append(theirs, cpu)
					ratios = append(ratios, float64(cpu)/float64(mine[len(mine)-1]))
				}
				report(t, "ours", len(text), want, median(mine), fmt.Sprint(allocated))
				theirAllocations := "unknown"
				if r.here {
					theirAllocations = fmt.Sprint(allocations(func() { r.count(text) }))
				}
				report(t, r.name, len(text), counted, median(theirs), theirAllocations)
				ratio := median(ratios)
				t.Logf("  %s takes %.2f times as long (%.2f to %.2f)", r.name, ratio, slices.Min(ratios), slices.Max(ratios))
				if timed() && ratio < r.least {
					t.Errorf("%s takes %.2f times as long as ours, want at least %.1f times", r.name, ratio, r.least)
				}
			}
		})
	}
}

// report prints a line of figures. The allocations of other processes are unknown.
func report(t *testing.T, name string, bytes, tokens int, cpu time.Duration, allocated string) {
	seconds := cpu.Seconds()
	t.Logf("  %-26s %8.2f ms %7.2f Mtok/s %7.1f MB/s %9d tokens %9s allocations",
		name, seconds*1e3, float64(tokens)/seconds/1e6, float64(bytes)/seconds/1e6, tokens, allocated)
}

// rivals returns the loaded rivals that support an encoding.
func rivals(t *testing.T, encoding string) []rival {
	first, err := tokenizer.Get(tokenizer.Encoding(encoding))
	if err != nil {
		t.Fatal(err)
	}
	pkoukk.SetBpeLoader(loader.NewOfflineLoader())
	second, err := pkoukk.GetEncoding(encoding)
	if err != nil {
		t.Fatal(err)
	}
	npm := npmtest.Tiktoken(t, encoding, nil)
	return []rival{
		{"tiktoken-go/tokenizer", leastOverGo, func(text string) (n int, cpu time.Duration) {
			cpu = processorTime(t, func() {
				if n, err = first.Count(text); err != nil {
					t.Fatal(err)
				}
			})
			return n, cpu
		}, true},
		{"pkoukk/tiktoken-go", leastOverGo, func(text string) (n int, cpu time.Duration) {
			cpu = processorTime(t, func() { n = len(second.EncodeOrdinary(text)) })
			return n, cpu
		}, true},
		{"npm tiktoken (Rust, WASM)", leastOverNpm, func(text string) (int, time.Duration) {
			n, cpu, err := npm.Time(text)
			if err != nil {
				t.Fatal(err)
			}
			return n, cpu
		}, false},
	}
}
