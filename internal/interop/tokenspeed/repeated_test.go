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

// steepest is how much longer a byte may take in a run of one length than in a run
// of another, from 1,000 to 1,000,000 characters. Were the time quadratic, it
// would be 10 for each step and 1,000 for all. A run takes a microsecond whatever
// its length, which a thousand spaces show; the rest is for noise.
const steepest = 6.0

// slowestByte bounds what a byte of such a run takes at most; it is generous.
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
					t.Errorf("%q repeated: a byte takes %.1f times as long in one run as in another, want at most %.0f times", c, slowest/fastest, steepest)
				}
				if slowest > slowestByte {
					t.Errorf("%q repeated: a byte takes %.0f ns, want at most %.0f ns", c, slowest, slowestByte)
				}
				reportOthers(t, others, c)
			}
		})
	}
}

// What a byte takes at most in the mean over the lengths of a run, and of a pattern
// repeated. How these are cut into tokens hangs on their length, and of a pattern
// each place may lead nowhere but for the right beginning.
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

// perByte returns the nanoseconds a byte takes, the least of some attempts
// that each count some megabytes.
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

// reportOthers prints what the others take a byte, as far as is bearable.
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
