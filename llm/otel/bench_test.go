package otel_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/otel"
)

// BenchmarkStream reports what telemetry adds to a stream of 1,000 chunks, with
// a real SDK that keeps metrics and drops spans.
func BenchmarkStream(b *testing.B) {
	const chunks = 1000
	provider := llmtest.Always(llmtest.Func(func(context.Context, *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			for range chunks {
				if !yield(llm.Event{Type: llm.EventText, Text: "word "}, nil) {
					return
				}
			}
			yield(done(llm.FinishStop), nil)
		}
	}))
	for _, test := range []struct {
		name     string
		settings *otel.Telemetry
	}{
		{"plain", nil},
		{"shape", &otel.Telemetry{}},
		{"content", &otel.Telemetry{Content: true}},
	} {
		b.Run(test.name, func(b *testing.B) {
			model := provider.Model()
			if test.settings != nil {
				test.settings.TracerProvider = trace.NewTracerProvider()
				test.settings.MeterProvider = metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
				traced, err := test.settings.Middleware()
				if err != nil {
					b.Fatal(err)
				}
				model = model.With(llm.Use(traced))
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range model.Stream(b.Context(), llm.Ask("Hi")).Events() {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
		})
	}
}
