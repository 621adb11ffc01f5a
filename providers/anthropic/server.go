package anthropic

import "net/url"

// Server is a kind of server with the Messages API. Each constant is also the name of a
// provider for providers.Open.
type Server string

// The servers whose differences from Anthropic are known. For any other server, use
// [Anthropic] with its base URL.
//
// The comments name the environment variables that providers.Open reads.
const (
	Anthropic  Server = "anthropic"            // ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL
	Vertex     Server = "vertex-anthropic"     // GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION
	Bedrock    Server = "bedrock-anthropic"    // AWS_BEARER_TOKEN_BEDROCK, AWS_REGION
	Mantle     Server = "mantle-anthropic"     // AWS_BEARER_TOKEN_BEDROCK, AWS_REGION
	DeepSeek   Server = "deepseek-anthropic"   // DEEPSEEK_API_KEY
	Moonshot   Server = "moonshot-anthropic"   // MOONSHOT_API_KEY
	ZAI        Server = "zai-anthropic"        // ZAI_API_KEY
	MiniMax    Server = "minimax-anthropic"    // MINIMAX_API_KEY
	OpenRouter Server = "openrouter-anthropic" // OPENROUTER_API_KEY
	LiteLLM    Server = "litellm-anthropic"    // LITELLM_BASE_URL, else http://127.0.0.1:4000
	Ollama     Server = "ollama-anthropic"     // OLLAMA_ANTHROPIC_BASE_URL, else http://127.0.0.1:11434
	LlamaCpp   Server = "llama.cpp-anthropic"  // LLAMACPP_ANTHROPIC_BASE_URL, else http://127.0.0.1:8080
	VLLM       Server = "vllm-anthropic"       // VLLM_ANTHROPIC_BASE_URL, else http://127.0.0.1:8000
	LMStudio   Server = "lmstudio-anthropic"   // LMSTUDIO_ANTHROPIC_BASE_URL, else http://127.0.0.1:1234
)

// serverFacts are the facts about one kind of server.
type serverFacts struct {
	title, about string
	baseURL      string // the default address; empty if there is none
	template     string // the default address if it depends on variables; see driver.Address
	urlEnv       string // the environment variable for the address
	keyEnv       string // the environment variable for the API key
	otherEnv     []string
	start        string // how to start a local server

	bearer      bool   // the API key is sent in the header Authorization
	bodyVersion string // the version of the API in the body, instead of the model
	noCount     bool   // has no endpoint for counting tokens
	noList      bool   // has no list of models
	noURLs      bool   // does not fetch images from URLs
	noImages    bool
	noDocuments bool
	noForced    bool // ignores or rejects a forced tool call
	noFormat    bool // has no structured output
}

