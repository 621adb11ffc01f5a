package tool

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-llm/parley/llm"
)

// run is one call that goes through a loop.
type run struct {
	*loopState
	call  *llm.Call
	next  llm.Handler
	yield func(llm.Event, error) bool

	stopped bool           // the consumer has stopped reading
	history []llm.Message  // as it is sent
	ended   []llm.Step     // the steps so far
	asked   int            // requests to the model
	calls   int            // calls so far
	seen    map[repeat]int // results of calls
	usage   []llm.Usage
	cost    float64
	tainted bool // there was a result of an untrusted tool
	format  bool // the next step is the one with the format
}

// repeat is a call with its result.
type repeat struct{ name, arguments, result string }

// pass sends an event. It returns false if the consumer has stopped reading.
func (r *run) pass(ev llm.Event) bool {
	r.stopped = r.stopped || !r.yield(ev, nil)
	return !r.stopped
}

// do runs the loop.
func (r *run) do(ctx context.Context) {
	if r.MaxTime > 0 {
		reason := limitError(r.call, llm.Timeout, "MaxTime", "the tool loop took longer than %v (MaxTime)", r.MaxTime)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.MaxTime, reason)
		defer cancel()
	}
	proceed, err := r.resume(ctx)
	for err == nil && proceed && !r.stopped {
		proceed, err = r.once(ctx)
	}
	if err != nil && !r.stopped {
		r.yield(llm.Event{}, r.withUsage(err))
	}
}

// withUsage returns an error with the usage of all steps.
func (r *run) withUsage(err error) error {
	usage, partial := r.usage, &llm.Response{}
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || e == nil {
		e = llm.Errorf(llm.KindOf(err), "%w", err)
	}
	if e.Partial != nil {
		partial.Raw = e.Partial.Raw
		if !e.Partial.Usage.IsZero() {
			usage = append(slices.Clip(usage), e.Partial.Usage)
		}
	}
	if len(usage) == 0 {
		return err
	}
	partial.Usage = llm.SumUsage(usage...)
	whole := *e // a copy: errors must not be modified
	whole.Partial = partial
	return &whole
}

// once makes one step. It returns false after the done event.
func (r *run) once(ctx context.Context) (proceed bool, err error) {
	if err := llm.FromContext(ctx); err != nil {
		return false, err
	}
	if r.asked >= r.maxSteps && !r.format {
		return false, limitError(r.call, "", "MaxSteps", "the model had not finished after %d steps (MaxSteps); raise the limit, or set AnswerAtLimit", r.maxSteps)
	}
	step, set, err := r.prepare(ctx)
	if err != nil {
		return false, err
	}
	if !r.startStep() {
		return false, nil
	}
	answer, err := r.ask(ctx, step)
	switch {
	case r.stopped:
		return false, nil
	case err != nil:
		if calls := answer.ToolCalls(); len(calls) > 0 {
			r.endStep(ctx, answer, unstarted(calls, "the answer of the model was cut"))
		}
		return false, err
	}
	r.charge(answer)
	calls := answer.ToolCalls()
	switch {
	case answer.FinishReason == llm.FinishLength || answer.FinishReason == llm.FinishContentFilter:
		return false, r.finish(ctx, answer, unstarted(calls, "the answer of the model was cut"))
	case step.Request.ToolChoice.Mode == llm.ToolNone:
		return false, r.finish(ctx, answer, unstarted(calls, "no tool may be called now"))
	case len(calls) == 0:
		return r.answered(ctx, answer)
	}
	return r.runCalls(ctx, answer, set)
}

// answered ends the loop after an answer without calls, or asks for the format.
func (r *run) answered(ctx context.Context, answer *llm.Response) (proceed bool, err error) {
	if !r.FormatLast || r.call.Request.Format == nil || r.format {
		return false, r.finish(ctx, answer, nil)
	}
	r.format = true
	return true, r.restart(llm.Warning{
		Code: llm.WarnChanged, Setting: "Format", Message: "the answer was requested once more in the format, without tools (tool.Loop.FormatLast)",
	})
}

// restart discards the content of the current step.
func (r *run) restart(warnings ...llm.Warning) error {
	_ = r.pass(llm.Event{Type: llm.EventReset}) && r.repeatSteps()
	for i := range warnings {
		_ = !r.stopped && r.pass(llm.Event{Type: llm.EventWarning, Detail: &warnings[i]})
	}
	return nil
}

