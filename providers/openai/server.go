package openai

import "net/http"

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

	Mistral       Server = "mistral"        // MISTRAL_API_KEY
	XAI           Server = "xai"            // XAI_API_KEY
	Moonshot      Server = "moonshot"       // MOONSHOT_API_KEY
	ZAI           Server = "zai"            // ZAI_API_KEY
	DashScope     Server = "dashscope"      // DASHSCOPE_API_KEY
	MiniMax       Server = "minimax"        // MINIMAX_API_KEY
	Fireworks     Server = "fireworks"      // FIREWORKS_API_KEY
	NVIDIA        Server = "nvidia"         // NVIDIA_API_KEY
	Perplexity    Server = "perplexity"     // PERPLEXITY_API_KEY
	Cloudflare    Server = "cloudflare"     // CLOUDFLARE_API_KEY, CLOUDFLARE_ACCOUNT_ID
	Copilot       Server = "copilot"        // GITHUB_COPILOT_TOKEN
	HuggingFace   Server = "huggingface"    // HF_TOKEN
	SGLang        Server = "sglang"         // SGLANG_BASE_URL, else http://127.0.0.1:30000/v1
	LiteLLM       Server = "litellm"        // LITELLM_BASE_URL, else http://127.0.0.1:4000
	GeminiOpenAI  Server = "gemini-openai"  // GEMINI_API_KEY
	BedrockOpenAI Server = "bedrock-openai" // AWS_BEARER_TOKEN_BEDROCK, AWS_REGION
	MantleOpenAI  Server = "mantle-openai"  // AWS_BEARER_TOKEN_BEDROCK, AWS_REGION
	VertexOpenAI  Server = "vertex-openai"  // GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION
)

// server holds the facts about one kind of server.
type server struct {
	baseURL  string // the default address; empty if there is none
	template string // the default address if it depends on variables; see expand
	urlEnv   string // the environment variable for the address
	keyEnv   string // the environment variable for the API key
	needsKey bool   // at the default address
	header   http.Header
	quirks   Quirks
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
