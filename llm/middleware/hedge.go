package middleware

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Hedge makes a call a second time when its first piece of content is slower to
// come than nearly all before. Whichever is first with content answers; the
// other is cancelled at that moment, and reported as an [llm.EventAttempt], with what it cost as far
// as its server says. It buys short waits at the price of some calls made twice.
//
// How slow is slow is learned for each model and operation. Nothing is hedged before 20
// answers are known, unless Initial says after how long.
type Hedge struct {
	// Quantile is the share of earlier answers that were faster. Default 0.95.
	Quantile float64 `yaml:"quantile" json:"quantile"`
	// Window is how many answers are remembered. Default 100.
	Window int `yaml:"window" json:"window"`
	// Initial is the wait while too few answers are known; 0 is for ever.
	Initial time.Duration `yaml:"initial" json:"initial"`
	// MaxShare bounds the share of calls that are hedged, so that a slow server
	// does not get twice the load. Default 0.1.
	MaxShare float64 `yaml:"max_share" json:"max_share"`
	// Name is the model that the second call goes to, for the config file; Model
	// is what is asked. Nil is the same model.
	Name  string     `yaml:"model" json:"model"`
	Model *llm.Model `yaml:"-" json:"-"`
}

// Middleware returns the middleware of these settings.
func (h Hedge) Middleware() (llm.Middleware, error) {
	s := settings{name: "Hedge"}
	positive(&s, "Quantile", &h.Quantile, 0.95)
	positive(&s, "Window", &h.Window, 100)
	positive(&s, "Initial", &h.Initial, 0)
	positive(&s, "MaxShare", &h.MaxShare, 0.1)
	if h.Quantile >= 1 {
		s.refuse("Quantile", "is %v; it must be less than 1", h.Quantile)
	}
	if h.MaxShare > 1 {
		s.refuse("MaxShare", "is %v; it must be 1 at most", h.MaxShare)
	}
	if h.Window > 0 && h.Window < minSamples {
		s.refuse("Window", "is %d; it must be %d at least", h.Window, minSamples)
	}
	if h.Model == nil && h.Name != "" {
		s.refuse("Model", "is missing for the name %q", h.Name)
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	state := &hedger{Hedge: h}
	return layer(state.run), nil
}

// hedger is a Hedge at work.
type hedger struct {
	Hedge
	each each[pacedBy, *pace]
}

type pacedBy struct {
	model modelKey
	op    llm.Op
}

func (h *hedger) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	begun := time.Now()
	pace := h.of(call)
	first := startRacer(ctx, call, next)
	defer first.leave()
	winner := first
	var loser *racer
	if second := h.second(ctx, call, next, first, pace); second != nil {
		defer second.leave()
		winner, loser = race(first, second)
		loser.cancel()
	}
	if winner.err == nil {
		pace.add(time.Since(begun), h.Window) // if the second won, the first would have taken this long at least
	}
	winner.finish(loser, yield)
}

// second waits for the first racer, and starts a second one if that takes too
// long; else it returns nil.
func (h *hedger) second(ctx context.Context, call *llm.Call, next llm.Handler, first *racer, pace *pace) *racer {
	slow, ok := pace.slow(h.Quantile, h.Initial, h.MaxShare)
	if !ok {
		first.await()
		return nil
	}
	timer := time.NewTimer(slow)
	defer timer.Stop()
	select {
	case <-first.ready:
		first.await()
		return nil
	case <-timer.C:
	}
	if ctx.Err() != nil || !pace.pay() {
		first.await()
		return nil
	}
	if h.Model == nil {
		return startRacer(ctx, call, next)
	}
	second := startRacer(ctx, call, func(ctx context.Context, call *llm.Call) llm.Events {
		return llmutil.WarnAfterStart(h.Model.Do(ctx, call), llm.Warning{
			Code:    llm.WarnAnsweredBy,
			Message: h.Model.String() + " answered sooner than " + keyOf(call).String(),
		})
	})
	second.model = modelKey{h.Model.Provider().Name(), h.Model.Name()}
	return second
}

func (h *hedger) of(call *llm.Call) *pace {
	return h.each.of(pacedBy{keyOf(call), call.Op}, func() *pace { return &pace{} })
}

// race waits for one of two racers to have content, or for both to fail.
func race(first, second *racer) (winner, loser *racer) {
	winner, loser = first, second
	select {
	case <-first.ready:
	case <-second.ready:
		winner, loser = second, first
	}
	winner.await()
	if winner.err == nil {
		return winner, loser
	}
	loser.await()
	if loser.err == nil {
		return loser, winner
	}
	return first, second
}

