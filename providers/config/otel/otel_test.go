package otel_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
	_ "github.com/parley-llm/parley/providers/config/otel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// With telemetry as the outermost and the innermost middleware, there is a span for the call
// and one for each attempt below it.
func TestTelemetryOfAFileReportsTheCallAndItsAttempts(t *testing.T) {
	providers.Register("flaky", providers.Driver{New: func(providers.Config) (llm.Provider, error) {
		return llmtest.New(llmtest.Error(&llm.Error{Kind: llm.Server, Message: "crashed"}), llmtest.Text("second try")), nil
	}})
	recorder := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(recorder)))
	defer otel.SetTracerProvider(before)

	path := filepath.Join(t.TempDir(), "parley.yaml")
	file := "models: {a: {model: flaky/m, middleware: [telemetry, chain: {retry: {}, breaker: {}}, telemetry: {content: true}]}}"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // for the wait before the second try
		cfg, err := config.Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer cfg.Close()
		model, err := cfg.Model("")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := model.Generate(t.Context(), llm.Prompt("hello")); err != nil {
			t.Fatal(err)
		}
	})

	type span struct{ Name, Parent, Error, Content string }
	names := make(map[string]string)
	var got []span
	for _, s := range recorder.Started() {
		names[s.SpanContext().SpanID().String()] = s.Name()
		one := span{Name: s.Name(), Parent: names[s.Parent().SpanID().String()]}
		for _, a := range s.Attributes() {
			switch a.Key {
			case "error.type":
				one.Error = a.Value.AsString()
			case "gen_ai.output.messages":
				one.Content = a.Value.AsString()
			}
		}
		got = append(got, one)
	}
	want := []span{
		{Name: "chat m"},
		{Name: "chat m", Parent: "chat m", Error: "server_error"},
		{Name: "chat m", Parent: "chat m", Content: `[{"role":"assistant","parts":[{"type":"text","content":"second try"}],"finish_reason":"stop"}]`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if ended := len(recorder.Ended()); ended != len(got) {
		t.Errorf("%d spans began and %d have ended", len(got), ended)
	}
}
