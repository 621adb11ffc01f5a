package llama

import (
	"math"
	"math/rand/v2"

	"github.com/parley-llm/parley/internal/llama/kernel"
)

// Sampling holds the settings of a [Sampler]. The zero value selects the most likely token.
//
// The settings and the order in which they apply are those of llama.cpp's default chain:
// LogitBias, the penalties, TopK, TopP, MinP, Temperature. See
// https://github.com/ggml-org/llama.cpp/blob/master/tools/completion/README.md.
type Sampling struct {
	// Temperature divides the logits. Zero selects the most likely token.
	Temperature float64
	// TopK keeps this many of the most likely tokens. Zero keeps all.
	TopK int
	// TopP keeps the most likely tokens whose probabilities add up to at least TopP. Zero
	// and one keep all.
	TopP float64
	// MinP drops tokens that are less likely than MinP times the most likely one. Zero keeps
	// all.
	MinP float64
	// RepeatPenalty divides positive logits of tokens in the window, and multiplies negative
	// ones. Zero and one mean no penalty.
	RepeatPenalty float64
	// PresencePenalty is subtracted from the logits of tokens in the window.
	PresencePenalty float64
	// FrequencyPenalty is subtracted as often as a token is in the window.
	FrequencyPenalty float64
	// Window is the number of last tokens that the penalties look at. The default is 64. A
	// negative number means all of them.
	Window int
	// LogitBias is added to the logits of tokens by id.
	LogitBias map[int]float64
	// Seed makes the selection repeatable: the same logits with the same seed give the same
	// tokens.
	Seed uint64
}

const (
	defaultWindow = 64
	// maxRefusals is the number of tokens that a constraint may refuse before [Sampler.Sample]
	// gives up. A mask of all tokens costs less then.
	maxRefusals = 32
)

// Sampler selects tokens by their logits. It must not be used by several goroutines at once.
type Sampler struct {
	settings Sampling
	rng      *rand.Rand
	window   []int
	counts   map[int]int // of the tokens in the window

	level    kernel.Level
	adjusted []float32
	weights  []float32
}

// NewSampler returns a sampler with these settings.
func NewSampler(settings Sampling) *Sampler {
	if settings.Window == 0 {
		settings.Window = defaultWindow
	}
	return &Sampler{
		settings: settings,
		rng:      rand.New(rand.NewPCG(settings.Seed, 0)),
		counts:   make(map[int]int),
		level:    kernel.Detect(),
	}
}

// Accept adds tokens of the prompt or of the answer to the window of the penalties.
func (s *Sampler) Accept(ids ...int) {
	for _, id := range ids {
		s.window = append(s.window, id)
		s.counts[id]++
		if s.settings.Window < 0 || len(s.window) <= s.settings.Window {
			continue
		}
		old := s.window[0]
		s.window = s.window[1:]
		if s.counts[old]--; s.counts[old] == 0 {
			delete(s.counts, old)
		}
	}
}

// Sample selects a token. It does not change logits, and does not call Accept.
//
// If allow is not nil, only tokens that it allows are selected. The result has the same
// distribution as if the logits of the other tokens were −∞, but allow is called only for
// tokens that are about to be selected. Sample returns false if allow has refused 32 tokens
// or all candidates. The caller should then set the logits of refused tokens to −∞ and call
// Sample without allow.
//
// Sample also returns false if no logit is a number.
func (s *Sampler) Sample(logits []float32, allow func(id int) bool) (id int, ok bool) {
	logits = s.adjust(logits)
	best, ok := most(logits)
	if !ok {
		return 0, false
	}
	if s.settings.Temperature <= 0 {
		return greedy(logits, best, allow)
	}
	list := s.cut(logits, best.logit)
	return s.draw(logits, list, best.logit, allow)
}

// adjust applies the bias and the penalties.
func (s *Sampler) adjust(logits []float32) []float32 {
	o := &s.settings
	penalties := o.RepeatPenalty != 0 && o.RepeatPenalty != 1 || o.PresencePenalty != 0 || o.FrequencyPenalty != 0
	if len(o.LogitBias) == 0 && !penalties {
		return logits
	}
	s.adjusted = append(s.adjusted[:0], logits...)
	for id, bias := range o.LogitBias {
		if id >= 0 && id < len(logits) {
			s.adjusted[id] += float32(bias)
		}
	}
	if !penalties {
		return s.adjusted
	}
	repeat := float32(o.RepeatPenalty)
	if repeat == 0 {
		repeat = 1
	}
	for id, n := range s.counts {
		if id < 0 || id >= len(logits) {
			continue
		}
		v := s.adjusted[id]
		if v > 0 {
			v /= repeat
		} else {
			v *= repeat
		}
		s.adjusted[id] = v - float32(o.PresencePenalty) - float32(o.FrequencyPenalty)*float32(n)
	}
	return s.adjusted
}

