package llama_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llama"
)

const person = `{"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":150},
	"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":3},"boss":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["name","age","boss"],"additionalProperties":false}`

// The models of these tests have random weights, so all structure comes from the constraint.
func TestAnswersFollowASchema(t *testing.T) {
	parsed, err := schema.Parse([]byte(person), schema.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	validator := parsed.Validator(schema.Options{})
	m := model(t, "tiny", lines)
	whole := 0
	for seed := range int64(20) {
		r := &llm.Request{Messages: []llm.Message{llm.User("Who?")}, Format: &llm.Format{Schema: json.RawMessage(person)}, Seed: &seed, Temperature: new(1.5), MaxTokens: 300}
		resp := generate(t, m, r)
		if resp.FinishReason == llm.FinishLength {
			continue
		}
		whole++
		if report := validator.Validate([]byte(resp.Text())); !report.Valid() || resp.FinishReason != llm.FinishStop {
			t.Errorf("%s (%s)\n%v", resp.Text(), resp.FinishReason, report)
		}
	}
	if whole < 5 {
		t.Errorf("only %d of 20 answers have ended", whole)
	}
	r := greedy("Who?")
	r.Format, r.MaxTokens = &llm.Format{}, 60
	if text := generate(t, m, r).Text(); !strings.HasPrefix(strings.TrimSpace(text), "{") {
		t.Errorf("any JSON object: %q", text)
	}
}

func TestSchemaThatIsNotEnforced(t *testing.T) {
	m := model(t, "tiny", lines)
	r := greedy("Who?")
	r.MaxTokens, r.Format = 5, &llm.Format{Schema: json.RawMessage(`{"type":"integer","multipleOf":7}`)}
	resp := generate(t, m, r)
	if len(resp.Warnings) != 1 || resp.Warnings[0].Setting != "Format" || !strings.Contains(resp.Warnings[0].Message, "multipleOf") {
		t.Errorf("the warnings are %v", resp.Warnings)
	}
	r.FailOnUnsupported = true
	if _, err := m.Generate(t.Context(), r); !errors.Is(err, llm.Unsupported) {
		t.Errorf("with FailOnUnsupported: %v", err)
	}
	r.Format.Schema = json.RawMessage(`{"type":"nothing"}`)
	if _, err := m.Generate(t.Context(), r); !errors.Is(err, llm.InvalidRequest) {
		t.Errorf("a wrong schema: %v", err)
	}
}

func TestRequiredToolCalls(t *testing.T) {
	tools := []llm.Tool{
		{Name: "get_weather", Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"enum":["Paris","Rome"]}},"required":["city"]}`)},
		{Name: "get_time"},
	}
	for _, template := range []string{lines + `{# <tool_call> #}`, lines + `{% if tools %}{% endif %}{# <|eot_id|> #}`} {
		m := model(t, "tiny", template)
		r := greedy("Weather?")
		r.Tools, r.ToolChoice, r.MaxTokens = tools, llm.ToolChoice{Mode: llm.ToolNamed, Name: "get_weather"}, 100
		resp := generate(t, m, r)
		calls := resp.ToolCalls()
		var arguments struct{ City string }
		if len(calls) != 1 || calls[0].Name != "get_weather" || json.Unmarshal([]byte(calls[0].Arguments), &arguments) != nil || arguments.City == "" || resp.FinishReason != llm.FinishToolCalls {
			t.Errorf("the calls are %+v (%s), text %q", calls, resp.FinishReason, resp.Text())
		}
		r.ToolChoice = llm.ToolChoice{Mode: llm.ToolRequired}
		if calls = generate(t, m, r).ToolCalls(); len(calls) != 1 {
			t.Errorf("a required call: %+v", calls)
		}
		r.ToolChoice = llm.ToolChoice{Mode: llm.ToolNone}
		r.MaxTokens = 5
		if calls = generate(t, m, r).ToolCalls(); len(calls) != 0 {
			t.Errorf("no calls are allowed: %+v", calls)
		}
	}
}

func TestCallsFollowTheirSchema(t *testing.T) {
	// The scripted model calls get_weather for Paris. The schema has only Rome.
	m := model(t, "toolxml", lines+`{# <tool_call> #}`)
	r := greedy("Weather?")
	r.Tools = []llm.Tool{{Name: "get_weather", Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"enum":["Rome"]}},"required":["city"]}`)}}
	r.MaxTokens = 60
	resp := generate(t, m, r)
	for _, call := range resp.ToolCalls() {
		if !strings.Contains(call.Arguments, `"Rome"`) {
			t.Errorf("the arguments are %s", call.Arguments)
		}
	}
	if len(resp.ToolCalls()) == 0 {
		t.Errorf("no calls: %q, %+v", resp.Text(), resp.IncompleteCalls)
	}
}

func TestFormatAfterReasoning(t *testing.T) {
	m := llm.New(provider(t, llama.Config{}), file(t, "think", map[string]any{"tokenizer.chat_template": lines + `{# <think> enable_thinking #}`}))
	r := greedy("Hello")
	r.Format, r.ReasoningEffort, r.MaxTokens = &llm.Format{Schema: json.RawMessage(`{"const":"The answer"}`)}, llm.EffortLow, 60
	resp := generate(t, m, r)
	if !strings.Contains(resp.Reasoning(), "ponder") || resp.Text() != `"The answer"` {
		t.Errorf("reasoning %q, text %q", resp.Reasoning(), resp.Text())
	}
}
