package middleware

import (
	"fmt"
	"runtime/debug"

	"github.com/parley-llm/parley/llm"
)

// panicked is the panic of a call that was made in a goroutine of a middleware's own. There it
// would end the program, whatever the call's caller recovers; so it is caught, and raised again in
// the caller's goroutine.
type panicked struct {
	value any
	stack []byte // of the goroutine where it was raised
}

// catch runs do, and stores its panic. That do ends its goroutine, as [testing.T.FailNow] does, counts as one.
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
			*in = &panicked{"the goroutine of the call was ended by runtime.Goexit", debug.Stack()}
		}
	}()
	do()
	returned = true
}

// traced returns the events, whose panic keeps its stack where [iter.Pull2] carries it from one
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

// Error describes the panic, with the stack of where it was raised.
func (p *panicked) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap returns the value of the panic, if it is an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}
