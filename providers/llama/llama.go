// Package llama is the provider for models that run inside the process: LLaMA 1 to 3,
// TinyLlama, SmolLM2, Mistral, Qwen2, Qwen3, and other models of the same structure, in GGUF
// files. It needs no server, no cgo and no network.
//
//	p, err := llama.New(llama.Config{})
//	model := llm.New(p, "models/llama-3.2-1b.Q4_K_M.gguf")
//
// Importing the package registers it with package providers, under the name "llama":
//
//	model, err := providers.Open("llama/models/llama-3.2-1b.Q4_K_M.gguf")
//
// The name of a model is one of these:
//
//   - The path of a GGUF file, relative to the working directory or absolute. With package
//     providers, an absolute path follows the slash: "llama//srv/models/tiny.gguf".
//   - "ollama:NAME" for a model that Ollama has downloaded, such as "ollama:llama3.2:1b".
//     Ollama does not have to run.
//   - The name of a model that is part of the program, such as "builtin" of package
//     providers/llama/builtin.
//
// The first call of a model loads it. [Provider.Close] releases it. The weights stay in the
// file: they are mapped into memory, and share it with other processes that use the file.
//
// # Prompts
//
// The prompt is made by the chat template in the model's file, or by the named prompt format
// of [Options.Template]. A message cannot contain a control token: "<|im_end|>" in the text
// of a user is encoded as ordinary text.
//
// A prompt that exceeds the context window is an error of kind [llm.ContextLength]. Nothing
// is left out of a conversation silently.
//
// The keys and values of earlier calls are kept in memory, up to [Settings.CacheBytes]. A call
// that begins like an earlier one, for example the next turn of a conversation, computes only
// the rest.
package llama

import (
	"context"
	"errors"
	"sync"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Config is the configuration of a [Provider]. The zero Config is usable. New does not read
// environment variables.
type Config struct {
	Settings

	// OllamaModels is the folder of Ollama's models, for names that begin with "ollama:". The
	// default is .ollama/models in the home directory of the user.
	OllamaModels string

	// Name is the provider's name in errors and model names. The default is "llama".
	Name string
}

// Settings are the settings of the engine. They apply to each model of a provider. In a config
// file, they are the members of settings.
type Settings struct {
	// Threads is the number of goroutines that compute. The default is runtime.GOMAXPROCS.
	// Two threads rarely generate twice as fast as one, because the speed of memory is the
	// limit.
	Threads int `yaml:"threads" json:"threads,omitempty"`
	// Context is the context window in tokens: the prompt and the answer together. The default
	// is the length that the model was trained for, but at most 8,192. It is also limited by
	// CacheBytes.
	Context int `yaml:"context" json:"context,omitempty"`
	// CacheBytes limits the memory for keys and values: of the calls in progress, and of earlier
	// ones that later calls may continue. A call that does not fit waits until others have
	// ended. The default is 2 GiB.
	CacheBytes int `yaml:"cache_bytes" json:"cache_bytes,omitempty"`
	// MemoryBytes limits the size of a model's file. A larger model fails to load, instead of
	// reading the disk for every token. The default is the memory of the machine, if it is
	// known. A negative number means no limit.
	MemoryBytes int64 `yaml:"memory_bytes" json:"memory_bytes,omitempty"`
	// Template is the default of [Options.Template].
	Template string `yaml:"template" json:"template,omitempty"`
}

// Provider runs models in the process. It is safe for concurrent use.
type Provider struct {
	name   string
	config Config

	mu     sync.Mutex
	models map[string]*slot
	closed bool
}

// New returns a provider. It loads nothing. A negative setting or an unknown prompt format is
// an error of kind [llm.InvalidRequest].
func New(config Config) (*Provider, error) {
	p := &Provider{name: config.Name, config: config, models: make(map[string]*slot)}
	if p.name == "" {
		p.name = providerName
	}
	if config.Threads < 0 || config.Context < 0 || config.CacheBytes < 0 {
		return nil, httpcall.UnsentErrorf(p.name, nil, llm.InvalidRequest, "a setting is negative: set Threads, Context and CacheBytes to 0 for their defaults")
	}
	if config.Template != "" {
		if _, err := prompt.Named(config.Template); err != nil {
			return nil, httpcall.UnsentErrorf(p.name, nil, llm.InvalidRequest, "Template: %v", err)
		}
	}
	return p, nil
}

// Name returns the provider's name, "llama" by default.
func (p *Provider) Name() string { return p.name }

// Close releases the models. Calls in progress can still end; the memory of their models is
// released after that. Later calls fail.
func (p *Provider) Close() error {
	p.mu.Lock()
	models := p.models
	p.models, p.closed = nil, true
	p.mu.Unlock()
	var errs []error
	for _, s := range models {
		errs = append(errs, s.drop())
	}
	return errors.Join(errs...)
}

// Do answers chats, embeddings, token counts and model lists.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of
// Provider, so that its exported API has Do alone.
type operations struct{ *Provider }

// String returns the provider's name.
func (p *Provider) String() string { return p.name + " in the process" }
