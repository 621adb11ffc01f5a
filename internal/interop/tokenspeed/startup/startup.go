// Package startup is the common code of the programs in cmd/tokensize. They report the
// cost of loading an encoding.
package startup

import (
	"encoding/json"
	"os"
	"runtime"
	"syscall"
	"time"
)

// A Report is a program's measurement of itself.
type Report struct {
	Load time.Duration // wall time from the first use of an encoding to its first count
	CPU  time.Duration // processor time of the same
	Heap uint64        // bytes that remain allocated
}

// Main calls load, which must get an encoding and count a text with it. Then it prints a
// [Report] as JSON.
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

// usage returns the processor time of this process. It does not use package cputime,
// because that links package testing and would change the size of the measured programs.
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
