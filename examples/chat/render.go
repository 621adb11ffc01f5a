package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llama"
)

// renderer shows one answer while it arrives.
type renderer struct {
	screen      *screen
	spinner     *spinner // nil after the first output
	pretty      *pretty  // nil if the answer is shown as it is
	thinking    bool     // the last output was reasoning
	pieces      int
	first, last time.Time // the time of the first piece and of the end
}

// newRenderer returns a renderer, and starts the spinner.
func newRenderer(s *screen) *renderer {
	r := &renderer{screen: s, pretty: newPretty(s)}
	if s.lively {
		r.spinner = startSpinner(s.err.w)
	}
	return r
}

// events shows all events. It returns their error, or an error that matches errWrite if the
// answer cannot be written.
func (r *renderer) events(events llm.Events) error {
	defer r.screen.endLine()
	defer r.endBlock()
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

// event shows one event.
func (r *renderer) event(ev llm.Event) {
	switch ev.Type {
	case llm.EventText, llm.EventRefusal:
		r.piece(ev.Text, false)
	case llm.EventReasoning:
		r.piece(ev.Text, true)
	case llm.EventReset:
		r.note("the answer restarts")
	case llm.EventToolCallEnd:
		if call, ok := ev.Detail.(*llm.ToolCall); ok {
			r.note("the model called the tool %q, but this program has no tools", call.Name)
		}
	case llm.EventMedia:
		if media, ok := ev.Detail.(*llm.Media); ok {
			r.note("the answer has a part that cannot be shown: %s", kindOfPart(media.Part))
		}
	case llm.EventAttempt:
		if attempt, ok := ev.Detail.(*llm.Attempt); ok && attempt.Err != nil {
			r.note("retrying after an error: %s", message(attempt.Err))
		}
	case llm.EventDone:
		r.last = time.Now()
	}
}

// piece shows a piece of text. If thought is true, it is reasoning.
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
		r.endBlock()
		r.screen.endLine()
	}
	r.thinking = thought
	switch {
	case thought:
		r.endBlock()
		r.screen.thought(text)
	case r.pretty != nil:
		r.pretty.add(text)
	default:
		r.screen.answer(text)
	}
}

// endBlock renders the last block of the answer, because something else follows.
func (r *renderer) endBlock() {
	if r.pretty != nil {
		r.pretty.flush()
	}
}

// note shows a message of the program.
func (r *renderer) note(format string, arguments ...any) {
	r.wake()
	r.endBlock()
	r.screen.note(format, arguments...)
}

// progress shows the progress of a model in the process, until the first output.
func (r *renderer) progress(p llama.Progress) {
	if r.spinner != nil {
		r.spinner.report(p)
	}
}

// wake stops the spinner.
func (r *renderer) wake() {
	if r.spinner != nil {
		r.spinner.stop()
		r.spinner = nil
	}
}

// summary shows the sources, warnings and usage of a complete answer.
func (r *renderer) summary(response *llm.Response) {
	if len(response.Messages) == 0 {
		r.screen.note("the answer is empty")
	}
	for _, source := range response.Sources {
		r.screen.note("source: %s", strings.TrimSpace(source.Title+" "+source.URL))
	}
	for _, warning := range response.Warnings {
		if warning.Code != llm.WarnUsageUnknown { // the last line shows it
			r.screen.note("warning: %s", warning)
		}
	}
	facts := []string{r.rate(response.Usage.Output), usage(response.Usage)}
	if cost := response.Cost; cost.Certainty != llm.CertaintyNone {
		facts = append(facts, cost.String())
	}
	if finish := finish(response); finish != "" {
		facts = append(facts, finish)
	}
	r.screen.note("[%s]", strings.Join(facts, " · "))
}

// rate returns the speed of the answer: the tokens after the first piece, divided by the time
// from the first piece to the end. The wait for the first piece is not included.
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

// usage returns the usage as text.
func usage(u llm.Usage) string {
	if u.IsZero() {
		return "usage unknown"
	}
	return u.String()
}

// finish returns the finish reason as text, or "" if the model finished normally.
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

// kindOfPart returns the type of a part, for example "image".
func kindOfPart(part llm.Part) string {
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", part), "llm."))
}
