package apierror

import "github.com/parley-llm/parley/llm"

// textRow is a part of a message, in lower case, that determines a kind.
type textRow struct {
	text   string
	kind   llm.Kind
	source string
}

// texts are parts of messages, for errors whose code and status do not determine the kind.
// The first row that matches and refines the kind decides: see [Error.Kind].
var texts = []textRow{
	// No credit, or a limit that does not end soon.
	{"insufficient balance", llm.Quota, moonshot},
	{"insufficient credits", llm.Quota, openRouter},
	{"requires more credits", llm.Quota, openRouter},
	{"free-models-per-day", llm.Quota, openRouter},
	{"credit balance is too low", llm.Quota, anthropic},
	{"reached your specified api usage limits", llm.Quota, anthropic},
	{"used all available credits", llm.Quota, xAI},
	{"doesn't have any credits", llm.Quota, xAI},
	{"monthly spending limit", llm.Quota, xAI},
	{"monthly spending cap", llm.Quota, gemini},
	{"prepayment credits are depleted", llm.Quota, "dyad-sh/dyad#3626"},
	{"limit: 0,", llm.Quota, "google-gemini/gemini-cli#22486"},
	{"perday", llm.Quota, "https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/utils/googleQuotaErrors.ts"}, // a quotaId
	{"weekly usage limit", llm.Quota, "NousResearch/hermes-agent#68832"},                                                        // Ollama's cloud
	{"session usage limit", llm.Quota, "continuedev/continue#11444"},                                                            // Ollama's cloud
	{"budget has been exceeded", llm.Quota, liteLLM},
	{"exceeded budget", llm.Quota, liteLLM},
	{"account is in good standing", llm.Quota, "alibaba/spring-ai-alibaba#1146"}, // DashScope
	{"account balance is insufficient", llm.Quota, "https://docs.siliconflow.cn/en/faqs/error-code"},
	{"daily free allocation", llm.Quota, "https://developers.cloudflare.com/workers-ai/platform/errors"},
	{"no resource package", llm.Quota, zAI},
	{"exceeded your monthly included credits", llm.Quota, "huggingface/agents-course#386"},
	{"credit limit exceeded", llm.Quota, "expectedparrot/edsl#2098"},
	{"usage limit reached for token plan", llm.Quota, "MiniMax-AI/MiniMax-M2.7#36"},
	{"exceeded your daily rate limit", llm.Quota, "SakanaAI/AI-Scientist#115"},
	{"free tier of the model has been exhausted", llm.Quota, "666ghj/BettaFish#609"},

	// A model that no longer exists.
	{"has been deprecated", llm.Retired, openAI},
	{"was deprecated on", llm.Retired, "https://docs.x.ai/docs/models"},
	{"is no longer accessible", llm.Retired, "https://docs.x.ai/docs/models"},
	{"has been decommissioned", llm.Retired, groq},
	{"is no longer available", llm.Retired, gemini},
	{"has been retired", llm.Retired, azureCodes},
	{"was retired on", llm.Retired, anthropic},
	{"has been shut down", llm.Retired, gemini},
	{"has been discontinued", llm.Retired, together},
	{"reached the end of its life", llm.Retired, aws},
	{"reached its end of life", llm.Retired, "capocasa/3code#2"},

	// A prompt that is too long.
	{"maximum context length", llm.ContextLength, openAI}, // also vLLM, DeepSeek, OpenRouter, Mistral, LiteLLM
	{"exceeds the context window", llm.ContextLength, "earendil-works/pi#129"},
	{"reduce the length of the messages", llm.ContextLength, groq},
	{"maximum prompt length is", llm.ContextLength, "earendil-works/pi#129"},                         // xAI
	{"longer than the model's context length", llm.ContextLength, "ranxianglei/billion-context#493"}, // SGLang, Together
	{"context length is only", llm.ContextLength, "https://github.com/vllm-project/vllm/blob/main/vllm/renderers/params.py"},
	{"longer than the maximum model length", llm.ContextLength, vllm},
	{"exceeds the available context size", llm.ContextLength, llamaCpp},
	{"is too large to process. increase the physical batch size", llm.ContextLength, "ggml-org/llama.cpp#12295"},
	{"exceeds the context length", llm.ContextLength, ollama},
	{"prompt too long", llm.ContextLength, "dyad-sh/dyad#3498"}, // Ollama's cloud, oMLX
	{"prompt is too long", llm.ContextLength, anthropic},        // also Fireworks
	{"exceed context limit", llm.ContextLength, anthropic},
	{"greater than the context length", llm.ContextLength, "lmstudio-ai/lmstudio-bug-tracker#546"},
	{"loaded with context length of only", llm.ContextLength, "lmstudio-ai/lmstudio-bug-tracker#237"},
	{"context size has been exceeded", llm.ContextLength, "lmstudio-ai/lmstudio-bug-tracker#2256"},
	{"exceeds the maximum number of tokens allowed", llm.ContextLength, gemini},
	{"but model only supports up to", llm.ContextLength, "google-gemini/gemini-cli#19727"}, // Vertex AI
	{"exceeded model token limit", llm.ContextLength, moonshot},
	{"prompt exceeds max length", llm.ContextLength, zAI},
	{"range of input length should be", llm.ContextLength, dashScope},
	{"total length of all messages is too long", llm.ContextLength, perplexity},
	{"context window exceeds limit", llm.ContextLength, miniMax},
	{"prompt token count of", llm.ContextLength, copilot},
	{"input is too long for requested model", llm.ContextLength, aws},
	{"total number of tokens in the prompt cannot exceed", llm.ContextLength, "pydantic/pydantic-ai#4221"}, // Cohere
	{"`inputs` must have less than", llm.ContextLength, "https://github.com/huggingface/text-generation-inference/blob/main/router/src/validation.rs"},
	{"`max_new_tokens` must be <=", llm.ContextLength, "https://github.com/huggingface/text-generation-inference/blob/main/router/src/validation.rs"},
	{"exceed context window of", llm.ContextLength, "https://github.com/abetlen/llama-cpp-python/blob/main/llama_cpp/llama.py"},
	{"must be less than max_seq_len", llm.ContextLength, "https://docs.siliconflow.cn/en/faqs/error-code"},
	{"exceed max message tokens", llm.ContextLength, volcengine},
	{"cannot exceed the total tokens limit", llm.ContextLength, "https://www.ibm.com/docs/en/watsonx"},

	// A prompt or an answer that was blocked.
	{"input was flagged", llm.ContentFilter, openRouter},
	{"prompt was flagged", llm.ContentFilter, openAI},
	{"inappropriate content", llm.ContentFilter, dashScope},
	{"datainspectionfailed", llm.ContentFilter, dashScope},
	{"potentially unsafe or sensitive content", llm.ContentFilter, zAI},
	{"content violates usage guidelines", llm.ContentFilter, "https://docs.x.ai/docs/guides"},
	{"content exists risk", llm.ContentFilter, deepSeek},
	{"considered high risk", llm.ContentFilter, moonshot},
	{"content management policy", llm.ContentFilter, azure},
	{"rejected as a result of our safety system", llm.ContentFilter, openAI},

	// A credential that was rejected, with a status that says otherwise.
	{"incorrect api key provided", llm.Auth, xAI},
	{"invalid api key", llm.Auth, "openai/codex#1352"},
	{"api key not valid", llm.Auth, gemini},
	{"pass a valid api key", llm.Auth, gemini},
	{"api key expired", llm.Auth, gemini},
	{"api key was reported as leaked", llm.Auth, gemini},

	// A model or a path that does not exist.
	{"unexpected endpoint or method", llm.NotFound, "lmstudio-ai/lmstudio-bug-tracker#618"},
	{"model not exist", llm.NotFound, deepSeek},
	{"is not a valid model id", llm.NotFound, openRouter},
	{"invalid model name passed in", llm.NotFound, "https://github.com/BerriAI/litellm/blob/main/litellm/proxy/route_llm_request.py"},
	{"unknown model", llm.NotFound, zAI},

	// Something that the model or the server cannot do.
	{"does not support", llm.Unsupported, ollama},
	{"only supports interactions api", llm.Unsupported, "googleapis/go-genai#658"},
	{"function tools with reasoning_effort are not supported", llm.Unsupported, "openai/openai-openapi#541"},
	{"missing data required for image input", llm.Unsupported, ollama},

	// A request that cannot succeed, reported as an error of the server.
	{"must be of type ", llm.InvalidRequest, ollama}, // option "temperature" must be of type float32
	{"must be of an array of strings", llm.InvalidRequest, ollama},
	{"invalid format: ", llm.InvalidRequest, ollama},
	{"invalid json schema in format", llm.InvalidRequest, ollama},
	{"this model only supports one image", llm.InvalidRequest, ollama},

	// A busy server, in an error without a status.
	{"too many requests", llm.RateLimited, openAI},
	{"rate limit", llm.RateLimited, openAI},
	{"server busy", llm.Overloaded, ollama},
	{"is overloaded", llm.Overloaded, gemini},
	{"currently overloaded", llm.Overloaded, openAI},
}
