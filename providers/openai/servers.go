package openai

import "net/http"

// servers has one row for each kind of server, with the sources of its quirks, read in
// 2026-11. Only llama.cpp's quirks have been tested with a running server. Recorded replies
// of OpenAI, Azure, Groq and Z.AI are tested against. docs/servers.md shows which parts of each
// server's behavior were recorded, reported or read.
//
// Each server sends [DONE] at the end of a stream. A reply with a finish reason and without
// [DONE] is complete as well.
var servers = map[Server]server{
	OpenAI: {
		baseURL: "https://api.openai.com/v1", urlEnv: "OPENAI_BASE_URL", keyEnv: "OPENAI_API_KEY", needsKey: true,
	},
	Azure: { // its quirks depend on the version, see azureQuirks
		urlEnv: "AZURE_OPENAI_ENDPOINT", keyEnv: "AZURE_OPENAI_API_KEY", needsKey: true,
	},
	// github.com/ggml-org/llama.cpp/blob/master/tools/server: README.md, and
	// server-common.cpp, where a tool_choice that is not a string means "auto". Reasoning
	// efforts are in pull requests 26045 and 26941, builds b10434 and later. Invalid arguments:
	// ggml-org/llama.cpp#25510.
	LlamaCpp: {
		baseURL: "http://127.0.0.1:8080/v1",
		quirks: Quirks{
			MaxTokensField: MaxTokens, ReasoningField: FieldReasoningContent, AcceptsTopK: true, NoNamedToolChoice: true, NoInvalidArguments: true,
		},
	},
	// github.com/vllm-project/vllm/blob/002032ee/vllm/entrypoints/openai/chat_completion/protocol.py.
	// It decodes the arguments of earlier calls: vllm-project/vllm#19419.
	VLLM: {
		baseURL: "http://127.0.0.1:8000/v1", urlEnv: "VLLM_BASE_URL", keyEnv: "VLLM_API_KEY",
		quirks: Quirks{ReasoningField: FieldReasoning, AcceptsTopK: true, NoInvalidArguments: true},
	},
	// github.com/lmstudio-ai/docs/blob/c6854fba/1_developer/3_openai-compat/chat-completions.md lists
	// the settings; github.com/lmstudio-ai/lmstudio-bug-tracker/issues 189 and 670
	// show its errors for json_object and for a named tool choice.
	LMStudio: {
		baseURL: "http://127.0.0.1:1234/v1", urlEnv: "LMSTUDIO_BASE_URL", keyEnv: "LMSTUDIO_API_KEY",
		quirks: Quirks{
			MaxTokensField: MaxTokens, AcceptsTopK: true, NoNamedToolChoice: true, NoJSONObject: true,
			Unsupported: []Setting{SettingLogprobs, SettingTopLogprobs, SettingParallelToolCalls},
		},
	},
	// types/chat/completion_create_params.py of github.com/Cerebras/cerebras-cloud-sdk-python
	// v1.67.0. Penalties and parallel_tool_calls were rejected in the past. Cerebras's
	// engineers have shown since that they work: github.com/pydantic/pydantic-ai/pull/7653.
	Cerebras: {
		baseURL: "https://api.cerebras.ai/v1", urlEnv: "CEREBRAS_BASE_URL", keyEnv: "CEREBRAS_API_KEY", needsKey: true,
		quirks: Quirks{ReasoningField: FieldReasoning, NoMinimalEffort: true},
	},
	// types/chat/completion_create_params.py of github.com/groq/groq-python v1.6.0:
	// "not yet supported by any of our models". Message names: console.groq.com/docs/openai.
	// Models without reasoning reject earlier reasoning: github.com/vercel/ai/pull/8057.
	Groq: {
		baseURL: "https://api.groq.com/openai/v1", urlEnv: "GROQ_BASE_URL", keyEnv: "GROQ_API_KEY", needsKey: true,
		quirks: Quirks{
			NoMessageNames: true, NoMinimalEffort: true,
			Unsupported: []Setting{SettingLogprobs, SettingTopLogprobs, SettingFrequencyPenalty, SettingPresencePenalty},
		},
	},
	// ChatCompletionRequest in openapi.yaml of github.com/togethercomputer/openapi at
	// 090263a. There, logprobs is a number, and log probabilities in answers have a
	// different form than OpenAI's.
	Together: {
		baseURL: "https://api.together.xyz/v1", urlEnv: "TOGETHER_BASE_URL", keyEnv: "TOGETHER_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, DisableReasoningField: DisableByReasoning, NoMinimalEffort: true, AcceptsTopK: true,
			Unsupported: []Setting{SettingLogprobs, SettingTopLogprobs},
		},
	},
	// src/models/chatrequest.ts of github.com/OpenRouterTeam/typescript-sdk v1.2.54:
	// it accepts both max_tokens and max_completion_tokens.
	OpenRouter: {
		baseURL: "https://openrouter.ai/api/v1", urlEnv: "OPENROUTER_BASE_URL", keyEnv: "OPENROUTER_API_KEY", needsKey: true,
		quirks: Quirks{MaxTokensField: MaxTokens, ReasoningField: FieldReasoning, AcceptsImages: true, AcceptsTopK: true},
	},
	// api-docs.deepseek.com/api/create-chat-completion and …/guides/thinking_mode;
	// packages/llm/llm-deepseek of github.com/deepseek-ai/deepseek-harness at b150a551.
	// Forced tool calls: github.com/deepseek-ai/DeepSeek-V3/issues/1376.
	DeepSeek: {
		baseURL: "https://api.deepseek.com", urlEnv: "DEEPSEEK_BASE_URL", keyEnv: "DEEPSEEK_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, ReasoningField: FieldReasoningContent, DisableReasoningField: DisableByThinking,
			NoForcedToolCalls: true, NoJSONSchema: true, Unsupported: []Setting{SettingSeed, SettingParallelToolCalls},
		},
	},
	// https://docs.mistral.ai/api and the reports zed-industries/zed#57122 and
	// editor-code-assistant/eca#231 (max_completion_tokens is rejected). Call ids: anomalyco/opencode#1680. The usage of a stream
	// comes unasked: https://docs.mistral.ai/capabilities/completion.
	Mistral: {
		baseURL: "https://api.mistral.ai/v1", urlEnv: "MISTRAL_BASE_URL", keyEnv: "MISTRAL_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, SeedField: RandomSeed, NoStreamOptions: true, NoMessageNames: true, CallIDLength: 9,
			EmbedTokens: 16_000, // langchain-ai/langchain, libs/partners/mistralai: the limit of a batch is 16,384
			Unsupported: []Setting{SettingLogprobs, SettingTopLogprobs},
		},
	},
	// https://docs.x.ai/docs/guides/reasoning: reasoning models, which all current ones are, do not
	// accept penalties and stop.
	XAI: {
		baseURL: "https://api.x.ai/v1", urlEnv: "XAI_BASE_URL", keyEnv: "XAI_API_KEY", needsKey: true,
		quirks: Quirks{
			NoMinimalEffort: true,
			Unsupported:     []Setting{SettingPresencePenalty, SettingFrequencyPenalty, SettingStop},
		},
	},
	// https://platform.kimi.ai/docs/api/chat, QuantumNous/new-api#3121 (reasoning_content must go
	// back), earendil-works/pi#4178 (empty reasoning), https://platform.kimi.ai/docs/guide/migrating-from-openai-to-kimi (a forced tool call).
	Moonshot: {
		baseURL: "https://api.moonshot.ai/v1", urlEnv: "MOONSHOT_BASE_URL", keyEnv: "MOONSHOT_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, ReasoningField: FieldReasoningContent, DisableReasoningField: DisableByThinking,
			NoMinimalEffort: true, NoForcedToolCalls: true, NoEmptyReasoning: true,
			Unsupported: []Setting{SettingSeed, SettingLogprobs, SettingTopLogprobs, SettingParallelToolCalls},
		},
	},
	// https://docs.z.ai/api-reference/llm/chat-completion: tool_choice is "auto" only, formats are
	// text and json_object.
	ZAI: {
		baseURL: "https://api.z.ai/api/paas/v4", urlEnv: "ZAI_BASE_URL", keyEnv: "ZAI_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, ReasoningField: FieldReasoningContent, DisableReasoningField: DisableByThinking,
			NoMinimalEffort: true, NoForcedToolCalls: true, NoJSONSchema: true,
			EmbedInputs: 64, // https://docs.bigmodel.cn/api-reference/模型-api/文本嵌入
			Unsupported: []Setting{
				SettingSeed, SettingLogprobs, SettingTopLogprobs, SettingParallelToolCalls, SettingPresencePenalty, SettingFrequencyPenalty,
			},
		},
	},
	// https://www.alibabacloud.com/help/en/model-studio/deep-thinking (enable_thinking; no forced
	// tool call while the model thinks) and zhing2006/krew-cli v0.11.9 (thinking is ignored).
	DashScope: {
		baseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", urlEnv: "DASHSCOPE_BASE_URL", keyEnv: "DASHSCOPE_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, AcceptsTopK: true, DisableReasoningField: DisableByEnableThinking,
			NoMinimalEffort: true, NoForcedToolCalls: true,
			EmbedInputs: 10, // https://www.alibabacloud.com/help/en/model-studio/text-embedding-synchronous-api
		},
	},
	// https://platform.minimax.io/docs/api-reference/text-openai-api: penalties and logit_bias are
	// ignored, and reasoning_split takes the reasoning out of the text.
	MiniMax: {
		baseURL: "https://api.minimax.io/v1", urlEnv: "MINIMAX_BASE_URL", keyEnv: "MINIMAX_API_KEY", needsKey: true,
		quirks: Quirks{
			DisableReasoningField: DisableByThinking, NoMinimalEffort: true, NoForcedToolCalls: true,
			Body: map[string]any{"reasoning_split": true},
			Unsupported: []Setting{
				SettingPresencePenalty, SettingFrequencyPenalty, SettingSeed, SettingStop, SettingLogprobs, SettingTopLogprobs, SettingParallelToolCalls,
			},
		},
	},
	// https://docs.fireworks.ai/api-reference/post-chatcompletions, …/guides/reasoning
	Fireworks: {
		baseURL: "https://api.fireworks.ai/inference/v1", urlEnv: "FIREWORKS_BASE_URL", keyEnv: "FIREWORKS_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, ReasoningField: FieldReasoningContent, AcceptsTopK: true, NoMinimalEffort: true,
		},
	},
	// https://docs.nvidia.com/nim/large-language-models/latest/reference/api-reference: the engine
	// is vLLM or SGLang.
	NVIDIA: {
		baseURL: "https://integrate.api.nvidia.com/v1", urlEnv: "NVIDIA_BASE_URL", keyEnv: "NVIDIA_API_KEY", needsKey: true,
		quirks: Quirks{MaxTokensField: MaxTokens, NoMinimalEffort: true},
	},
	// https://docs.perplexity.ai/api-reference/chat-completions-post and
	// https://docs.getbifrost.ai/providers/supported-providers/perplexity (tools, stop, seed and
	// others are dropped). The usage of a stream comes unasked, in every chunk. Its reasoning models
	// write <think> into the text: https://docs.perplexity.ai/getting-started/models/models/sonar-reasoning-pro.
	Perplexity: {
		baseURL: "https://api.perplexity.ai", urlEnv: "PERPLEXITY_BASE_URL", keyEnv: "PERPLEXITY_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, AcceptsTopK: true, NoTools: true, ThinkTags: true, NoJSONObject: true, NoStreamOptions: true, NoMessageNames: true,
			Unsupported: []Setting{SettingStop, SettingSeed, SettingLogprobs, SettingTopLogprobs},
		},
	},
	// https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility and
	// …/models/llama-3.3-70b-instruct-fp8-fast (the schema of the input: max_tokens, top_k, seed).
	Cloudflare: {
		template: "https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai/v1",
		urlEnv:   "CLOUDFLARE_BASE_URL", keyEnv: "CLOUDFLARE_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokensField: MaxTokens, AcceptsTopK: true, NoMinimalEffort: true,
			EmbedInputs: 100, // https://developers.cloudflare.com/workers-ai/models/bge-m3
			Unsupported: []Setting{SettingLogprobs, SettingTopLogprobs, SettingParallelToolCalls},
		},
	},
	// The API has no public documents. BerriAI/litellm#13256 and alvinunreal/tmuxai#144: without
	// this header, the reply is 400 "missing Editor-Version header for IDE auth". The token
	// comes from https://api.github.com/copilot_internal/v2/token and lives for half an hour.
	Copilot: {
		baseURL: "https://api.githubcopilot.com", urlEnv: "GITHUB_COPILOT_BASE_URL", keyEnv: "GITHUB_COPILOT_TOKEN", needsKey: true,
		header: http.Header{"Editor-Version": {"parley/0"}},
		quirks: Quirks{MaxTokensField: MaxTokens, NoMinimalEffort: true},
	},
	// https://huggingface.co/docs/inference-providers/tasks/chat-completion
	HuggingFace: {
		baseURL: "https://router.huggingface.co/v1", urlEnv: "HF_BASE_URL", keyEnv: "HF_TOKEN", needsKey: true,
		quirks: Quirks{MaxTokensField: MaxTokens, NoMinimalEffort: true},
	},
	// github.com/sgl-project/sglang/blob/main/python/sglang/srt/entrypoints/openai/protocol.py and
	// https://docs.sglang.io/docs/advanced_features/separate_reasoning. Invalid arguments:
	// sgl-project/sglang#28035.
	SGLang: {
		baseURL: "http://127.0.0.1:30000/v1", urlEnv: "SGLANG_BASE_URL", keyEnv: "SGLANG_API_KEY",
		quirks: Quirks{ReasoningField: FieldReasoningContent, AcceptsTopK: true, NoMinimalEffort: true, NoInvalidArguments: true},
	},
	// https://docs.litellm.ai/docs/reasoning_content. The proxy maps the rest to each vendor.
	LiteLLM: {
		baseURL: "http://127.0.0.1:4000", urlEnv: "LITELLM_BASE_URL", keyEnv: "LITELLM_API_KEY",
		quirks: Quirks{ReasoningField: FieldReasoningContent},
	},
	// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html and
	// …/inference-responses-api.html, with a Bedrock API key as bearer token. Which settings a
	// model accepts is not documented in one place, so all are sent.
	BedrockOpenAI: {
		template: "https://bedrock-runtime.{AWS_REGION}.amazonaws.com/openai/v1",
		urlEnv:   "BEDROCK_OPENAI_BASE_URL", keyEnv: "AWS_BEARER_TOKEN_BEDROCK", needsKey: true,
	},
	MantleOpenAI: {
		template: "https://bedrock-mantle.{AWS_REGION}.api.aws/v1",
		urlEnv:   "BEDROCK_MANTLE_OPENAI_BASE_URL", keyEnv: "AWS_BEARER_TOKEN_BEDROCK", needsKey: true,
	},
	// https://ai.google.dev/gemini-api/docs/openai. Unknown members are an error: ChatterUI's issue
	// github.com/Vali-98/ChatterUI/issues/227 has the texts for seed and frequency_penalty.
	// Names in tool results: pipecat-ai/pipecat#933.
	GeminiOpenAI: {
		baseURL: "https://generativelanguage.googleapis.com/v1beta/openai", urlEnv: "GEMINI_OPENAI_BASE_URL", keyEnv: "GEMINI_API_KEY", needsKey: true,
		quirks: Quirks{
			NoMessageNames: true, ToolResultNames: true,
			EmbedInputs: 100, // https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
			Unsupported: []Setting{
				SettingSeed, SettingFrequencyPenalty, SettingPresencePenalty, SettingLogprobs, SettingTopLogprobs, SettingParallelToolCalls,
			},
		},
	},
	// https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/call-vertex-using-openai-library
	// lists the settings. The key is an access token: "gcloud auth print-access-token".
	VertexOpenAI: {
		template: "https://{GOOGLE_CLOUD_LOCATION}-aiplatform.googleapis.com/v1/projects/{GOOGLE_CLOUD_PROJECT}/locations/{GOOGLE_CLOUD_LOCATION}/endpoints/openapi",
		urlEnv:   "VERTEX_OPENAI_BASE_URL", keyEnv: "GOOGLE_OAUTH_ACCESS_TOKEN", needsKey: true,
		quirks: Quirks{MaxTokensField: MaxTokens, NoMinimalEffort: true, NoMessageNames: true, ToolResultNames: true},
	},
}
