package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// renderer shows one answer as it comes.
type renderer struct {
	screen      *screen
	spinner     *spinner // nil once something has come
	thinking    bool     // the last thing shown was reasoning
	pieces      int
	first, last time.Time // when the first piece came, and the end
}

// newRenderer returns a renderer that waits for its first event.
func newRenderer(s *screen) *renderer {
	r := &renderer{screen: s}
	if s.lively {
		r.spinner = startSpinner(s.err.w)
	}
	return r
}

// events shows all events. It returns the error that ended them, or one that
// matches errWrite when the answer could not be shown.
func (r *renderer) events(events llm.Events) error {
	defer r.screen.endLine()
	defer r.wake()
	for ev, err := range events {
		if err != nil {
			return err
		}
		r.event(ev)
		if r.screen.out.failed != nil {
			return fmt.Errorf("%w: %w", errWrite, r.screen.out.failed)
		}
	}
	return nil
}

func (r *renderer) event(ev llm.Event) {
	switch ev.Type {
	case llm.EventText, llm.EventRefusal:
		r.piece(ev.Text, false)
	case llm.EventReasoning:
		r.piece(ev.Text, true)
	case llm.EventReset:
		r.note("the answer starts again")
	case llm.EventToolCallEnd:
		if call, ok := ev.Detail.(*llm.ToolCall); ok {
			r.note("the model asks for a tool %q, which is not here", call.Name)
		}
	case llm.EventMedia:
		if media, ok := ev.Detail.(*llm.Media); ok {
			r.note("the answer has a part that is not shown here: %s", kindOfPart(media.Part))
		}
	case llm.EventAttempt:
		if attempt, ok := ev.Detail.(*llm.Attempt); ok && attempt.Err != nil {
			r.note("asking again after: %s", message(attempt.Err))
		}
	case llm.EventDone:
		r.last = time.Now()
	}
}

func (r *renderer) piece(text string, thought bool) {
	if text == "" {
		return
	}
	r.wake()
	if r.pieces == 0 {
		r.first = time.Now()
	}
	r.pieces++
	if r.thinking && !thought {
		r.screen.blankLine()
	} else if !r.thinking && thought {
		r.screen.endLine()
	}
	r.thinking = thought
	if thought {
		r.screen.thought(text)
	} else {
		r.screen.answer(text)
	}
}

func (r *renderer) note(format string, arguments ...any) {
	r.wake()
	r.screen.note(format, arguments...)
}

// wake ends the waiting.
func (r *renderer) wake() {
	if r.spinner != nil {
		r.spinner.stop()
		r.spinner = nil
	}
}

// summary shows what there is to know of a whole answer.
func (r *renderer) summary(response *llm.Response) {
	if len(response.Messages) == 0 {
		r.screen.note("the answer is empty")
	}
	for _, source := range response.Sources {
		r.screen.note("source: %s", strings.TrimSpace(source.Title+" "+source.URL))
	}
	for _, warning := range response.Warnings {
		if warning.Code != llm.WarnUsageUnknown { // the last line says so
			r.screen.note("warning: %s", warning)
		}
	}
	facts := []string{r.rate(response.Usage.Output), usage(response.Usage)}
	if finish := finish(response); finish != "" {
		facts = append(facts, finish)
	}
	r.screen.note("[%s]", strings.Join(facts, " · "))
}

// rate says how fast the answer came: its tokens after the first piece, over
// the time from there to the end. The wait for the first is not speed.
func (r *renderer) rate(output llm.Tokens) string {
	seconds := r.last.Sub(r.first).Seconds()
	if output.Certainty == llm.CertaintyNone || output.N < 2 || r.pieces < 2 || seconds <= 0 {
		return "tokens/s unknown"
	}
	about := ""
	if !output.IsKnown() {
		about = "~"
	}
	return fmt.Sprintf("%s%.1f tokens/s", about, float64(output.N-1)/seconds)
}

func usage(u llm.Usage) string {
	if u.IsZero() {
		return "usage unknown"
	}
	return u.String()
}

// finish says why the answer ended, unless the model was done.
func finish(response *llm.Response) string {
	reason := string(response.FinishReason)
	switch response.FinishReason {
	case llm.FinishStop:
		return ""
	case llm.FinishUnknown:
		reason = "unknown"
	case llm.FinishOther:
		reason = strings.TrimSpace(reason + " " + response.RawFinishReason)
	}
	return "finish: " + reason
}

func kindOfPart(part llm.Part) string {
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", part), "llm."))
}
