package all_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/otel"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/openai"
)

// canary is the key of all requests. No output may contain it in any form.
const canary = "sk-canary/12345+67890&x"

// echoes are the forms in which a server repeats a key.
func echoes() map[string]string {
	var escaped, percent strings.Builder
	for i := range len(canary) {
		fmt.Fprintf(&escaped, `\u%04x`, canary[i])
		fmt.Fprintf(&percent, "%%%02x", canary[i])
	}
	return map[string]string{
		"plain": canary, "escaped": escaped.String(), "percent": percent.String(), "HTML": html.EscapeString(canary),
		"base64": base64.StdEncoding.EncodeToString([]byte("Bearer " + canary + ":")),
		"cut":    strings.Repeat("x", 985) + escaped.String(),
	}
}

// TestNoOutputHoldsTheKey checks everything that a program can print after a server has
// repeated the key: errors, responses, logs, telemetry and recordings, of every dialect.
func TestNoOutputHoldsTheKey(t *testing.T) {
	var standard bytes.Buffer
	log.SetOutput(&standard)
	defer log.SetOutput(os.Stderr)
	for form, echo := range echoes() {
		for _, status := range []int{200, 401, 500} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("X-Request-Id", strings.Map(printable, echo))
				w.WriteHeader(status)
				fmt.Fprintf(w, `{"error":{"message":"bad key %s","code":"%s","type":"%s"}}`, echo, echo, echo)
			}))
			for dialect := range dialects {
				if _, ok := providers.Lookup(dialect); !ok {
					continue // another API of a provider that is checked
				}
				t.Run(fmt.Sprintf("%s/%d/%s", dialect, status, form), func(t *testing.T) {
					outputs := outputsOf(t, dialect, server.URL)
					if !strings.Contains(outputs["error"], "bad key") {
						t.Errorf("the error has no reason of the server: %s", outputs["error"])
					}
					for place, output := range outputs {
						if output == "" {
							t.Errorf("%s: there is no output", place)
						}
						if clean := (httpcall.Secrets{canary}).Scrub(output); clean != output {
							t.Errorf("%s: %.2000s", place, output)
						}
					}
				})
			}
			server.Close()
		}
	}
	if standard.Len() > 0 {
		t.Errorf("the standard logger: %s", &standard)
	}
}

// printable removes the characters that a header cannot have.
func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// outputsOf makes a call that fails, and returns its outputs by the place where they appear.
func outputsOf(t *testing.T, dialect, url string) map[string]string {
	t.Helper()
	outputs := map[string]string{}
	recording := filepath.Join(t.TempDir(), "recording")
	var logged bytes.Buffer
	spans := tracetest.NewInMemoryExporter()
	t.Run("call", func(t *testing.T) { // the recording is written at its end
		transport := llmtest.Record(t, recording, http.DefaultTransport)
		config := providers.Config{BaseURL: url, APIKey: canary, HTTPClient: &http.Client{Transport: transport}}
		name := dialect
		if dialect == "responses" { // a setting of the provider openai
			name, config.Settings = "openai", openai.Settings{API: openai.APIResponses}
		}
		p, err := config.Open(name + "/m")
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		logger := slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		provider := trace.NewTracerProvider(trace.WithSyncer(spans))
		model := p.With(llm.WithMiddleware(
			&otel.Telemetry{Content: true, TracerProvider: provider}, &middleware.Log{Logger: logger},
		))
		req := llm.Prompt("x")
		req.KeepRaw = true
		resp, err := model.Generate(t.Context(), req)
		if err == nil {
			t.Error("the call succeeded")
		}
		for name, value := range map[string]any{"error": err, "response": resp, "model": model, "provider": p.Provider()} {
			data, _ := json.Marshal(value) // some have no JSON
			outputs[name] = fmt.Sprintf("%v\n%+v\n%#v\n%s", value, value, value, data)
		}
	})
	outputs["log"] = logged.String()
	outputs["telemetry"] = fmt.Sprintf("%+v", spans.GetSpans())
	data, err := os.ReadFile(recording)
	if err != nil {
		t.Fatal(err)
	}
	outputs["recording"] = string(data)
	return outputs
}
