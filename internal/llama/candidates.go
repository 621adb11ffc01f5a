package llama

import (
	"cmp"
	"math"
	"slices"
)

// candidate is a token that may be selected.
type candidate struct {
	id    int
	logit float32
}

// before reports whether c is more likely than d, or as likely with a lower id. It is false
// if one of the logits is no number.
func (c candidate) before(d candidate) bool {
	return c.logit > d.logit || c.logit == d.logit && c.id < d.id
}

// compare orders candidates, the most likely one first.
func compare(c, d candidate) int {
	return cmp.Or(cmp.Compare(d.logit, c.logit), cmp.Compare(c.id, d.id))
}

// most returns the most likely token, and false if no logit is a number above −∞.
func most(logits []float32) (candidate, bool) {
	best := candidate{id: -1, logit: float32(math.Inf(-1))}
	for id, v := range logits {
		if v > best.logit {
			best = candidate{id, v}
		}
	}
	return best, best.id >= 0
}

// top returns the n most likely tokens, the most likely one first.
func top(logits []float32, n int) []candidate {
	n = min(n, len(logits))
	if n <= 0 {
		return nil
	}
	// The list grows to twice the number and is cut down again. The last one that is left
	// then is a lower bound for the rest.
	list := make([]candidate, 0, 2*n)
	bound := float32(math.Inf(-1))
	for id, v := range logits {
		if !(v > bound) {
			continue
		}
		if list = append(list, candidate{id, v}); len(list) == cap(list) {
			slices.SortFunc(list, compare)
			list = list[:n]
			bound = list[n-1].logit
		}
	}
	slices.SortFunc(list, compare)
	return list[:min(n, len(list))]
}

// above returns the tokens with logits of at least the limit, the most likely one first.
func above(logits []float32, limit float32) []candidate {
	var list []candidate
	for id, v := range logits {
		if v >= limit && v > float32(math.Inf(-1)) {
			list = append(list, candidate{id, v})
		}
	}
	slices.SortFunc(list, compare)
	return list
}

// Logprob is a token with the natural logarithm of its probability.
type Logprob struct {
	ID      int
	Logprob float64
}

// Logprobs returns the log probability of a token, and those of the n most likely tokens, by
// the model's own logits: before penalties, temperature and the other settings of sampling.
func Logprobs(logits []float32, id, n int) (chosen Logprob, likely []Logprob) {
	chosen = Logprob{ID: id, Logprob: math.Inf(-1)}
	best, ok := most(logits)
	if !ok {
		return chosen, nil
	}
	var total float64
	for _, v := range logits {
		if v == v {
			total += math.Exp(float64(v - best.logit))
		}
	}
	norm := float64(best.logit) + math.Log(total)
	for _, c := range top(logits, n) {
		likely = append(likely, Logprob{ID: c.id, Logprob: float64(c.logit) - norm})
	}
	if id >= 0 && id < len(logits) && logits[id] == logits[id] {
		chosen.Logprob = float64(logits[id]) - norm
	}
	return chosen, likely
}
