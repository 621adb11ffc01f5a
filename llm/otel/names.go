package otel

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/parley-llm/parley/llm"
)

// The names of the conventions are still moving, so all that are used stand
// here. v1.41.0 is the last version whose Go package has those for generative AI.
const schemaURL = semconv.SchemaURL

// Of every span and metric.
const (
	keyOperation     = semconv.GenAIOperationNameKey
	keyProvider      = semconv.GenAIProviderNameKey
	keyRequestModel  = semconv.GenAIRequestModelKey
	keyResponseModel = semconv.GenAIResponseModelKey
	keyErrorType     = semconv.ErrorTypeKey
)

// Of the metric that counts tokens.
var (
	tokenInput  = semconv.GenAITokenTypeInput
	tokenOutput = semconv.GenAITokenTypeOutput
)

// Of spans: the request's settings.
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

// Of spans: what the answer said of itself.
const (
	keyResponseID       = semconv.GenAIResponseIDKey
	keyFinishReasons    = semconv.GenAIResponseFinishReasonsKey
	keyTimeToFirstChunk = semconv.GenAIResponseTimeToFirstChunkKey
	keyInputTokens      = semconv.GenAIUsageInputTokensKey
	keyOutputTokens     = semconv.GenAIUsageOutputTokensKey
	keyCacheRead        = semconv.GenAIUsageCacheReadInputTokensKey
	keyCacheWrite       = semconv.GenAIUsageCacheCreationInputTokensKey
	keyReasoning        = semconv.GenAIUsageReasoningOutputTokensKey
	keyStatus           = semconv.HTTPResponseStatusCodeKey
)

// Of spans: content, if it is asked for.
const (
	keySystem = semconv.GenAISystemInstructionsKey
	keyInput  = semconv.GenAIInputMessagesKey
	keyOutput = semconv.GenAIOutputMessagesKey
	keyTools  = semconv.GenAIToolDefinitionsKey
)

// The conventions have no name for an attempt that failed and was made anew; it
// is an event of the span, with the provider, model and error type of the attempt.
const attemptEvent = "parley.attempt"

// operations are the conventions' names of operations. Those that they lack
// are named in the same way.
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

// vendors are the conventions' names of providers. One that they lack goes by
// its own name, as they ask.
var vendors = map[string]attribute.KeyValue{
	"openai":   semconv.GenAIProviderNameOpenAI,
	"azure":    semconv.GenAIProviderNameAzureAIOpenAI,
	"gemini":   semconv.GenAIProviderNameGCPGemini,
	"vertex":   semconv.GenAIProviderNameGCPVertexAI,
	"palm":     semconv.GenAIProviderNameGCPGenAI,
	"groq":     semconv.GenAIProviderNameGroq,
	"deepseek": semconv.GenAIProviderNameDeepseek,
}

func vendor(provider string) attribute.KeyValue {
	if known, ok := vendors[provider]; ok {
		return known
	}
	return keyProvider.String(provider)
}

// errorType returns the kind of an error: "rate_limited".
func errorType(err error) string {
	if kind := llm.KindOf(err); kind != "" {
		return string(kind)
	}
	return semconv.ErrorTypeOther.Value.AsString()
}
