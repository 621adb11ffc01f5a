package middleware

// A tool loop must be outside of the pieces that repeat, limit or answer calls, because these
// are for each of its steps. InsideLoop marks them: a loop that is inside one of them refuses
// every call. See github.com/parley-llm/parley/llm/tool.Loop.

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Cache) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Timeout) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Trim) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Budget) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Resume) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Fallback) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Retry) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Hedge) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Balance) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Breaker) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*RateLimit) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing.
func (*Concurrency) InsideLoop() {}

// InsideLoop marks middleware that must be inside a tool loop. It does nothing. A chain with a
// loop has it in the field Loop.
func (*Chain) InsideLoop() {}
