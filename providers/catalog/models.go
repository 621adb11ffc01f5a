package catalog

import "github.com/parley-llm/parley/llm"

// models are the models that providers offer, one row each. To correct one, change its row
// and the date in [Date]. A fact that nobody has published, or that was not found in a
// source, is left out. Prices are US dollars per million tokens, at the standard rate and
// the shortest context. Some rates of late 2026 are promotions that will end.
//
// Sources, unless a row names others:
//   - windows, limits, modalities, capabilities, prices and release days: models.dev, the copy
//     of 2026-07-02 (github.com/anomalyco/models.dev, commit f3fc692)
//   - OpenAI's models since then: docs.litellm.ai/blog/gpt_6_sol_luna,
//     docs.litellm.ai/blog/gpt-6-1-terra, github.com/BerriAI/litellm/discussions/42523,
//     vercel.com/ai-gateway/models/gpt-5.6-terra
//   - the models that need the Responses API: openai/openai-openapi#541, BerriAI/litellm#34569
//   - Gemini's models since then: vercel.com/ai-gateway/models/gemini-3.8-flash,
//     docs.apiyi.com/en/models/gemini-3-5-flash-lite,
//     github.com/BerriAI/litellm/discussions/36799
//   - the cached rate of gpt-6-luna:
//     codersera.com/blog/gpt-4o-gpt-4-1-api-shutdown-migration-2026
//   - ends and successors: developers.openai.com/api/docs/deprecations,
//     ai.google.dev/gemini-api/docs/deprecations, console.groq.com/docs/deprecations,
//     inference-docs.cerebras.ai/support/deprecation
var models = []row{
	// anthropic: the current models of github.com/anthropics/anthropic-sdk-go/v2 2.15.0 (2026-11-24).
	// Their windows and prices are not listed there.
	{name: "anthropic/claude-fable-5-2", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-mythos-5-2", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-opus-5-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-sonnet-5-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-haiku-5-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-fable-5-1", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-mythos-5-1", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-fable-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-mythos-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-opus-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-sonnet-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-opus-4-8", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-opus-4-7", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-opus-4-6", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-sonnet-4-6", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-opus-4-5", status: current, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-sonnet-4-5", status: current, maxOutput: 64000, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},
	{name: "anthropic/claude-haiku-4-5", status: current, maxOutput: 64000, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache"},

	// openai
	{name: "openai/gpt-6.1-sol", status: current, input: "text, image", output: "text", needsResponses: true, prices: &llm.Prices{Input: 2, Output: 10}},
	{name: "openai/gpt-6.1-terra", released: "2026-10-26", status: current, contextWindow: 1050000, maxOutput: 128000, input: "text, image", output: "text", needsResponses: true, capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1, Output: 5, CacheRead: 0.05}},
	{name: "openai/gpt-6-sol", status: current, contextWindow: 1050000, maxOutput: 128000, input: "text, image", output: "text", needsResponses: true, prices: &llm.Prices{Input: 2, Output: 10}},
	{name: "openai/gpt-6-luna", status: current, contextWindow: 1050000, maxOutput: 128000, input: "text, image", output: "text", needsResponses: true, prices: &llm.Prices{Input: 0.1, Output: 0.5, CacheRead: 0.01}},
	{name: "openai/gpt-5.6-sol", released: "2026-07-09", status: current, output: "text", needsResponses: true, prices: &llm.Prices{Input: 4, Output: 20}},
	{name: "openai/gpt-5.6-terra", released: "2026-07-09", status: current, contextWindow: 1050000, maxOutput: 128000, input: "text, image", output: "text", needsResponses: true, prices: &llm.Prices{Input: 2, Output: 12}},
	{name: "openai/gpt-5.6-luna", released: "2026-07-09", status: current, output: "text", needsResponses: true, prices: &llm.Prices{Input: 0.2, Output: 1.2}},
	{name: "openai/gpt-5.5", displayName: "GPT-5.5", released: "2026-04-23", status: current, contextWindow: 1050000, maxOutput: 128000, input: "text, image, file", output: "text", needsResponses: true, capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 5, Output: 30, CacheRead: 0.5}},
	{name: "openai/gpt-5.5-pro", displayName: "GPT-5.5 Pro", released: "2026-04-23", status: current, contextWindow: 1050000, maxOutput: 128000, input: "text, image, file", output: "text", needsResponses: true, capabilities: "streaming, tools, reasoning, json_schema", prices: &llm.Prices{Input: 30, Output: 180}},
	{name: "openai/gpt-5.4", displayName: "GPT-5.4", released: "2026-03-05", status: current, contextWindow: 1050000, maxOutput: 128000, input: "text, image, file", output: "text", needsResponses: true, capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 2.5, Output: 15, CacheRead: 0.25}},
	{name: "openai/gpt-5.4-mini", displayName: "GPT-5.4 mini", released: "2026-03-17", status: current, contextWindow: 400000, maxOutput: 128000, input: "text, image", output: "text", needsResponses: true, capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.75, Output: 4.5, CacheRead: 0.075}},
	{name: "openai/gpt-5.4-nano", displayName: "GPT-5.4 nano", released: "2026-03-17", status: deprecated, retires: "2027-04-01", contextWindow: 400000, maxOutput: 128000, input: "text, image", output: "text", needsResponses: true, capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.2, Output: 1.25, CacheRead: 0.02}},
	{name: "openai/gpt-5.2", displayName: "GPT-5.2", released: "2025-12-11", status: current, contextWindow: 400000, maxOutput: 128000, input: "text, image", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1.75, Output: 14, CacheRead: 0.175}},
	{name: "openai/gpt-5.1", displayName: "GPT-5.1", released: "2025-11-13", status: deprecated, retires: "2027-04-01", contextWindow: 400000, maxOutput: 128000, input: "text, image", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1.25, Output: 10, CacheRead: 0.125}},
	{name: "openai/gpt-5", displayName: "GPT-5", aliases: "gpt-5-2025-08-07", released: "2025-08-07", status: deprecated, retires: "2026-12-11", successor: "gpt-6.1-sol", contextWindow: 400000, maxOutput: 128000, input: "text, image", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1.25, Output: 10, CacheRead: 0.125}},
	{name: "openai/gpt-5-mini", displayName: "GPT-5 Mini", aliases: "gpt-5-mini-2025-08-07", released: "2025-08-07", status: deprecated, retires: "2026-12-11", successor: "gpt-6.1-terra", contextWindow: 400000, maxOutput: 128000, input: "text, image", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.25, Output: 2, CacheRead: 0.025}},
	{name: "openai/gpt-5-nano", displayName: "GPT-5 Nano", aliases: "gpt-5-nano-2025-08-07", released: "2025-08-07", status: deprecated, retires: "2026-12-11", successor: "gpt-5.6-luna", contextWindow: 400000, maxOutput: 128000, input: "text, image", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.05, Output: 0.4, CacheRead: 0.005}},
	{name: "openai/gpt-4.1", displayName: "GPT-4.1", aliases: "gpt-4.1-2025-04-14", released: "2025-04-14", status: deprecated, retires: "2027-01-14", successor: "gpt-6-luna", contextWindow: 1047576, maxOutput: 32768, input: "text, image, file", output: "text", capabilities: "streaming, tools, json_schema, prompt_cache", prices: &llm.Prices{Input: 2, Output: 8, CacheRead: 0.5}},
	{name: "openai/gpt-4.1-mini", displayName: "GPT-4.1 mini", aliases: "gpt-4.1-mini-2025-04-14", released: "2025-04-14", status: deprecated, retires: "2027-01-14", successor: "gpt-6-luna", contextWindow: 1047576, maxOutput: 32768, input: "text, image, file", output: "text", capabilities: "streaming, tools, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.4, Output: 1.6, CacheRead: 0.1}},
	{name: "openai/gpt-4.1-nano", displayName: "GPT-4.1 nano", aliases: "gpt-4.1-nano-2025-04-14", released: "2025-04-14", status: retired, retires: "2026-10-23", contextWindow: 1047576, maxOutput: 32768, input: "text, image", output: "text", capabilities: "streaming, tools, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.1, Output: 0.4, CacheRead: 0.025}},
	{name: "openai/gpt-4o", displayName: "GPT-4o", aliases: "gpt-4o-2024-08-06, gpt-4o-2024-11-20", released: "2024-05-13", status: deprecated, retires: "2027-01-14", successor: "gpt-6-luna", contextWindow: 128000, maxOutput: 16384, input: "text, image, file", output: "text", capabilities: "streaming, tools, json_schema, prompt_cache", prices: &llm.Prices{Input: 2.5, Output: 10, CacheRead: 1.25}},
	{name: "openai/gpt-4o-mini", displayName: "GPT-4o mini", aliases: "gpt-4o-mini-2024-07-18", released: "2024-07-18", status: deprecated, retires: "2027-01-14", successor: "gpt-6-luna", contextWindow: 128000, maxOutput: 16384, input: "text, image, file", output: "text", capabilities: "streaming, tools, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.15, Output: 0.6, CacheRead: 0.075}},
	{name: "openai/o4-mini", displayName: "o4-mini", aliases: "o4-mini-2025-04-16", released: "2025-04-16", status: retired, retires: "2026-10-23", successor: "gpt-5.6-terra", contextWindow: 200000, maxOutput: 100000, input: "text, image", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1.1, Output: 4.4, CacheRead: 0.275}},
	{name: "openai/o3", displayName: "o3", released: "2025-04-16", status: deprecated, retires: "2026-12-11", successor: "gpt-5.6-sol", contextWindow: 200000, maxOutput: 100000, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 2, Output: 8, CacheRead: 0.5}},
	{name: "openai/o3-mini", displayName: "o3-mini", aliases: "o3-mini-2025-01-31", released: "2024-12-20", status: retired, retires: "2026-10-23", successor: "gpt-5.6-sol", contextWindow: 200000, maxOutput: 100000, input: "text", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1.1, Output: 4.4, CacheRead: 0.55}},
	{name: "openai/o1", displayName: "o1", aliases: "o1-2024-12-17", released: "2024-12-05", status: retired, retires: "2026-10-23", successor: "gpt-5.6-sol", contextWindow: 200000, maxOutput: 100000, input: "text, image, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 15, Output: 60, CacheRead: 7.5}},
	{name: "openai/gpt-4-turbo", displayName: "GPT-4 Turbo", aliases: "gpt-4-1106-preview, gpt-4-turbo-2024-04-09", released: "2023-11-06", status: retired, retires: "2026-10-23", successor: "gpt-5.6-sol", contextWindow: 128000, maxOutput: 4096, input: "text, image", output: "text", capabilities: "streaming, tools", prices: &llm.Prices{Input: 10, Output: 30}},
	{name: "openai/gpt-4", displayName: "GPT-4", aliases: "gpt-4-0613", released: "2023-11-06", status: retired, retires: "2026-10-23", successor: "gpt-5.6-sol", contextWindow: 8192, maxOutput: 8192, input: "text", output: "text", capabilities: "streaming, tools", prices: &llm.Prices{Input: 30, Output: 60}},
	{name: "openai/gpt-3.5-turbo", displayName: "GPT-3.5-turbo", aliases: "gpt-3.5-turbo-0125", released: "2023-03-01", status: retired, retires: "2026-10-23", successor: "gpt-5.6-terra", contextWindow: 16385, maxOutput: 4096, input: "text", output: "text", capabilities: "streaming", prices: &llm.Prices{Input: 0.5, Output: 1.5}},
	{name: "openai/text-embedding-3-large", displayName: "text-embedding-3-large", released: "2024-01-25", status: current, contextWindow: 8191, input: "text", output: "embedding", prices: &llm.Prices{Input: 0.13, Output: 0}},
	{name: "openai/text-embedding-3-small", displayName: "text-embedding-3-small", released: "2024-01-25", status: current, contextWindow: 8191, input: "text", output: "embedding", prices: &llm.Prices{Input: 0.02, Output: 0}},
	{name: "openai/text-embedding-ada-002", displayName: "text-embedding-ada-002", released: "2022-12-15", status: current, contextWindow: 8192, input: "text", output: "embedding", prices: &llm.Prices{Input: 0.1, Output: 0}},

	// gemini
	{name: "gemini/gemini-3.8-flash", released: "2026-09-02", status: current, contextWindow: 1000000, maxOutput: 65536, output: "text", prices: &llm.Prices{Input: 0.75, Output: 3.75}},
	{name: "gemini/gemini-3.7-flash", released: "2026-08-13", status: current, contextWindow: 1048576, maxOutput: 65536, input: "text, image, audio, video", output: "text", prices: &llm.Prices{Input: 0.75, Output: 3.75}},
	{name: "gemini/gemini-3.6-flash", released: "2026-07-21", status: current, output: "text"},
	{name: "gemini/gemini-3.5-flash-lite", released: "2026-07-21", status: current, contextWindow: 1048576, maxOutput: 65536, input: "text, image, audio, video, file", output: "text", prices: &llm.Prices{Input: 0.3, Output: 2.5, CacheRead: 0.03}},
	{name: "gemini/gemini-3.5-flash", displayName: "Gemini 3.5 Flash", released: "2026-05-19", status: current, contextWindow: 1048576, maxOutput: 65536, input: "text, image, video, audio, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1.5, Output: 9, CacheRead: 0.15}},
	{name: "gemini/gemini-3.1-pro-preview", displayName: "Gemini 3.1 Pro Preview", released: "2026-02-19", status: preview, contextWindow: 1048576, maxOutput: 65536, input: "text, image, video, audio, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 2, Output: 12, CacheRead: 0.2}},
	{name: "gemini/gemini-3-pro-preview", displayName: "Gemini 3 Pro Preview", released: "2025-11-18", status: retired, retires: "2026-03-09", successor: "gemini-3.1-pro-preview", contextWindow: 1048576, maxOutput: 65536, input: "text, image, video, audio, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 2, Output: 12, CacheRead: 0.2}},
	{name: "gemini/gemini-3-flash-preview", displayName: "Gemini 3 Flash Preview", released: "2025-12-17", status: preview, contextWindow: 1048576, maxOutput: 65536, input: "text, image, video, audio, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.5, Output: 3, CacheRead: 0.05}},
	{name: "gemini/gemini-3.1-flash-lite", displayName: "Gemini 3.1 Flash Lite", released: "2026-05-07", status: current, retires: "2027-05-07", contextWindow: 1048576, maxOutput: 65536, input: "text, image, video, audio, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.25, Output: 1.5, CacheRead: 0.025}},
	{name: "gemini/gemini-2.5-pro", displayName: "Gemini 2.5 Pro", released: "2025-06-17", status: deprecated, retires: "2026-12-01", successor: "gemini-3.8-flash", contextWindow: 1048576, maxOutput: 65536, input: "text, image, audio, video, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 1.25, Output: 10, CacheRead: 0.125}},
	{name: "gemini/gemini-2.5-flash", displayName: "Gemini 2.5 Flash", released: "2025-06-17", status: deprecated, retires: "2026-12-01", successor: "gemini-3.5-flash-lite", contextWindow: 1048576, maxOutput: 65536, input: "text, image, audio, video, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.3, Output: 2.5, CacheRead: 0.03}},
	{name: "gemini/gemini-2.5-flash-lite", displayName: "Gemini 2.5 Flash-Lite", released: "2025-06-17", status: current, contextWindow: 1048576, maxOutput: 65536, input: "text, image, audio, video, file", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.1, Output: 0.4, CacheRead: 0.01}},
	{name: "gemini/gemini-2.0-flash", displayName: "Gemini 2.0 Flash", aliases: "gemini-2.0-flash-001", released: "2024-12-11", status: retired, retires: "2026-06-01", successor: "gemini-2.5-flash", contextWindow: 1048576, maxOutput: 8192, input: "text, image, audio, video, file", output: "text", capabilities: "streaming, tools, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.1, Output: 0.4, CacheRead: 0.025}},
	{name: "gemini/gemini-2.0-flash-lite", displayName: "Gemini 2.0 Flash-Lite", aliases: "gemini-2.0-flash-lite-001", released: "2024-12-11", status: retired, retires: "2026-06-01", successor: "gemini-2.5-flash-lite", contextWindow: 1048576, maxOutput: 8192, input: "text, image, audio, video, file", output: "text", capabilities: "streaming, tools, json_schema", prices: &llm.Prices{Input: 0.075, Output: 0.3}},
	{name: "gemini/gemini-embedding-001", displayName: "Gemini Embedding 001", released: "2025-05-20", status: current, contextWindow: 2048, input: "text", output: "embedding", prices: &llm.Prices{Input: 0.15, Output: 0}},
	{name: "gemini/gemma-4-31b-it", displayName: "Gemma 4 31B IT", released: "2026-04-02", status: current, contextWindow: 262144, maxOutput: 32768, input: "text, image", output: "text", capabilities: "streaming, tools, reasoning, json_schema"},

	// groq
	{name: "groq/llama-3.1-8b-instant", displayName: "Llama 3.1 8B", released: "2024-07-23", status: retired, retires: "2026-08-16", successor: "openai/gpt-oss-20b", contextWindow: 131072, maxOutput: 131072, input: "text", output: "text", capabilities: "streaming, tools", prices: &llm.Prices{Input: 0.05, Output: 0.08}},
	{name: "groq/llama-3.3-70b-versatile", displayName: "Llama 3.3 70B", released: "2024-12-06", status: retired, retires: "2026-08-16", successor: "openai/gpt-oss-120b", contextWindow: 131072, maxOutput: 32768, input: "text", output: "text", capabilities: "streaming, tools", prices: &llm.Prices{Input: 0.59, Output: 0.79}},
	{name: "groq/meta-llama/llama-4-scout-17b-16e-instruct", displayName: "Llama 4 Scout 17B 16E", released: "2025-04-05", status: retired, retires: "2026-07-17", successor: "openai/gpt-oss-120b", contextWindow: 131072, maxOutput: 8192, input: "text, image", output: "text", capabilities: "streaming, tools, json_schema", prices: &llm.Prices{Input: 0.11, Output: 0.34}},
	{name: "groq/openai/gpt-oss-120b", displayName: "GPT OSS 120B", released: "2025-08-05", status: current, contextWindow: 131072, maxOutput: 65536, input: "text", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.15, Output: 0.6, CacheRead: 0.075}},
	{name: "groq/openai/gpt-oss-20b", displayName: "GPT OSS 20B", released: "2025-08-05", status: current, contextWindow: 131072, maxOutput: 65536, input: "text", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.075, Output: 0.3, CacheRead: 0.0375}},
	{name: "groq/qwen/qwen3-32b", displayName: "Qwen3-32B", released: "2025-06-11", status: retired, retires: "2026-07-17", successor: "openai/gpt-oss-120b", contextWindow: 131072, maxOutput: 40960, input: "text", output: "text", capabilities: "streaming, tools, reasoning", prices: &llm.Prices{Input: 0.29, Output: 0.59}},

	// cerebras
	{name: "cerebras/llama3.1-8b", status: retired, retires: "2026-05-27"},
	{name: "cerebras/llama-3.3-70b", status: retired, retires: "2026-02-16", successor: "gpt-oss-120b"},
	{name: "cerebras/gpt-oss-120b", displayName: "GPT OSS 120B", released: "2025-08-05", status: current, contextWindow: 131072, maxOutput: 40960, input: "text", output: "text", capabilities: "streaming, tools, reasoning, json_schema", prices: &llm.Prices{Input: 0.35, Output: 0.75}},
	{name: "cerebras/zai-glm-4.7", displayName: "Z.AI GLM-4.7", released: "2026-01-07", status: preview, contextWindow: 131072, maxOutput: 40960, input: "text", output: "text", capabilities: "streaming, tools, reasoning, json_schema", prices: &llm.Prices{Input: 2.25, Output: 2.75}},

	// deepseek
	{name: "deepseek/deepseek-v4-pro", displayName: "DeepSeek V4 Pro", released: "2026-04-24", status: current, contextWindow: 1000000, maxOutput: 384000, input: "text", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.435, Output: 0.87, CacheRead: 0.003625}},
	{name: "deepseek/deepseek-v4-flash", displayName: "DeepSeek V4 Flash", released: "2026-04-24", status: current, contextWindow: 1000000, maxOutput: 384000, input: "text", output: "text", capabilities: "streaming, tools, reasoning, json_schema, prompt_cache", prices: &llm.Prices{Input: 0.14, Output: 0.28, CacheRead: 0.0028}},
	{name: "deepseek/deepseek-chat", displayName: "DeepSeek Chat", released: "2025-12-01", status: current, contextWindow: 1000000, maxOutput: 384000, input: "text", output: "text", capabilities: "streaming, tools, prompt_cache", prices: &llm.Prices{Input: 0.14, Output: 0.28, CacheRead: 0.0028}},
	{name: "deepseek/deepseek-reasoner", displayName: "DeepSeek Reasoner", released: "2025-12-01", status: current, contextWindow: 1000000, maxOutput: 384000, input: "text", output: "text", capabilities: "streaming, tools, reasoning, prompt_cache", prices: &llm.Prices{Input: 0.14, Output: 0.28, CacheRead: 0.0028}},

	// together
	{name: "together/meta-llama/Llama-3.3-70B-Instruct-Turbo", displayName: "Llama 3.3 70B", released: "2024-12-06", status: current, contextWindow: 131072, maxOutput: 131072, input: "text", output: "text", capabilities: "streaming, tools", prices: &llm.Prices{Input: 0.88, Output: 0.88}},
	{name: "together/openai/gpt-oss-120b", displayName: "GPT OSS 120B", released: "2025-08-05", status: current, contextWindow: 131072, maxOutput: 131072, input: "text", output: "text", capabilities: "streaming, tools, reasoning", prices: &llm.Prices{Input: 0.15, Output: 0.6}},

	// palm
	{name: "palm/chat-bison-001", status: retired, retires: "2024-08-15", successor: "gemini-3.8-flash", access: "Google has shut down the API. Gateways and replicas of the protocol can be used with a base URL."},
	{name: "palm/text-bison-001", status: retired, retires: "2024-08-15", successor: "gemini-3.8-flash", access: "See chat-bison-001."},
}
