package structured

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/gotype"
	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/llm"
)

// shape is a type with its schemas.
type shape struct {
	name      string
	schema    []byte
	validator *schema.Validator
	arguments *schema.Translation // the schema as that of a tool's arguments
}

func shapeOf(t reflect.Type, name string) (*shape, error) {
	raw, err := gotype.Schema(t)
	if err != nil {
		return nil, invalid("the type has no JSON Schema: %w", err)
	}
	lenient, err := gotype.LenientSchema(t)
	if err != nil {
		return nil, invalid("the type has no JSON Schema: %w", err)
	}
	parsed, err := schema.Parse(raw, schema.Limits{})
	if err != nil {
		return nil, invalid("%w", err)
	}
	forAnswers, err := schema.Parse(lenient, schema.Limits{})
	if err != nil {
		return nil, invalid("%w", err)
	}
	profile, _ := schema.ProfileNamed("openai-tools")
	arguments, err := parsed.For(profile)
	if err != nil {
		return nil, invalid("%w", err)
	}
	if name == "" {
		name = formatName(t)
	}
	return &shape{name, raw, forAnswers.Validator(schema.Options{Formats: true}), arguments}, nil
}

func invalid(format string, args ...any) error {
	return llm.Errorf(llm.InvalidRequest, "structured: "+format, args...)
}

// formatName returns the name of a type in the letters that all servers accept.
func formatName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	name = strings.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || r < 0x80 && 'a' <= r|0x20 && r|0x20 <= 'z' {
			return r
		}
		return -1
	}, name)
	if name == "" {
		return "answer"
	}
	return name[:min(len(name), 64)]
}

// get asks for the value, with repairs and steps down. each, if not nil, receives the parts.
func (a *Answer[T]) get(each func(T) bool) (value T, err error) {
	a.resp = nil
	if a.req == nil {
		return value, invalid("the request is nil")
	}
	shape, err := shapeOf(reflect.TypeFor[T](), a.name)
	if err != nil {
		return value, err
	}
	asking := &asking[T]{Answer: a, shape: shape, each: each, messages: a.req.Messages}
	return asking.run()
}

// asking is the state of one value.
type asking[T any] struct {
	*Answer[T]
	shape    *shape
	each     func(T) bool
	messages []llm.Message
	usage    []llm.Usage
	warnings []llm.Warning
	repaired int
	last     *reading[T]
}

// errStopped says that the consumer has stopped reading.
var errStopped = errors.New("stopped")

func (a *asking[T]) run() (value T, err error) {
	for {
		resp, err := a.ask()
		switch {
		case errors.Is(err, errStopped):
			return value, err
		case err != nil && a.rung < Prompt && cannot(err):
			a.stepDown(err)
			continue
		case llm.KindOf(err) == llm.ContentFilter:
			return value, a.problem(Filtered, "", nil, &llm.Response{})
		case err != nil:
			return value, err
		}
		text := a.text(resp)
		a.resp = a.whole(resp, text)
		switch {
		case resp.Refusal() != "":
			return value, a.problem(Refused, text, nil, resp)
		case resp.FinishReason == llm.FinishContentFilter:
			return value, a.problem(Filtered, text, nil, resp)
		case resp.FinishReason == llm.FinishLength:
			return value, a.problem(Cut, text, nil, resp)
		}
		value, findings := a.check(text)
		if len(findings) == 0 {
			return value, nil
		}
		if a.repaired >= a.repairs {
			return value, a.problem(Invalid, text, findings, resp)
		}
		a.repaired++
		a.repair(resp, text, findings)
	}
}

// cannot reports whether an error says that the backend does not have a way to ask.
func cannot(err error) bool {
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || e == nil || e.Partial != nil && len(e.Partial.Messages) > 0 {
		return false
	}
	refused := e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity
	return e.Kind == llm.Unsupported || e.Kind == llm.InvalidRequest && refused
}

// stepDown continues with the next way to ask.
func (a *asking[T]) stepDown(err error) {
	from := a.rung
	a.rung++
	a.warnings = append(a.warnings, llm.Warning{
		Code: llm.WarnChanged, Setting: "Format",
		Message: fmt.Sprintf("the backend cannot use %v, so %v was used: %v", from, a.rung, err),
	})
}

// request returns the request in the current way.
func (a *asking[T]) request() *llm.Request {
	req := *a.req
	req.Messages = slices.Clip(a.messages)
	req.Format = nil
	switch a.rung {
	case Native:
		req.Format = &llm.Format{Schema: a.shape.schema, Name: a.shape.name, Strict: new(true)}
	case Tool:
		req.Tools = append(slices.Clip(req.Tools), llm.Tool{
			Name: a.toolName(), Description: "Call this tool with the final answer.", Parameters: a.shape.arguments.Schema, Strict: new(true),
		})
		req.ToolChoice = llm.ToolChoice{Mode: llm.ToolNamed, Name: a.toolName()}
	case Prompt:
		text := "Answer with one JSON value that matches this JSON Schema, and with nothing else: no explanation and no code fence.\n" + string(a.shape.schema)
		req.Messages = append([]llm.Message{llm.System(text)}, req.Messages...)
	}
	return &req
}

