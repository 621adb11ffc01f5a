package middleware

import (
	"fmt"
	"runtime/debug"

	"github.com/parley-llm/parley/llm"
)

// panicked is a panic in a goroutine that a piece of middleware started. A panic there would
// end the program, even if the caller recovers panics. So it is caught and raised again in
// the goroutine of the caller.
type panicked struct {
	value any
	stack []byte // of the goroutine of the panic
}

// catch runs do and stores its panic. It treats runtime.Goexit, which testing.T.FailNow
// calls, as a panic.
func catch(in **panicked, do func()) {
	returned := false
	defer func() {
		value := recover()
		already, ok := value.(*panicked)
		switch {
		case ok:
			*in = already
		case value != nil:
			*in = &panicked{value, debug.Stack()}
		case !returned:
			*in = &panicked{"runtime.Goexit ended the goroutine of the call", debug.Stack()}
		}
	}()
	do()
	returned = true
}

// traced returns events whose panics keep their stack when [iter.Pull2] moves them from one
// goroutine to another.
func traced(events llm.Events) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		var p *panicked
		catch(&p, func() { events(yield) })
		if p != nil {
			panic(p)
		}
	}
}

// Error returns the value of the panic and its stack.
func (p *panicked) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap returns the value of the panic if it is an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}
