package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// scripted is a provider whose models follow the scripts below.
type scripted struct {
	name   string
	models map[string]script
	list   llm.Events // the events of a model list
	closed int        // how often
}

// script answers a chat.
type script func(ctx context.Context, call *llm.Call) llm.Events

// newScripted returns the provider "scripted".
func newScripted() *scripted {
	return &scripted{name: "scripted", models: map[string]script{
		"hello":    play(reasoning("Greet them."), text("Hello "), after(time.Second, text("there.")), done(llm.FinishStop, 12, 5)),
		"brief":    play(text("Hi."), done(llm.FinishStop, 3, 2)),
		"slow":     play(after(1250*time.Millisecond, text("At last.")), done(llm.FinishStop, 3, 2)),
		"endless":  endless,
		"silent":   play(after(time.Hour, text("too late"))),
		"echo":     echo,
		"refusing": play(llm.Event{Type: llm.EventRefusal, Text: "I would rather not."}, done(llm.FinishStop, 3, 5)),
		"unknowing": play(text("Who counts?"),
			detail(llm.EventWarning, &llm.Warning{Code: llm.WarnUsageUnknown, Message: "the server sent no usage"}),
			detail(llm.EventDone, &llm.Done{FinishReason: llm.FinishUnknown})),
		"cut": play(detail(llm.EventWarning, &llm.Warning{Code: llm.WarnUnsupported, Setting: "TopK", Message: "left out"}),
			text("Once upon"), after(500*time.Millisecond, text(" a time")), done(llm.FinishLength, 7, 11)),
		"rich": play(
			detail(llm.EventToolCallStart, &llm.ToolCall{ID: "1", Name: "clock"}),
			detail(llm.EventToolCallEnd, &llm.ToolCall{ID: "1", Name: "clock", Arguments: "{}"}),
			detail(llm.EventMedia, &llm.Media{Part: llm.Image{Data: []byte{1}}}),
			text("See there."),
			detail(llm.EventSource, &llm.Source{URL: "https://example.com/", Title: "Example"}),
			detail(llm.EventDone, &llm.Done{FinishReason: llm.FinishOther, RawFinishReason: "eos_maybe", Usage: llm.Usage{
				Input: llm.Known(90), CacheRead: llm.Known(64), Output: llm.Estimated(30), Reasoning: llm.Known(20),
			}})),
		"empty":      play(done(llm.FinishStop, 3, 0)),
		"escaping":   play(text("a\x1b[2Jb\r\n\u009bc\td"), done(llm.FinishStop, 3, 2)),
		"unkeyed":    play(llm.Error{Kind: llm.Auth, Provider: "groq", Model: "unkeyed", Status: 401, Message: "Invalid API Key"}),
		"breaking":   play(text("So far"), llm.Error{Kind: llm.Incomplete, Message: "the connection was cut"}),
		"unreliable": unreliable(),
	}}
}

func (p *scripted) Name() string { return p.name }

func (p *scripted) Close() error {
	p.closed++
	return nil
}

func (p *scripted) Do(ctx context.Context, call *llm.Call) llm.Events {
	if call.Op == llm.OpListModels {
		return p.list
	}
	if say, ok := p.models[call.Model]; ok {
		return say(ctx, call)
	}
	return play(llm.Error{Kind: llm.NotFound, Status: 404, Message: "there is no such model"})(ctx, call)
}

// play returns a script of events, errors and [pause] values.
func play(steps ...any) script {
	return func(ctx context.Context, _ *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			for _, step := range steps {
				if late, ok := step.(pause); ok {
					if err := late.wait(ctx); err != nil {
						yield(llm.Event{}, err)
						return
					}
					step = late.event
				}
				switch step := step.(type) {
				case llm.Event:
					if !yield(step, nil) {
						return
					}
				case llm.Error:
					yield(llm.Event{}, &step)
					return
				}
			}
		}
	}
}

// pause is an event that arrives after a delay.
type pause struct {
	time  time.Duration
	event llm.Event
}

func after(d time.Duration, ev llm.Event) pause { return pause{d, ev} }

func (p pause) wait(ctx context.Context) error {
	timer := time.NewTimer(p.time)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return llm.FromContext(ctx)
	}
}

func text(s string) llm.Event { return llm.Event{Type: llm.EventText, Text: s} }

func reasoning(s string) llm.Event { return llm.Event{Type: llm.EventReasoning, Text: s} }

func detail(t llm.EventType, d llm.Detail) llm.Event { return llm.Event{Type: t, Detail: d} }

func done(reason llm.FinishReason, in, out int) llm.Event {
	return detail(llm.EventDone, &llm.Done{FinishReason: reason, Usage: llm.Usage{Input: llm.Known(in), Output: llm.Known(out)}})
}

// endless counts until it is stopped, with a number every 20 milliseconds.
func endless(ctx context.Context, _ *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		for n := 1; ; n++ {
			if !yield(text(fmt.Sprintf("%d ", n)), nil) {
				return
			}
			if err := (pause{time: 20 * time.Millisecond}).wait(ctx); err != nil {
				yield(llm.Event{}, err)
				return
			}
		}
	}
}

// echo answers with the messages of the request.
func echo(ctx context.Context, call *llm.Call) llm.Events {
	var heard []string
	for _, m := range call.Request.Messages {
		words := fmt.Sprintf("%s %q", m.Role, m.Text())
		for _, part := range m.Parts {
			if image, ok := part.(llm.Image); ok {
				words += fmt.Sprintf(" with %s of %d bytes %s", image.MediaType, len(image.Data), image.URL)
			}
		}
		heard = append(heard, words)
	}
	return play(text(strings.Join(heard, ", ")), done(llm.FinishStop, 1, 1))(ctx, call)
}

// unreliable fails on the first, third, and every other odd call.
func unreliable() script {
	calls := 0
	return func(ctx context.Context, call *llm.Call) llm.Events {
		calls++
		if calls%2 == 1 {
			return play(text("I was about"), llm.Error{Kind: llm.Network, Message: "connection reset"})(ctx, call)
		}
		return echo(ctx, call)
	}
}
