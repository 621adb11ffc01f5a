package tool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Loop is middleware that runs tools. It sends a request, runs the calls of the answer, sends
// the request again with the results, and repeats this until the model answers without calls.
//
// Loop must be outside all middleware that repeats, limits or caches calls, because these are
// for each step. Only logging and telemetry are outside of it. Add it with
// [llm.WithOuterMiddleware], or set it as the field Loop of a middleware.Chain. In a wrong
// order, every call fails and the error names the order.
//
// All steps are one stream: [llm.EventStepStart], the events of the model, an
// [llm.EventToolStart] and an [llm.EventToolEnd] for each call that runs, and
// [llm.EventStepEnd] with the messages and the usage of the step. [llm.EventDone] has the sum
// of the usage. Append [llm.Response.Messages] to the history.
//
// Calls of one answer run at the same time, except those of tools made with [Serial]. Their
// results are sent in the order of the calls. These calls do not run, and the model gets an
// error result: calls of an unknown tool, calls with invalid arguments, and all calls of an
// answer that was cut by a token limit or a content filter. Tools are never retried.
//
// However the loop ends, the history can be sent again, because every call has a result. If a
// call did not finish, its result says that it was not started, or that it may have had
// effects. Two cases are different. Calls that wait for approval are left open. If the
// program leaves the range early, use [llm.CloseCalls].
//
// A forced [llm.ToolChoice] is for the first step only.
//
// A Loop is safe for concurrent use. Do not copy it or change its fields after the first
// call.
type Loop struct {
	// Tools are the tools, with different names. They are added to the tools of the request.
	// Calls of tools that only the request has are left open for the program, as are calls
	// that wait for approval.
	Tools []*Tool

	// MaxSteps limits the requests to the model. The default is 8. Use [Unlimited] for no
	// limit. When the limit is reached, the call fails with a [LimitError], and
	// [llm.Error.Partial] has all messages. See also AnswerAtLimit.
	MaxSteps int
	// AnswerAtLimit makes the last step that MaxSteps allows an answer without calls: it is
	// sent with the tool choice "none".
	AnswerAtLimit bool
	// MaxParallel limits the calls that run at the same time. The default is 8.
	MaxParallel int
	// MaxCalls limits the calls of all steps. The default is no limit.
	MaxCalls int
	// MaxRepeats limits how often the same call has the same result: the same tool, arguments
	// and result. The default is 3. Use [Unlimited] for no limit.
	MaxRepeats int
	// MaxTime limits the time of the whole loop. The default is no limit other than that of
	// the context.
	MaxTime time.Duration
	// MaxCost limits the cost of all steps in US dollars. It needs Prices. The loop stops
	// after the step that exceeds it.
	MaxCost float64
	// Prices returns the prices of a model, and false if they are not known. A model without
	// known prices costs nothing.
	Prices func(provider, model string) (llm.Prices, bool)
	// MaxResults limits the text of all results of one step, in bytes. The limit is divided
	// among its calls. The default is 128 KiB. Use [Unlimited] for no limit. See also
	// [MaxResult].
	MaxResults int

	// Approve decides on a call of a tool made with [NeedsApproval], for example by asking
	// the user. It returns call.Approve() or call.Deny(reason), or false to leave the call
	// open: the stream then ends, and continues when the history has a decision. If nil, such
	// calls are always left open. It is called in the goroutine that ranges over the stream.
	Approve func(ctx context.Context, call llm.ToolCall) (llm.Decision, bool)
	// NeedsApproval, if not nil, adds calls that need approval to those of tools made with
	// the option of the same name.
	NeedsApproval func(ctx context.Context, call llm.ToolCall) bool
	// ApproveAfterUntrusted makes every call that is not [ReadOnly] need approval after an
	// [Untrusted] result, also one of an earlier turn.
	ApproveAfterUntrusted bool
	// ApprovalSecret, if set, makes decisions in the history valid only with the signature
	// that [Sign] returns. Use it if the history passes through a browser.
	ApprovalSecret llm.Secret
	// Claim, if not nil, is called before an approved call of the history runs. If it returns
	// an error, nothing runs. Use it to refuse a second resumption, for example by a version
	// of the conversation in a store.
	Claim func(ctx context.Context, call llm.ToolCall) error

	// ContextTokens is the number of input tokens above which Trim is called before a step.
	// Zero calls Trim only after the server refused a step because of its length.
	ContextTokens int
	// Trim returns the messages that fit. See middleware.Trim, which can be used inside the
	// loop in place of it. The messages of the response are not affected.
	Trim func(ctx context.Context, messages []llm.Message) ([]llm.Message, error)

	// FormatLast sends the format of the request only with one more step after the last
	// answer, without calls. It is for models that cannot use tools and a format together.
	FormatLast bool

	// BeforeStep can change a step before it is sent. An error ends the loop.
	BeforeStep func(ctx context.Context, step *Step) error
	// BeforeCall can prevent a call: the model gets the error, as that of a tool. It is
	// called in the goroutine that ranges over the stream.
	BeforeCall func(ctx context.Context, call llm.ToolCall) error
	// AfterStep receives each step with its messages. An error ends the loop. [ErrStop] ends
	// it successfully.
	AfterStep func(ctx context.Context, step *llm.Step) error

	once  sync.Once
	state *loopState
	err   error
}

