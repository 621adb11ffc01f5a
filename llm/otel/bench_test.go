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

// streaming returns a function that reads a stream of this number of chunks. If telemetry is
// not nil, it uses a real SDK that keeps metrics and drops spans.
func streaming(t testing.TB, chunks int, settings *otel.Telemetry) func() {
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
	model := provider.Model()
	if settings != nil {
		settings.TracerProvider = trace.NewTracerProvider()
		settings.MeterProvider = metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
		model = model.With(llm.WithMiddleware(settings))
	}
	return func() {
		for _, err := range model.Stream(t.Context(), llm.Prompt("Hi")).Events() {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// BenchmarkStream measures the cost of telemetry for a stream of 1,000 chunks.
func BenchmarkStream(b *testing.B) {
	for _, test := range []struct {
		name     string
		settings *otel.Telemetry
	}{
		{"plain", nil},
		{"shape", &otel.Telemetry{}},
		{"content", &otel.Telemetry{Content: true}},
	} {
		b.Run(test.name, func(b *testing.B) {
			run := streaming(b, 1000, test.settings)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/chunk")
		})
	}
}
