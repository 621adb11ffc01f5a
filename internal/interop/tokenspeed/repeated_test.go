package tokenspeed

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm/tokens"
)

// steepest is the maximum ratio between the times per byte in runs of different lengths,
// from 1,000 to 1,000,000 characters. If the time were quadratic, the ratio would be 10
// for each step and 1,000 in total. Every run takes an additional microsecond, which is
// visible for a thousand spaces. The rest is for noise.
const steepest = 6.0

// slowestByte is a generous limit for the time per byte in such a run.
const slowestByte = 80.0 // ns

func TestSpeedOfRepeatedCharacters(t *testing.T) {
	oneCore(t)
	longest, attempts := 100_000, 1
	if timed() {
		longest, attempts = 1_000_000, 5
	}
	for _, ours := range []*tokens.Encoding{tokens.CL100kBase(), tokens.O200kBase()} {
		t.Run(ours.Name(), func(t *testing.T) {
			others := rivals(t, ours.Name())
			for _, c := range []string{"a", "가", " ", "\n", "😀"} {
				line, fastest, slowest := fmt.Sprintf("%q ours, ns a byte:", c), math.Inf(1), 0.0
				for n := 1000; n <= longest; n *= 10 {
					per := perByte(t, ours, strings.Repeat(c, n), attempts)
					line += fmt.Sprintf("  %d: %.2f", n, per)
					slowest, fastest = max(slowest, per), min(fastest, per)
				}
				t.Logf("%s  (slowest %.2f times the fastest)", line, slowest/fastest)
				if !timed() {
					continue
				}
				if slowest > steepest*fastest {
					t.Errorf("%q repeated: the times per byte differ by a factor of %.1f between runs, want at most %.0f", c, slowest/fastest, steepest)
				}
				if slowest > slowestByte {
					t.Errorf("%q repeated: a byte takes %.0f ns, want at most %.0f ns", c, slowest, slowestByte)
				}
				reportOthers(t, others, c)
			}
		})
	}
}

// These are the maximum times per byte, averaged over the lengths of a run and of a
// repeated pattern. The division into tokens depends on the length. In a pattern, almost
// every position can be a dead end.
const (
	slowestRun     = 50.0 // ns
	slowestPattern = 400.0
)

func TestSpeedOfRunsOfAnyLength(t *testing.T) {
	oneCore(t)
	step := 97
	if timed() {
		step = 13
	}
	for _, ours := range []*tokens.Encoding{tokens.CL100kBase(), tokens.O200kBase()} {
		for _, c := range []string{"-", "=", " ", "\n", "\t", "*", "_", "0", "a", "가", "ab", "\t ", "\r\n", "*****/", strings.Repeat("-", 139) + strings.Repeat("=+", 140)} {
			worst, at, sum, lengths := 0.0, 0, 0.0, 0
			most := slowestRun
			if utf8.RuneCountInString(c) > 1 {
				most = slowestPattern
			}
			for n := 100; n <= 2500; n += step {
				text := strings.Repeat(c, n/len(c)+1)
				least := time.Hour
				for range 5 {
					begin := time.Now()
					ours.Count(text)
					least = min(least, time.Since(begin))
				}
				per := float64(least.Nanoseconds()) / float64(len(text))
				if per > worst {
					worst, at = per, n
				}
				sum += per
				lengths++
			}
			mean := sum / float64(lengths)
			t.Logf("%s, 100 to 2500 bytes of %.12q, ns a byte: %.1f in the mean, %.1f at the worst length, %d", ours.Name(), c, mean, worst, at)
			if timed() && mean > most {
				t.Errorf("%s, runs of %q: a byte takes %.0f ns, want at most %.0f", ours.Name(), c, mean, most)
			}
		}
	}
}

// perByte returns the nanoseconds per byte. It is the minimum of several measurements of
// a few megabytes each.
func perByte(t *testing.T, ours *tokens.Encoding, text string, attempts int) float64 {
	calls := max(1, 2_000_000/len(text))
	best := 0.0
	for range attempts {
		cpu := processorTime(t, func() {
			for range calls {
				ours.Count(text)
			}
		})
		if per := float64(cpu.Nanoseconds()) / float64(calls*len(text)); best == 0 || per < best {
			best = per
		}
	}
	return best
}

// reportOthers prints the times per byte of the others, up to a reasonable length.
func reportOthers(t *testing.T, others []rival, c string) {
	for _, r := range others {
		line := fmt.Sprintf("    %s:", r.name)
		for n := 1000; n <= 10_000; n *= 10 {
			text := strings.Repeat(c, n)
			_, cpu := r.count(text)
			line += fmt.Sprintf("  %d: %.1f", n, float64(cpu.Nanoseconds())/float64(len(text)))
			if cpu > time.Second {
				break
			}
		}
		t.Log(line)
	}
}
