//go:build !unix

package cputime

import "time"

var begun = time.Now()

// Used returns the elapsed time, because this system has no portable measure of processor
// time.
func Used() (time.Duration, error) { return time.Since(begun), nil }
