package tool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// job is one call of an answer.
type job struct {
	call   llm.ToolCall
	number int
	tool   *Tool

	arguments string // checked
	edited    bool   // by a decision
	ready     bool   // may run
	open      bool   // waits for the program
	overLimit bool

	started  time.Time
	cancel   context.CancelFunc
	ctx      context.Context
	timer    *time.Timer
	finished bool

	whole llm.ToolResult // as the tool returned it
	err   error
	sent  llm.ToolResult // as the model gets it
}

// decisionOf has the decisions of a history by the number of the call.
type decisionOf map[int]llm.Decision

// plan decides for each call if it runs, fails or stays open. decided is nil for the calls of
// a new answer; otherwise only the calls in it run.
func (r *run) plan(ctx context.Context, calls []llm.ToolCall, set toolSet, decided decisionOf) ([]*job, error) {
	type key struct{ id, name string }
	waiting := map[key]bool{} // results are paired by position: later calls must wait too
	jobs := make([]*job, len(calls))
	for i, call := range calls {
		j := &job{call: call, number: i, tool: set.byName[call.Name], arguments: call.Arguments}
		jobs[i] = j
		decision, isDecided := decided[i]
		switch {
		case decided != nil && !isDecided, waiting[key{call.ID, call.Name}]:
			j.open = true
		case j.tool == nil && r.isExternal(call.Name):
			j.open = true
		default:
			if err := r.decide(ctx, j, set, decision, isDecided); err != nil {
				return nil, err
			}
		}
		if j.open {
			waiting[key{call.ID, call.Name}] = true
		} else if !j.ready && j.sent.Content == "" {
			j.sent = j.failed(textOf(j.err))
		}
	}
	return jobs, nil
}

// isExternal reports whether only the request has the tool.
func (r *run) isExternal(name string) bool {
	return slices.ContainsFunc(r.call.Request.Tools, func(t llm.Tool) bool { return t.Name == name })
}

// decide sets ready, open or err of a job.
func (r *run) decide(ctx context.Context, j *job, set toolSet, decision llm.Decision, isDecided bool) error {
	if r.calls++; r.calls > r.maxCalls {
		j.overLimit = true
		j.err = Error("Not started: the limit of calls is reached.")
		return nil
	}
	if j.tool == nil {
		j.err = Errorf("There is no tool %q. The tools are: %s.", j.call.Name, r.toolNames(set))
		return nil
	}
	if isDecided && decision.Arguments != "" {
		j.arguments, j.edited = decision.Arguments, true
	}
	var err error
	if j.arguments, err = j.tool.check(j.arguments); err != nil {
		j.err = err
		return nil
	}
	if r.needsApproval(ctx, j) && !isDecided {
		if r.Approve != nil {
			decision, isDecided = r.Approve(ctx, j.call)
		}
		if !isDecided {
			j.open = true
			r.calls--
			return nil
		}
		if !decision.Matches(j.call) {
			return decisionError(r.call, j.call.ID, "Approve returned a decision on another call than %s: use call.Approve or call.Deny", j.call.Name)
		}
		if decision.Arguments != "" {
			j.edited = true
			if j.arguments, err = j.tool.check(decision.Arguments); err != nil {
				j.err = err
				return nil
			}
		}
	}
	if isDecided && !decision.Approved {
		j.err = Error(strings.TrimRight("The user denied this call: "+decision.Reason, ":. ") + ".")
		return nil
	}
	if r.BeforeCall != nil {
		if err := r.BeforeCall(ctx, j.call); err != nil {
			j.err = err
			return nil
		}
	}
	j.ready = true
	return nil
}

func (r *run) needsApproval(ctx context.Context, j *job) bool {
	return j.tool.needsApproval || r.ApproveAfterUntrusted && r.tainted && !j.tool.readOnly ||
		r.NeedsApproval != nil && r.NeedsApproval(ctx, j.call)
}

