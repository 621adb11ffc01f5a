// Package tokenspeed holds tests of how fast and how large package tokens is,
// beside other libraries:
//
//	PARLEY_SPEED=1 go test -count=1 -v ./tokenspeed
//
// Without PARLEY_SPEED they measure little and hold nothing to a time, so that
// a busy machine fails no test.
package tokenspeed
