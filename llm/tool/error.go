package tool

import (
	"errors"
	"fmt"

	"github.com/parley-llm/parley/llm"
)

// Error returns an error whose text the model receives, for example to tell it that a city is
// not known. The text of any other error stays in the program, because it may contain
// secrets.
func Error(text string) error { return &toolError{text: text} }

// Errorf is [Error] with a formatted text. The verb %w wraps an error for the program; its
// text reaches the model.
func Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &toolError{text: err.Error(), err: err}
}

type toolError struct {
	text string
	err  error
}

func (e *toolError) Error() string { return e.text }
func (e *toolError) Unwrap() error { return e.err }

// ErrStop ends a loop without an error if [Loop.AfterStep] returns it. The answer is that of
// the step.
var ErrStop = errors.New("tool: stop the loop")

// LimitError is the reason why a [Loop] stopped before the model had finished. The
// [llm.Error] that a program gets wraps it, and has all messages and the usage in Partial.
type LimitError struct {
	// Limit is the name of the setting, for example "MaxSteps".
	Limit string
	// Message describes the limit and the correction.
	Message string
}

// Error returns the message.
func (e *LimitError) Error() string { return e.Message }

// DecisionError is a history whose decisions cannot be used. Nothing was run.
type DecisionError struct {
	// CallID is the id of the call.
	CallID string
	// Message describes the problem and the correction.
	Message string
}

// Error returns the message.
func (e *DecisionError) Error() string { return e.Message }

// PanicError is a panic of a tool. It is in [llm.ToolEnd.Err]. The model is told only that
// the tool failed unexpectedly.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the value of the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("the tool panicked: %v", e.Value) }

// ErrTimeout is in [llm.ToolEnd.Err] if the time limit of a call has passed.
var ErrTimeout = errors.New("tool: the time limit of the call has passed (CallTimeout)")

// ErrAbandoned is in [llm.ToolEnd.Err] if a function did not return after its context had
// ended. Its goroutine is still running.
var ErrAbandoned = errors.New("tool: the function ignores the end of its context, and is still running")

// limitError returns the error of a loop that a limit has stopped.
func limitError(call *llm.Call, kind llm.Kind, limit, format string, args ...any) error {
	reason := &LimitError{limit, fmt.Sprintf(format, args...)}
	return &llm.Error{Kind: kind, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: reason.Message, Err: reason}
}

// decisionError returns the error of a loop that cannot be resumed.
func decisionError(call *llm.Call, id, format string, args ...any) error {
	reason := &DecisionError{id, fmt.Sprintf(format, args...)}
	return &llm.Error{Kind: llm.InvalidRequest, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: reason.Message, Err: reason}
}

// textOf returns the text of a failed call for the model.
func textOf(err error) string {
	if own, ok := errors.AsType[*toolError](err); ok {
		return own.text
	}
	if _, ok := errors.AsType[*PanicError](err); ok {
		return "The tool failed unexpectedly."
	}
	if kind := llm.KindOf(err); kind != "" {
		return "The tool failed: " + kind.Error() + "."
	}
	return "The tool failed."
}
