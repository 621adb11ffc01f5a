package openai_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func TestQuirksAreReadFromJSON(t *testing.T) {
	const text = `{
		"unsupported": ["seed", "parallel_tool_calls"],
		"max_tokens_field": "max_tokens",
		"seed_field": "random_seed",
		"reasoning_field": "reasoning_content",
		"disable_reasoning_field": "thinking",
		"no_minimal_effort": true,
		"no_invalid_arguments": true,
		"no_empty_reasoning": true,
		"tool_result_names": true,
		"call_id_length": 9,
		"accepts_images": true,
		"accepts_top_k": true,
		"no_forced_tool_calls": true,
		"no_named_tool_choice": true,
		"no_json_object": true,
		"no_json_schema": true,
		"no_stream_options": true,
		"no_message_names": true,
		"no_tools": true,
		"think_tags": true,
		"embed_inputs": 10,
		"embed_tokens": 16000,
		"body": {"reasoning_split": true}
	}`
	var got openai.Quirks
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := openai.Quirks{
		Unsupported:    []openai.Setting{openai.SettingSeed, openai.SettingParallelToolCalls},
		MaxTokensField: openai.MaxTokens, ReasoningField: openai.FieldReasoningContent, DisableReasoningField: openai.DisableByThinking,
		SeedField: openai.RandomSeed, NoTools: true, ThinkTags: true, EmbedInputs: 10, EmbedTokens: 16000, Body: map[string]any{"reasoning_split": true},
		NoInvalidArguments: true, NoEmptyReasoning: true, ToolResultNames: true, CallIDLength: 9, NoMinimalEffort: true, AcceptsImages: true, AcceptsTopK: true, NoForcedToolCalls: true, NoNamedToolChoice: true,
		NoJSONObject: true, NoJSONSchema: true, NoStreamOptions: true, NoMessageNames: true,
	}
	equal(t, "quirks", got, want)
	fields := reflect.ValueOf(got)
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() {
			t.Errorf("the text above has no value for %s", fields.Type().Field(i).Name)
		}
	}
	equal(t, "the same, written", fromJSON(t, string(rawJSON(t, want))), fromJSON(t, text))
}

func TestUnknownQuirksAreErrorsOfNew(t *testing.T) {
	for want, quirks := range map[string]openai.Quirks{
		`Config.Quirks.Unsupported is "Seed": use one of temperature, `:                              {Unsupported: []openai.Setting{"stop", "Seed"}},
		`Config.Quirks.Unsupported is "": use one of temperature, `:                                  {Unsupported: []openai.Setting{""}},
		`Config.Quirks.MaxTokensField is "max": use one of max_completion_tokens, max_tokens`:        {MaxTokensField: "max"},
		`Config.Quirks.SeedField is "Seed": use one of seed, random_seed`:                            {SeedField: "Seed"},
		`Config.Quirks.ReasoningField is "thinking": use one of reasoning, reasoning_content`:        {ReasoningField: "thinking"},
		`Config.Quirks.DisableReasoningField is "reasoning_content": use one of thinking, reasoning`: {DisableReasoningField: "reasoning_content"},
	} {
		_, err := openai.New(openai.Config{APIKey: testKey, Quirks: &quirks})
		wantError(t, err, llm.InvalidRequest, want)
	}
}

// TestEverySettingCanBeUnsupported sets each field of a request that Unsupported can list.
func TestEverySettingCanBeUnsupported(t *testing.T) {
	for setting, req := range map[openai.Setting]llm.Request{
		openai.SettingTemperature:       {Temperature: new(1.0)},
		openai.SettingTopP:              {TopP: new(1.0)},
		openai.SettingPresencePenalty:   {PresencePenalty: new(1.0)},
		openai.SettingFrequencyPenalty:  {FrequencyPenalty: new(1.0)},
		openai.SettingSeed:              {Seed: new(int64(1))},
		openai.SettingStop:              {Stop: []string{"x"}},
		openai.SettingLogprobs:          {Logprobs: true},
		openai.SettingTopLogprobs:       {TopLogprobs: 1},
		openai.SettingReasoningEffort:   {ReasoningEffort: llm.EffortLow},
		openai.SettingParallelToolCalls: {ParallelToolCalls: new(true), Tools: []llm.Tool{{Name: "f"}}},
	} {
		t.Run(string(setting), func(t *testing.T) {
			req.Messages = hi
			sent := fromJSON(t, capture(t, openai.Config{}, "m", &req).Body).(map[string]any)
			if _, ok := sent[string(setting)]; !ok {
				t.Errorf("the setting is not sent by default: %v", sent)
			}
			got := capture(t, openai.Config{Quirks: &openai.Quirks{Unsupported: []openai.Setting{setting}}}, "m", &req)
			if _, ok := fromJSON(t, got.Body).(map[string]any)[string(setting)]; ok {
				t.Errorf("the setting is sent: %s", got.Body)
			}
			var warned []string
			for _, w := range got.Warnings {
				warned = append(warned, w.Setting)
				if _, ok := reflect.TypeFor[llm.Request]().FieldByName(w.Setting); !ok {
					t.Errorf("llm.Request has no field %s", w.Setting)
				}
			}
			if len(warned) != 1 || !strings.EqualFold(warned[0], strings.ReplaceAll(string(setting), "_", "")) {
				t.Errorf("the warnings are about %q, want one about %s", warned, setting)
			}
		})
	}
}