// repeatSteps sends the ends of earlier steps again after a reset, which discards all
// content.
func (r *run) repeatSteps() bool {
	for i := range r.ended {
		step := r.ended[i]
		if !r.pass(llm.Event{Type: llm.EventStepStart, Detail: &llm.Step{N: step.N}}) || !r.pass(llm.Event{Type: llm.EventStepEnd, Detail: &step}) {
			return false
		}
	}
	return true
}

// runCalls runs the calls of an answer and ends the step.
func (r *run) runCalls(ctx context.Context, answer *llm.Response, set toolSet) (proceed bool, err error) {
	jobs, err := r.plan(ctx, answer.ToolCalls(), set, nil)
	if err != nil {
		return false, err
	}
	r.execute(ctx, jobs, r.history)
	if r.stopped {
		return false, nil
	}
	if slices.ContainsFunc(jobs, func(j *job) bool { return j.open }) {
		return false, r.finish(ctx, answer, results(jobs))
	}
	if err := r.endStep(ctx, answer, results(jobs)); err != nil {
		if errors.Is(err, ErrStop) {
			return false, r.done(answer)
		}
		return false, err
	}
	return true, r.checkLimits(jobs)
}

// checkLimits returns the error of a limit that the last step has reached.
func (r *run) checkLimits(jobs []*job) error {
	for _, j := range jobs {
		if j.overLimit {
			return limitError(r.call, "", "MaxCalls", "the model made more than %d calls (MaxCalls); raise the limit", r.maxCalls)
		}
		key := repeat{j.call.Name, j.call.Arguments, j.sent.Content}
		if r.seen == nil {
			r.seen = make(map[repeat]int)
		}
		if r.seen[key]++; r.seen[key] >= r.maxRepeats {
			return limitError(r.call, "", "MaxRepeats", "the model made the same call of %s %d times with the same result (MaxRepeats)", j.call.Name, r.seen[key])
		}
	}
	if r.MaxCost > 0 && r.cost > r.MaxCost {
		return limitError(r.call, llm.Quota, "MaxCost", "the steps cost $%.6g, more than $%.6g (MaxCost)", r.cost, r.MaxCost)
	}
	return nil
}

// charge adds the usage of an answer.
func (r *run) charge(answer *llm.Response) {
	r.usage = append(r.usage, answer.Usage)
	if r.Prices == nil {
		return
	}
	provider := answer.Provider
	if provider == "" {
		provider = r.call.Provider
	}
	prices, ok := r.Prices(provider, r.call.Model)
	if other, found := r.Prices(provider, answer.Model); found && answer.Model != "" {
		prices, ok = other, true
	}
	if ok {
		r.cost += prices.Cost(answer.Usage).Total()
	}
}

// prepare returns the next step and its tools.
func (r *run) prepare(ctx context.Context) (*Step, toolSet, error) {
	req := *r.call.Request
	req.Messages = slices.Clip(r.history)
	set := r.tools
	if mode := req.ToolChoice.Mode; r.asked > 0 && (mode == llm.ToolRequired || mode == llm.ToolNamed) {
		req.ToolChoice = llm.ToolChoice{}
	}
	if r.FormatLast && !r.format {
		req.Format = nil
	}
	if r.format || r.AnswerAtLimit && r.asked == r.maxSteps-1 {
		req.ToolChoice = llm.ToolChoice{Mode: llm.ToolNone}
	}
	step := &Step{N: len(r.ended), Request: &req, Tools: r.Tools}
	if r.BeforeStep != nil {
		step.Tools = slices.Clone(r.Tools)
		if err := r.BeforeStep(ctx, step); err != nil {
			return nil, set, err
		}
		if !slices.Equal(step.Tools, r.Tools) {
			var err error
			if set, err = newToolSet(step.Tools); err != nil {
				return nil, set, &llm.Error{Kind: llm.InvalidRequest, Message: err.Error(), Err: err}
			}
		}
	}
	own := step.Request
	own.Tools = withTools(r.call.Request.Tools, set)
	if len(own.Tools) == 0 {
		own.Tools, own.ToolChoice, own.ParallelToolCalls = nil, llm.ToolChoice{}, nil
	}
	if r.ContextTokens > 0 && r.tokens(ctx, own) > r.ContextTokens {
		if err := r.trim(ctx, own); err != nil {
			return nil, set, err
		}
	}
	if r.BeforeStep != nil || r.Trim != nil {
		if err := own.Validate(); err != nil {
			return nil, set, err
		}
	}
	return step, set, nil
}

