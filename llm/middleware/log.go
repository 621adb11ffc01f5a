package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Log writes one record for each call when the call ends.
//
// The message of the record is "llm call". Its attributes are op, provider, model, outcome
// ("done", "failed", or "left" if the caller stopped reading) and duration. If they are
// known, it also has first (the time to the first content), pieces (the number of content
// events), finish, input and output (tokens), cost (US dollars), cache ("hit"), answered_by, response_id, request_id,
// attempts, error (the kind), status and code.
//
// Security: by default a record contains no messages, no answers and no error texts, because
// servers repeat parts of messages in error texts. Content adds them. Credentials are never
// logged.
//
// The zero value is ready to use. A Log is safe for concurrent use. Do not copy it or
// change its fields after the first call.
type Log struct {
	// Content adds the attributes messages, answer and error_message.
	Content bool `yaml:"content"`
	// Level is the level of successful calls. The default is Info. Failed calls are logged as
	// errors, unless the caller cancelled them.
	Level slog.Level `yaml:"level"`
	// Logger receives the records. The default is [slog.Default] at the end of each call.
	Logger *slog.Logger `json:"-" yaml:"-"`

	live live[*Log]
}

// Validate returns nil: all settings of a Log are valid.
func (l *Log) Validate() error { return nil }

// Wrap implements [llm.Middleware].
func (l *Log) Wrap(next llm.Handler) llm.Handler {
	return wrap(&l.live, l.open, (*Log).run, next)
}

func (l *Log) open() (*Log, error) { return fixed(l), nil }

func (l *Log) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	r := record{Log: l, call: call, begin: time.Now(), yield: yield}
	defer func() { r.write(ctx) }()
	next(ctx, call)(r.take)
}

// record collects the attributes of a call.
type record struct {
	*Log
	call   *llm.Call
	begin  time.Time
	first  time.Duration // to the first content, or 0
	answer observer
	text   []byte
	yield  func(llm.Event, error) bool
}

func (r *record) take(ev llm.Event, err error) bool {
	r.answer.observe(ev, err)
	if r.first == 0 && ev.Type.Content() {
		r.first = max(time.Since(r.begin), 1)
	}
	if r.Content && ev.Type == llm.EventText {
		r.text = append(r.text, ev.Text...)
	}
	return r.yield(ev, err)
}

func (r *record) write(ctx context.Context) {
	logger := r.Logger
	if logger == nil {
		logger = slog.Default()
	}
	level, outcome := r.Level, "left"
	switch {
	case r.answer.done != nil:
		outcome = "done"
	case r.answer.err != nil:
		outcome = "failed"
		if !errors.Is(r.answer.err, llm.Canceled) {
			level = slog.LevelError
		}
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 24)
	attrs = append(attrs,
		slog.String("op", string(r.call.Op)),
		slog.String("provider", r.call.Provider),
		slog.String("model", r.call.Model),
		slog.String("outcome", outcome),
		slog.Duration("duration", time.Since(r.begin)),
	)
	attrs = r.answerAttrs(attrs)
	attrs = r.errorAttrs(attrs)
	if r.Content {
		attrs = r.contentAttrs(attrs)
	}
	logger.LogAttrs(ctx, level, "llm call", attrs...)
}

// answerAttrs adds the attributes of the answer.
func (r *record) answerAttrs(attrs []slog.Attr) []slog.Attr {
	if r.first > 0 {
		attrs = append(attrs, slog.Duration("first", r.first), slog.Int("pieces", r.answer.chunks))
	}
	if s := r.answer.start; s != nil {
		if other, ok := r.answer.answeredBy(r.call); ok {
			attrs = append(attrs, slog.String("answered_by", other.String()))
		}
		if isCacheHit(s) {
			attrs = append(attrs, slog.String("cache", "hit"))
		}
		attrs = appendText(attrs, "response_id", s.ID)
		attrs = appendText(attrs, "request_id", s.RequestID)
	}
	if d := r.answer.done; d != nil {
		attrs = appendText(attrs, "finish", string(d.FinishReason))
	}
	u := r.answer.usage()
	if u.Input.Certainty != llm.CertaintyNone {
		attrs = append(attrs, slog.Int("input", u.Input.N))
	}
	if u.Output.Certainty != llm.CertaintyNone {
		attrs = append(attrs, slog.Int("output", u.Output.N))
	}
	if d := r.answer.done; d != nil && d.Cost.Certainty != llm.CertaintyNone {
		attrs = append(attrs, slog.Float64("cost", d.Cost.Total()))
	}
	if n := len(r.answer.attempts); n > 0 {
		attrs = append(attrs, slog.Int("attempts", n+1))
	}
	return attrs
}

// errorAttrs adds the attributes of the error.
func (r *record) errorAttrs(attrs []slog.Attr) []slog.Attr {
	if r.answer.err == nil {
		return attrs
	}
	e, ok := errors.AsType[*llm.Error](r.answer.err)
	if !ok || e == nil {
		return append(attrs, slog.String("error", "failed"))
	}
	attrs = append(attrs, slog.String("error", string(e.Kind)))
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	attrs = appendText(attrs, "code", e.Code)
	if r.answer.start == nil {
		attrs = appendText(attrs, "request_id", e.RequestID)
	}
	return attrs
}

// contentAttrs adds the messages, the answer and the error text.
func (r *record) contentAttrs(attrs []slog.Attr) []slog.Attr {
	if r.call.Request != nil {
		if messages, err := json.Marshal(r.call.Request.Messages); err == nil {
			attrs = append(attrs, slog.String("messages", string(messages)))
		}
	}
	attrs = appendText(attrs, "answer", string(r.text))
	if r.answer.err != nil {
		attrs = append(attrs, slog.String("error_message", r.answer.err.Error()))
	}
	return attrs
}

// appendText adds a text attribute unless the text is empty.
func appendText(attrs []slog.Attr, name, value string) []slog.Attr {
	if value == "" {
		return attrs
	}
	return append(attrs, slog.String(name, value))
}
