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
// each [Server] is what its vendor documents: only llama.cpp's has been tried on
// a running server, and recorded replies of OpenAI, Azure, Groq and Z.AI are
// tested against. Where a server has moved on, Config.Quirks takes its place.
type Quirks struct {
	// Refuses lists fields of [llm.Request] that the server refuses or does
	// not have. They are left out, with a warning.
	Refuses []string
	// MaxTokens is the name of the limit on the answer: "max_tokens" for those
	// that do not know OpenAI's newer "max_completion_tokens", the default.
	MaxTokens string
	// ReasoningBack is the field in which the server wants earlier reasoning
	// back; empty if it does not want it. What it sends is understood under
	// either name, "reasoning_content" and "reasoning".
	ReasoningBack string
	// ImagesBack says that the server makes images and takes them back, in the
	// "images" of an assistant message.
	ImagesBack bool
	// ThinkingSwitch says that a model is told not to reason by DeepSeek's
	// "thinking", of the type "disabled", and not by an effort of "none".
	ThinkingSwitch bool
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

// servers is what is known of each kind. Sources, read in 2026-11:
//
//	llama.cpp   github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
//	vLLM        docs.vllm.ai/en/latest/serving/openai_compatible_server.html
//	LM Studio   lmstudio.ai/docs/developer/openai-compat
//	Cerebras    inference-docs.cerebras.ai/resources/openai
//	Groq        console.groq.com/docs/openai
//	Together    docs.together.ai/docs/openai-api-compatibility
//	OpenRouter  openrouter.ai/docs/api-reference/overview
//	DeepSeek    api-docs.deepseek.com/api/create-chat-completion, …/guides/thinking_mode
//
// All of them send [DONE]; a reply that ends without it is understood as well.
var servers = map[Server]server{
	OpenAI: {
		baseURL: "https://api.openai.com/v1", urlEnv: "OPENAI_BASE_URL", keyEnv: "OPENAI_API_KEY", needsKey: true,
	},
	Azure: {
		urlEnv: "AZURE_OPENAI_ENDPOINT", keyEnv: "AZURE_OPENAI_API_KEY", needsKey: true,
	},
	LlamaCpp: {
		baseURL: "http://127.0.0.1:8080/v1",
		quirks:  Quirks{MaxTokens: "max_tokens", ReasoningBack: "reasoning_content", TopK: true, NoNamedToolChoice: true},
	},
	VLLM: {
		baseURL: "http://127.0.0.1:8000/v1", urlEnv: "VLLM_BASE_URL", keyEnv: "VLLM_API_KEY",
		quirks: Quirks{ReasoningBack: "reasoning", TopK: true},
	},
	LMStudio: {
		baseURL: "http://127.0.0.1:1234/v1", urlEnv: "LMSTUDIO_BASE_URL", keyEnv: "LMSTUDIO_API_KEY",
		quirks: Quirks{
			MaxTokens: "max_tokens", TopK: true, NoNamedToolChoice: true, NoJSONObject: true,
			Refuses: []string{"Logprobs", "TopLogprobs", "ParallelToolCalls"},
		},
	},
	Cerebras: {
		baseURL: "https://api.cerebras.ai/v1", urlEnv: "CEREBRAS_BASE_URL", keyEnv: "CEREBRAS_API_KEY", needsKey: true,
		quirks: Quirks{ReasoningBack: "reasoning", Refuses: []string{"FrequencyPenalty", "PresencePenalty"}},
	},
	Groq: {
		baseURL: "https://api.groq.com/openai/v1", urlEnv: "GROQ_BASE_URL", keyEnv: "GROQ_API_KEY", needsKey: true,
		quirks: Quirks{NoParticipants: true, Refuses: []string{"Logprobs", "TopLogprobs"}},
	},
	Together: {
		baseURL: "https://api.together.xyz/v1", urlEnv: "TOGETHER_BASE_URL", keyEnv: "TOGETHER_API_KEY", needsKey: true,
		quirks: Quirks{MaxTokens: "max_tokens", TopK: true, Refuses: []string{"Logprobs", "TopLogprobs"}},
	},
	OpenRouter: {
		baseURL: "https://openrouter.ai/api/v1", urlEnv: "OPENROUTER_BASE_URL", keyEnv: "OPENROUTER_API_KEY", needsKey: true,
		quirks: Quirks{MaxTokens: "max_tokens", ReasoningBack: "reasoning", ImagesBack: true, TopK: true},
	},
	DeepSeek: {
		baseURL: "https://api.deepseek.com", urlEnv: "DEEPSEEK_BASE_URL", keyEnv: "DEEPSEEK_API_KEY", needsKey: true,
		quirks: Quirks{
			MaxTokens: "max_tokens", ReasoningBack: "reasoning_content", ThinkingSwitch: true, NoJSONSchema: true,
			Refuses: []string{"Seed", "ParallelToolCalls"},
		},
	},
}
