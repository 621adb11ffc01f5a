package llama

import "context"

// Progress is the state of a long operation.
type Progress struct {
	// Stage is the operation.
	Stage Stage
	// Done and Total are bytes of the file, or tokens of the prompt. Tokens that are kept from an
	// earlier call count as done.
	Done, Total int64
}

// Stage is an operation that can take long.
type Stage string

// The stages of a call, in their order.
const (
	StageLoad   Stage = "load"   // reads the model's file
	StagePrompt Stage = "prompt" // reads the prompt
)

type progressKey struct{}

// WithProgress returns a context for calls that report their progress to f: of reading a large
// file, and of reading a prompt. f is called in the goroutine of the call, at most about every
// 50 milliseconds of work, and must return soon. Other providers ignore it.
func WithProgress(ctx context.Context, f func(Progress)) context.Context {
	return context.WithValue(ctx, progressKey{}, f)
}

// progressOf returns the function of WithProgress, or one that does nothing.
func progressOf(ctx context.Context) func(Progress) {
	if f, ok := ctx.Value(progressKey{}).(func(Progress)); ok && f != nil {
		return f
	}
	return func(Progress) {}
}
