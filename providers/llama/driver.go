package llama

import (
	"path/filepath"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const (
	providerName    = "llama"
	ollamaModelsEnv = "OLLAMA_MODELS"
)

func init() {
	providers.Register(providerName, providers.Driver{
		New:               open,
		Title:             "LLaMA in the process",
		Description:       "GGUF files in the process, without a server: `llama/path/to/model.gguf`, `llama/ollama:NAME`",
		OtherEnv:          []string{ollamaModelsEnv},
		Options:           Options{},
		Settings:          Settings{},
		InProcess:         true,
		Fallback:          fallback,
		ConfigCredentials: true,
	})
}

// open makes a provider from its settings and the environment. The settings of connections have
// no meaning here.
func open(c providers.Config) (llm.Provider, error) {
	config := Config{OllamaModels: c.Env(ollamaModelsEnv)}
	if config.OllamaModels == "" {
		if home := c.Env("HOME", "USERPROFILE"); home != "" {
			config.OllamaModels = filepath.Join(home, ".ollama", "models")
		}
	}
	switch s := c.Settings.(type) {
	case nil:
	case Settings:
		config.Settings = s
	default:
		return nil, llm.Errorf(llm.InvalidRequest, "%s: the settings have the type %T: use llama.Settings", providerName, s)
	}
	if c.BaseURL != "" || c.APIKey != "" || c.TokenSource != nil {
		return nil, llm.Errorf(llm.InvalidRequest, "%s runs in the process and connects to no server: remove the address and the key", providerName)
	}
	return provider.Opened(New(config))
}

// fallback returns the first model that is part of the program.
func fallback() string {
	if names := Embedded(); len(names) > 0 {
		return names[0]
	}
	return ""
}
