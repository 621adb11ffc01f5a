//go:build unix

package cputime

import (
	"syscall"
	"time"
)

// Used returns the time that this process has used processors, in its own code and the
// kernel's, its garbage collector included.
func Used() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
