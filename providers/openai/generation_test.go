package openai_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// TestModelsOfOpenAIGetTheSettingsOfTheirGeneration has the rules that are cited in
// generation.go. The catalog does not list all of these names.
func TestModelsOfOpenAIGetTheSettingsOfTheirGeneration(t *testing.T) {
	tools := []llm.Tool{{Name: "f"}}
	gateway := openai.Config{BaseURL: "https://gateway.example/v1"}
	for _, tt := range []struct {
		model   string
		config  openai.Config
		req     llm.Request
		sent    string // reasoning_effort, temperature, stop, number of tools
		warned  string
		refused bool
	}{
		{model: "gpt-5.4", req: llm.Request{Tools: tools}, sent: " <nil> [] 1"},
		{model: "gpt-5.4", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortHigh}, sent: " <nil> [] 1", warned: "ReasoningEffort"},
		{model: "gpt-5.5-2026-04-23", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortLow}, sent: " <nil> [] 1", warned: "ReasoningEffort"},
		{model: "gpt-5.4", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortNone}, sent: "none <nil> [] 1"},
		{model: "gpt-5.4", req: llm.Request{ReasoningEffort: llm.EffortHigh, Temperature: new(0.5)}, sent: "high 0.5 [] 0"},
		{model: "gpt-5.6-sol", req: llm.Request{Tools: tools}, sent: "none <nil> [] 1", warned: "ReasoningEffort"},
		{model: "gpt-6-luna", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortHigh}, sent: "none <nil> [] 1", warned: "ReasoningEffort"},
		{model: "gpt-6-sol", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortNone}, sent: "none <nil> [] 1"},
		{model: "gpt-6-luna", req: llm.Request{ReasoningEffort: llm.EffortHigh}, sent: "high <nil> [] 0"},
		{model: "gpt-6-luna", req: llm.Request{ReasoningEffort: llm.EffortMinimal}, sent: "low <nil> [] 0", warned: "ReasoningEffort"},
		{model: "gpt-6-luna", req: llm.Request{Temperature: new(0.5), Stop: []string{"x"}}, sent: " <nil> [] 0", warned: "Temperature Stop"},
		{model: "gpt-6-luna", req: llm.Request{Temperature: new(1.0)}, sent: " 1 [] 0"},
		{model: "gpt-6-astra", req: llm.Request{Tools: tools}, refused: true},
		{model: "gpt-6.1-sol-2026-11-01", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortNone}, refused: true},
		{model: "gpt-6-astra", req: llm.Request{ReasoningEffort: llm.EffortLow}, sent: "low <nil> [] 0"},
		{model: "gpt-7-nova", req: llm.Request{Tools: tools}, sent: "none <nil> [] 1", warned: "ReasoningEffort"},
		{model: "gpt-12", req: llm.Request{Tools: tools}, sent: "none <nil> [] 1", warned: "ReasoningEffort"},
		{model: "gpt-6.1-terra", config: openai.Config{Server: openai.Azure}, req: llm.Request{Tools: tools}, sent: "none <nil> [] 1", warned: "ReasoningEffort"},

		// Other names, and other servers.
		{model: "gpt-5.2", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortHigh, Temperature: new(0.5)}, sent: "high 0.5 [] 1"},
		{model: "gpt-4o", req: llm.Request{Tools: tools, Temperature: new(0.5)}, sent: " 0.5 [] 1"},
		{model: "gpt-4.1", req: llm.Request{Tools: tools}, sent: " <nil> [] 1"},
		{model: "gpt-oss-120b", req: llm.Request{Tools: tools, ReasoningEffort: llm.EffortHigh}, sent: "high <nil> [] 1"},
		{model: "my-gpt-6", req: llm.Request{Tools: tools}, sent: " <nil> [] 1"},
		{model: "gpt-6-luna", config: gateway, req: llm.Request{Tools: tools, Temperature: new(0.5), Stop: []string{"x"}}, sent: " 0.5 [x] 1"},
		{model: "openai/gpt-6-luna", config: openai.Config{Server: openai.OpenRouter}, req: llm.Request{Tools: tools}, sent: " <nil> [] 1"},
	} {
		t.Run(tt.model, func(t *testing.T) {
			tt.req.Messages = hi
			if tt.refused {
				tt.config.API = openai.APIChat
				m := model(t, tt.config, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }).With(llm.WithName(tt.model))
				_, err := m.Generate(t.Context(), &tt.req)
				wantError(t, err, llm.Unsupported, "tools are not supported by this model here: OpenAI offers tools for this model on the Responses API only")
				return
			}
			config := tt.config
			if config.BaseURL == "" && config.Server != openai.Azure && config.Server != openai.OpenRouter {
				config.BaseURL = "https://api.openai.com/v1"
			}
			config.API = openai.APIChat
			got := capture(t, config, tt.model, &tt.req)
			body := fromJSON(t, got.Body).(map[string]any)
			effort, _ := body["reasoning_effort"].(string)
			stop, _ := body["stop"].([]any)
			list, _ := body["tools"].([]any)
			equal(t, "effort, temperature, stop and tools", fmt.Sprint(effort, " ", body["temperature"], " ", stop, " ", len(list)), tt.sent)
			var warned []string
			for _, w := range got.Warnings {
				warned = append(warned, w.Setting)
			}
			equal(t, "warnings", strings.Join(warned, " "), tt.warned)
		})
	}
}

// Who prefers an error to another effort gets one.
func TestOtherEffortIsAnErrorOnRequest(t *testing.T) {
	m := model(t, openai.Config{API: openai.APIChat}, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }).With(llm.WithName("gpt-6-luna"))
	_, err := m.Generate(t.Context(), &llm.Request{Messages: hi, Tools: []llm.Tool{{Name: "f"}}, FailOnUnsupported: true})
	wantError(t, err, llm.Unsupported, "ReasoningEffort: this model accepts tools on the Chat Completions API only without reasoning")
}

// A server may answer 15 minutes later under the service tier "flex", and not otherwise.
func TestFlexWaitsLonger(t *testing.T) {
	for tier, kind := range map[string]llm.Kind{"flex": "", "default": llm.Timeout} {
		synctest.Test(t, func(t *testing.T) {
			m := piped(t, openai.Config{APIKey: testKey}, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				select {
				case <-time.After(15 * time.Minute):
					streams(events(text("Hello"), finish("stop"), usage, done))(w, r)
				case <-r.Context().Done():
				}
			})
			_, err := m.Generate(t.Context(), &llm.Request{Messages: hi, Options: []llm.Options{openai.Options{ServiceTier: tier}}})
			if llm.KindOf(err) != kind {
				t.Errorf("under %s, the error is %v, want the kind %q", tier, err, kind)
			}
		})
	}
}
