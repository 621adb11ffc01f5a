// Package tokenspeed contains tests that compare the speed and the size of package tokens
// with other libraries:
//
//	PARLEY_SPEED=1 go test -count=1 -v ./tokenspeed
//
// Without PARLEY_SPEED they measure briefly and do not check times, so that they do not
// fail on a busy machine.
package tokenspeed