// toolNames returns the names of the tools of a step.
func (r *run) toolNames(set toolSet) string {
	var names []string
	for _, t := range withTools(r.call.Request.Tools, set) {
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// grace is the time that a function has to return after its context has ended.
const grace = 200 * time.Millisecond

// completion is the end of a job, or of the time that it had.
type completion struct {
	job     *job
	result  llm.ToolResult
	err     error
	expired bool
}

// execute runs the jobs that are ready, and returns when all of them have results. history
// is the conversation before the answer with the calls.
func (r *run) execute(ctx context.Context, jobs []*job, history []llm.Message) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &execution{run: r, ctx: ctx, history: history, done: make(chan completion, 2*len(jobs))}
	defer e.release(jobs)
	for _, j := range jobs {
		if !j.ready {
			if !j.open && !e.report(j, 0) {
				break
			}
			continue
		}
		most := r.maxParallel
		if j.tool.serial || e.serial {
			most = 1
		}
		if !e.waitBelow(most) || !e.start(j) {
			break
		}
	}
	if r.stopped { // the functions should end, and nobody waits for their results
		cancel()
	}
	e.waitBelow(1)
	if r.stopped {
		return
	}
	limit := r.maxResults / max(len(jobs), 1)
	for _, j := range jobs {
		e.settle(j, limit)
	}
}

// execution is the execution of the calls of one answer.
type execution struct {
	*run
	ctx     context.Context
	history []llm.Message
	done    chan completion // has room for two completions of each job, so nobody waits
	running []*job
	serial  bool // a serial tool is running
}

// start runs a job in its own goroutine.
func (e *execution) start(j *job) bool {
	if e.ctx.Err() != nil || !e.pass(llm.Event{Type: llm.EventToolStart, Index: j.number, Detail: &j.call}) {
		return false
	}
	j.started = time.Now()
	ctx := context.WithValue(e.ctx, contextKey{}, &running{j.call, j.number, e.history})
	if limit := j.tool.timeout; limit > 0 {
		ctx, j.cancel = context.WithTimeoutCause(ctx, limit, ErrTimeout)
		j.timer = time.AfterFunc(limit+grace, func() { e.done <- completion{job: j, expired: true} })
	}
	j.ctx = ctx
	e.serial = j.tool.serial
	e.running = append(e.running, j)
	go func() {
		c := completion{job: j, err: &PanicError{Value: "the function ended its goroutine"}}
		defer func() {
			if p := recover(); p != nil {
				c = completion{job: j, err: &PanicError{p, debug.Stack()}}
			}
			e.done <- c
		}()
		c.result, c.err = j.tool.run(ctx, j.arguments)
	}()
	return true
}

// waitBelow waits until fewer than most jobs are running. It returns false if no more jobs
// may start.
func (e *execution) waitBelow(most int) bool {
	var expired <-chan time.Time
	ended := e.ctx.Done()
	for len(e.running) >= most && len(e.running) > 0 {
		select {
		case c := <-e.done:
			if !e.complete(c) {
				return false
			}
		case <-ended:
			ended = nil
			timer := time.NewTimer(grace)
			defer timer.Stop()
			expired, most = timer.C, 1
		case <-expired:
			for _, j := range slices.Clone(e.running) {
				if !e.complete(completion{job: j, expired: true}) {
					return false
				}
			}
		}
	}
	return e.ctx.Err() == nil && !e.stopped
}

// complete records the end of a job.
func (e *execution) complete(c completion) bool {
	j := c.job
	if j.finished {
		return true
	}
	j.finished = true
	e.running = slices.DeleteFunc(e.running, func(other *job) bool { return other == j })
	if len(e.running) == 0 {
		e.serial = false
	}
	if c.err == nil && !c.expired {
		c.err = checkParts(j.call, c.result)
	}
	j.whole, j.err = c.result, c.err
	switch {
	case c.expired:
		j.err = ErrAbandoned
		j.sent = j.failed(j.unfinished())
	case c.err != nil && j.ctx.Err() != nil && isEndOf(j.ctx, c.err):
		if context.Cause(j.ctx) == ErrTimeout {
			j.err = errors.Join(ErrTimeout, c.err)
		}
		j.sent = j.failed(j.unfinished())
	case c.err != nil:
		j.sent = j.failed(textOf(c.err))
	}
	return e.stopped || e.report(j, time.Since(j.started))
}

// isEndOf reports whether a function failed because its context had ended.
func isEndOf(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Cause(ctx))
}

// unfinished is the text of a call that did not finish.
func (j *job) unfinished() string {
	text := "The call was cancelled before it finished"
	if context.Cause(j.ctx) == ErrTimeout {
		text = fmt.Sprintf("The call did not finish within %v", j.tool.timeout)
	}
	if j.tool.readOnly {
		return text + "."
	}
	return text + ". It may have had effects."
}

// report sends the end of a job.
func (e *execution) report(j *job, took time.Duration) bool {
	end := &llm.ToolEnd{Call: j.call, Result: j.whole, Err: j.err, Duration: took}
	if j.err != nil {
		end.Result = j.sent
	}
	end.Result.CallID, end.Result.Name = j.call.ID, j.call.Name
	return e.pass(llm.Event{Type: llm.EventToolEnd, Index: j.number, Detail: end})
}

// settle makes the result of a job that the model gets.
func (e *execution) settle(j *job, limit int) {
	switch {
	case j.open:
		return
	case j.ready && !j.finished:
		j.sent = j.failed("Not started: the tool loop was cancelled.")
	case j.err == nil:
		if j.tool.maxResult >= 0 {
			limit = min(limit, j.tool.maxResult)
		}
		j.sent = fit(j.whole, limit, j.tool.untrusted)
		e.tainted = e.tainted || j.tool.untrusted
	default:
		j.sent = cut(j.sent, min(limit, defaultMaxResult))
	}
	if j.edited && j.ready {
		j.sent.Content = "The user changed the arguments to " + j.arguments + ".\n" + j.sent.Content
	}
	j.sent.CallID, j.sent.Name = j.call.ID, j.call.Name
}

// release ends what is left of the jobs.
func (e *execution) release(jobs []*job) {
	for _, j := range jobs {
		if j.cancel != nil {
			j.cancel()
			j.timer.Stop()
		}
	}
}

// failed returns an error result.
func (j *job) failed(text string) llm.ToolResult {
	return llm.ToolResult{CallID: j.call.ID, Name: j.call.Name, Content: strings.ToValidUTF8(text, "\uFFFD"), IsError: true}
}

// results returns the results in the order of the calls.
func results(jobs []*job) []llm.Part {
	var parts []llm.Part
	for _, j := range jobs {
		if !j.open {
			parts = append(parts, j.sent)
		}
	}
	return parts
}

// unstarted returns the results of calls that do not run.
func unstarted(calls []llm.ToolCall, why string) []llm.Part {
	var parts []llm.Part
	for _, call := range calls {
		parts = append(parts, llm.ToolResult{CallID: call.ID, Name: call.Name, Content: "Not started: " + why + ".", IsError: true})
	}
	return parts
}
