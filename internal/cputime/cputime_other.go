//go:build !unix

package cputime

import "time"

var begun = time.Now()

// Used returns the time that has passed, where there is no better measure.
func Used() (time.Duration, error) { return time.Since(begun), nil }
