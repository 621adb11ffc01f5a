// Package otel reports calls to OpenTelemetry, as spans and metrics with the
// names of its conventions for generative AI:
// https://opentelemetry.io/docs/specs/semconv/gen-ai/
//
//	traced, err := otel.Telemetry{}.Middleware()
//	…
//	model = model.With(llm.WithMiddleware(traced))
//
// Where the middleware stands decides what a span is. Outermost, it is what the
// program asked for: one span, with an event for each attempt that failed.
// Innermost, inside of retry and fallback, it is one attempt. It may be used in
// both places; the spans of attempts are then children of the call's. llm.WithMiddleware adds inside of
// what the model has: to be outermost it must be the first that the model is given.
//
// What was said is reported only if [Telemetry.Content] asks for it. Nothing is
// sent by this package: that is for the OpenTelemetry SDK which the program sets up.
package otel

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-llm/parley/llm"
)

// scope names this package as the source of its spans and metrics.
const scope = "github.com/parley-llm/parley/llm/otel"

// Telemetry says where calls are reported, and how much of them. The zero value
// reports their shape, not their content, to OpenTelemetry's global providers.
type Telemetry struct {
	// Content adds what was said: messages, tools and answers, and the texts
	// of errors, which may quote them. Pictures and sounds are reported by type
	// and size alone.
	Content bool `json:"content,omitempty" yaml:"content,omitempty"`

	TracerProvider trace.TracerProvider `json:"-" yaml:"-"` // nil is the global one
	MeterProvider  metric.MeterProvider `json:"-" yaml:"-"` // nil is the global one
}

// Middleware returns the middleware. An instrument that cannot be made is an
// error of kind [llm.InvalidRequest].
func (t Telemetry) Middleware() (llm.Middleware, error) {
	if t.TracerProvider == nil {
		t.TracerProvider = otel.GetTracerProvider()
	}
	if t.MeterProvider == nil {
		t.MeterProvider = otel.GetMeterProvider()
	}
	instruments, err := newInstruments(t.MeterProvider.Meter(scope, metric.WithSchemaURL(schemaURL)))
	if err != nil {
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: "otel.Telemetry: MeterProvider: " + err.Error(), Err: err}
	}
	r := &reporter{
		tracer:      t.TracerProvider.Tracer(scope, trace.WithSchemaURL(schemaURL)),
		instruments: instruments,
		content:     t.Content,
	}
	return r.wrap, nil
}

// reporter is the middleware: what all calls share.
type reporter struct {
	tracer      trace.Tracer
	instruments instruments
	content     bool
}

func (r *reporter) wrap(next llm.Handler) llm.Handler {
	return func(ctx context.Context, call *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			if call == nil {
				yield(llm.Event{}, &llm.Error{Kind: llm.InvalidRequest, Message: "the call is nil"})
				return
			}
			ctx, rec := r.begin(ctx, call)
			defer rec.end()
			events := rec.watch(next(ctx, call), yield)
			if !r.content {
				events(func(llm.Event, error) bool { return true })
				return
			}
			rec.answer, _ = llm.Collect(events) // the error has been seen by watch
		}
	}
}
