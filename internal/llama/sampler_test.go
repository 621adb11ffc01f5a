package llama_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/internal/llama"
)

// logs are the logits of a distribution.
func logs(probabilities ...float64) []float32 {
	logits := make([]float32, len(probabilities))
	for i, p := range probabilities {
		logits[i] = float32(math.Log(p)) + 3
	}
	return logits
}

func TestSamplesHaveTheDistributionOfTheSettings(t *testing.T) {
	logits := logs(0.1, 0.4, 0.2, 0.05, 0.25)
	squares := []float64{0.01, 0.16, 0.04, 0.0025, 0.0625} // of temperature 1/2
	for _, test := range []struct {
		name     string
		settings llama.Sampling
		allow    func(id int) bool
		want     []float64 // relative
	}{
		{"temperature 1", llama.Sampling{Temperature: 1}, nil, []float64{0.1, 0.4, 0.2, 0.05, 0.25}},
		{"temperature 1/2", llama.Sampling{Temperature: 0.5}, nil, squares},
		{"temperature 0", llama.Sampling{}, nil, []float64{0, 1, 0, 0, 0}},
		{"top-k", llama.Sampling{Temperature: 1, TopK: 2}, nil, []float64{0, 0.4, 0, 0, 0.25}},
		{"a top-k above the size", llama.Sampling{Temperature: 1, TopK: 50}, nil, []float64{0.1, 0.4, 0.2, 0.05, 0.25}},
		{"top-p", llama.Sampling{Temperature: 1, TopP: 0.8}, nil, []float64{0, 0.4, 0.2, 0, 0.25}},
		{"a top-p below the first", llama.Sampling{Temperature: 1, TopP: 0.01}, nil, []float64{0, 1, 0, 0, 0}},
		{"top-p of top-k", llama.Sampling{Temperature: 1, TopK: 3, TopP: 0.7}, nil, []float64{0, 0.4, 0, 0, 0.25}},
		{"top-p before temperature", llama.Sampling{Temperature: 0.5, TopP: 0.8}, nil, []float64{0, 0.16, 0.04, 0, 0.0625}},
		{"min-p", llama.Sampling{Temperature: 1, MinP: 0.3}, nil, []float64{0, 0.4, 0.2, 0, 0.25}},
		{"min-p of top-k", llama.Sampling{Temperature: 1, TopK: 3, MinP: 0.6}, nil, []float64{0, 0.4, 0, 0, 0.25}},
		{"min-p above one", llama.Sampling{Temperature: 1, MinP: 2}, nil, []float64{0, 1, 0, 0, 0}},
		{"a constraint on top-k", llama.Sampling{Temperature: 1, TopK: 3}, func(id int) bool { return id != 1 }, []float64{0, 0, 0.2, 0, 0.25}},
		{"a constraint", llama.Sampling{Temperature: 1}, func(id int) bool { return id%2 == 0 }, []float64{0.1, 0, 0.2, 0, 0.25}},
		{"a constraint at temperature 0", llama.Sampling{}, func(id int) bool { return id != 1 }, []float64{0, 0, 0, 0, 1}},
		{"a bias", llama.Sampling{Temperature: 1, LogitBias: map[int]float64{0: math.Log(4), 1: -100, 9: 5, -1: 5}}, nil, []float64{0.4, 0, 0.2, 0.05, 0.25}},
	} {
		t.Run(test.name, func(t *testing.T) {
			const n = 20000
			s := llama.NewSampler(test.settings)
			counts := make([]float64, len(logits))
			for range n {
				id, ok := s.Sample(logits, test.allow)
				if !ok {
					t.Fatal("no token was selected")
				}
				counts[id]++
			}
			var total float64
			for _, w := range test.want {
				total += w
			}
			for id, w := range test.want {
				p := w / total
				// Five standard deviations.
				if d := math.Abs(counts[id]/n - p); d > 5*math.Sqrt(p*(1-p)/n) {
					t.Errorf("token %d has a share of %.4f, want %.4f", id, counts[id]/n, p)
				}
			}
		})
	}
}