// racer is one of the calls. Its goroutine reads up to the first content, and
// ends there: what follows is pulled by the caller's.
type racer struct {
	model  modelKey
	cancel context.CancelFunc
	pull   func() (llm.Event, error, bool)
	stop   func()

	ready    chan struct{} // closed when what follows is set
	early    []llm.Event   // up to the first content
	err      error         // that came before any
	panicked *panicked     // in place of content
}

func startRacer(ctx context.Context, call *llm.Call, h llm.Handler) *racer {
	r := &racer{model: keyOf(call), ready: make(chan struct{})}
	ctx, r.cancel = context.WithCancel(ctx)
	r.pull, r.stop = iter.Pull2(traced(h(ctx, call)))
	go func() {
		defer close(r.ready)
		catch(&r.panicked, r.readUpToContent)
	}()
	return r
}

func (r *racer) readUpToContent() {
	for {
		ev, err, ok := r.pull()
		if !ok {
			err = llmutil.Unfinished()
		}
		if err != nil {
			r.err = err
			return
		}
		r.early = append(r.early, ev)
		if ev.Type.Content() {
			return
		}
	}
}

// await waits until the racer has content or has failed. Its panic is the caller's, once.
func (r *racer) await() {
	<-r.ready
	if p := r.panicked; p != nil {
		r.panicked = nil
		panic(p)
	}
}

// leave ends the call and waits until nothing of it is left.
func (r *racer) leave() {
	r.cancel()
	<-r.ready
	r.stop()
	r.await()
}

// finish passes on the winner's answer, with the report of the loser, if there
// is one, before its end.
func (r *racer) finish(loser *racer, yield func(llm.Event, error) bool) {
	report := func() bool { return loser == nil || yield(attemptEvent(loser.lost()), nil) }
	for _, ev := range r.early {
		if ev.Type == llm.EventDone && !report() || !yield(ev, nil) {
			return
		}
	}
	r.early = nil
	err := r.err
	for err == nil {
		ev, failure, ok := r.pull()
		switch {
		case !ok:
			return
		case failure != nil:
			err = failure
		case ev.Type == llm.EventDone && !report() || !yield(ev, nil):
			return
		}
	}
	if report() {
		yield(llm.Event{}, err)
	}
}

// lost is the report of a call that was cancelled, or had failed.
func (r *racer) lost() llm.Attempt {
	r.cancel()
	r.await()
	events, ended := r.early, false
	for r.err == nil && !ended { // its last word may be what it cost
		for _, ev := range events {
			if d, ok := ev.Detail.(*llm.Done); ok {
				return llm.Attempt{Provider: r.model.provider, Model: r.model.model, Err: errLost, Usage: d.Usage}
			}
		}
		ev, err, ok := r.pull()
		events, r.err, ended = []llm.Event{ev}, err, !ok
	}
	a := failed(&llm.Call{Provider: r.model.provider, Model: r.model.model}, r.err)
	if r.err == nil || errors.Is(r.err, context.Canceled) {
		a.Err = errLost
	}
	return a
}

// errLost is the error of a call that was slower than its double.
var errLost = &llm.Error{Kind: llm.Canceled, Message: "a second call answered sooner (middleware.Hedge)", Err: context.Canceled}

// pace is how long a model's first content took to come, lately.
type pace struct {
	mu      sync.Mutex
	lately  []time.Duration
	place   int     // of the oldest, once the window is full
	savings float64 // hedged calls that may be made
}

// minSamples is how many answers tell what is slow.
const minSamples = 20

// maxSavings is how many calls may be hedged in a row.
const maxSavings = 10

// slow returns how long is slow, if that is known, and puts a call's share of
// hedging aside.
func (p *pace) slow(quantile float64, initial time.Duration, share float64) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.savings = min(p.savings+share, maxSavings)
	if len(p.lately) < minSamples {
		return initial, initial > 0
	}
	sorted := slices.Sorted(slices.Values(p.lately))
	return sorted[int(quantile*float64(len(sorted)))], true
}

// pay reports whether one more call may be hedged.
func (p *pace) pay() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	const rounding = 1e-9
	if p.savings < 1-rounding {
		return false
	}
	p.savings--
	return true
}

func (p *pace) add(took time.Duration, window int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lately) < window {
		p.lately = append(p.lately, took)
		return
	}
	p.lately[p.place] = took
	p.place = (p.place + 1) % window
}
