package readme

const module = "github.com/parley-llm/parley/"

// packages are what a snippet may use without importing it.
var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "io": "io", "json": "encoding/json", "log": "log",
	"os": "os", "slog": "log/slog", "testing": "testing", "time": "time",
	"llm":        module + "llm",
	"llmtest":    module + "llm/llmtest",
	"egress":     module + "llm/egress",
	"gemini":     module + "providers/gemini",
	"llamacpp":   module + "providers/llamacpp",
	"middleware": module + "llm/middleware",
	"ollama":     module + "providers/ollama",
	"openai":     module + "providers/openai",
	"providers":  module + "providers",
	"tokens":     module + "llm/tokens",
}

// given is what a snippet that is not a whole program may take for granted.
const given = `
var (
	model   *llm.Model
	other   *llm.Model
	req     *llm.Request
	history []llm.Message
	png     []byte
	text    string
	setup   *providers.Setup
	weather func(arguments string) string
)
`

// shown are names that a snippet may declare to show them, and not use.
var shown = []string{"answer", "azure", "model", "option", "req", "resp", "result", "retryOnce", "tool", "vllm"}
