package llama

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	engine "github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/modeltext"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Chat answers a chat. A returned error has not been yielded.
func (p operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	m, release, err := p.acquire(ctx, call.Model)
	if err != nil {
		return err
	}
	defer release()
	c, err := p.prepareChat(ctx, m, call.Request)
	if err != nil {
		return err
	}
	a := &answer{chat: c, yield: yield, start: time.Now()}
	return a.run(ctx)
}

// answer generates the answer to one chat.
type answer struct {
	*chat
	yield   func(llm.Event, error) bool
	calls   llmutil.ToolCallAssembler
	stopped bool // the caller has stopped reading

	session *engine.Session
	sampler *engine.Sampler
	stopper *engine.Stopper
	before  int // the last token

	output, reasoning int // tokens
	timings           Timings
	start             time.Time
}

// emit passes an event on, unless the caller has stopped reading.
func (a *answer) emit(ev llm.Event) {
	if !a.stopped {
		a.stopped = !a.yield(ev, nil)
	}
}

// maxTokens returns the limit for the answer in tokens.
func (a *answer) maxTokens() int {
	room := a.model.context - len(a.ids)
	if n := a.request.MaxTokens; n > 0 {
		return min(n, room)
	}
	return room
}

// run reads the prompt and generates the answer.
func (a *answer) run(ctx context.Context) error {
	m := a.model
	session, err := m.sessions.Acquire(ctx, a.ids, len(a.ids)+a.maxTokens())
	if err != nil {
		return engineError(ctx, m, err)
	}
	defer m.sessions.Release(session)
	a.session, a.sampler, a.stopper = session, engine.NewSampler(a.sampling), engine.NewStopper(a.stop)
	a.emit(llm.Event{Type: llm.EventStart, Detail: &llm.Start{Model: m.name, CanContinue: a.canContinue()}})
	for i := range a.warnings {
		a.emit(llm.Event{Type: llm.EventWarning, Detail: &a.warnings[i]})
	}
	if a.stopped {
		return nil
	}
	logits, err := a.readPrompt(ctx)
	if err != nil {
		return engineError(ctx, m, err)
	}
	reason, raw, err := a.generate(ctx, logits)
	if err != nil || a.stopped {
		return err
	}
	a.finish(reason, raw)
	return nil
}

// canContinue reports whether an interrupted answer can be continued.
func (a *answer) canContinue() bool {
	return len(a.request.Tools) == 0 && a.request.Format == nil && !a.model.format.Thinks
}

// readPrompt computes the prompt.
func (a *answer) readPrompt(ctx context.Context) ([]float32, error) {
	report := progressOf(ctx)
	begin := time.Now()
	logits, err := a.session.Prompt(ctx, a.ids, func(done, total int) {
		report(Progress{StagePrompt, int64(done), int64(total)})
	})
	a.timings.PromptTime = time.Since(begin)
	a.timings.CachedTokens = a.session.Reused()
	a.timings.PromptTokens = len(a.ids) - a.session.Reused()
	a.before = a.ids[len(a.ids)-1]
	a.sampler.Accept(a.ids...)
	return logits, err
}

// generate generates tokens until the answer ends, and returns the reason.
func (a *answer) generate(ctx context.Context, logits []float32) (llm.FinishReason, string, error) {
	begin := time.Now()
	defer func() { a.timings.AnswerTime, a.timings.AnswerTokens = time.Since(begin), a.output }()
	limit := a.maxTokens()
	for {
		if err := llm.FromContext(ctx); err != nil {
			return "", "", err
		}
		if a.guides.finished() { // nothing can follow
			return llm.FinishStop, "stop", nil
		}
		if a.output >= limit {
			return llm.FinishLength, "length", nil
		}
		id, err := a.sample(logits)
		if err != nil {
			return "", "", err
		}
		a.output++
		if a.model.ends[id] {
			return llm.FinishStop, "stop", nil
		}
		stop, err := a.add(id, logits)
		switch {
		case err != nil:
			return "", "", err
		case a.stopped:
			return "", "", nil
		case stop:
			return llm.FinishStop, "stop", nil
		case a.output >= limit:
			continue
		}
		a.sampler.Accept(id)
		if logits, err = a.session.Next(ctx, id); err != nil {
			return "", "", engineError(ctx, a.model, err)
		}
	}
}

