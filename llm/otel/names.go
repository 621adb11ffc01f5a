package otel

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/parley-llm/parley/llm"
)

// The names of the conventions still change, so this file has all names that are used.
// v1.41.0 is the last version whose Go package has the names for generative AI. Since then
// they are in a repository without a Go package. The names of its v0.1.0 that differ are
// written out below:
// https://github.com/open-telemetry/semantic-conventions-genai/blob/main/CHANGELOG.md
const schemaURL = semconv.SchemaURL

// Attributes of all spans and metrics.
const (
	keyOperation     = semconv.GenAIOperationNameKey
	keyProvider      = semconv.GenAIProviderNameKey
	keyRequestModel  = semconv.GenAIRequestModelKey
	keyResponseModel = semconv.GenAIResponseModelKey
	keyErrorType     = semconv.ErrorTypeKey
)

// Attributes of the token metric.
var (
	tokenInput  = semconv.GenAITokenTypeInput
	tokenOutput = semconv.GenAITokenTypeOutput
)

// Attributes of spans: settings of the request.
const (
	keyStream           = semconv.GenAIRequestStreamKey
	keyOutputType       = semconv.GenAIOutputTypeKey
	keyMaxTokens        = semconv.GenAIRequestMaxTokensKey
	keyTemperature      = semconv.GenAIRequestTemperatureKey
	keyTopP             = semconv.GenAIRequestTopPKey
	keyTopK             = semconv.GenAIRequestTopKKey
	keySeed             = semconv.GenAIRequestSeedKey
	keyPresencePenalty  = semconv.GenAIRequestPresencePenaltyKey
	keyFrequencyPenalty = semconv.GenAIRequestFrequencyPenaltyKey
	keyStop             = semconv.GenAIRequestStopSequencesKey
	keyDimensions       = semconv.GenAIEmbeddingsDimensionCountKey
)

// Attributes of spans: data of the answer.
const (
	keyResponseID       = semconv.GenAIResponseIDKey
	keyFinishReasons    = semconv.GenAIResponseFinishReasonsKey
	keyTimeToFirstChunk = semconv.GenAIResponseTimeToFirstChunkKey
	keyInputTokens      = semconv.GenAIUsageInputTokensKey
	keyOutputTokens     = semconv.GenAIUsageOutputTokensKey
	keyCacheRead        = semconv.GenAIUsageCacheReadInputTokensKey
	keyCacheWrite       = attribute.Key("gen_ai.usage.cache_write.input_tokens") // was cache_creation
	keyReasoning        = semconv.GenAIUsageReasoningOutputTokensKey
	keyStatus           = semconv.HTTPResponseStatusCodeKey
	keyServiceTier      = semconv.OpenAIResponseServiceTierKey // of other vendors too
)

// Attributes of spans: content, if Telemetry.Content is set.
const (
	keySystem = semconv.GenAISystemInstructionsKey
	keyInput  = semconv.GenAIInputMessagesKey
	keyOutput = semconv.GenAIOutputMessagesKey
	keyTools  = semconv.GenAIToolDefinitionsKey
)

// attemptEvent is the name of a span event for a failed attempt, with the provider, model
// and error type. The conventions have no name for it.
const attemptEvent = "parley.attempt"

// Names that the conventions lack.
const (
	keyCost     = attribute.Key("parley.usage.cost")      // in US dollars
	keyCacheHit = attribute.Key("parley.response.cached") // by middleware.Cache
)

// operations maps operations to the names of the conventions. Names that the conventions
// lack have the same form.
var operations = map[llm.Op]attribute.KeyValue{
	llm.OpChat:        semconv.GenAIOperationNameChat,
	llm.OpEmbed:       semconv.GenAIOperationNameEmbeddings,
	llm.OpCountTokens: keyOperation.String("count_tokens"),
	llm.OpListModels:  keyOperation.String("list_models"),
}

func operation(op llm.Op) attribute.KeyValue {
	if known, ok := operations[op]; ok {
		return known
	}
	return keyOperation.String(string(op))
}

// vendors maps providers to the names of the conventions. The conventions ask to use the
// name of the provider if they lack one.
var vendors = map[string]attribute.KeyValue{
	"openai":    semconv.GenAIProviderNameOpenAI,
	"anthropic": semconv.GenAIProviderNameAnthropic,
	"azure":     semconv.GenAIProviderNameAzureAIOpenAI,
	"gemini":    semconv.GenAIProviderNameGCPGemini,
	"vertex":    semconv.GenAIProviderNameGCPVertexAI,
	"palm":      semconv.GenAIProviderNameGCPGenAI,
	"groq":      semconv.GenAIProviderNameGroq,
	"deepseek":  semconv.GenAIProviderNameDeepseek,
}

func vendor(provider string) attribute.KeyValue {
	if known, ok := vendors[provider]; ok {
		return known
	}
	return keyProvider.String(provider)
}

// errorType returns the kind of an error, for example "rate_limited".
func errorType(err error) string {
	if kind := llm.KindOf(err); kind != "" {
		return string(kind)
	}
	return semconv.ErrorTypeOther.Value.AsString()
}