// servers has one row for each kind of server, with the sources of its differences, read in
// 2026-11. Only the rows of Anthropic and llama.cpp have been tested with recorded replies or
// with a running server.
var servers = map[Server]serverFacts{
	Anthropic: {
		title: "Anthropic", about: "Anthropic's Messages API, also of compatible servers",
		baseURL: DefaultBaseURL, urlEnv: "ANTHROPIC_BASE_URL", keyEnv: "ANTHROPIC_API_KEY",
	},
	// https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude:
	// the model is in the path, and the version in the body.
	Vertex: {
		title: "Claude on Vertex AI", about: "Claude on Vertex AI, with an access token",
		template: "https://{GOOGLE_CLOUD_LOCATION}-aiplatform.googleapis.com/v1/projects/{GOOGLE_CLOUD_PROJECT}/locations/{GOOGLE_CLOUD_LOCATION}",
		urlEnv:   "VERTEX_ANTHROPIC_BASE_URL", keyEnv: "GOOGLE_OAUTH_ACCESS_TOKEN",
		otherEnv: []string{"GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"},
		bearer:   true, bodyVersion: "vertex-2023-10-16", noList: true,
	},
	// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html: the
	// ordinary dialect below /anthropic, with a Bedrock API key as bearer token.
	Bedrock: {
		title: "Claude on Bedrock", about: "Claude on Amazon Bedrock (bedrock-runtime), with a Bedrock API key",
		template: "https://bedrock-runtime.{AWS_REGION}.amazonaws.com/anthropic",
		urlEnv:   "BEDROCK_ANTHROPIC_BASE_URL", keyEnv: "AWS_BEARER_TOKEN_BEDROCK", otherEnv: []string{"AWS_REGION"},
		bearer: true, noCount: true, noList: true,
	},
	// The same page, and …/count-tokens.html: Claude of generation 4.7 and newer.
	Mantle: {
		title: "Claude on Bedrock (mantle)", about: "Claude on Amazon Bedrock (bedrock-mantle), with a Bedrock API key",
		template: "https://bedrock-mantle.{AWS_REGION}.api.aws/anthropic",
		urlEnv:   "BEDROCK_MANTLE_ANTHROPIC_BASE_URL", keyEnv: "AWS_BEARER_TOKEN_BEDROCK", otherEnv: []string{"AWS_REGION"},
		bearer: true, noList: true,
	},
	// https://api-docs.deepseek.com/guides/anthropic_api: no images, documents and
	// schemas; thinking goes back, also if it is only a signature (badlogic/pi-mono#4003).
	DeepSeek: {
		title: "DeepSeek (Messages)", about: "DeepSeek in Anthropic's dialect",
		baseURL: "https://api.deepseek.com/anthropic", urlEnv: "DEEPSEEK_ANTHROPIC_BASE_URL", keyEnv: "DEEPSEEK_API_KEY",
		noCount: true, noList: true, noImages: true, noDocuments: true, noFormat: true,
	},
	// https://platform.kimi.ai/docs/guide/agent-support; tool_choice as in Moonshot's chat completions
	Moonshot: {
		title: "Moonshot (Messages)", about: "Moonshot AI in Anthropic's dialect",
		baseURL: "https://api.moonshot.ai/anthropic", urlEnv: "MOONSHOT_ANTHROPIC_BASE_URL", keyEnv: "MOONSHOT_API_KEY",
		bearer: true, noCount: true, noList: true, noDocuments: true, noForced: true, noFormat: true,
	},
	// https://docs.z.ai/scenario-example/develop-tools/claude; tool_choice as in Z.ai's chat completions
	ZAI: {
		title: "Z.ai (Messages)", about: "Z.ai in Anthropic's dialect",
		baseURL: "https://api.z.ai/api/anthropic", urlEnv: "ZAI_ANTHROPIC_BASE_URL", keyEnv: "ZAI_API_KEY",
		bearer: true, noCount: true, noList: true, noDocuments: true, noForced: true, noFormat: true,
	},
	// https://platform.minimax.io/docs/api-reference/text-anthropic-api: no documents. The
	// signature comes in a delta of its own (anthropic-sdk-csharp#180).
	MiniMax: {
		title: "MiniMax (Messages)", about: "MiniMax in Anthropic's dialect",
		baseURL: "https://api.minimax.io/anthropic", urlEnv: "MINIMAX_ANTHROPIC_BASE_URL", keyEnv: "MINIMAX_API_KEY",
		bearer: true, noCount: true, noList: true, noDocuments: true, noFormat: true,
	},
	// https://openrouter.ai/docs/api/api-reference/anthropic-messages/create-a-message
	OpenRouter: {
		title: "OpenRouter (Messages)", about: "OpenRouter in Anthropic's dialect",
		baseURL: "https://openrouter.ai/api", urlEnv: "OPENROUTER_ANTHROPIC_BASE_URL", keyEnv: "OPENROUTER_API_KEY",
		bearer: true, noCount: true, noList: true,
	},
	// https://docs.litellm.ai/docs/anthropic_unified
	LiteLLM: {
		title: "LiteLLM (Messages)", about: "a LiteLLM proxy in Anthropic's dialect",
		baseURL: "http://127.0.0.1:4000", urlEnv: "LITELLM_BASE_URL", keyEnv: "LITELLM_API_KEY", start: `start it with "litellm"`,
		bearer: true, noList: true,
	},
	// https://docs.ollama.com/api/anthropic-compatibility: no count_tokens, tool_choice, URLs,
	// documents or caching.
	Ollama: {
		title: "Ollama (Messages)", about: "a local Ollama in Anthropic's dialect; ollama has more of its features",
		baseURL: "http://127.0.0.1:11434", urlEnv: "OLLAMA_ANTHROPIC_BASE_URL", keyEnv: "OLLAMA_API_KEY", start: `start it with "ollama serve"`,
		noCount: true, noList: true, noURLs: true, noDocuments: true, noForced: true, noFormat: true,
	},
	// github.com/ggml-org/llama.cpp/pull/17570: the request is converted to a chat completion.
	LlamaCpp: {
		title: "llama.cpp (Messages)", about: "a llama.cpp server in Anthropic's dialect; llama.cpp has more of its features",
		baseURL: "http://127.0.0.1:8080", urlEnv: "LLAMACPP_ANTHROPIC_BASE_URL", keyEnv: "LLAMACPP_API_KEY", start: `start it with "llama-server -m FILE"`,
		noDocuments: true, noFormat: true,
	},
	// github.com/vllm-project/vllm, vllm/entrypoints/anthropic: thinking without signatures.
	VLLM: {
		title: "vLLM (Messages)", about: "a local vLLM server in Anthropic's dialect",
		baseURL: "http://127.0.0.1:8000", urlEnv: "VLLM_ANTHROPIC_BASE_URL", keyEnv: "VLLM_API_KEY", start: `start it with "vllm serve"`,
		bearer: true, noDocuments: true, noFormat: true,
	},
	// https://lmstudio.ai/docs/developer/anthropic-compat
	LMStudio: {
		title: "LM Studio (Messages)", about: "the local server of LM Studio in Anthropic's dialect",
		baseURL: "http://127.0.0.1:1234", urlEnv: "LMSTUDIO_ANTHROPIC_BASE_URL", keyEnv: "LMSTUDIO_API_KEY", start: "start it in LM Studio",
		noCount: true, noDocuments: true, noFormat: true,
	},
}

// path returns the path of a chat.
//
//	Anthropic and others   BASE/v1/messages
//	Vertex                 BASE/publishers/anthropic/models/MODEL:streamRawPredict
func (p *Provider) path(model string, streamed bool) string {
	switch {
	case p.facts.bodyVersion == "":
		return messagesPath
	case streamed:
		return vertexModels + url.PathEscape(model) + ":streamRawPredict"
	}
	return vertexModels + url.PathEscape(model) + ":rawPredict"
}

// countPath returns the path of the token counter.
func (p *Provider) countPath() string {
	if p.facts.bodyVersion == "" {
		return messagesPath + "/count_tokens"
	}
	return vertexModels + "count-tokens:rawPredict"
}

const vertexModels = "/publishers/anthropic/models/"
