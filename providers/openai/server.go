package openai

// Server is a kind of server that speaks OpenAI's dialect. Each is also the
// name of a provider for providers.Open; that of llama.cpp is registered by
// package providers/llamacpp, which has more of it.
type Server string

// The servers whose differences from OpenAI are known. Any other: use [OpenAI]
// with its base URL and, where it differs, [Quirks].
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

// Quirks are the ways in which a server differs from OpenAI. What is known of
// each [Server] is what its source, its vendor's own client or its vendor's
// documents say: only llama.cpp's has been tried on a running server, and recorded
// replies of OpenAI, Azure, Groq and Z.AI are tested against. Where a server has
// moved on, Config.Quirks takes its place.
type Quirks struct {
	// Refuses lists fields of [llm.Request] that the server refuses or does
	// not have. They are left out, with a warning.
	Refuses []string
	// MaxTokens is the name of the limit on the answer: "max_tokens" for those
	// that are not known to take OpenAI's newer "max_completion_tokens", the default,
	// from every model.
	MaxTokens string
	// ReasoningBack is the field in which the server wants earlier reasoning
	// back; empty if it does not want it. What it sends is understood under
	// either name, "reasoning_content" and "reasoning".
	ReasoningBack string
	// ImagesBack says that the server makes images and takes them back, in the
	// "images" of an assistant message.
	ImagesBack bool
	// ThinkingSwitch is the field by which a model is told not to reason, where
	// that is not by an effort of "none": DeepSeek's "thinking", of the type
	// "disabled", or Together's "reasoning", which is not enabled.
	ThinkingSwitch string
	// NoMinimalEffort says that the least effort is "low", which is sent for "minimal".
	NoMinimalEffort bool
	// NoForcedCalls says that a model can be told that it must call a tool only if
	// it is told not to reason as well.
	NoForcedCalls bool
	// TopK says that the server knows top_k, which OpenAI does not.
	TopK bool
	// NoNamedToolChoice says that tool_choice must be a word, so that one tool
	// cannot be named.
	NoNamedToolChoice bool
	// NoJSONObject and NoJSONSchema say which formats the server refuses.
	NoJSONObject, NoJSONSchema bool
	// NoStreamUsage says that the server refuses stream_options, so that the
	// usage of streamed answers is unknown unless it sends it unasked.
	NoStreamUsage bool
	// NoParticipants says that messages must not have a name.
	NoParticipants bool
}

type server struct {
	baseURL  string
	urlEnv   string
	keyEnv   string
	needsKey bool
	quirks   Quirks
}