// errNoToken is the error for weights that are not numbers, and for a schema that no token of
// the model continues.
var errNoToken = errors.New("no token of the model continues the answer: the file is damaged, or the schema cannot be followed")

// sample selects the next token.
func (a *answer) sample(logits []float32) (int, error) {
	if !a.guides.active() {
		if id, ok := a.sampler.Sample(logits, nil); ok {
			return id, nil
		}
		return 0, llm.Errorf(llm.Server, "%w", errNoToken)
	}
	if id, ok := a.sampler.Sample(logits, a.guides.allows); ok {
		return id, nil
	}
	if id, ok := a.sampler.Sample(a.guides.masked(logits), nil); ok {
		return id, nil
	}
	return 0, llm.Errorf(llm.Server, "%w", errNoToken)
}

// add adds the text of a token to the answer. It reports whether a stop string has ended it.
func (a *answer) add(id int, logits []float32) (stop bool, err error) {
	before := a.before
	text := a.model.text(before, id)
	a.before = id
	a.guides.accept(text)
	if a.reader.Reasoning() {
		a.reasoning++
	}
	visible, stop := a.stopper.Add(text)
	a.pass(a.reader.Add(visible))
	if err := a.guides.follow(a.reader); err != nil {
		return false, err
	}
	if a.request.Logprobs || a.request.TopLogprobs > 0 {
		a.logprob(before, id, text, logits)
	}
	return stop, nil
}

// text returns the text of a token after another. Control tokens have no text, except those that
// mark reasoning and tool calls.
func (m *loaded) text(before, id int) string {
	if name, ok := m.names[id]; ok {
		for _, marker := range modeltext.Markers {
			if name == marker {
				return name
			}
		}
		return ""
	}
	first, err := m.encoding.Decode([]int{before})
	both, err2 := m.encoding.Decode([]int{before, id})
	if err != nil || err2 != nil { // a row of the output matrix without a token
		return ""
	}
	return both[len(first):]
}

// logprob emits the probability of a token, by the model's own logits.
func (a *answer) logprob(before, id int, text string, logits []float32) {
	chosen, likely := engine.Logprobs(logits, id, a.request.TopLogprobs)
	out := llm.TokenLogprob{Token: text, Bytes: []byte(text), Logprob: chosen.Logprob}
	for _, l := range likely {
		other := a.model.text(before, l.ID)
		out.Top = append(out.Top, llm.TokenLogprob{Token: other, Bytes: []byte(other), Logprob: l.Logprob})
	}
	a.emit(llm.Event{Type: llm.EventLogprob, Detail: &out})
}

// pass emits the pieces of the answer.
func (a *answer) pass(pieces []modeltext.Piece) {
	for _, p := range pieces {
		switch p.Kind {
		case modeltext.Text:
			a.emit(llm.Event{Type: llm.EventText, Text: p.Text})
		case modeltext.Reasoning:
			a.emit(llm.Event{Type: llm.EventReasoning, Text: p.Text})
		case modeltext.Call, modeltext.Cut:
			if a.stopped {
				return
			}
			n := a.calls.Len()
			a.stopped = !a.calls.Add(llmutil.ToolCallFragment{Index: n, ID: callID(), Name: p.Name, Arguments: p.Arguments}, a.yield)
		}
	}
}

// finish emits the end of the answer.
func (a *answer) finish(reason llm.FinishReason, raw string) {
	a.pass(a.reader.Add(a.stopper.Rest()))
	a.pass(a.reader.End(reason == llm.FinishStop))
	if a.stopped {
		return
	}
	if a.calls.Len() > 0 {
		if a.stopped = !a.calls.Finish(reason, a.yield); a.stopped {
			return
		}
		if reason == llm.FinishStop {
			reason = llm.FinishToolCalls
		}
	}
	usage := llm.Usage{
		Input: llm.Known(len(a.ids)), CacheRead: llm.Known(a.timings.CachedTokens), Output: llm.Known(a.output),
	}
	if a.model.format.Thinks {
		usage.Reasoning = llm.Known(a.reasoning)
	}
	done := &llm.Done{FinishReason: reason, RawFinishReason: raw, Usage: usage}
	if a.request.KeepRaw {
		done.Raw, _ = json.Marshal(rawAnswer{a.timings}) // numbers alone
	}
	a.emit(llm.Event{Type: llm.EventDone, Detail: done})
}
