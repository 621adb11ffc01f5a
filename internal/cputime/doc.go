// Package cputime reads how long this process has used processors, for tests of
// what things cost: what other programs do beside it does not count.
package cputime