// servers is what is known of each kind, with its sources, read in 2026-11.
// Each sends [DONE] at the end of a stream; a reply that ends without it is
// understood as well.
var servers = map[Server]server{
	OpenAI: {
		baseURL: "https://api.openai.com/v1", urlEnv: "OPENAI_BASE_URL", keyEnv: "OPENAI_API_KEY", needsKey: true,
	},
	Azure: { // and see azureQuirks
		urlEnv: "AZURE_OPENAI_ENDPOINT", keyEnv: "AZURE_OPENAI_API_KEY", needsKey: true,
	},
	// github.com/ggml-org/llama.cpp/blob/master/tools/server: README.md, and
	// server-common.cpp, where a tool_choice that is no word is "auto". Its efforts
	// are in pull requests 26045 and 26941, builds b10434 and later.
	LlamaCpp: {
		baseURL: "http://127.0.0.1:8080/v1",
		quirks:  Quirks{MaxTokens: "max_tokens", ReasoningBack: "reasoning_content", TopK: true, NoNamedToolChoice: true},
	},
	// github.com/vllm-project/vllm/blob/002032ee/vllm/entrypoints/openai/chat_completion/protocol.py
	VLLM: {
		baseURL: "http://127.0.0.1:8000/v1", urlEnv: "VLLM_BASE_URL", keyEnv: "VLLM_API_KEY",
		quirks: Quirks{ReasoningBack: "reasoning", TopK: true},
	},
	// github.com/lmstudio-ai/docs/blob/c6854fba/1_developer/3_openai-compat/chat-completions.md lists
	// the settings; github.com/lmstudio-ai/lmstudio-bug-tracker/issues 189 and 670
	// have what it says to a json_object and to a tool's name.
	LMStudio: {
		baseURL: "http://127.0.0.1:1234/v1", urlEnv: "LMSTUDIO_BASE_URL", keyEnv: "LMSTUDIO_API_KEY",
		quirks: Quirks{
			MaxTokens: "max_tokens", TopK: true, NoNamedToolChoice: true, NoJSONObject: true,
			Refuses: []string{"Logprobs", "TopLogprobs", "ParallelToolCalls"},
		},
	},
	// types/chat/completion_create_params.py of github.com/Cerebras/cerebras-cloud-sdk-python
	// v1.67.0. Penalties and parallel_tool_calls were refused once; its people have
	// shown them honoured since: github.com/pydantic/pydantic-ai/pull/7653.
	Cerebras: {
		baseURL: "https://api.cerebras.ai/v1", urlEnv: "CEREBRAS_BASE_URL", keyEnv: "CEREBRAS_API_KEY", needsKey: true,
		quirks: Quirks{ReasoningBack: "reasoning", NoMinimalEffort: true},
	},
	// types/chat/completion_create_params.py of github.com/groq/groq-python v1.6.0:
	// "not yet supported by any of our models". Names: console.groq.com/docs/openai.
	// Models that do not reason refuse earlier reasoning: github.com/vercel/ai/pull/8057.
	Groq: {
		baseURL: "https://api.groq.com/openai/v1", urlEnv: "GROQ_BASE_URL", keyEnv: "GROQ_API_KEY", needsKey: true,
		quirks: Quirks{
			NoParticipants: true, NoMinimalEffort: true,
			Refuses: []string{"Logprobs", "TopLogprobs", "FrequencyPenalty", "PresencePenalty"},
		},
	},
	// ChatCompletionRequest in openapi.yaml of github.com/togethercomputer/openapi at
	// 090263a, where logprobs is a number, and the answer's are not as OpenAI's.
	Together: {
		baseURL: "https://api.together.xyz/v1", urlEnv: "TOGETHER_BASE_URL", keyEnv: "TOGETHER_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokens: "max_tokens", ThinkingSwitch: "reasoning", NoMinimalEffort: true, TopK: true,
			Refuses: []string{"Logprobs", "TopLogprobs"},
		},
	},
	// src/models/chatrequest.ts of github.com/OpenRouterTeam/typescript-sdk v1.2.54:
	// it takes max_tokens still, and max_completion_tokens as well.
	OpenRouter: {
		baseURL: "https://openrouter.ai/api/v1", urlEnv: "OPENROUTER_BASE_URL", keyEnv: "OPENROUTER_API_KEY", needsKey: true,
		quirks: Quirks{MaxTokens: "max_tokens", ReasoningBack: "reasoning", ImagesBack: true, TopK: true},
	},
	// api-docs.deepseek.com/api/create-chat-completion and …/guides/thinking_mode;
	// packages/llm/llm-deepseek of github.com/deepseek-ai/deepseek-harness at b150a551.
	// Forced calls: github.com/deepseek-ai/DeepSeek-V3/issues/1376.
	DeepSeek: {
		baseURL: "https://api.deepseek.com", urlEnv: "DEEPSEEK_BASE_URL", keyEnv: "DEEPSEEK_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokens: "max_tokens", ReasoningBack: "reasoning_content", ThinkingSwitch: "thinking", NoForcedCalls: true,
			NoJSONSchema: true, Refuses: []string{"Seed", "ParallelToolCalls"},
		},
	},
}

// azureQuirks are those of a version of Azure's API by deployments. Those before
// 2024-09-01 refuse what OpenAI had added by then:
// github.com/openai/openai-python/issues 1469 and 1724. Empty is v1, which does not.
func azureQuirks(version string) Quirks {
	if version == "" || version >= "2024-09-01" {
		return Quirks{}
	}
	return Quirks{MaxTokens: "max_tokens", NoStreamUsage: true}
}