// tokens returns the input tokens of a request, or an estimate.
func (r *run) tokens(ctx context.Context, req *llm.Request) int {
	resp, err := llm.Collect(r.next(ctx, &llm.Call{
		Op: llm.OpCountTokens, Provider: r.call.Provider, Model: r.call.Model, Request: req, Buffered: true,
	}))
	if err == nil && resp.Count != nil {
		return resp.Count.Tokens
	}
	const bytesPerToken = 4
	bytes := 0
	for _, m := range req.Messages {
		for _, part := range m.Parts {
			switch p := part.(type) {
			case llm.Text:
				bytes += len(p.Text)
			case llm.Reasoning:
				bytes += len(p.Text)
			case llm.ToolCall:
				bytes += len(p.Name) + len(p.Arguments)
			case llm.ToolResult:
				bytes += textSize(p)
			}
		}
	}
	return bytes / bytesPerToken
}

// trim shortens the history.
func (r *run) trim(ctx context.Context, req *llm.Request) error {
	messages, err := r.Trim(ctx, slices.Clone(req.Messages))
	if err != nil {
		return err
	}
	r.history, req.Messages = slices.Clip(messages), slices.Clip(messages)
	return nil
}

// ask sends a step, and passes the events on.
func (r *run) ask(ctx context.Context, step *Step) (*llm.Response, error) {
	r.asked++
	for trimmed := false; ; trimmed = true {
		answer, err := r.attempt(ctx, step)
		if err == nil || r.stopped || trimmed || r.Trim == nil || !errors.Is(err, llm.ContextLength) || len(answer.Messages) > 0 {
			return answer, err
		}
		if err := r.trim(ctx, step.Request); err != nil {
			return answer, err
		}
	}
}

func (r *run) attempt(ctx context.Context, step *Step) (*llm.Response, error) {
	own := *r.call
	own.Request = step.Request
	return llm.Collect(func(collect func(llm.Event, error) bool) {
		r.next(ctx, &own)(func(ev llm.Event, err error) bool {
			switch {
			case err != nil || ev.Type == llm.EventDone: // the loop has its own end
			case ev.Type == llm.EventReset: // of this step only
				if !r.pass(ev) || !r.repeatSteps() || !r.startStep() {
					return false
				}
			case !r.pass(ev):
				return false
			}
			return collect(ev, err)
		})
	})
}

// startStep sends the start of a step.
func (r *run) startStep() bool {
	return r.pass(llm.Event{Type: llm.EventStepStart, Detail: &llm.Step{N: len(r.ended)}})
}

// endStep ends a step that added the messages of an answer, which may be nil, and results.
func (r *run) endStep(ctx context.Context, answer *llm.Response, results []llm.Part) error {
	step := llm.Step{N: len(r.ended)}
	if answer != nil {
		step.Messages, step.Usage, step.FinishReason = slices.Clip(answer.Messages), answer.Usage, answer.FinishReason
	}
	if len(results) > 0 {
		step.Messages = append(step.Messages, llm.Message{Role: llm.RoleTool, Parts: results})
	}
	r.ended = append(r.ended, step)
	r.history = joined(append(slices.Clip(r.history), step.Messages...))
	if r.pass(llm.Event{Type: llm.EventStepEnd, Detail: &step}) && r.AfterStep != nil {
		return r.AfterStep(ctx, &step)
	}
	return nil
}

// finish ends the last step and the stream.
func (r *run) finish(ctx context.Context, answer *llm.Response, results []llm.Part) error {
	if err := r.endStep(ctx, answer, results); err != nil && !errors.Is(err, ErrStop) {
		return err
	}
	return r.done(answer)
}

// done ends the stream.
func (r *run) done(answer *llm.Response) error {
	done := &llm.Done{FinishReason: llm.FinishToolCalls, Usage: llm.SumUsage(r.usage...)}
	if answer != nil {
		done.FinishReason, done.RawFinishReason, done.Raw = answer.FinishReason, answer.RawFinishReason, answer.Raw
	}
	r.pass(llm.Event{Type: llm.EventDone, Detail: done})
	return nil
}
