package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/parley-llm/parley/internal/gotype"
	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/llm"
)

// Tool is a function that a model can call. Create one with [New] or [FromSchema]. A Tool is
// immutable and safe for concurrent use, if its function is.
type Tool struct {
	definition llm.Tool
	run        func(ctx context.Context, arguments string) (llm.ToolResult, error)
	validator  *schema.Validator
	options
}

// options are the settings of a tool.
type options struct {
	serial, readOnly, needsApproval, untrusted bool
	timeout                                    time.Duration
	maxResult                                  int
}

// Option is a setting of a tool.
type Option func(*options)

// Serial runs the tool alone: no other call of the same step runs at the same time.
func Serial() Option { return func(o *options) { o.serial = true } }

// ReadOnly says that the tool has no effects. A call that was interrupted is then reported to
// the model as not finished, and not as one that may have had effects.
func ReadOnly() Option { return func(o *options) { o.readOnly = true } }

// NeedsApproval makes each call of the tool wait for an [llm.Decision]. See [Loop.Approve].
func NeedsApproval() Option { return func(o *options) { o.needsApproval = true } }

// Untrusted says that results can contain text of strangers, for example web pages. They are
// marked as data for the model. See [Loop.ApproveAfterUntrusted].
func Untrusted() Option { return func(o *options) { o.untrusted = true } }

// CallTimeout limits the duration of a call. When it has passed, the context of the call
// ends, and the model gets an error result. The loop does not wait for a function that
// ignores its context. The default is no limit other than that of the loop.
func CallTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// MaxResult limits the text of a result that is sent to the model, in bytes. Longer text is
// cut, with a note for the model. The default is 32 KiB, and a negative number means no
// limit. The program receives the whole result in [llm.EventToolEnd].
func MaxResult(bytes int) Option { return func(o *options) { o.maxResult = bytes } }

const defaultMaxResult = 32 << 10

// New returns a tool that calls a function. The name should have ASCII letters, digits,
// underscores and hyphens, at most 64 of them. The description tells the model the purpose of
// the tool and when to call it.
//
// In is a struct, or a map with string keys; the JSON Schema of the arguments follows from
// it. If In has no schema, the error names the field.
//
// The function can be called by several goroutines at the same time. Its context ends when
// the time limit of the call has passed, or when the stream is cancelled.
func New[In, Out any](name, description string, function func(ctx context.Context, in In) (Out, error), settings ...Option) (*Tool, error) {
	t := reflect.TypeFor[In]()
	parameters, err := gotype.Schema(t)
	if err != nil {
		return nil, fmt.Errorf("tool %q: the arguments: %w", name, err)
	}
	if function == nil {
		return nil, fmt.Errorf("tool %q: the function is nil", name)
	}
	lenient, err := gotype.LenientSchema(t)
	if err != nil {
		return nil, fmt.Errorf("tool %q: the arguments: %w", name, err)
	}
	return newTool(llm.Tool{Name: name, Description: description, Parameters: parameters}, lenient, func(ctx context.Context, arguments string) (llm.ToolResult, error) {
		var in In
		if err := gotype.Decode(arguments, &in); err != nil {
			return llm.ToolResult{}, Errorf("The arguments of %s cannot be used: %v", name, err)
		}
		out, err := function(ctx, in)
		if err != nil {
			return llm.ToolResult{}, err
		}
		return resultOf(out)
	}, settings)
}

// Must returns a tool, or panics if there is an error. It is for package variables:
//
//	var weather = tool.Must(tool.New("weather", "The weather in a city, now.", forecast))
func Must(t *Tool, err error) *Tool {
	if err != nil {
		panic(err)
	}
	return t
}

// FromSchema returns a tool that is known only by its JSON Schema, for example a tool of
// another server. The function receives arguments that match the schema. It may return a
// result with IsError set, whose text the model receives whole.
//
// Security: the schema may come from a stranger. Its size and its depth, and the work to
// validate arguments, are limited.
func FromSchema(definition llm.Tool, function func(ctx context.Context, arguments json.RawMessage) (llm.ToolResult, error), settings ...Option) (*Tool, error) {
	if function == nil {
		return nil, fmt.Errorf("tool %q: the function is nil", definition.Name)
	}
	return newTool(definition, definition.Parameters, func(ctx context.Context, arguments string) (llm.ToolResult, error) {
		return function(ctx, json.RawMessage(arguments))
	}, settings)
}

// newTool returns a tool whose arguments are validated by a schema.
func newTool(definition llm.Tool, parameters json.RawMessage, run func(context.Context, string) (llm.ToolResult, error), settings []Option) (*Tool, error) {
	t := &Tool{definition: definition, run: run, options: options{maxResult: defaultMaxResult}}
	if definition.Name == "" {
		return nil, fmt.Errorf("a tool has no name")
	}
	if len(parameters) == 0 {
		parameters = json.RawMessage(`{"type":"object"}`)
	}
	parsed, err := schema.Parse(parameters, schema.Limits{})
	if err != nil {
		return nil, fmt.Errorf("tool %q: %w", definition.Name, err)
	}
	if !parsed.IsObject() {
		return nil, fmt.Errorf("tool %q: the arguments are no JSON object: use a struct", definition.Name)
	}
	t.validator = parsed.Validator(schema.Options{Formats: true})
	for _, set := range settings {
		if set != nil {
			set(&t.options)
		}
	}
	if t.maxResult == 0 {
		t.maxResult = defaultMaxResult
	}
	return t, nil
}

// Name returns the name of the tool.
func (t *Tool) Name() string { return t.definition.Name }

// Definition returns the tool as it is sent to the model.
func (t *Tool) Definition() llm.Tool { return t.definition }

// Run validates arguments, which are a JSON object, and calls the function, for example in a
// test. A [Loop] adds limits and approvals.
func (t *Tool) Run(ctx context.Context, arguments string) (llm.ToolResult, error) {
	arguments, err := t.check(arguments)
	if err != nil {
		return llm.ToolResult{}, err
	}
	return t.run(ctx, arguments)
}

// check returns the arguments as JSON, or an error for the model with every problem.
func (t *Tool) check(arguments string) (string, error) {
	if blank(arguments) { // some models write nothing for a tool that needs nothing
		arguments = "{}"
	}
	if t.definition.Custom != nil {
		return arguments, nil
	}
	report := t.validator.Validate([]byte(arguments))
	if report.Valid() {
		return arguments, nil
	}
	text := fmt.Sprintf("The arguments of %s are invalid, so it was not called:\n%s", t.Name(), report)
	if parameters := t.definition.Parameters; len(parameters) > 0 && len(parameters) <= maxShownSchema {
		text += "\nThe JSON Schema of the arguments: " + string(parameters)
	}
	return "", Error(text)
}

// maxShownSchema bounds the schema that is shown to a model that wrote invalid arguments.
const maxShownSchema = 2 << 10

func blank(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
