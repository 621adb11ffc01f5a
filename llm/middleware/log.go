package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Log writes one record for each call, when it has ended: what was asked of
// which model, how it ended, how long it took and what it cost. What was said is
// left out, as are servers' messages, which repeat it at times, unless Content
// asks for both. Credentials are in none of it.
//
// The record's message is "llm call", and its attributes are op, provider,
// model, outcome ("done", "failed", "left" by the caller), duration, and where they are known:
// first (the time to the first content), pieces, finish, input, output (tokens), answered_by, response_id,
// request_id, attempts, error (its kind), status, code.
type Log struct {
	// Content adds messages, answer and error_message to the record.
	Content bool `yaml:"content" json:"content"`
	// Level is the level of calls that do not fail. Default Info. Those that
	// fail are Errors, unless their caller cancelled them.
	Level slog.Level `yaml:"level" json:"level"`
	// Logger is where the records go; nil is [slog.Default].
	Logger *slog.Logger `yaml:"-" json:"-"`
}

// Middleware returns the middleware of these settings.
func (l Log) Middleware() (llm.Middleware, error) { return layer(l.run), nil }

func (l Log) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	r := record{Log: l, call: call, begun: time.Now(), yield: yield}
	defer func() { r.write(ctx) }()
	next(ctx, call)(r.hear)
}

// record is a call as it will be logged.
type record struct {
	Log
	call  *llm.Call
	begun time.Time
	first time.Duration // to the first content, or 0
	heard listener
	text  []byte
	yield func(llm.Event, error) bool
}

func (r *record) hear(ev llm.Event, err error) bool {
	r.heard.hear(ev, err)
	if r.first == 0 && ev.Type.Content() {
		r.first = max(time.Since(r.begun), 1)
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
	case r.heard.done != nil:
		outcome = "done"
	case r.heard.err != nil:
		outcome = "failed"
		if !errors.Is(r.heard.err, llm.Canceled) {
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
		slog.Duration("duration", time.Since(r.begun)),
	)
	attrs = r.answer(attrs)
	attrs = r.failure(attrs)
	if r.Content {
		attrs = r.content(attrs)
	}
	logger.LogAttrs(ctx, level, "llm call", attrs...)
}

// answer adds what is known of the answer.
func (r *record) answer(attrs []slog.Attr) []slog.Attr {
	if r.first > 0 {
		attrs = append(attrs, slog.Duration("first", r.first), slog.Int("pieces", r.heard.pieces))
	}
	if s := r.heard.start; s != nil {
		if s.Provider != "" && s.Provider != r.call.Provider {
			attrs = append(attrs, slog.String("answered_by", s.Provider+"/"+s.Model))
		}
		attrs = text(attrs, "response_id", s.ID)
		attrs = text(attrs, "request_id", s.RequestID)
	}
	if d := r.heard.done; d != nil {
		attrs = text(attrs, "finish", string(d.FinishReason))
	}
	u := r.heard.usage()
	if u.Input.Certainty != llm.CertaintyNone {
		attrs = append(attrs, slog.Int("input", u.Input.N))
	}
	if u.Output.Certainty != llm.CertaintyNone {
		attrs = append(attrs, slog.Int("output", u.Output.N))
	}
	if n := len(r.heard.attempts); n > 0 {
		attrs = append(attrs, slog.Int("attempts", n+1))
	}
	return attrs
}

// failure adds what is known of the error.
func (r *record) failure(attrs []slog.Attr) []slog.Attr {
	if r.heard.err == nil {
		return attrs
	}
	e, ok := errors.AsType[*llm.Error](r.heard.err)
	if !ok {
		return append(attrs, slog.String("error", "failed"))
	}
	attrs = append(attrs, slog.String("error", string(e.Kind)))
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	attrs = text(attrs, "code", e.Code)
	if r.heard.start == nil {
		attrs = text(attrs, "request_id", e.RequestID)
	}
	return attrs
}

// content adds what was said.
func (r *record) content(attrs []slog.Attr) []slog.Attr {
	if r.call.Request != nil {
		if messages, err := json.Marshal(r.call.Request.Messages); err == nil {
			attrs = append(attrs, slog.String("messages", string(messages)))
		}
	}
	attrs = text(attrs, "answer", string(r.text))
	if r.heard.err != nil {
		attrs = append(attrs, slog.String("error_message", r.heard.err.Error()))
	}
	return attrs
}

// text adds a text unless it is empty.
func text(attrs []slog.Attr, name, value string) []slog.Attr {
	if value == "" {
		return attrs
	}
	return append(attrs, slog.String(name, value))
}