func TestPenaltiesChangeTheLogitsOfTheWindow(t *testing.T) {
	logits := []float32{4, 3.9, 3.5, -1}
	for _, test := range []struct {
		name     string
		settings llama.Sampling
		accepted []int
		want     int
	}{
		{"none", llama.Sampling{}, []int{0, 0, 1, 2}, 0},
		{"repetition", llama.Sampling{RepeatPenalty: 1.1}, []int{0}, 1},
		{"a repetition penalty of 1", llama.Sampling{RepeatPenalty: 1}, []int{0}, 0},
		{"presence", llama.Sampling{PresencePenalty: 0.2}, []int{0, 1}, 0},
		{"presence of the first two", llama.Sampling{PresencePenalty: 0.6}, []int{0, 1, 0}, 2},
		{"frequency", llama.Sampling{FrequencyPenalty: 0.04}, []int{0, 0, 1}, 0},
		{"a higher frequency", llama.Sampling{FrequencyPenalty: 0.1}, []int{0, 0, 0, 1}, 1},
		{"a window that is over", llama.Sampling{RepeatPenalty: 2, Window: 2}, []int{0, 3, 3}, 0},
		{"all tokens", llama.Sampling{RepeatPenalty: 2, Window: -1}, append([]int{0}, make([]int, 100)...), 1},
		{"a negative bias", llama.Sampling{LogitBias: map[int]float64{0: -1}}, nil, 1},
		{"tokens that are not there", llama.Sampling{RepeatPenalty: 2}, []int{-1, 99}, 0},
	} {
		s := llama.NewSampler(test.settings)
		s.Accept(test.accepted...)
		before := slices.Clone(logits)
		if got, ok := s.Sample(logits, nil); got != test.want || !ok {
			t.Errorf("%s: token %d, want %d", test.name, got, test.want)
		}
		if !slices.Equal(logits, before) {
			t.Errorf("%s: the logits were changed", test.name)
		}
	}
}

func TestTheSameSeedSelectsTheSameTokens(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64())
	}
	sequence := func(seed uint64) []int {
		s := llama.NewSampler(llama.Sampling{Temperature: 0.8, TopP: 0.95, TopK: 200, Seed: seed})
		ids := make([]int, 50)
		for i := range ids {
			ids[i], _ = s.Sample(logits, nil)
		}
		return ids
	}
	if a, b := sequence(7), sequence(7); !slices.Equal(a, b) {
		t.Errorf("one seed gives %d and %d", a, b)
	}
	if a, b := sequence(7), sequence(8); slices.Equal(a, b) {
		t.Errorf("two seeds give %d", a)
	}
}

func TestNothingIsSelectedIfNothingCanBe(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, temperature := range []float64{0, 1} {
		s := llama.NewSampler(llama.Sampling{Temperature: temperature})
		if _, ok := s.Sample([]float32{nan, inf}, nil); ok {
			t.Errorf("temperature %g: a token without a logit was selected", temperature)
		}
		if id, ok := s.Sample([]float32{nan, inf, -5}, nil); id != 2 || !ok {
			t.Errorf("temperature %g: token %d, %t, want 2", temperature, id, ok)
		}
		refused := 0
		if _, ok := s.Sample(make([]float32, 100), func(int) bool { refused++; return false }); ok || refused != 32 {
			t.Errorf("temperature %g: %t after %d refusals, want false after 32", temperature, ok, refused)
		}
		if _, ok := s.Sample(make([]float32, 3), func(int) bool { return false }); ok {
			t.Errorf("temperature %g: a refused token was selected", temperature)
		}
	}
}

func TestLogprobsAreThoseOfTheModel(t *testing.T) {
	logits := logs(0.1, 0.4, 0.2, 0.05, 0.25)
	chosen, top := llama.Logprobs(logits, 3, 2)
	if diff := cmp.Diff(llama.Logprob{ID: 3, Logprob: math.Log(0.05)}, chosen, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("chosen (-want +got):\n%s", diff)
	}
	want := []llama.Logprob{{ID: 1, Logprob: math.Log(0.4)}, {ID: 4, Logprob: math.Log(0.25)}}
	if diff := cmp.Diff(want, top, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("top (-want +got):\n%s", diff)
	}
	if chosen, top := llama.Logprobs([]float32{float32(math.NaN())}, 0, 5); !math.IsInf(chosen.Logprob, -1) || top != nil {
		t.Errorf("logprobs of no number are %v and %v", chosen, top)
	}
}

func BenchmarkSample(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	logits := make([]float32, 128000)
	for i := range logits {
		logits[i] = float32(3 * rng.NormFloat64())
	}
	for name, settings := range map[string]llama.Sampling{
		"greedy": {}, "temperature": {Temperature: 1},
		"top-p": {Temperature: 0.8, TopP: 0.95}, "top-k": {Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05},
	} {
		b.Run(name, func(b *testing.B) {
			s := llama.NewSampler(settings)
			b.ReportAllocs()
			for b.Loop() {
				s.Sample(logits, nil)
			}
		})
	}
}
