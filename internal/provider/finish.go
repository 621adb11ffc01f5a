package provider

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// finish is the meaning of a server's finish reason: a reason, or the kind of a failure.
type finish struct {
	reason  llm.FinishReason
	failure llm.Kind
	source  string
}

const (
	openAI    = "https://platform.openai.com/docs/api-reference/chat/object"
	responses = "https://platform.openai.com/docs/api-reference/responses/object"
	google    = "https://ai.google.dev/api/generate-content#FinishReason"
	anthropic = "https://docs.claude.com/en/api/handling-stop-reasons"
	cohere    = "https://docs.cohere.com/reference/chat"
	bedrock   = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
	zAI       = "https://docs.z.ai/api-reference/llm/chat-completion"
	tgi       = "https://huggingface.github.io/text-generation-inference/"
	watsonx   = "https://cloud.ibm.com/apidocs/watsonx-ai#text-chat"
	ollama    = "https://github.com/ollama/ollama/blob/v0.24.0/llm/server.go"
	llamaCpp  = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
	vllm      = "https://github.com/vllm-project/vllm/blob/main/vllm/v1/request.py"
	deepSeek  = "https://api-docs.deepseek.com/api/create-chat-completion"
)

// finishes has the finish reasons of all servers, because gateways pass on those of others.
// The keys are in lower case, with underscores.
var finishes = map[string]finish{
	"stop":          {reason: llm.FinishStop, source: openAI},
	"eos":           {reason: llm.FinishStop, source: llamaCpp}, // also Together
	"word":          {reason: llm.FinishStop, source: llamaCpp}, // a stop sequence
	"end_turn":      {reason: llm.FinishStop, source: anthropic},
	"stop_sequence": {reason: llm.FinishStop, source: anthropic}, // also text-generation-inference
	"eos_token":     {reason: llm.FinishStop, source: tgi},
	"complete":      {reason: llm.FinishStop, source: cohere},
	"completed":     {reason: llm.FinishStop, source: responses}, // a status

	"length":                        {reason: llm.FinishLength, source: openAI},
	"max_tokens":                    {reason: llm.FinishLength, source: google}, // also Anthropic
	"max_output_tokens":             {reason: llm.FinishLength, source: responses},
	"model_length":                  {reason: llm.FinishLength, source: "https://docs.mistral.ai/api"},
	"model_context_window_exceeded": {reason: llm.FinishLength, source: zAI}, // also Anthropic
	"limit":                         {reason: llm.FinishLength, source: llamaCpp},
	"token_limit":                   {reason: llm.FinishLength, source: watsonx},
	"time_limit":                    {reason: llm.FinishLength, source: watsonx},
	"error_limit":                   {reason: llm.FinishLength, source: cohere},

	"tool_calls":    {reason: llm.FinishToolCalls, source: openAI},
	"function_call": {reason: llm.FinishToolCalls, source: openAI},
	"tool_use":      {reason: llm.FinishToolCalls, source: anthropic},
	"tool_call":     {reason: llm.FinishToolCalls, source: cohere},

	"content_filter":           {reason: llm.FinishContentFilter, source: openAI},
	"sensitive":                {reason: llm.FinishContentFilter, source: zAI},
	"refusal":                  {reason: llm.FinishContentFilter, source: anthropic},
	"content_filtered":         {reason: llm.FinishContentFilter, source: bedrock},
	"guardrail_intervened":     {reason: llm.FinishContentFilter, source: bedrock},
	"error_toxic":              {reason: llm.FinishContentFilter, source: cohere},
	"safety":                   {reason: llm.FinishContentFilter, source: google},
	"recitation":               {reason: llm.FinishContentFilter, source: google},
	"blocklist":                {reason: llm.FinishContentFilter, source: google},
	"prohibited_content":       {reason: llm.FinishContentFilter, source: google},
	"spii":                     {reason: llm.FinishContentFilter, source: google},
	"image_safety":             {reason: llm.FinishContentFilter, source: google},
	"image_prohibited_content": {reason: llm.FinishContentFilter, source: google},
	"image_recitation":         {reason: llm.FinishContentFilter, source: google},
	"model_armor":              {reason: llm.FinishContentFilter, source: google},

	// Answers that failed.
	"error":                        {failure: llm.Server, source: "https://openrouter.ai/docs/errors"}, // also Cohere, watsonx
	"network_error":                {failure: llm.Server, source: zAI},
	"malformed_model_output":       {failure: llm.Server, source: bedrock},
	"malformed_tool_use":           {failure: llm.Server, source: bedrock},
	"insufficient_system_resource": {failure: llm.Overloaded, source: deepSeek},
	"abort":                        {failure: llm.Incomplete, source: vllm},
	"cancelled":                    {failure: llm.Incomplete, source: watsonx},
}

// finishOf looks up a finish reason. Servers and gateways write it in upper or lower case,
// and with hyphens or underscores.
func finishOf(raw string) finish {
	if f, ok := finishes[raw]; ok { // nearly every reason
		return f
	}
	return finishes[strings.ReplaceAll(strings.ToLower(raw), "-", "_")]
}

// FinishReason converts the finish reason of any server. An unknown one is
// [llm.FinishOther].
func FinishReason(raw string) llm.FinishReason {
	if raw == "" {
		return llm.FinishUnknown
	}
	if reason := finishOf(raw).reason; reason != "" {
		return reason
	}
	return llm.FinishOther
}

// FinishFailure returns the kind of a failure that the server reported as a finish reason,
// or "" if the reason is not a failure.
func FinishFailure(raw string) llm.Kind { return finishOf(raw).failure }
