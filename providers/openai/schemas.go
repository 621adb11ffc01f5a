package openai

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// schemaProfiles has the parts of JSON Schema that servers accept. The sources are in the
// table of package internal/schema. A server that is not listed gets schemas as they are.
var schemaProfiles = map[Server]provider.Profiles{
	OpenAI:       strict("openai-strict"),
	Azure:        strict("azure-strict"),
	LlamaCpp:     {Format: "llamacpp", Tools: "llamacpp-tools"},
	LMStudio:     {Format: "llamacpp"},
	VLLM:         {Format: "xgrammar"},
	SGLang:       {Format: "xgrammar"},
	Cerebras:     strict("cerebras"),
	Groq:         strict("groq-strict"),
	OpenRouter:   strict("openai-strict"),
	Copilot:      strict("openai-strict"),
	DeepSeek:     {StrictTools: "deepseek-strict-tools"},
	Mistral:      strict("mistral"),
	XAI:          strict("xai"),
	GeminiOpenAI: {Format: "gemini", Tools: "gemini"},
	VertexOpenAI: {Format: "vertex", Tools: "vertex"},
}

// strict returns the profiles of a server with OpenAI's strict mode.
func strict(name string) provider.Profiles {
	return provider.Profiles{StrictFormat: name, StrictTools: name}
}

// profiles returns the parts of JSON Schema that the server accepts.
func (p *Provider) profiles(*llm.Call) provider.Profiles {
	if p.config.Server == Azure && p.config.AzureAPIVersion != "" { // before v1
		return strict("azure-strict-old")
	}
	return schemaProfiles[p.config.Server]
}
