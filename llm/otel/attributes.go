package otel

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/parley-llm/parley/llm"
)

// settings returns the attributes of the settings of a request.
func settings(call *llm.Call, streamed bool) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if call.Embed != nil && call.Embed.Dimensions > 0 {
		attrs = append(attrs, keyDimensions.Int(call.Embed.Dimensions))
	}
	r := call.Request
	if r == nil {
		return attrs
	}
	if call.Op == llm.OpChat {
		attrs = append(attrs, keyStream.Bool(streamed))
	}
	if r.Format != nil {
		attrs = append(attrs, semconv.GenAIOutputTypeJSON)
	}
	if r.MaxTokens > 0 {
		attrs = append(attrs, keyMaxTokens.Int(r.MaxTokens))
	}
	for _, number := range [...]struct {
		key   attribute.Key
		value *float64
	}{
		{keyTemperature, r.Temperature},
		{keyTopP, r.TopP},
		{keyPresencePenalty, r.PresencePenalty},
		{keyFrequencyPenalty, r.FrequencyPenalty},
	} {
		if number.value != nil {
			attrs = append(attrs, number.key.Float64(*number.value))
		}
	}
	if r.TopK != nil {
		attrs = append(attrs, keyTopK.Int(*r.TopK))
	}
	if r.Seed != nil {
		attrs = append(attrs, keySeed.Int64(*r.Seed))
	}
	if len(r.Stop) > 0 {
		attrs = append(attrs, keyStop.StringSlice(r.Stop))
	}
	return attrs
}

// outcome returns the attributes of the finish reason and of the usage that the server
// reported.
func outcome(done *llm.Done) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if done.FinishReason != llm.FinishUnknown {
		attrs = append(attrs, keyFinishReasons.StringSlice([]string{finishReason(done.FinishReason)}))
	}
	if done.Cost.Certainty != llm.CertaintyNone {
		attrs = append(attrs, keyCost.Float64(done.Cost.Total()))
	}
	attrs = append(attrs, known(keyServiceTier, done.ServiceTier)...)
	for _, count := range [...]struct {
		key    attribute.Key
		tokens llm.Tokens
	}{
		{keyInputTokens, done.Usage.Input},
		{keyOutputTokens, done.Usage.Output},
		{keyCacheRead, done.Usage.CacheRead},
		{keyCacheWrite, done.Usage.CacheWrite},
		{keyReasoning, done.Usage.Reasoning},
	} {
		if count.tokens.IsKnown() {
			attrs = append(attrs, count.key.Int(count.tokens.N))
		}
	}
	return attrs
}

// finishReason returns the finish reason as the conventions name it:
// https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-output-messages.json
func finishReason(reason llm.FinishReason) string {
	if reason == llm.FinishToolCalls {
		return "tool_call" // the conventions use the singular
	}
	return string(reason)
}

// known returns the attribute, or none if the value is not known.
func known(key attribute.Key, value string) []attribute.KeyValue {
	if value == "" {
		return nil
	}
	return []attribute.KeyValue{key.String(value)}
}
