// Package startup is what the programs under cmd/tokensize have in common: they
// report what loading an encoding takes.
package startup

import (
	"encoding/json"
	"os"
	"runtime"
	"syscall"
	"time"
)

// A Report is what a program measures of itself.
type Report struct {
	Load time.Duration // from the first mention of an encoding to its first count
	CPU  time.Duration // the same as processor time
	Heap uint64        // bytes that stay
}

// Main runs load, which gets an encoding and counts a text with it, and prints
// a [Report] as JSON.
func Main(load func()) {
	before := heap()
	cpu, start := usage(), time.Now()
	load()
	r := Report{Load: time.Since(start), CPU: usage() - cpu}
	if after := heap(); after > before {
		r.Heap = after - before
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		panic(err)
	}
}

// usage is what package cputime does, which links package testing: the programs are measured.
func usage() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
