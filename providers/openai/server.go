package openai

import "github.com/parley-llm/parley/internal/provider"

// Server is a kind of server with an OpenAI-compatible API. Each constant is also the name
// of a provider for providers.Open. The provider "llama.cpp" is registered by package
// providers/llamacpp, which supports more of its API.
type Server string

// The servers whose differences from OpenAI are known. For any other server, use [OpenAI]
// with its base URL and, if it differs, with [Quirks].
//
// The comments name the environment variables that providers.Open reads.
const (
	OpenAI     Server = "openai"     // OPENAI_API_KEY, OPENAI_BASE_URL
	Azure      Server = "azure"      // AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT, OPENAI_API_VERSION
	LlamaCpp   Server = "llama.cpp"  // http://127.0.0.1:8080/v1
	VLLM       Server = "vllm"       // VLLM_BASE_URL, else http://127.0.0.1:8000/v1
	LMStudio   Server = "lmstudio"   // LMSTUDIO_BASE_URL, else http://127.0.0.1:1234/v1
	Cerebras   Server = "cerebras"   // CEREBRAS_API_KEY
	Groq       Server = "groq"       // GROQ_API_KEY
	Together   Server = "together"   // TOGETHER_API_KEY
	OpenRouter Server = "openrouter" // OPENROUTER_API_KEY
	DeepSeek   Server = "deepseek"   // DEEPSEEK_API_KEY
)

// server holds the facts about one kind of server.
type server struct {
	baseURL  string // the default address; empty if there is none
	urlEnv   string // the environment variable for the address
	keyEnv   string // the environment variable for the API key
	needsKey bool   // at the default address
	quirks   Quirks
	schemas  provider.Profiles // sources: see the table of package internal/schema
}

// strict are the profiles of a server with OpenAI's strict mode.
func strict(name string) provider.Profiles {
	return provider.Profiles{StrictFormat: name, StrictTools: name}
}

// servers has one row for each kind of server, with the sources of its quirks, read in
// 2026-11. Only llama.cpp's quirks have been tested with a running server. Recorded replies
// of OpenAI, Azure, Groq and Z.AI are tested against.
//
// Each server sends [DONE] at the end of a stream. A reply with a finish reason and without
// [DONE] is complete as well.
var servers = map[Server]server{
	OpenAI: {
		baseURL: "https://api.openai.com/v1", urlEnv: "OPENAI_BASE_URL", keyEnv: "OPENAI_API_KEY", needsKey: true,
		schemas: strict("openai-strict"),
	},
	Azure: { // its quirks depend on the version, see azureQuirks
		urlEnv: "AZURE_OPENAI_ENDPOINT", keyEnv: "AZURE_OPENAI_API_KEY", needsKey: true,
		schemas: strict("azure-strict"),
	},
	// github.com/ggml-org/llama.cpp/blob/master/tools/server: README.md, and
	// server-common.cpp, where a tool_choice that is not a string means "auto". Reasoning
	// efforts are in pull requests 26045 and 26941, builds b10434 and later.
	LlamaCpp: {
		baseURL: "http://127.0.0.1:8080/v1",
		schemas: provider.Profiles{Format: "llamacpp", Tools: "llamacpp-tools"},
		quirks:  Quirks{MaxTokensField: MaxTokens, ReasoningField: FieldReasoningContent, AcceptsTopK: true, NoNamedToolChoice: true},
	},
	// github.com/vllm-project/vllm/blob/002032ee/vllm/entrypoints/openai/chat_completion/protocol.py
	VLLM: {
		baseURL: "http://127.0.0.1:8000/v1", urlEnv: "VLLM_BASE_URL", keyEnv: "VLLM_API_KEY",
		schemas: provider.Profiles{Format: "xgrammar"},
		quirks:  Quirks{ReasoningField: FieldReasoning, AcceptsTopK: true},
	},
	// github.com/lmstudio-ai/docs/blob/c6854fba/1_developer/3_openai-compat/chat-completions.md lists
	// the settings; github.com/lmstudio-ai/lmstudio-bug-tracker/issues 189 and 670
	// show its errors for json_object and for a named tool choice.
	LMStudio: {
		baseURL: "http://127.0.0.1:1234/v1", urlEnv: "LMSTUDIO_BASE_URL", keyEnv: "LMSTUDIO_API_KEY",
		schemas: provider.Profiles{Format: "llamacpp"},
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
		schemas: strict("cerebras"),
		quirks:  Quirks{ReasoningField: FieldReasoning, NoMinimalEffort: true},
	},
	// types/chat/completion_create_params.py of github.com/groq/groq-python v1.6.0:
	// "not yet supported by any of our models". Message names: console.groq.com/docs/openai.
	// Models without reasoning reject earlier reasoning: github.com/vercel/ai/pull/8057.
	Groq: {
		baseURL: "https://api.groq.com/openai/v1", urlEnv: "GROQ_BASE_URL", keyEnv: "GROQ_API_KEY", needsKey: true,
		schemas: strict("groq-strict"),
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
		schemas: provider.Profiles{Format: "xgrammar"},
		quirks: Quirks{
			MaxTokensField: MaxTokens, DisableReasoningField: DisableByReasoning, NoMinimalEffort: true, AcceptsTopK: true,
			Unsupported: []Setting{SettingLogprobs, SettingTopLogprobs},
		},
	},
	// src/models/chatrequest.ts of github.com/OpenRouterTeam/typescript-sdk v1.2.54:
	// it accepts both max_tokens and max_completion_tokens.
	OpenRouter: {
		baseURL: "https://openrouter.ai/api/v1", urlEnv: "OPENROUTER_BASE_URL", keyEnv: "OPENROUTER_API_KEY", needsKey: true,
		schemas: strict("openai-strict"),
		quirks:  Quirks{MaxTokensField: MaxTokens, ReasoningField: FieldReasoning, AcceptsImages: true, AcceptsTopK: true},
	},
	// api-docs.deepseek.com/api/create-chat-completion and …/guides/thinking_mode;
	// packages/llm/llm-deepseek of github.com/deepseek-ai/deepseek-harness at b150a551.
	// Forced tool calls: github.com/deepseek-ai/DeepSeek-V3/issues/1376.
	DeepSeek: {
		baseURL: "https://api.deepseek.com", urlEnv: "DEEPSEEK_BASE_URL", keyEnv: "DEEPSEEK_API_KEY", needsKey: true,
		schemas: provider.Profiles{StrictTools: "deepseek-strict-tools"},
		quirks: Quirks{
			MaxTokensField: MaxTokens, ReasoningField: FieldReasoningContent, DisableReasoningField: DisableByThinking,
			NoForcedToolCalls: true, NoJSONSchema: true, Unsupported: []Setting{SettingSeed, SettingParallelToolCalls},
		},
	},
}

// azureQuirks returns the quirks of a version of Azure's API by deployments. Versions
// before 2024-09-01 reject members that OpenAI had added by then:
// github.com/openai/openai-python/issues 1469 and 1724. An empty version means v1, which
// accepts them.
func azureQuirks(version string) Quirks {
	if version == "" || version >= "2024-09-01" {
		return Quirks{}
	}
	return Quirks{MaxTokensField: MaxTokens, NoStreamOptions: true}
}