// greedy selects the most likely token that is allowed, beginning with c.
func greedy(logits []float32, c candidate, allow func(id int) bool) (id int, ok bool) {
	for range maxRefusals {
		if allow == nil || allow(c.id) {
			return c.id, true
		}
		next := candidate{id: -1}
		for id, v := range logits {
			if other := (candidate{id, v}); c.before(other) && (next.id < 0 || other.before(next)) {
				next = other
			}
		}
		if next.id < 0 {
			break
		}
		c = next
	}
	return 0, false
}

// cut returns the tokens that TopK, TopP and MinP keep. It returns nil if they keep all.
func (s *Sampler) cut(logits []float32, largest float32) []candidate {
	o := &s.settings
	var list []candidate
	switch {
	case o.TopK > 0 && o.TopK < len(logits):
		list = top(logits, o.TopK)
		if o.topP() {
			var total float64
			for _, c := range list {
				total += math.Exp(float64(c.logit - largest))
			}
			list, _ = cutP(list, largest, o.TopP*total)
		}
	case o.topP():
		list = s.topP(logits, largest)
	case o.MinP > 0:
		list = above(logits, o.least(largest))
	default:
		return nil
	}
	if o.MinP > 0 {
		for i, c := range list {
			if c.logit < o.least(largest) {
				return list[:i]
			}
		}
	}
	return list
}

// least returns the lowest logit that MinP keeps.
func (o *Sampling) least(largest float32) float32 {
	return largest + float32(math.Log(min(o.MinP, 1)))
}

func (o *Sampling) topP() bool { return o.TopP > 0 && o.TopP < 1 }

// topP returns the tokens that TopP keeps. It looks at the most likely ones first, because
// sorting all of a large vocabulary takes milliseconds.
func (s *Sampler) topP(logits []float32, largest float32) []candidate {
	limit := s.settings.TopP * s.weigh(logits, largest, 1)
	for _, distance := range []float32{6, 12, 24} {
		if list, ok := cutP(above(logits, largest-distance), largest, limit); ok {
			return list
		}
	}
	list, _ := cutP(above(logits, float32(math.Inf(-1))), largest, limit)
	return list
}

// cutP returns the first tokens whose weights add up to the limit, and whether they do.
func cutP(list []candidate, largest float32, limit float64) ([]candidate, bool) {
	var sum float64
	for i, c := range list {
		if sum += math.Exp(float64(c.logit - largest)); sum >= limit {
			return list[:i+1], true
		}
	}
	return list, false
}

// weigh fills in the weights of all tokens, exp((logit − largest) / temperature), and returns
// their sum.
func (s *Sampler) weigh(logits []float32, largest float32, temperature float64) (total float64) {
	s.weights = append(s.weights[:0], logits...)
	for i, v := range s.weights {
		if v != v {
			s.weights[i] = float32(math.Inf(-1))
		}
	}
	scale := float32(1 / temperature)
	const part = 4096 // float32 sums of more lose digits
	for i := 0; i < len(s.weights); i += part {
		total += float64(s.level.ExpEach(s.weights[i:min(i+part, len(s.weights))], scale, largest*scale))
	}
	return total
}

// draw selects a token of the list at random. A nil list has all tokens.
func (s *Sampler) draw(logits []float32, list []candidate, largest float32, allow func(id int) bool) (id int, ok bool) {
	var total float64
	if list == nil {
		total = s.weigh(logits, largest, s.settings.Temperature)
	} else {
		s.weights = s.weights[:0]
		for _, c := range list {
			w := math.Exp(float64(c.logit-largest) / s.settings.Temperature)
			s.weights = append(s.weights, float32(w))
			total += float64(float32(w))
		}
	}
	for range maxRefusals {
		i := s.point(s.rng.Float64() * total)
		if i < 0 {
			return 0, false
		}
		id := i
		if list != nil {
			id = list[i].id
		}
		if allow == nil || allow(id) {
			return id, true
		}
		total -= float64(s.weights[i])
		s.weights[i] = 0
	}
	return 0, false
}

// point returns the index at which the sum of the weights exceeds p. It returns −1 if all
// weights are zero.
func (s *Sampler) point(p float64) int {
	const least = 1e-37 // exp of kernel returns at least 1e-38
	chosen := -1
	for i, w := range s.weights {
		if w < least {
			continue
		}
		chosen = i // the last one, if rounding leaves p beyond the end
		if p -= float64(w); p < 0 {
			break
		}
	}
	return chosen
}