// Unlimited is the value of a limit that means no limit.
const Unlimited = -1

// Step is a step that is about to be sent. [Loop.BeforeStep] may change its fields.
type Step struct {
	// N is the number of the step, counted from 0.
	N int
	// Request is the request. Its fields can be set. Do not write into its slices.
	Request *llm.Request
	// Tools are the tools of this step. Request.Tools follows from them.
	Tools []*Tool
}

// loopState is a Loop in use: its settings with defaults.
type loopState struct {
	*Loop
	tools                                                   toolSet
	maxSteps, maxParallel, maxCalls, maxRepeats, maxResults int
}

// toolSet is the tools of a step.
type toolSet struct {
	byName      map[string]*Tool
	definitions []llm.Tool
}

// newToolSet returns the set of tools, in the order of their names, so that prompt caches
// find them again.
func newToolSet(tools []*Tool) (toolSet, error) {
	set := toolSet{byName: make(map[string]*Tool, len(tools))}
	for i, t := range tools {
		switch {
		case t == nil:
			return set, fmt.Errorf("tool.Loop: Tools[%d] is nil", i)
		case set.byName[t.Name()] != nil:
			return set, fmt.Errorf("tool.Loop: two tools have the name %q", t.Name())
		}
		set.byName[t.Name()] = t
		set.definitions = append(set.definitions, t.Definition())
	}
	slices.SortFunc(set.definitions, func(a, b llm.Tool) int { return strings.Compare(a.Name, b.Name) })
	return set, nil
}

// Validate returns an error that names every invalid field.
func (l *Loop) Validate() error {
	_, err := l.open()
	return err
}

func (l *Loop) open() (*loopState, error) {
	s := &loopState{Loop: l}
	var errs []error
	var err error
	if s.tools, err = newToolSet(l.Tools); err != nil {
		errs = append(errs, err)
	}
	limit := func(name string, value, otherwise int) int {
		switch {
		case value < Unlimited:
			errs = append(errs, fmt.Errorf("tool.Loop: %s is %d; use tool.Unlimited for no limit", name, value))
		case value == Unlimited:
			return int(^uint(0) >> 1)
		case value > 0:
			return value
		}
		return otherwise
	}
	s.maxSteps = limit("MaxSteps", l.MaxSteps, 8)
	s.maxParallel = limit("MaxParallel", l.MaxParallel, 8)
	s.maxCalls = limit("MaxCalls", l.MaxCalls, int(^uint(0)>>1))
	s.maxRepeats = limit("MaxRepeats", l.MaxRepeats, 3)
	s.maxResults = limit("MaxResults", l.MaxResults, 128<<10)
	if l.MaxTime < 0 {
		errs = append(errs, fmt.Errorf("tool.Loop: MaxTime is %v; it must not be negative", l.MaxTime))
	}
	if !(l.MaxCost >= 0) || l.MaxCost > 0 && l.Prices == nil {
		errs = append(errs, fmt.Errorf("tool.Loop: MaxCost is %v; it must not be negative, and needs Prices", l.MaxCost))
	}
	if l.ContextTokens < 0 || l.ContextTokens > 0 && l.Trim == nil {
		errs = append(errs, fmt.Errorf("tool.Loop: ContextTokens is %d; it must not be negative, and needs Trim", l.ContextTokens))
	}
	if len(errs) > 0 {
		joined := errors.Join(errs...)
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: strings.ReplaceAll(joined.Error(), "\n", "; "), Err: joined}
	}
	return s, nil
}

// Wrap implements [llm.Middleware].
func (l *Loop) Wrap(next llm.Handler) llm.Handler {
	return func(ctx context.Context, call *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			l.once.Do(func() { l.state, l.err = l.open() })
			err := l.err
			if err == nil {
				err = call.Validate()
			}
			if err != nil {
				yield(llm.Event{}, err)
				return
			}
			switch call.Op {
			case llm.OpChat:
				(&run{loopState: l.state, call: call, next: next, yield: yield}).do(ctx)
			case llm.OpCountTokens:
				counted := call.Clone()
				counted.Request.Tools = withTools(call.Request.Tools, l.state.tools)
				next(ctx, counted)(yield)
			default:
				next(ctx, call)(yield)
			}
		}
	}
}

// CheckOrder reports a wrong order: outer is middleware outside of the loop.
func (l *Loop) CheckOrder(outer llm.Middleware) error {
	inner, ok := outer.(interface{ InsideLoop() })
	if !ok {
		return nil
	}
	name := strings.TrimPrefix(fmt.Sprintf("%T", inner), "*")
	return llm.Errorf(llm.InvalidRequest, "tool.Loop is inside %s, which could run tools twice: add the loop with llm.WithOuterMiddleware, "+
		"or set the field Loop of middleware.Chain; only Log and telemetry are outside of it", name)
}

// withTools returns the tools of a request and of the loop. A tool of the loop replaces one
// of the request with the same name.
func withTools(own []llm.Tool, set toolSet) []llm.Tool {
	if len(own) == 0 {
		return set.definitions
	}
	all := slices.Clone(set.definitions)
	for _, t := range own {
		if set.byName[t.Name] == nil {
			all = append(all, t)
		}
	}
	return all
}
