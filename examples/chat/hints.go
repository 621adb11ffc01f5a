package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// maxMessage is the maximum length of a displayed error, in runes.
const maxMessage = 400

// message returns an error's text in one line.
func message(err error) string {
	text := strings.Join(strings.Fields(strings.Replace(err.Error(), "parley: ", "", 1)), " ")
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage]) + "…"
	}
	return text
}

// keyVariables maps providers to the environment variables of their keys.
var keyVariables = map[string]string{
	"openai":     "OPENAI_API_KEY",
	"azure":      "AZURE_OPENAI_API_KEY",
	"cerebras":   "CEREBRAS_API_KEY",
	"deepseek":   "DEEPSEEK_API_KEY",
	"groq":       "GROQ_API_KEY",
	"llamacpp":   "LLAMACPP_API_KEY",
	"lmstudio":   "LMSTUDIO_API_KEY",
	"openrouter": "OPENROUTER_API_KEY",
	"together":   "TOGETHER_API_KEY",
	"vllm":       "VLLM_API_KEY",
}

// startServer maps local servers to instructions for starting and finding them.
var startServer = map[string]string{
	"ollama":   `start it with "ollama serve", or set OLLAMA_HOST.`,
	"llamacpp": "start llama-server, or set LLAMACPP_BASE_URL.",
	"lmstudio": "start it in LM Studio, or set LMSTUDIO_BASE_URL.",
	"vllm":     `start it with "vllm serve", or set VLLM_BASE_URL.`,
}

// hint returns a sentence with advice about an error. It returns "" if there is no advice, or
// if the error's text already contains it.
func hint(err error) string {
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || strings.Contains(e.Message, "ollama pull ") || strings.Contains(e.Message, "ollama serve") {
		return ""
	}
	switch e.Kind {
	case llm.Auth:
		if name, ok := keyVariables[e.Provider]; ok {
			return fmt.Sprintf("Set the environment variable %s to a valid key.", name)
		}
		return "Check the key of this provider."
	case llm.Permission:
		return "The key is valid, but may not use this model: choose another."
	case llm.Quota:
		return "See the provider's billing page, or choose another model."
	case llm.NotFound:
		if e.Provider == "" {
			return "" // not from a server: the name is not in the config file, and the error lists the file's names
		}
		if e.Provider == "ollama" && e.Model != "" {
			return fmt.Sprintf("Download it with \"ollama pull %s\".", e.Model)
		}
		return "Check the model's name and the server's address."
	case llm.Retired:
		return "Choose another model."
	case llm.RateLimited:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("Wait %s.", e.RetryAfter.Round(time.Second))
		}
		return "Try again later."
	case llm.Overloaded, llm.Server:
		return "This is a server error: try again later."
	case llm.Network:
		if how, ok := startServer[e.Provider]; ok {
			return "Is the server running? If not, " + how
		}
		return "Check the network and the server's address."
	case llm.Timeout:
		return "The server may be busy, or still loading the model."
	case llm.Protocol:
		return "Check that this is the address of a model server."
	case llm.Incomplete:
		return "The connection closed before the end of the answer."
	case llm.ContextLength:
		return "Start a new conversation, or choose a model with a larger context window."
	case llm.ContentFilter:
		return "The provider's content filter blocked this: rephrase the message."
	}
	return ""
}
