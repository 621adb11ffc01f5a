// Package tbtest has a testing.TB for tests of test helpers.
package tbtest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Recorder is a testing.TB that records failures instead of failing the test.
type Recorder struct {
	testing.TB
	mu       sync.Mutex
	failed   bool
	log      []string
	cleanups []func()
}

// Run runs f as a separate test, with its cleanups.
func (r *Recorder) Run(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.clean()
		f()
	}()
	<-done
}

func (r *Recorder) clean() {
	for len(r.cleanups) > 0 {
		last := len(r.cleanups) - 1
		f := r.cleanups[last]
		r.cleanups = r.cleanups[:last]
		f()
	}
}

func (r *Recorder) fail(message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	r.log = append(r.log, message)
}

// Messages returns the messages of the failures.
func (r *Recorder) Messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log
}

// Failed reports whether there was a failure.
func (r *Recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// Helper does nothing.
func (r *Recorder) Helper() {}

// Cleanup adds a function that Run calls at its end.
func (r *Recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

// Error records a failure.
func (r *Recorder) Error(args ...any) { r.fail(fmt.Sprint(args...)) }

// Errorf records a failure.
func (r *Recorder) Errorf(format string, args ...any) { r.fail(fmt.Sprintf(format, args...)) }

// Fatal records a failure and ends the goroutine.
func (r *Recorder) Fatal(args ...any) { r.fail(fmt.Sprint(args...)); runtime.Goexit() }

// Fatalf records a failure and ends the goroutine.
func (r *Recorder) Fatalf(format string, args ...any) {
	r.fail(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
