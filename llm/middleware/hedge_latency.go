package middleware

import (
	"slices"
	"sync"
	"time"
)

// latency has the last times to the first content of a model, and the number of second
// requests that may be sent.
type latency struct {
	mu      sync.Mutex
	samples []time.Duration
	oldest  int     // index in samples, if the window is full
	savings float64 // second requests that may be sent
}

// minSamples is the number of answers after which a slow answer can be recognized.
const minSamples = 20

// maxSavings is the maximum number of second requests in a row.
const maxSavings = 10

// slow returns the time after which an answer is slow, if that is known, and adds the share
// of a call to the savings.
func (l *latency) slow(quantile float64, initial time.Duration, share float64) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.savings = min(l.savings+share, maxSavings)
	if len(l.samples) < minSamples {
		return initial, initial > 0
	}
	sorted := slices.Sorted(slices.Values(l.samples))
	return sorted[int(quantile*float64(len(sorted)))], true
}

// pay reports whether a second request may be sent, and subtracts it from the savings.
func (l *latency) pay() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	const rounding = 1e-9
	if l.savings < 1-rounding {
		return false
	}
	l.savings--
	return true
}

func (l *latency) add(took time.Duration, window int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.samples) < window {
		l.samples = append(l.samples, took)
		return
	}
	l.samples[l.oldest] = took
	l.oldest = (l.oldest + 1) % window
}
