package otel_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/otel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend is a real OpenTelemetry SDK that keeps the data in memory.
type backend struct {
	t        *testing.T
	recorder *tracetest.SpanRecorder
	tracers  *trace.TracerProvider
	reader   *metric.ManualReader
	meters   *metric.MeterProvider
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{t: t, recorder: tracetest.NewSpanRecorder(), reader: metric.NewManualReader()}
	b.tracers = trace.NewTracerProvider(trace.WithSpanProcessor(b.recorder))
	b.meters = metric.NewMeterProvider(metric.WithReader(b.reader))
	return b
}

func (b *backend) middleware(telemetry *otel.Telemetry) llm.Middleware {
	b.t.Helper()
	telemetry.TracerProvider, telemetry.MeterProvider = b.tracers, b.meters
	if err := telemetry.Validate(); err != nil {
		b.t.Fatal(err)
	}
	return telemetry
}

type attributes map[string]any

func (a attributes) with(key string, value any) attributes {
	more := maps.Clone(a)
	more[key] = value
	return more
}

func read(pairs []attribute.KeyValue) attributes {
	a := attributes{}
	for _, pair := range pairs {
		a[string(pair.Key)] = pair.Value.AsInterface()
	}
	return a
}

// span has the parts of a span that tests compare.
type span struct {
	Name       string
	Kind       string
	Parent     string // its name
	Took       time.Duration
	Error      string
	Attributes attributes
	Events     []event
}

type event struct {
	Name       string
	Attributes attributes
}

// spans returns the spans in the order of their start.
func (b *backend) spans() []span {
	b.t.Helper()
	began := b.recorder.Started()
	if ended := len(b.recorder.Ended()); ended != len(began) {
		b.t.Errorf("%d spans began and %d have ended", len(began), ended)
	}
	names := make(map[string]string)
	var spans []span
	for _, s := range began {
		names[s.SpanContext().SpanID().String()] = s.Name()
		got := span{
			Name: s.Name(), Kind: s.SpanKind().String(), Parent: names[s.Parent().SpanID().String()],
			Took: s.EndTime().Sub(s.StartTime()), Error: s.Status().Description, Attributes: read(s.Attributes()),
		}
		for _, e := range s.Events() {
			got.Events = append(got.Events, event{e.Name, read(e.Attributes)})
		}
		if !strings.HasSuffix(s.InstrumentationScope().SchemaURL, "/1.41.0") {
			b.t.Errorf("the schema of span %s is %s", s.Name(), s.InstrumentationScope().SchemaURL)
		}
		spans = append(spans, got)
	}
	return spans
}

// measured has the parts of a histogram that tests compare.
type measured struct {
	Name, Unit string
	Labels     attributes
	Count      uint64
	Sum        float64
}

// metrics returns the histograms, sorted by names and first numbers.
func (b *backend) metrics() []measured {
	b.t.Helper()
	var data metricdata.ResourceMetrics
	if err := b.reader.Collect(b.t.Context(), &data); err != nil {
		b.t.Fatal(err)
	}
	var all []measured
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch h := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range h.DataPoints {
					all = append(all, measured{m.Name, m.Unit, read(p.Attributes.ToSlice()), p.Count, round(p.Sum)})
				}
			case metricdata.Histogram[int64]:
				for _, p := range h.DataPoints {
					all = append(all, measured{m.Name, m.Unit, read(p.Attributes.ToSlice()), p.Count, float64(p.Sum)})
				}
			}
		}
	}
	slices.SortFunc(all, func(x, y measured) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(label(x), label(y)))
	})
	return all
}

func label(m measured) string {
	text, _ := m.Labels["gen_ai.token.type"].(string)
	return text
}

// round removes floating-point errors from a sum of seconds.
func round(seconds float64) float64 { return float64(int64(seconds*1e6+0.5)) / 1e6 }
