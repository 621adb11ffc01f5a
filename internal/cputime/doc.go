// Package cputime measures the processor time of this process, for tests of the cost of
// an operation. The time that other programs use does not count.
package cputime