// toolName returns the name of the tool whose arguments are the answer.
func (a *asking[T]) toolName() string {
	name := a.shape.name
	for slices.ContainsFunc(a.req.Tools, func(t llm.Tool) bool { return t.Name == name }) {
		name += "_"
	}
	return name
}

// ask sends the request.
func (a *asking[T]) ask() (*llm.Response, error) {
	model := a.model
	if setting := [...]string{"Format", "ToolChoice", ""}[a.rung]; setting != "" {
		model = model.With(llm.WithMiddleware(refuseWarning(setting)))
	}
	a.last = newReading(a)
	if a.each == nil {
		resp, err := model.Generate(a.ctx, a.request())
		if resp != nil {
			a.usage = append(a.usage, resp.Usage)
		}
		return resp, err
	}
	s := model.Stream(a.ctx, a.request())
	for ev, err := range s.Events() {
		if err != nil {
			return nil, err
		}
		if !a.last.take(ev) {
			return nil, errStopped
		}
	}
	resp := s.Response()
	a.usage = append(a.usage, resp.Usage)
	return resp, nil
}

// refuseWarning returns middleware that fails a call if a warning says that a setting was not
// sent. It is nearest to the provider, so that the call ends before it costs much.
func refuseWarning(setting string) llm.Middleware {
	return llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				var refused *llm.Warning
				next(ctx, call)(func(ev llm.Event, err error) bool {
					if w, ok := ev.Detail.(*llm.Warning); ok && w.Setting == setting && (w.Code == llm.WarnChanged || w.Code == llm.WarnUnsupported) {
						refused = w
						return false
					}
					return yield(ev, err)
				})
				if refused != nil {
					yield(llm.Event{}, &llm.Error{Kind: llm.Unsupported, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: refused.String()})
				}
			}
		}
	})
}

// text returns the JSON of an answer.
func (a *asking[T]) text(resp *llm.Response) string {
	if a.rung == Tool {
		for _, call := range resp.ToolCalls() {
			if call.Name == a.toolName() {
				return a.arguments(call.Arguments)
			}
		}
		for _, call := range resp.IncompleteCalls {
			if call.Name == a.toolName() {
				return a.arguments(call.Arguments)
			}
		}
	}
	if a.rung == Native {
		return resp.Text()
	}
	return onlyValue(resp.Text())
}

// arguments returns the answer in the arguments of a call.
func (a *asking[T]) arguments(text string) string {
	if s := a.shape.arguments.Stream(); s != nil {
		return s.Write(text) + s.Close()
	}
	return text
}

// check validates an answer and decodes it.
func (a *asking[T]) check(text string) (value T, findings []string) {
	report := a.shape.validator.Validate([]byte(text))
	for _, f := range report.Findings {
		findings = append(findings, f.String())
	}
	if report.More {
		findings = append(findings, "There are more problems than are listed here.")
	}
	if len(findings) > 0 {
		return value, findings
	}
	if err := gotype.Decode(text, &value); err != nil {
		return value, []string{err.Error()}
	}
	if v, ok := any(&value).(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return value, []string{err.Error()}
		}
	}
	return value, nil
}

// repair adds an invalid answer and its problems to the conversation.
func (a *asking[T]) repair(resp *llm.Response, text string, findings []string) {
	problems := "The answer is invalid:\n" + strings.Join(findings, "\n") + "\nWrite the whole answer again, corrected."
	messages := slices.Clip(a.messages)
	calls := resp.ToolCalls()
	if a.rung != Tool || len(calls) == 0 {
		messages = append(messages, resp.Messages...)
		if len(resp.Messages) == 0 {
			messages = append(messages, llm.Assistant(text))
		}
		a.messages = append(messages, llm.User(problems))
		return
	}
	results := make([]llm.ToolResult, len(calls))
	for i, call := range calls {
		results[i] = llm.ToolResult{CallID: call.ID, Name: call.Name, Content: problems, IsError: true}
	}
	a.messages = append(append(messages, resp.Messages...), llm.ToolResults(results...))
}

// whole returns the response for the program: the answer as text, and the usage and warnings
// of all requests.
func (a *asking[T]) whole(resp *llm.Response, text string) *llm.Response {
	own := *resp
	own.Usage = llm.SumUsage(a.usage...)
	own.Warnings = slices.Concat(a.warnings, resp.Warnings)
	if a.rung == Tool && len(own.Messages) > 0 {
		own.Messages = slices.Clone(own.Messages)
		last := &own.Messages[len(own.Messages)-1]
		parts := slices.DeleteFunc(slices.Clone(last.Parts), func(part llm.Part) bool {
			call, ok := part.(llm.ToolCall)
			return ok && call.Name == a.toolName()
		})
		last.Parts = append(parts, llm.Text{Text: text})
		own.FinishReason = llm.FinishStop
		if resp.FinishReason == llm.FinishLength || resp.FinishReason == llm.FinishContentFilter {
			own.FinishReason = resp.FinishReason
		}
	}
	return &own
}

func (a *asking[T]) problem(reason Reason, raw string, findings []string, resp *llm.Response) error {
	return &Error{
		Reason: reason, Raw: raw, Findings: findings, Usage: llm.SumUsage(a.usage...), Response: resp,
		NotEnforced: a.rung == Prompt || slices.ContainsFunc(resp.Warnings, func(w llm.Warning) bool { return strings.HasPrefix(w.Setting, "Format") || w.Setting == "Tools" }),
	}
}
