package growthtest

import (
	"runtime"
	"runtime/debug"
	"time"
)

// Peak returns the largest amount of live memory while f runs, in addition to the memory
// before.
func Peak(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // little garbage between two collections
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, top := make(chan bool), make(chan uint64)
	go func() {
		var most uint64
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			select {
			case <-stop:
				top <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	return max(<-top, before.HeapAlloc) - before.HeapAlloc
}
