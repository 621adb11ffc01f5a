// Package otel reports calls to OpenTelemetry, as spans and metrics with the names of the
// semantic conventions for generative AI:
// https://opentelemetry.io/docs/specs/semconv/gen-ai/
//
//	model = model.With(llm.WithOuterMiddleware(&otel.Telemetry{}))
//
// The position of the middleware decides the meaning of a span. If [Telemetry] is outermost,
// a span is a call of the program, with an event for each failed attempt. If Telemetry is
// innermost, inside of retry and fallback, a span is one attempt. It can be used in both
// positions. The spans of attempts are then children of the span of the call.
//
// This package sends nothing. The program sets up the OpenTelemetry SDK, which exports the
// data.
//
// Security: messages, answers and error texts are reported only if [Telemetry.Content] is
// set.
package otel

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-llm/parley/llm"
)

// scope is the name of the instrumentation scope.
const scope = "github.com/parley-llm/parley/llm/otel"

// Telemetry is middleware that reports calls as spans and metrics.
//
// The zero value is ready to use. It reports to the global providers of OpenTelemetry. A
// Telemetry is safe for concurrent use. Do not copy it or change its fields after the first
// call.
type Telemetry struct {
	// Content adds messages, tools, answers and error texts to the spans. Images, audio and
	// files are reported by type and size only.
	//
	// Security: the data then contains everything that users and models write.
	Content bool `yaml:"content,omitempty"`

	// TracerProvider receives the spans. The default is the global one at the first call.
	TracerProvider trace.TracerProvider `json:"-" yaml:"-"`
	// MeterProvider receives the metrics. The default is the global one at the first call.
	MeterProvider metric.MeterProvider `json:"-" yaml:"-"`

	once     sync.Once
	reporter *reporter
	err      error
}

// Validate returns an error of kind [llm.InvalidRequest] if the MeterProvider cannot create
// the instruments.
func (t *Telemetry) Validate() error {
	_, err := t.open()
	return err
}

// Wrap implements [llm.Middleware].
func (t *Telemetry) Wrap(next llm.Handler) llm.Handler {
	return func(ctx context.Context, call *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			t.once.Do(func() { t.reporter, t.err = t.open() })
			switch {
			case t.err != nil:
				yield(llm.Event{}, t.err)
			case call == nil:
				yield(llm.Event{}, &llm.Error{Kind: llm.InvalidRequest, Message: "the call is nil"})
			default:
				t.reporter.run(ctx, call, next, yield)
			}
		}
	}
}

func (t *Telemetry) open() (*reporter, error) {
	tracers, meters := t.TracerProvider, t.MeterProvider
	if tracers == nil {
		tracers = otel.GetTracerProvider()
	}
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	instruments, err := newInstruments(meters.Meter(scope, metric.WithSchemaURL(schemaURL)))
	if err != nil {
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: "otel.Telemetry: MeterProvider: " + err.Error(), Err: err}
	}
	return &reporter{
		tracer:      tracers.Tracer(scope, trace.WithSchemaURL(schemaURL)),
		instruments: instruments,
		content:     t.Content,
	}, nil
}

// reporter is a Telemetry in use.
type reporter struct {
	tracer      trace.Tracer
	instruments instruments
	content     bool
}

func (r *reporter) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	ctx, rec := r.begin(ctx, call)
	defer rec.end()
	events := rec.forward(next(ctx, call), yield)
	if !r.content {
		events(func(llm.Event, error) bool { return true })
		return
	}
	rec.answer, _ = llm.Collect(events) // forward has recorded the error
}
